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
  #accepted = false;
  #shown = false;
  #deviceId: string | null = null;

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
    model.#take(asked);
    return model;
  }

  /**
   * The device that asked asks again (it does so when nobody answers at once). Returns whether this comparison goes on
   * with the new request: it does as long as no symbols were shown, and what the person has accepted stays accepted.
   */
  readonly renew = (asked: Asked): boolean => {
    const { step } = this.state.get();
    const isEarly = step === "asked" || step === "preparing" || (step === "cancelled" && this.#accepted);
    if (this.#deviceId !== asked.deviceId || !isEarly || this.#shown) return false;
    this.#comparison?.stop();
    this.state.set({ step: "preparing" });
    this.#take(asked);
    if (this.#accepted) this.accept();
    return true;
  };

  #take(asked: Asked): void {
    this.#deviceId = asked.deviceId;
    this.#comparison = asked.open(this.#told);
  }

  readonly #told = (step: ComparisonStep): void => {
    const { step: now } = this.state.get();
    // A late word of the protocol changes nothing once it is over.
    if (now === "done" || now === "cancelled") return;
    this.#shown ||= step.step === "compare";
    this.state.set(step);
  };

  readonly accept = (): void => {
    this.#accepted = true;
    void this.#comparison?.accept().catch(() => undefined);
  };

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
