/** Invitations by e-mail that wait for an answer: sent again, or taken back. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as invitations from "../matrix/invitations";
import { isShownAs } from "../matrix/invited-addresses";
import type { PendingInvitation } from "../matrix/types";
import { act } from "./acting";
import { isEmail } from "./addresses";
import { followRooms } from "./follow";
import { Observable } from "./observable";

export interface PendingState {
  readonly pending: readonly PendingInvitation[];
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

/** The address that was written in full, when it is that of the invitation; else "". */
export function addressOf(pending: PendingInvitation, written: string): string {
  const address = written.trim().toLowerCase();
  return isEmail(address) && isShownAs(address, pending.shown) ? address : "";
}

export class PendingModel {
  readonly state: Observable<PendingState>;
  readonly #account: Account;
  readonly #roomId: string;

  constructor(account: Account, roomId: string) {
    this.#account = account;
    this.#roomId = roomId;
    this.state = new Observable<PendingState>({ pending: this.#read(), busy: false, error: null, notice: null });
  }

  /** Follows them; returns what ends it. */
  readonly watch = (): (() => void) => followRooms(this.#account, () => this.state.update({ pending: this.#read() }));

  #read(): PendingInvitation[] {
    return invitations.listPending(this.#account, this.#roomId, Date.now());
  }

  readonly takeBack = (pending: PendingInvitation): Promise<void> =>
    this.#change(pending, { key: "invite.takenBack", params: { address: pending.shown } }, () => Promise.resolve());

  /** A new invitation takes the place of the old one, which leads nowhere any more. */
  readonly sendAgain = (pending: PendingInvitation, address: string): Promise<void> => {
    const send = (): Promise<void> => invitations.inviteByEmail(this.#account, this.#roomId, address);
    return this.#change(pending, { key: "invite.sentAgain", params: { address } }, send);
  };

  /** Nothing is taken back before what comes instead has gone. */
  async #change({ token }: PendingInvitation, notice: Phrase, before: () => Promise<void>): Promise<void> {
    await act(this.state, async () => {
      this.state.update({ notice: null });
      await before();
      await invitations.takeBack(this.#account, this.#roomId, token);
      this.state.update({ notice });
    });
  }
}
