/** Offering to replace an old room by one of the current version. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { findUpgrade, upgradeRoom } from "../matrix/upgrades";
import { act } from "./acting";
import { Observable } from "./observable";

export interface UpgradeState {
  /** The version to go to; null when there is nothing to offer. */
  readonly version: string | null;
  readonly busy: boolean;
  readonly error: Phrase | null;
  /** The new room, when some people could not be invited to it: they are told of before one goes there. */
  readonly done: { readonly roomId: string; readonly missed: number } | null;
}

export class UpgradeModel {
  readonly state = new Observable<UpgradeState>({ version: null, busy: false, error: null, done: null });
  readonly #account: Account;
  readonly #roomId: string;
  readonly #onDone: (roomId: string) => void;

  constructor(account: Account, roomId: string, onDone: (roomId: string) => void) {
    this.#account = account;
    this.#roomId = roomId;
    this.#onDone = onDone;
    void findUpgrade(account, roomId).then(
      (version) => this.state.update({ version }),
      () => undefined,
    );
  }

  readonly upgrade = async (): Promise<void> => {
    const { version } = this.state.get();
    if (version === null) return;
    await act(this.state, async () => {
      const done = await upgradeRoom(this.#account, this.#roomId, version);
      this.state.update({ version: null });
      if (done.missed === 0) this.#onDone(done.roomId);
      else this.state.update({ done });
    });
  };

  readonly leaveTo = (): void => {
    const { done } = this.state.get();
    if (done !== null) this.#onDone(done.roomId);
  };
}
