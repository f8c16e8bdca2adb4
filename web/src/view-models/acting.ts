import type { Key, Phrase } from "../i18n/keys";
import { phraseOf } from "./errors";

interface Acting {
  readonly get: () => { readonly busy: boolean };
  readonly update: (change: { busy?: boolean; error?: Phrase | null }) => void;
}

/**
 * Carries one act out and says whether it was done: not while another is under way, `busy` as long as it lasts.
 * A failure is said in `error`, which `special` words by its code.
 */
export async function act(state: Acting, job: () => Promise<unknown>, special: Readonly<Record<string, Key>> = {}): Promise<boolean> {
  if (state.get().busy) return false;
  state.update({ busy: true, error: null });
  try {
    await job();
    return true;
  } catch (error) {
    state.update({ error: phraseOf(error, special) });
    return false;
  } finally {
    state.update({ busy: false });
  }
}
