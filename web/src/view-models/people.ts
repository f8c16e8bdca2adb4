/** Searching the directory while typing. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { isExternalAddress } from "../matrix/invitations";
import { searchPeople } from "../matrix/people";
import { openDirect, openDirectByEmail } from "../matrix/rooms";
import type { FoundPerson, Person } from "../matrix/types";
import { phraseOf } from "./errors";
import { Observable } from "./observable";

export interface PeopleState {
  readonly term: string;
  readonly results: readonly FoundPerson[];
  /** The term the results answer; "" before the first answer. */
  readonly answered: string;
  readonly searching: boolean;
  readonly opening: boolean;
  readonly error: Phrase | null;
}

const PAUSE_MS = 250;
const LEAST_LETTERS = 2;

export class PeopleModel {
  readonly state = new Observable<PeopleState>({
    term: "",
    results: [],
    answered: "",
    searching: false,
    opening: false,
    error: null,
  });
  readonly #account: Account;
  readonly #onOpened: (roomId: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(account: Account, onOpened: (roomId: string) => void) {
    this.#account = account;
    this.#onOpened = onOpened;
  }

  readonly search = (term: string): void => {
    clearTimeout(this.#timer);
    const long = term.trim().length >= LEAST_LETTERS;
    this.state.update({ term, searching: long, ...(long ? {} : { results: [], answered: "" }) });
    if (long) this.#timer = setTimeout(() => void this.#ask(term.trim()), PAUSE_MS);
  };

  async #ask(term: string): Promise<void> {
    // An answer to what is no longer asked is not shown.
    const tell = (change: Partial<PeopleState>): void => {
      if (this.state.get().term.trim() === term) this.state.update({ searching: false, ...change });
    };
    try {
      tell({ results: await searchPeople(this.#account, term), answered: term, error: null });
    } catch (error) {
      tell({ error: phraseOf(error) });
    }
  }

  readonly open = (person: Person): Promise<void> => this.#open(() => openDirect(this.#account, person.id));

  /** Guests from outside have no direct messages: said before anything is made. */
  readonly openAddress = (address: string): Promise<void> =>
    this.#open(async () => {
      if (!(await isExternalAddress(this.#account, address))) return openDirectByEmail(this.#account, address);
      this.state.update({ error: { key: "people.noGuests" } });
      return null;
    });

  async #open(job: () => Promise<string | null>): Promise<void> {
    if (this.state.get().opening) return;
    this.state.update({ opening: true, error: null });
    try {
      const roomId = await job();
      if (roomId !== null) this.#onOpened(roomId);
    } catch (error) {
      this.state.update({ error: phraseOf(error) });
    } finally {
      this.state.update({ opening: false });
    }
  }
}
