/** A link to a room one is not in: what it is called, and coming in. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { enter, lookAtDoor } from "../matrix/entry";
import { isExternal } from "../matrix/names";
import type { RoomDoor } from "../matrix/types";
import { act } from "./acting";
import { phraseOf } from "./errors";
import { Observable } from "./observable";

export interface EntryState {
  /** "shut": nothing may be known of the room, or it is gone. */
  readonly status: "looking" | "open" | "shut" | "guest" | "away";
  readonly door: RoomDoor | null;
  readonly busy: boolean;
  readonly error: Phrase | null;
}

export class EntryModel {
  readonly state = new Observable<EntryState>({ status: "looking", door: null, busy: false, error: null });
  readonly #account: Account;
  readonly #address: string;
  readonly #via: readonly string[];
  readonly #onIn: (roomId: string) => void;

  constructor(account: Account, address: string, via: readonly string[], onIn: (roomId: string) => void) {
    this.#account = account;
    this.#address = address;
    this.#via = via;
    this.#onIn = onIn;
    void this.look();
  }

  readonly look = async (): Promise<void> => {
    this.state.update({ status: "looking", error: null });
    try {
      this.#show(await lookAtDoor(this.#account, this.#address, this.#via));
    } catch (error) {
      this.state.update({ status: "away", error: phraseOf(error) });
    }
  };

  #show(door: RoomDoor | null): void {
    // In already: the conversation opens as soon as this device hears of it.
    if (door?.isIn === true) this.#leadIn(door.roomId);
    else if (door?.opens === true) this.state.update({ status: "open", door });
    else this.state.update({ status: isExternal(this.#account.userId) ? "guest" : "shut", door: null });
  }

  #leadIn(roomId: string): void {
    if (roomId !== this.#address) this.#onIn(roomId);
  }

  readonly enter = async (): Promise<void> => {
    const { door } = this.state.get();
    if (door === null) return;
    await act(this.state, async () => {
      await enter(this.#account, door);
      this.state.update({ status: "looking" });
      this.#leadIn(door.roomId);
    });
  };
}
