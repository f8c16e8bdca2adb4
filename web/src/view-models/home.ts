/** The open account: list of rooms, what is chosen, which window is open above it. */
import type { Phrase } from "../i18n/keys";
import * as matrix from "../matrix/account";
import type { Account } from "../matrix/account";
import { isKnown } from "../matrix/entry";
import * as encryption from "../matrix/encryption";
import type { RecoveryCode } from "../matrix/encryption";
import * as people from "../matrix/people";
import * as roomsOf from "../matrix/rooms";
import { isExternal } from "../matrix/names";
import { joinSuccessor } from "../matrix/upgrades";
import * as sending from "../matrix/send";
import type { Connection, Person, RoomSummary } from "../matrix/types";
import * as verification from "../matrix/verification";
import { ComparisonModel } from "./comparison";
import { ConversationModel } from "./conversation";
import { EntryModel } from "./entry";
import { phraseOf } from "./errors";
import { followRooms } from "./follow";
import { ForumsModel } from "./forums";
import { MessageSearchModel } from "./message-search";
import { type NotificationSurroundings, NotificationsModel } from "./notifications";
import { NewRoomModel } from "./new-room";
import { gather, Observable } from "./observable";
import { PeopleModel } from "./people";
import { parsePath } from "./places";
import { ReportModel, type ReportSubject } from "./report";
import { SettingsModel } from "./settings";

export type Place =
  | { readonly name: "none" }
  | { readonly name: "room"; readonly roomId: string; readonly conversation: ConversationModel }
  /** A link to a room the person is not in. */
  | { readonly name: "entry"; readonly roomId: string; readonly message: string; readonly entry: EntryModel }
  | { readonly name: "forums"; readonly forums: ForumsModel }
  | { readonly name: "settings"; readonly settings: SettingsModel };

export type Dialog =
  | { readonly name: "people"; readonly people: PeopleModel }
  | { readonly name: "palette"; readonly people: PeopleModel }
  | { readonly name: "search"; readonly search: MessageSearchModel; readonly term: string }
  | { readonly name: "report"; readonly report: ReportModel }
  | { readonly name: "new-room"; readonly newRoom: NewRoomModel }
  | { readonly name: "compare"; readonly comparison: ComparisonModel };

export interface HomeState {
  readonly rooms: readonly RoomSummary[];
  readonly loaded: boolean;
  readonly connection: Connection;
  readonly place: Place;
  readonly dialog: Dialog | null;
  readonly details: boolean;
  readonly locked: boolean;
  readonly me: Person | null;
  readonly error: Phrase | null;
}

export interface HomeExits {
  /** Where this application is served: links to rooms begin so. */
  readonly origin: string;
  readonly instances: readonly string[];
  readonly setPath: (path: string) => void;
  readonly notifying: Omit<NotificationSurroundings, "onOpen">;
  readonly onSignOut: () => Promise<void>;
  readonly onUnlock: () => void;
  readonly onNewCode: (code: RecoveryCode) => void;
}

export class HomeModel {
  readonly state = new Observable<HomeState>({
    rooms: [],
    loaded: false,
    connection: "starting",
    place: { name: "none" },
    dialog: null,
    details: false,
    locked: false,
    me: null,
    error: null,
  });
  readonly account: Account;
  /** The person is a guest from outside: what the law refuses her is not offered. */
  readonly isGuest: boolean;
  readonly notifications: NotificationsModel;
  readonly #exits: HomeExits;
  readonly #stops: (() => void)[];

  constructor(account: Account, exits: HomeExits) {
    this.account = account;
    this.isGuest = isExternal(account.userId);
    this.#exits = exits;
    this.notifications = new NotificationsModel(account, { ...exits.notifying, onOpen: exits.setPath });
    const trust = gather(() => void this.refreshTrust(), 500);
    this.#stops = [
      this.notifications.stop,
      trust.stop,
      followRooms(account, () => this.#readRooms()),
      matrix.watchConnection(account, this.#connected),
      verification.watchRequests(account, this.#asked),
      encryption.watchTrust(account, trust.call),
    ];
    this.#connected(matrix.readConnection(account));
    void people.readOwnProfile(account).then((me) => this.state.update({ me }));
  }

  readonly stop = (): void => {
    this.#leavePlace();
    for (const stop of this.#stops) stop();
  };

  #readRooms(): void {
    const rooms = roomsOf.listRooms(this.account);
    const { loaded, connection } = this.state.get();
    this.state.update({ rooms, loaded: loaded || rooms.length > 0 || connection !== "starting" });
    this.#passDoor();
  }

  readonly #connected = (connection: Connection): void => {
    const before = this.state.get().connection;
    this.state.update({ connection });
    this.#readRooms();
    if (before !== connection && connection === "online") void sending.resendWaiting(this.account);
  };

  readonly networkChanged = (online: boolean): void => {
    if (online) void this.retryConnection();
    else this.state.update({ connection: "offline" });
  };

  /** The long wait of a sync may outlive a short cut: ask the server itself whether it is there again. */
  readonly retryConnection = async (): Promise<void> => {
    matrix.retryConnection(this.account);
    if (await matrix.isReachable(this.account)) this.#connected("online");
  };

  readonly refreshTrust = async (): Promise<void> => {
    const state = await encryption.readEncryptionState(this.account).catch(() => null);
    if (state !== null) this.state.update({ locked: state === "locked" });
  };

  readonly #asked = (asked: verification.Asked): void => {
    const { dialog } = this.state.get();
    if (dialog?.name === "compare" && dialog.comparison.renew(asked)) return;
    const close = (): void => this.closeDialog();
    const comparison = ComparisonModel.answer(asked, { onDone: close, onClosed: close });
    this.state.update({ dialog: { name: "compare", comparison } });
  };

