/** Guests from outside: whom an agent vouches for, and who vouches for a guest. */
import type { Key, Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as externals from "../matrix/externals";
import type { ExternalGuest, Sponsor } from "../matrix/types";
import { act } from "./acting";
import { eveningOf } from "./end-day";
import { Observable } from "./observable";

export interface Asking {
  readonly act: "prolong" | "end";
  readonly guest: ExternalGuest;
}

export interface GuestsState {
  /** null until the server has said. */
  readonly guests: readonly ExternalGuest[] | null;
  readonly asking: Asking | null;
  readonly busy: boolean;
  /** The list could not be read: trying again may help. */
  readonly failed: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

const SILENT = { error: null, notice: null };

/** Those who are still expected or there come first, the one whose end is nearest before the others. */
export function sortGuests(guests: readonly ExternalGuest[]): { present: ExternalGuest[]; past: ExternalGuest[] } {
  const sorted = [...guests].sort((a, b) => a.endTime - b.endTime || a.email.localeCompare(b.email));
  const isPast = ({ state }: ExternalGuest): boolean => state === "ended";
  return { present: sorted.filter((guest) => !isPast(guest)), past: sorted.filter(isPast).reverse() };
}

export class GuestsModel {
  readonly state = new Observable<GuestsState>({ guests: null, asking: null, busy: false, failed: false, ...SILENT });
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  readonly load = async (): Promise<void> => {
    try {
      this.state.update({ guests: await externals.listGuests(this.#account), failed: false });
    } catch {
      this.state.update({ failed: true });
    }
  };

  readonly ask = (act: Asking["act"], guest: ExternalGuest): void => this.state.update({ asking: { act, guest }, ...SILENT });
  readonly stopAsking = (): void => this.state.update({ asking: null, error: null });

  readonly prolong = (day: string): Promise<void> => {
    const { asking } = this.state.get();
    const evening = eveningOf(day);
    if (asking === null) return Promise.resolve();
    if (evening === null) return Promise.resolve(this.state.update({ error: { key: "guests.noDay" } }));
    const { email } = asking.guest;
    return this.#act(() => externals.vouchUntil(this.#account, email, evening), { key: "guests.prolonged", params: { email } });
  };

  readonly end = (): Promise<void> => {
    const { asking } = this.state.get();
    if (asking === null) return Promise.resolve();
    const { email } = asking.guest;
    return this.#act(() => externals.endStay(this.#account, email), { key: "guests.ended", params: { email } }, "guests.over");
  };

  readonly sendAgain = ({ email }: ExternalGuest): Promise<void> =>
    this.#act(() => externals.sendInvitationAgain(this.#account, email), { key: "guests.sentAgain", params: { email } }, "guests.noInvitation");

  /** A question stays open over a refusal, which is said in it. `missing`: there is nothing to act upon any more. */
  async #act(job: () => Promise<void>, notice: Phrase, missing: Key = "error.unknown"): Promise<void> {
    const once = async (): Promise<void> => {
      this.state.update({ notice: null });
      await job();
      this.state.update({ asking: null, notice });
      await this.load();
    };
    await act(this.state, once, { M_NOT_FOUND: missing });
  }
}

/** Who vouches for the person; nobody while the server has not said. */
export class SponsorsModel {
  readonly state = new Observable<{ readonly sponsors: readonly Sponsor[] }>({ sponsors: [] });
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  readonly load = async (): Promise<void> => {
    const sponsors = await externals.listSponsors(this.#account).catch(() => []);
    this.state.update({ sponsors });
  };
}
