/** Leaving the page for an identity provider, and coming back to where one was. */

/** What must not be lost while the person is away. */
export interface Errand {
  /** Drawn at the start: only the page that left takes what comes back. */
  readonly mark: string;
  readonly email: string;
  readonly path: string;
}

export interface Return {
  readonly loginToken: string;
  readonly errand: Errand;
}

const KEPT = "tchap.errand";
const MARK = "errand";
const TOKEN = "loginToken";

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readKept(): Errand | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Partial<Errand> | null;
    return text(kept?.mark) === "" ? null : { mark: text(kept?.mark), email: text(kept?.email), path: text(kept?.path) };
  } catch {
    return null;
  }
}

/** Remembers the errand; the address to come back to bears its mark. */
export function keepErrand(errand: Errand): string {
  sessionStorage.setItem(KEPT, JSON.stringify(errand));
  return `${window.location.origin}/?${new URLSearchParams({ [MARK]: errand.mark }).toString()}`;
}

/**
 * What the provider's way back brings. The address bar keeps nothing of it, whoever it came from; a token this page
 * did not go for is not taken, so that nobody is brought into somebody else's account by a link.
 */
export function takeReturn(): Return | null {
  const query = new URLSearchParams(window.location.search);
  const [loginToken, mark] = [query.get(TOKEN) ?? "", query.get(MARK) ?? ""];
  if (loginToken === "" && mark === "") return null;
  const errand = readKept();
  sessionStorage.removeItem(KEPT);
  const isMine = errand !== null && loginToken !== "" && errand.mark === mark;
  const place = isMine && errand.path !== "" ? `#/${errand.path}` : window.location.hash;
  window.history.replaceState(null, "", `${window.location.pathname}${place}`);
  return isMine ? { loginToken, errand } : null;
}
