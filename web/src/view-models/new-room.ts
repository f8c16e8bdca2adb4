import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import type { NewRoom } from "../matrix/room-kinds";
import { createRoom } from "../matrix/rooms";
import { act } from "./acting";
import { Observable } from "./observable";

export interface NewRoomState {
  readonly busy: boolean;
  readonly error: Phrase | null;
}

export class NewRoomModel {
  readonly state = new Observable<NewRoomState>({ busy: false, error: null });
  readonly #account: Account;
  readonly #onCreated: (roomId: string) => void;

  constructor(account: Account, onCreated: (roomId: string) => void) {
    this.#account = account;
    this.#onCreated = onCreated;
  }

  readonly create = async (wish: NewRoom): Promise<void> => {
    const room = { ...wish, name: wish.name.trim(), topic: wish.topic.trim() };
    if (room.name === "") return this.state.update({ error: { key: "room.nameNeeded" } });
    await act(this.state, async () => this.#onCreated(await createRoom(this.#account, room)));
  };
}
