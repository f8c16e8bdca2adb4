/** Notifications on this device: asked for in the settings, never at the start. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as push from "../matrix/push";
import type { PushAddress } from "../matrix/push";
import { roomNames, watchRooms } from "../matrix/rooms";
import { act } from "./acting";
import { gather, Observable } from "./observable";

type Permission = "default" | "granted" | "denied";
type Wanted = "push" | "page" | "";

/** The browser's own notifications; platform/notifier.ts is the real one. */
export interface Notifier {
  readonly isSupported: () => boolean;
  readonly canPush: () => boolean;
  readonly permission: () => Permission;
  readonly ask: () => Promise<Permission>;
  readonly isHidden: () => boolean;
  readonly subscribe: (serverKey: string) => Promise<PushAddress>;
  readonly findAddress: () => Promise<PushAddress | null>;
  readonly forget: () => Promise<void>;
  readonly keepNames: (names: Readonly<Record<string, string>>) => Promise<void>;
  readonly listen: (listener: {
    readonly onToken: (token: string) => void;
    readonly onOpen: (path: string) => void;
  }) => () => void;
  readonly wanted: { readonly get: () => Wanted; readonly set: (mode: Wanted) => void };
  readonly language: () => string;
  readonly show: (note: { title: string; body: string; tag: string }, onClick: () => void) => void;
}

/** "push": also when Tchap is closed. "page": only while it is open. "denied": the browser was told no. */
export type NotificationMode = "off" | "push" | "page" | "denied" | "unsupported";

export interface NotificationState {
  readonly mode: NotificationMode;
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

export interface NotificationSurroundings {
  readonly notifier: Notifier;
  readonly deviceName: string;
  readonly words: () => { readonly title: string; readonly news: string; readonly test: string };
  readonly onOpen: (path: string) => void;
}

const NAMES_EVERY_MS = 5_000;

export class NotificationsModel {
  readonly state: Observable<NotificationState>;
  readonly #account: Account;
  readonly #around: NotificationSurroundings;
  readonly #stops: (() => void)[];

  constructor(account: Account, around: NotificationSurroundings) {
    this.#account = account;
    this.#around = around;
    this.state = new Observable<NotificationState>({ mode: this.#readMode(), busy: false, error: null, notice: null });
    const names = gather(() => void this.#keepNames(), NAMES_EVERY_MS);
    const onToken = (token: string): void => void push.activatePush(account, token).catch(() => undefined);
    this.#stops = [
      names.stop,
      watchRooms(account, names.call),
      push.watchIncoming(account, this.#incoming),
      around.notifier.listen({ onToken, onOpen: around.onOpen }),
    ];
    void this.#renew();
  }

  readonly stop = (): void => {
    for (const stop of this.#stops) stop();
  };

  #readMode(): NotificationMode {
    const { notifier } = this.#around;
    if (!notifier.isSupported()) return "unsupported";
    if (notifier.permission() === "denied") return "denied";
    return notifier.permission() === "granted" ? notifier.wanted.get() || "off" : "off";
  }

  /** The browser may have changed its subscription, and a first token may have got lost: said again at each start. */
  async #renew(): Promise<void> {
    if (this.state.get().mode === "push") await this.#startPush().catch(() => undefined);
  }

  async #startPush(): Promise<boolean> {
    const { notifier, deviceName } = this.#around;
    const serverKey = notifier.canPush() ? await push.findPushKey(this.#account) : null;
    if (serverKey === null) return false;
    const address = await notifier.subscribe(serverKey).catch(() => null);
    if (address === null) return false;
    await push.addPusher(this.#account, { address, language: notifier.language(), deviceName });
    return true;
  }

  /** Private conversations are not named in what is pushed: the worker finds their names here. */
  async #keepNames(): Promise<void> {
    if (this.state.get().mode !== "push") return;
    await this.#around.notifier.keepNames(roomNames(this.#account)).catch(() => undefined);
  }

  readonly #incoming = ({ roomId, roomName }: push.Incoming): void => {
    const { notifier, words, onOpen } = this.#around;
    // Where the server pushes, the worker shows it; both would show it twice.
    if (this.state.get().mode !== "page" || !notifier.isHidden()) return;
    const { title, news } = words();
    const note = { title: roomName || title, body: news, tag: roomId };
    notifier.show(note, () => onOpen(`room/${encodeURIComponent(roomId)}`));
  };

  async #act(job: () => Promise<Partial<NotificationState>>): Promise<void> {
    await act(this.state, async () => {
      this.state.update({ notice: null });
      this.state.update(await job());
    });
  }

  readonly turnOn = (): Promise<void> =>
    this.#act(async () => {
      const { notifier } = this.#around;
      const permission = await notifier.ask();
      if (permission !== "granted") return { mode: permission === "denied" ? "denied" : "off" };
      const mode = (await this.#startPush()) ? "push" : "page";
      notifier.wanted.set(mode);
      this.state.update({ mode });
      await this.#keepNames();
      return { notice: { key: `notifications.on.${mode}` } };
    });

  readonly turnOff = (): Promise<void> =>
    this.#act(async () => {
      await this.#stopPush();
      return { mode: "off" };
    });

  async #stopPush(): Promise<void> {
    const address = await this.#around.notifier.findAddress().catch(() => null);
    if (address !== null) await push.removePusher(this.#account, address);
    await this.#around.notifier.forget();
  }

  readonly test = (): Promise<void> =>
    this.#act(async () => {
      const { notifier, words } = this.#around;
      if (this.state.get().mode === "page") {
        const { title, test } = words();
        notifier.show({ title, body: test, tag: "test" }, () => undefined);
        return { notice: { key: "notifications.test.shown" } };
      }
      const address = await notifier.findAddress();
      const sent = address !== null && (await push.testPush(this.#account, address));
      return sent ? { notice: { key: "notifications.test.sent" } } : { error: { key: "notifications.test.failed" } };
    });

  /** Before signing out: neither the server nor this browser keeps anything of notifications. */
  readonly leave = async (): Promise<void> => {
    if (this.#around.notifier.wanted.get() === "") return;
    await this.#stopPush().catch(() => this.leaveHere());
  };

  /** The server has already closed the door. */
  readonly leaveHere = async (): Promise<void> => {
    if (this.#around.notifier.wanted.get() !== "") await this.#around.notifier.forget().catch(() => undefined);
  };
}
