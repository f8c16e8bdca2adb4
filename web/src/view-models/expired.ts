/** The account has expired: nothing is shown until its owner followed the link of a mail. Nothing is lost meanwhile. */
import type { Phrase } from "../i18n/keys";
import type { Credentials } from "../matrix/accounts";
import { isRenewed, sendRenewalMail } from "../matrix/expiry";
import { isExternal } from "../matrix/names";
import { isRefusal, phraseOf } from "./errors";
import { Observable } from "./observable";

/** The server wants as much between two mails. */
export const BETWEEN_MAILS_MS = 30_000;

export interface ExpiredState {
  readonly busy: "mail" | "check" | null;
  /** A mail has left; `waiting` until another one may. */
  readonly sent: boolean;
  readonly waiting: boolean;
  readonly notYet: boolean;
  /** No mail renews a guest somebody vouches for: the server says who decides. */
  readonly decided: Phrase | null;
  readonly error: Phrase | null;
}

export class ExpiredModel {
  readonly state = new Observable<ExpiredState>({
    busy: null,
    sent: false,
    waiting: false,
    notYet: false,
    decided: null,
    error: null,
  });
  readonly isGuest: boolean;
  readonly #credentials: Credentials;
  readonly #onRenewed: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(credentials: Credentials, onRenewed: () => void) {
    this.#credentials = credentials;
    this.isGuest = isExternal(credentials.userId);
    this.#onRenewed = onRenewed;
  }

  readonly sendMail = async (): Promise<void> => {
    if (this.state.get().busy !== null || this.state.get().waiting) return;
    this.state.update({ busy: "mail", notYet: false, error: null });
    try {
      await sendRenewalMail(this.#credentials);
      this.state.update({ busy: null, sent: true, waiting: true });
      this.#timer = setTimeout(() => this.state.update({ waiting: false }), BETWEEN_MAILS_MS);
    } catch (error) {
      if (isRefusal(error, "M_FORBIDDEN")) return this.state.update({ busy: null, decided: phraseOf(error) });
      this.state.update({ busy: null, error: phraseOf(error, { M_THREEPID_DENIED: "expired.denied" }) });
    }
  };

  readonly check = async (): Promise<void> => {
    if (this.state.get().busy !== null) return;
    this.state.update({ busy: "check", notYet: false, error: null });
    try {
      const renewed = await isRenewed(this.#credentials);
      this.state.update({ busy: null, notYet: !renewed });
      if (renewed) this.#leave();
    } catch (error) {
      this.state.update({ busy: null, error: phraseOf(error) });
    }
  };

  readonly stop = (): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  };

  #leave(): void {
    this.stop();
    this.#onRenewed();
  }
}
