import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { listForums, previewForum } from "../matrix/forums";
import type { Forum, Message } from "../matrix/types";
import { phraseOf } from "./errors";
import { Observable } from "./observable";

export interface ForumsState {
  readonly forums: readonly Forum[];
  readonly term: string;
  readonly loading: boolean;
  readonly error: Phrase | null;
  readonly reading: Forum | null;
  /** null: the forum does not let itself be read before joining. */
  readonly preview: readonly Message[] | null;
  readonly previewLoading: boolean;
}

const PAUSE_MS = 250;

export class ForumsModel {
  readonly state = new Observable<ForumsState>({
    forums: [],
    term: "",
    loading: true,
    error: null,
    reading: null,
    preview: null,
    previewLoading: false,
  });
  readonly #account: Account;
  readonly #instances: readonly string[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(account: Account, instances: readonly string[]) {
    this.#account = account;
    this.#instances = instances;
    void this.#load("");
  }

  readonly search = (term: string): void => {
    clearTimeout(this.#timer);
    this.state.update({ term, loading: true });
    this.#timer = setTimeout(() => void this.#load(term.trim()), PAUSE_MS);
  };

  readonly retry = (): void => void this.#load(this.state.get().term.trim());

  async #load(term: string): Promise<void> {
    this.state.update({ loading: true, error: null });
    // An answer to what is no longer asked is not shown.
    const tell = (change: Partial<ForumsState>): void => {
      if (this.state.get().term.trim() === term) this.state.update({ loading: false, ...change });
    };
    try {
      tell({ forums: await listForums(this.#account, this.#instances, term) });
    } catch (error) {
      tell({ error: phraseOf(error) });
    }
  }

  readonly read = async (forum: Forum): Promise<void> => {
    this.state.update({ reading: forum, preview: null, previewLoading: true });
    const preview = await previewForum(this.#account, forum.id);
    if (this.state.get().reading?.id === forum.id) this.state.update({ preview, previewLoading: false });
  };

  readonly closePreview = (): void => this.state.update({ reading: null, preview: null });
}
