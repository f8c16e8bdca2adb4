/** Verifying a new device: the recovery code, or another device. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as encryption from "../matrix/encryption";
import type { RecoveryCode } from "../matrix/encryption";
import { act } from "./acting";
import { ConfirmationModel } from "./confirmation";
import { ComparisonModel } from "./comparison";
import { Observable } from "./observable";

export interface UnlockState {
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly dated: { readonly number: number; readonly createdTime: number } | null;
  readonly comparison: ComparisonModel | null;
  readonly lost: boolean;
  readonly needsPassword: boolean;
}

export interface UnlockExits {
  readonly onDone: () => void;
  readonly onNewCode: (code: RecoveryCode) => void;
}

export class UnlockModel {
  readonly state: Observable<UnlockState>;
  readonly confirmation = new ConfirmationModel();
  readonly #account: Account;
  readonly #password: string | null;
  readonly #exits: UnlockExits;

  constructor(account: Account, password: string | null, exits: UnlockExits) {
    this.#account = account;
    this.#password = password;
    this.#exits = exits;
    const needsPassword = password === null;
    this.state = new Observable<UnlockState>({
      busy: false,
      error: null,
      dated: null,
      comparison: null,
      lost: false,
      needsPassword,
    });
    void encryption.findCodeDate(account).then((dated) => this.state.update({ dated }));
  }

  async #act(job: () => Promise<void>): Promise<void> {
    await act(this.state, job, { M_FORBIDDEN: "error.wrongPassword" });
  }

  readonly submit = (code: string): Promise<void> =>
    this.#act(async () => {
      const opened = await encryption.unlock(this.#account, code);
      if (opened) this.#exits.onDone();
      else this.state.update({ error: { key: "unlock.wrong" } });
    });

  readonly compare = (): Promise<void> =>
    this.#act(async () => {
      const comparison = await ComparisonModel.ask(this.#account, {
        onDone: () => this.#exits.onDone(),
        onClosed: () => this.state.update({ comparison: null }),
      });
      this.state.update({ comparison });
    });

  readonly askLost = (lost: boolean): void => {
    if (!lost) this.confirmation.cancel();
    this.state.update({ lost, error: null });
  };

  readonly startAgain = (password: string): Promise<void> =>
    this.#act(async () => {
      const code = await encryption.resetEncryption(this.#account, {
        password: this.#password ?? password,
        confirm: this.confirmation.ask,
      });
      this.#exits.onNewCode(code);
    });

  readonly skip = (): void => this.#exits.onDone();
}
