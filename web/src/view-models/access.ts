/** Opening a room to guests from outside, and to agents by its link. */
import type { Phrase } from "../i18n/keys";
import * as access from "../matrix/access";
import type { Account } from "../matrix/account";
import { serverOf } from "../matrix/names";
import { watchRooms } from "../matrix/rooms";
import { phraseOf } from "./errors";
import { gather, Observable } from "./observable";
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

const REDRAW_MS = 60;

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
  readonly watch = (): (() => void) => {
    const redraw = gather(() => this.#redraw(), REDRAW_MS);
    const unwatch = watchRooms(this.#account, redraw.call);
    return () => {
      unwatch();
      redraw.stop();
    };
  };

  /** `wanted`: what was asked of the link and is under way. */
  #read(wanted: boolean | null) {
    const { link, ...rest } = access.readAccess(this.#account, this.#roomId);
    return { ...rest, link: link === null ? "" : roomLink(this.#origin, link, serverOf(this.#account.userId)), isLinkOn: wanted ?? link !== null };
  }

  #redraw(): void {
    const { busy, isLinkOn } = this.state.get();
    this.state.update(this.#read(busy ? isLinkOn : null));
  }

  async #act(job: () => Promise<void>): Promise<boolean> {
    if (this.state.get().busy) return false;
    this.state.update({ busy: true, error: null });
    try {
      await job();
      return true;
    } catch (error) {
      this.state.update({ error: phraseOf(error) });
      return false;
    } finally {
      this.state.update({ busy: false });
    }
  }

  readonly openToExternals = (): Promise<boolean> => this.#act(() => access.openToExternals(this.#account, this.#roomId));

  readonly setLink = async (on: boolean): Promise<void> => {
    this.state.update({ isLinkOn: on });
    const isDone = await this.#act(() => (on ? access.turnOnLink : access.turnOffLink)(this.#account, this.#roomId));
    if (!isDone) this.#redraw();
  };
}