  /** The room one asked to enter has come: it opens in place of its door. */
  #passDoor(): void {
    const { place } = this.state.get();
    if (place.name === "entry" && isKnown(this.account, place.roomId)) this.#showRoom(place.roomId, place.message);
  }

  readonly show = (path: string): void => {
    const { name, room, message, via } = parsePath(path);
    if (name === "room" && room !== "") this.#showRoomOrDoor(room, message, via);
    else if (name === "forums") this.#arrive({ name: "forums", forums: new ForumsModel(this.account, this.#exits.instances) });
    else if (name === "settings") this.#showSettings();
    else this.#arrive({ name: "none" });
  };

  #showSettings(): void {
    const { onSignOut, onUnlock, onNewCode } = this.#exits;
    this.#arrive({ name: "settings", settings: new SettingsModel(this.account, { onSignOut, onUnlock, onNewCode }) });
  }

  #showRoomOrDoor(room: string, message: string, via: readonly string[]): void {
    if (isKnown(this.account, room)) return this.#showRoom(room, message);
    const { place } = this.state.get();
    if (place.name === "entry" && place.roomId === room) return;
    const entry = new EntryModel(this.account, room, via, this.openRoom);
    this.#arrive({ name: "entry", roomId: room, message, entry });
  }

  #showRoom(roomId: string, eventId: string): void {
    const { place } = this.state.get();
    const isHere = place.name === "room" && place.roomId === roomId;
    // The list is drawn again in its own time: what opens now must be in it.
    if (!isHere) this.state.update({ rooms: roomsOf.listRooms(this.account) });
    const conversation = isHere ? place.conversation : new ConversationModel(this.account, roomId);
    if (!isHere) this.#arrive({ name: "room", roomId, conversation });
    if (eventId !== "") void conversation.goTo(eventId);
    else if (isHere && conversation.state.get().hasNewer) conversation.goLive();
  }

  #leavePlace(): void {
    const { place } = this.state.get();
    if (place.name === "room") place.conversation.stop();
    if (place.name === "settings") place.settings.stop();
  }

  #arrive(place: Place): void {
    this.#leavePlace();
    this.state.update({ place, dialog: null, error: null, details: false });
  }

  /** What one hands to others to lead them to a room. */
  get origin(): string {
    return this.#exits.origin;
  }

  readonly openRoom = (roomId: string): void => this.#exits.setPath(`room/${encodeURIComponent(roomId)}`);
  readonly openMessage = (roomId: string, eventId: string): void => {
    const path = `room/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}`;
    this.closeDialog();
    this.#exits.setPath(path);
    // The address may say so already: one goes there again all the same.
    this.show(path);
  };
  readonly openForums = (): void => this.#exits.setPath("forums");
  readonly openSettings = (): void => this.#exits.setPath("settings");
  readonly openNothing = (): void => this.#exits.setPath("");
  readonly unlock = (): void => this.#exits.onUnlock();
  readonly toggleDetails = (): void => this.state.update({ details: !this.state.get().details });

  readonly findPeople = (): void => this.#openPeople("people");
  readonly openPalette = (): void => this.#openPeople("palette");

  #openPeople(name: "people" | "palette"): void {
    const onOpened = (roomId: string): void => {
      this.closeDialog();
      this.openRoom(roomId);
    };
    this.state.update({ dialog: { name, people: new PeopleModel(this.account, onOpened) } });
  }

  readonly newRoom = (): void => {
    const newRoom = new NewRoomModel(this.account, (roomId) => {
      this.closeDialog();
      this.openRoom(roomId);
    });
    this.state.update({ dialog: { name: "new-room", newRoom } });
  };

  readonly searchMessages = (roomId: string | null, term = ""): void => {
    const search = new MessageSearchModel(this.account, roomId, (found) => this.openMessage(found.roomId, found.eventId));
    this.state.update({ dialog: { name: "search", search, term } });
  };

  readonly report = (subject: ReportSubject): void =>
    this.state.update({ dialog: { name: "report", report: new ReportModel(this.account, subject) } });

  readonly closeDialog = (): void => {
    const { dialog } = this.state.get();
    this.state.update({ dialog: null });
    if (dialog?.name === "compare" && dialog.comparison.state.get().step !== "done") dialog.comparison.close();
  };

  async #act(job: () => Promise<void>, special: Parameters<typeof phraseOf>[1] = {}): Promise<void> {
    try {
      await job();
      this.state.update({ error: null });
    } catch (error) {
      this.state.update({ error: phraseOf(error, special) });
    }
  }

  readonly accept = (roomId: string): Promise<void> => this.#act(() => roomsOf.acceptInvitation(this.account, roomId));

  readonly leave = (roomId: string): Promise<void> =>
    this.#act(async () => {
      await roomsOf.leaveRoom(this.account, roomId);
      this.openNothing();
    });

  readonly writeTo = (userId: string): Promise<void> =>
    this.#act(async () => this.openRoom(await roomsOf.openDirect(this.account, userId)));

  readonly goToSuccessor = (roomId: string): Promise<void> =>
    this.#act(async () => this.openRoom(await joinSuccessor(this.account, roomId)), {
      M_FORBIDDEN: "replaced.closed",
      M_NOT_FOUND: "replaced.closed",
    });

  readonly join = (roomId: string, server: string): Promise<void> =>
    this.#act(async () => {
      await roomsOf.joinForum(this.account, roomId, server);
      this.openRoom(roomId);
    });
}
