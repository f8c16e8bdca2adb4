/** Two devices of one person compare symbols. */
import type { Account } from "../matrix/account";
import * as verification from "../matrix/verification";
import type { Asked, Comparison, ComparisonStep } from "../matrix/verification";
import { Observable } from "./observable";

export interface ComparisonExits {
  readonly onDone: () => void;
  readonly onClosed: () => void;
}

export class ComparisonModel {
  readonly state = new Observable<ComparisonStep>({ step: "preparing" });
  readonly #exits: ComparisonExits;
  #comparison: Comparison | null = null;

  private constructor(exits: ComparisonExits) {
    this.#exits = exits;
  }

  static async ask(account: Account, exits: ComparisonExits): Promise<ComparisonModel> {
    const model = new ComparisonModel(exits);
    model.#comparison = await verification.askOtherDevices(account, model.#told);
    return model;
  }

  static answer(asked: Asked, exits: ComparisonExits): ComparisonModel {
    const model = new ComparisonModel(exits);
    model.#comparison = asked.open(model.#told);
    return model;
  }

  readonly #told = (step: ComparisonStep): void => {
    const { step: now } = this.state.get();
    // A late word of the protocol changes nothing once it is over.
    if (now === "done" || now === "cancelled") return;
    this.state.set(step);
  };

  readonly accept = (): void => void this.#comparison?.accept();
  readonly same = (): void => void this.#comparison?.same();
  readonly different = (): void => this.#comparison?.different();

  readonly close = (): void => {
    const { step } = this.state.get();
    this.#comparison?.stop();
    if (step === "done") return this.#exits.onDone();
    void this.#comparison?.cancel().catch(() => undefined);
    this.#exits.onClosed();
  };
}
