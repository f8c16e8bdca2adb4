import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as accounts from "../matrix/accounts";
import type { PasswordPolicy } from "../matrix/accounts";
import * as encryption from "../matrix/encryption";
import type { RecoveryCode } from "../matrix/encryption";
import * as redList from "../matrix/red-list";
import * as people from "../matrix/people";
import type { Device, Person } from "../matrix/types";
import { act } from "./acting";
import { ConfirmationModel } from "./confirmation";
import { Observable } from "./observable";
import { isAccepted } from "./password-rules";

export interface SettingsState {
  readonly me: Person | null;
  readonly devices: readonly Device[] | null;
  readonly policy: PasswordPolicy | null;
  readonly code: { readonly number: number; readonly createdTime: number } | null;
  readonly verified: boolean;
  /** Not found in the directory; null while the server has not said. */
  readonly hidden: boolean | null;
  /** Keys not yet in the backup; signing out now would lose them. */
  readonly backupPending: boolean;
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

export interface SettingsExits {
  readonly onSignOut: () => Promise<void>;
  readonly onUnlock: () => void;
  readonly onNewCode: (code: RecoveryCode) => void;
}

/** Of what is asked with the password. */
const WRONG_PASSWORD = { M_FORBIDDEN: "error.wrongPassword" } as const;

export class SettingsModel {
  readonly state = new Observable<SettingsState>({
    me: null,
    devices: null,
    policy: null,
    code: null,
    verified: true,
    hidden: null,
    backupPending: false,
    busy: false,
    error: null,
    notice: null,
  });
  /** The server's own pages about the account. */
  readonly manageUrl: string;
  readonly confirmation = new ConfirmationModel();
  readonly stop: () => void;
  readonly #account: Account;
  readonly #exits: SettingsExits;

  constructor(account: Account, exits: SettingsExits) {
    this.#account = account;
    this.manageUrl = `${account.credentials.baseUrl}/account`;
    this.#exits = exits;
    this.stop = encryption.watchBackup(account, (remaining) => this.state.update({ backupPending: remaining > 0 }));
    void this.#load();
  }

  async #load(): Promise<void> {
    const account = this.#account;
    const [me, devices, policy, code, trust, hidden] = await Promise.allSettled([
      people.readOwnProfile(account),
      people.listDevices(account),
      accounts.fetchPasswordPolicy(account.credentials.baseUrl),
      encryption.findCodeDate(account),
      encryption.readEncryptionState(account),
      redList.isOnRedList(account),
    ]);
    this.state.update({
      me: me.status === "fulfilled" ? me.value : null,
      devices: devices.status === "fulfilled" ? devices.value : [],
      policy: policy.status === "fulfilled" ? policy.value : null,
      code: code.status === "fulfilled" ? code.value : null,
      verified: trust.status !== "fulfilled" || trust.value === "ready",
      hidden: hidden.status === "fulfilled" ? hidden.value : null,
    });
  }

  #act(job: () => Promise<void>, special?: Parameters<typeof act>[2]): Promise<boolean> {
    const once = (): Promise<void> => {
      this.state.update({ notice: null });
      return job();
    };
    return act(this.state, once, special);
  }

  readonly changePassword = (old: string, fresh: string, signOutOthers: boolean): Promise<boolean> => {
    const { policy } = this.state.get();
    if (policy !== null && !isAccepted(policy, fresh)) {
      this.state.update({ error: { key: "error.weakPassword" }, notice: null });
      return Promise.resolve(false);
    }
    return this.#act(async () => {
      await accounts.changePassword(this.#account.credentials, old, fresh, signOutOthers);
      this.state.update({ notice: { key: "settings.password.done" } });
    }, WRONG_PASSWORD);
  };

  readonly hide = (hidden: boolean): Promise<boolean> =>
    this.#act(async () => {
      await redList.setRedList(this.#account, hidden);
      this.state.update({ hidden, notice: { key: hidden ? "redList.on" : "redList.off" } });
    });

  readonly removeDevice = (device: Device, password: string): Promise<boolean> =>
    this.#act(async () => {
      await people.removeDevice(this.#account, device.id, { password, confirm: this.confirmation.ask });
      this.state.update({ devices: await people.listDevices(this.#account) });
    }, WRONG_PASSWORD);

  readonly renewCode = (): Promise<boolean> =>
    this.#act(async () => this.#exits.onNewCode(await encryption.renewRecoveryCode(this.#account)));

  readonly verify = (): void => this.#exits.onUnlock();
  readonly signOut = (): Promise<void> => this.#exits.onSignOut();
}
