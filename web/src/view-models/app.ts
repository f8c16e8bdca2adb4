/** What the whole window shows, from the first paint to the open account. */
import type { Phrase } from "../i18n/keys";
import * as matrix from "../matrix/account";
import type { Account } from "../matrix/account";
import type { Credentials } from "../matrix/accounts";
import * as encryption from "../matrix/encryption";
import type { RecoveryCode } from "../matrix/encryption";
import { AuthModel } from "./auth";
import { phraseOf } from "./errors";
import { ExpiredModel } from "./expired";
import { HomeModel } from "./home";
import type { NotificationSurroundings } from "./notifications";
import { Observable } from "./observable";
import { UnlockModel } from "./unlock";

export type AppScreen =
  | { readonly name: "loading" }
  | { readonly name: "opening" }
  | { readonly name: "insecure" }
  | { readonly name: "other-tab" }
  | { readonly name: "broken"; readonly why: Phrase }
  | { readonly name: "auth"; readonly auth: AuthModel }
  | { readonly name: "expired"; readonly expired: ExpiredModel }
  | { readonly name: "recovery"; readonly code: RecoveryCode }
  | { readonly name: "unlock"; readonly unlock: UnlockModel }
  | { readonly name: "home"; readonly home: HomeModel };

export interface Tab {
  readonly isActive: () => boolean;
  readonly claim: () => Promise<boolean>;
  readonly takeOver: () => Promise<void>;
}

/** Away to an identity provider and back; see platform/errand.ts. */
export interface Travel {
  readonly leave: (errand: { readonly mark: string; readonly email: string }, address: (back: string) => string) => void;
  /** What the page was opened with, once. */
  readonly takeReturn: () => { readonly loginToken: string; readonly email: string } | null;
}

export interface AppSurroundings {
  readonly notifying: Omit<NotificationSurroundings, "onOpen" | "deviceName">;
  readonly isSecure: boolean;
  readonly entryUrl: string;
  readonly homeservers: Readonly<Record<string, string>>;
  readonly instances: readonly string[];
  readonly deviceName: string;
  readonly language: () => string;
  readonly tab: Tab;
  readonly setPath: (path: string) => void;
  readonly readPath: () => string;
  readonly travel: Travel;
  /** Remembers, over a reload, that a code was made and not noted yet. */
  readonly unnoted: { readonly get: () => boolean; readonly set: (value: boolean) => void };
}

export class AppModel {
  readonly screen = new Observable<AppScreen>({ name: "loading" });
  readonly #around: AppSurroundings;
  #account: Account | null = null;
  #home: HomeModel | null = null;
  /** Rises whenever an account opens or closes: what a former one still says is not heard. */
  #turn = 0;
  #stopWatching: (() => void) | null = null;

  constructor(around: AppSurroundings) {
    this.#around = around;
  }

