/** Waits for the person to confirm on a page of the server, in another tab. */
import { Observable } from "./observable";

export class NotConfirmed extends Error {}

export class ConfirmationModel {
  /** The page to confirm on; null when nothing is to be confirmed. */
  readonly url = new Observable<string | null>(null);
  #answer: { readonly yes: () => void; readonly no: (error: Error) => void } | null = null;

  readonly ask = (url: string): Promise<void> =>
    new Promise((yes, no) => {
      this.#answer = { yes, no };
      this.url.set(url);
    });

  readonly confirmed = (): void => this.#end()?.yes();
  readonly cancel = (): void => this.#end()?.no(new NotConfirmed());

  #end() {
    const answer = this.#answer;
    this.#answer = null;
    this.url.set(null);
    return answer;
  }
}
