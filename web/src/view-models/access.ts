/** Opening a room to guests from outside, and to agents by its link. */
import type { Phrase } from "../i18n/keys";
import * as access from "../matrix/access";
import type { Account } from "../matrix/account";
import { serverOf } from "../matrix/names";
import { act } from "./acting";
import { followRooms } from "./follow";
import { Observable } from "./observable";
import { roomLink } from "./places";

export interface AccessState {
  readonly isOpen: boolean;
  readonly mayOpen: boolean;
  /** What one hands to others; "" while nobody enters by a link. */
  readonly link: string;
  /** As just asked, before the room says so. */
  readonly isLinkOn: boolean;
  readonly maySetLink: boolean;
  readonly busy: boolean;
  readonly error: Phrase | null;
}

export class AccessModel {
  readonly state: Observable<AccessState>;
  readonly #account: Account;
  readonly #roomId: string;
  readonly #origin: string;

  constructor(account: Account, roomId: string, origin: string) {
    this.#account = account;
    this.#roomId = roomId;
    this.#origin = origin;
    this.state = new Observable<AccessState>({ ...this.#read(null), busy: false, error: null });
  }

  /** Follows the room; returns what ends it. */
  readonly watch = (): (() => void) => followRooms(this.#account, () => this.#redraw());

  /** `wanted`: what was asked of the link and is under way. */
  #read(wanted: boolean | null) {
    const { link, ...rest } = access.readAccess(this.#account, this.#roomId);
    return { ...rest, link: link === null ? "" : roomLink(this.#origin, link, serverOf(this.#account.userId)), isLinkOn: wanted ?? link !== null };
  }

  #redraw(): void {
    const { busy, isLinkOn } = this.state.get();
    this.state.update(this.#read(busy ? isLinkOn : null));
  }

  readonly openToExternals = (): Promise<boolean> =>
    act(this.state, () => access.openToExternals(this.#account, this.#roomId));

  readonly setLink = async (on: boolean): Promise<void> => {
    if (this.state.get().busy) return;
    this.state.update({ isLinkOn: on });
    const turn = on ? access.turnOnLink : access.turnOffLink;
    const isDone = await act(this.state, () => turn(this.#account, this.#roomId));
    if (!isDone) this.#redraw();
  };
}