  readonly start = async (): Promise<void> => {
    if (!this.#around.isSecure) return this.screen.set({ name: "insecure" });
    if (!(await this.#around.tab.claim())) return this.screen.set({ name: "other-tab" });
    await this.#resume();
  };

  readonly takeOver = async (): Promise<void> => {
    this.screen.set({ name: "loading" });
    await this.#around.tab.takeOver();
    await this.#resume();
  };

  /** Another tab takes the work: everything stops here before its stores open there. */
  readonly lose = async (): Promise<void> => {
    const account = this.#account;
    this.#close();
    if (account !== null) {
      await matrix.persist(account).catch(() => undefined);
      matrix.closeAccount(account);
    }
    this.screen.set({ name: "other-tab" });
  };

  readonly persist = (): void => {
    if (this.#account !== null) void matrix.persist(this.#account).catch(() => undefined);
  };

  #close(): void {
    this.#turn += 1;
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#home?.stop();
    this.#home = null;
    this.#account = null;
  }

  readonly #resume = async (): Promise<void> => {
    const credentials = matrix.findCredentials();
    const returned = this.#around.travel.takeReturn();
    if (credentials === null) {
      const auth = this.#showAuth(null);
      return returned === null ? undefined : auth.comeBack(returned.loginToken, returned.email);
    }
    await this.#open(credentials, null, false);
  };

  readonly retry = (): Promise<void> => {
    this.screen.set({ name: "loading" });
    return this.#resume();
  };

  #showAuth(notice: Phrase | null): AuthModel {
    const { entryUrl, homeservers, deviceName, language, travel } = this.#around;
    const onSignedIn = (credentials: Credentials, password: string | null): void => {
      matrix.saveCredentials(credentials);
      void this.#open(credentials, password, true);
    };
    const { leave } = travel;
    const auth = new AuthModel({ entryUrl, homeservers, deviceName, language, leave, onSignedIn }, notice);
    this.screen.set({ name: "auth", auth });
    return auth;
  }

  /** `fresh`: this device has just signed in, so that its encryption comes before the conversations. */
  async #open(credentials: Credentials, password: string | null, fresh: boolean): Promise<void> {
    const turn = (this.#turn += 1);
    this.screen.set({ name: "opening" });
    try {
      const account = await matrix.openAccount(credentials, {
        isActiveTab: this.#around.tab.isActive,
        onExpired: () => turn === this.#turn && this.expire(credentials),
      });
      if (turn !== this.#turn) return matrix.closeAccount(account);
      this.#account = account;
      this.#watch(account);
      if (!fresh && !this.#around.unnoted.get()) return await this.#openKnown(account);
      await matrix.waitForFirstSync(account);
      await this.#secure(account, password);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
  }

  /** After a reload nothing is asked: what is kept here is shown at once, even without network. */
  async #openKnown(account: Account): Promise<void> {
    this.#showHome(account);
    await matrix.waitForFirstSync(account);
    // A sign-up that was cut short left the account without encryption: it is set up now.
    if ((await encryption.readEncryptionState(account)) === "none") await this.#secure(account, null);
    await this.#home?.refreshTrust();
  }

  async #secure(account: Account, password: string | null): Promise<void> {
    const state = await encryption.readEncryptionState(account);
    if (state === "locked") return this.#showUnlock(account, password);
    if (state === "ready" && !this.#around.unnoted.get()) return this.#showHome(account);
    const fresh = state === "none";
    const code = await (fresh
      ? encryption.setUpEncryption(account, password)
      : encryption.renewRecoveryCode(account));
    this.#showCode(code);
  }

  #showCode(code: RecoveryCode): void {
    this.#around.unnoted.set(true);
    this.screen.set({ name: "recovery", code });
  }

  readonly codeNoted = (): void => {
    this.#around.unnoted.set(false);
    if (this.#account !== null) this.#showHome(this.#account);
  };

  #showUnlock(account: Account, password: string | null): void {
    const unlock = new UnlockModel(account, password, {
      onDone: () => this.#showHome(account),
      onNewCode: (code) => this.#showCode(code),
    });
    this.screen.set({ name: "unlock", unlock });
  }

  #showHome(account: Account): void {
    const { instances, setPath, readPath, notifying, deviceName } = this.#around;
    this.#home ??= new HomeModel(account, {
      origin: this.#around.entryUrl,
      instances,
      setPath,
      notifying: { ...notifying, deviceName },
      onSignOut: () => this.#signOut(),
      onUnlock: () => this.#showUnlock(account, null),
      onNewCode: (code) => this.#showCode(code),
    });
    this.#home.show(readPath());
    this.screen.set({ name: "home", home: this.#home });
    void this.#home.refreshTrust();
  }

  #watch(account: Account): void {
    const stops = [
      matrix.watchClosedByServer(account, () => void this.#closedByServer()),
      encryption.watchBackupKey(account),
    ];
    this.#stopWatching = () => {
      for (const stop of stops) stop();
    };
  }

  /** The account expired: what was read here is shown no more and stays where it is, until the account is renewed. */
  readonly expire = (credentials: Credentials): void => {
    if (this.screen.get().name === "expired") return;
    const account = this.#account;
    this.#close();
    const turn = this.#turn;
    // Another tab may have taken the work while this one asked whether the account is renewed.
    const goOn = (): void => void (turn === this.#turn && this.retry());
    this.screen.set({ name: "expired", expired: new ExpiredModel(credentials, goOn) });
    if (account === null) return;
    void matrix
      .persist(account)
      .catch(() => undefined)
      .then(() => matrix.closeAccount(account));
  };

  async #closedByServer(): Promise<void> {
    const account = this.#account;
    if (account === null) return;
    const { notifications } = this.#home ?? {};
    this.#close();
    await notifications?.leaveHere();
    await matrix.signOut(account, false);
    this.#showAuth({ key: "app.closed" });
  }

  async #signOut(): Promise<void> {
    const account = this.#account;
    if (account === null) return;
    this.screen.set({ name: "loading" });
    await this.#home?.notifications.leave();
    this.#close();
    await matrix.signOut(account);
    this.#around.setPath("");
    this.#showAuth(null);
  }

  #fail(error: unknown): void {
    const account = this.#account;
    this.#close();
    if (account !== null) matrix.closeAccount(account);
    this.screen.set({ name: "broken", why: phraseOf(error) });
  }

  readonly pathChanged = (path: string): void => this.#home?.show(path);
}
