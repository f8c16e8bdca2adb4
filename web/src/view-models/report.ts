/** Reporting a message or a person to the moderators. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { type Reported, report } from "../matrix/reports";
import { act } from "./acting";
import { Observable } from "./observable";

export interface ReportState {
  readonly busy: boolean;
  readonly done: boolean;
  readonly error: Phrase | null;
}

/** What the window says of what is reported. */
export interface ReportSubject {
  readonly reported: Reported;
  readonly name: string;
  /** The moderators cannot read the message: what is in it must be told. */
  readonly sealed: boolean;
}

export class ReportModel {
  readonly state = new Observable<ReportState>({ busy: false, done: false, error: null });
  readonly subject: ReportSubject;
  readonly #account: Account;

  constructor(account: Account, subject: ReportSubject) {
    this.#account = account;
    this.subject = subject;
  }

  /** `ground` is one of the grounds offered, in words; a report without any says nothing to a moderator. */
  readonly send = async (ground: string, details: string): Promise<void> => {
    const reason = [ground, details.trim()].filter(Boolean).join("\n");
    if (reason === "") return this.state.update({ error: { key: "report.groundNeeded" } });
    const isDone = await act(this.state, () => report(this.#account, this.subject.reported, reason), {
      M_NOT_FOUND: "report.gone",
    });
    if (isDone) this.state.update({ done: true });
  };
}
