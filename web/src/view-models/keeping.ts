/** Setting how long a room keeps its messages, and its classification. */
import type { Key, Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { type KeepingKind, keepingKind, keepingRights, type KeepingRights, setClassification, setLifetime } from "../matrix/retention";
import { act } from "./acting";
import { Observable } from "./observable";

/** Days offered to choose from; null: for ever. */
const LIFETIMES: readonly (number | null)[] = [1, 7, 30, 90, 180, 365, null];

/** In days, 0 for none: what a kind of room has by itself, and the longest it may have. */
export interface Term {
  readonly usual: number;
  readonly longest: number;
}

/** How long messages are really kept in a room that says `asked`: the law of its kind comes first. */
export function lifetimeInForce(asked: number | null, { usual, longest }: Term): number | null {
  const wanted = asked ?? (usual || null);
  if (longest === 0) return wanted;
  return Math.min(wanted ?? longest, longest);
}

/** What may be chosen, the present choice and the longest among them. */
export function lifetimesOffered(present: number | null, { longest }: Term): (number | null)[] {
  const lawful = LIFETIMES.filter((days) => longest === 0 || (days !== null && days <= longest));
  const all = new Set([...lawful, present, ...(longest === 0 ? [] : [longest])]);
  return [...all].sort((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY));
}

export interface Period {
  readonly unit: "days" | "months" | "years";
  readonly count: number;
}

/** The same time in the largest unit people would use: 90 days are 3 months. */
export function periodOf(days: number): Period {
  if (days % 365 === 0) return { unit: "years", count: days / 365 };
  if (days % 30 === 0) return { unit: "months", count: days / 30 };
  return { unit: "days", count: days };
}

export interface KeepingState {
  readonly busy: boolean;
  readonly saved: boolean;
  readonly error: Phrase | null;
}

export class KeepingModel {
  readonly state = new Observable<KeepingState>({ busy: false, saved: false, error: null });
  readonly #account: Account;
  readonly #roomId: string;

  constructor(account: Account, roomId: string) {
    this.#account = account;
    this.#roomId = roomId;
  }

  /** As they stand now: a role may have come or gone since the window opened. */
  get rights(): KeepingRights {
    return keepingRights(this.#account, this.#roomId);
  }

  get kind(): KeepingKind {
    return keepingKind(this.#account, this.#roomId);
  }

  readonly keep = (days: number | null): Promise<void> =>
    this.#save(() => setLifetime(this.#account, this.#roomId, days), "keeping.tooLong");

  readonly classify = (label: string): Promise<void> =>
    this.#save(() => setClassification(this.#account, this.#roomId, label.trim()), "classification.refused");

  async #save(job: () => Promise<void>, refusal: Key): Promise<void> {
    const save = async (): Promise<void> => {
      this.state.update({ saved: false });
      await job();
      this.state.update({ saved: true });
    };
    await act(this.state, save, { M_FORBIDDEN: refusal, M_BAD_JSON: refusal });
  }
}
