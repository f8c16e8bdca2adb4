/** Searching what was said, here or everywhere, and saying what was searched. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as search from "../matrix/search";
import type { Found } from "../matrix/search";
import { phraseOf } from "./errors";
import { Observable } from "./observable";
import { matchesAll } from "./search";

export type Scope = "room" | "all";

/** Where the answer comes from: everything the server reads, what this device has opened, or the two together. */
export type Reach = "server" | "device" | "both";

export interface MessageSearchState {
  readonly term: string;
  /** The term the results answer; "" before the first answer. */
  readonly answered: string;
  readonly scope: Scope;
  readonly found: readonly Found[];
  readonly searching: boolean;
  readonly reach: Reach;
  readonly looked: number;
  readonly since: number;
  /** More can be found: the server's next page, or older messages to open on this device. */
  readonly more: "page" | "older" | null;
  readonly error: Phrase | null;
}

const PAUSE_MS = 300;
const LEAST_LETTERS = 2;

const NOTHING = { found: [], looked: 0, since: 0 } as const;

export class MessageSearchModel {
  readonly state: Observable<MessageSearchState>;
  /** The conversation it was opened from; null when from none. */
  readonly roomId: string | null;
  readonly #account: Account;
  readonly #onOpen: (found: Found) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next: string | null = null;
  #fromServer: readonly Found[] = [];
  #asked = 0;

  constructor(account: Account, roomId: string | null, onOpen: (found: Found) => void) {
    this.#account = account;
    this.roomId = roomId;
    this.#onOpen = onOpen;
    const scope = roomId === null ? "all" : "room";
    const blank = { term: "", answered: "", searching: false, more: null, error: null };
    this.state = new Observable<MessageSearchState>({ ...blank, ...NOTHING, scope, reach: this.#reachOf(scope) });
  }

  #reachOf(scope: Scope): Reach {
    if (scope === "all" || this.roomId === null) return "both";
    return search.isSealed(this.#account, this.roomId) ? "device" : "server";
  }

  #room(): string | null {
    return this.state.get().scope === "room" ? this.roomId : null;
  }

  readonly search = (term: string): void => {
    clearTimeout(this.#timer);
    const long = term.trim().length >= LEAST_LETTERS;
    this.state.update({ term, searching: long, error: null });
    if (long) this.#timer = setTimeout(() => void this.#ask(), PAUSE_MS);
    else this.state.update({ ...NOTHING, answered: "", more: null });
  };

  readonly setScope = (scope: Scope): void => {
    this.state.update({ scope, reach: this.#reachOf(scope), ...NOTHING, answered: "", more: null });
    this.search(this.state.get().term);
  };

  async #ask(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const term = this.state.get().term.trim();
    this.#fromServer = [];
    this.#next = null;
    this.#show(term);
    if (this.state.get().reach !== "device") await this.#askServer(term, asked);
    // An answer to what is no longer asked is not shown.
    if (asked === this.#asked) this.state.update({ searching: false });
  }

  async #askServer(term: string, asked: number): Promise<void> {
    try {
      const page = await search.searchServer(this.#account, term, this.#room(), this.#next);
      if (asked !== this.#asked) return;
      this.#fromServer = [...this.#fromServer, ...page.found];
      this.#next = page.next;
      this.#show(term);
    } catch (error) {
      if (asked === this.#asked) this.state.update({ error: phraseOf(error) });
    }
  }

  /** What this device finds comes at once, what the server finds when it answers, the newest first. */
  #show(term: string): void {
    const { reach } = this.state.get();
    const matches = (text: string): boolean => matchesAll(text, term);
    const here = reach === "server" ? NOTHING : search.searchDevice(this.#account, matches, this.#room());
    const all = new Map([...here.found, ...this.#fromServer].map((found) => [found.eventId, found]));
    const found = [...all.values()].sort((a, b) => b.time - a.time);
    this.state.update({ found, answered: term, looked: here.looked, since: here.since, more: this.#moreOf(reach) });
  }

  #moreOf(reach: Reach): MessageSearchState["more"] {
    if (reach !== "device") return this.#next === null ? null : "page";
    return this.roomId !== null && search.hasUnopened(this.#account, this.roomId) ? "older" : null;
  }

  readonly loadMore = async (): Promise<void> => {
    const { more, answered, searching } = this.state.get();
    if (more === null || searching) return;
    const asked = this.#asked;
    this.state.update({ searching: true, error: null });
    if (more === "page") await this.#askServer(answered, asked);
    else await this.#openOlder(answered);
    if (asked === this.#asked) this.state.update({ searching: false });
  };

  async #openOlder(term: string): Promise<void> {
    try {
      if (this.roomId !== null) await search.openOlder(this.#account, this.roomId);
      this.#show(term);
    } catch (error) {
      this.state.update({ error: phraseOf(error) });
    }
  }

  readonly open = (found: Found): void => this.#onOpen(found);
}
