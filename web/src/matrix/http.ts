/** Calls made before an account is open: plain fetch, typed failures. */
import { text } from "./state";

export class ServerRefusal extends Error {
  constructor(
    readonly status: number,
    readonly errcode: string,
    message: string,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }

  get retryAfterMs(): number {
    const value = this.body["retry_after_ms"];
    return typeof value === "number" ? value : 0;
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {}

async function parseBody(answer: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Of an answer that is no success. */
export async function errcodeOf(answer: Response): Promise<string> {
  return text((await parseBody(answer))["errcode"]) || "M_UNKNOWN";
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

/** The language chosen in the application, which may differ from the browser's. */
function chosenLanguage(): string {
  return globalThis.document?.documentElement.lang || "fr";
}

/** Lets the refusals of the SDK's own requests come in the language chosen in the application. */
export function inChosenLanguage(inner: typeof fetch): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("Accept-Language", chosenLanguage());
    return inner(input, { ...init, headers });
  };
}

function toHeaders(init: { body?: unknown; token?: string }): Headers {
  const headers = new Headers({ "Accept-Language": chosenLanguage() });
  if (init.body !== undefined) headers.set("Content-Type", "application/json");
  if (init.token !== undefined) headers.set("Authorization", `Bearer ${init.token}`);
  return headers;
}

/** Returns the JSON object of a 2xx answer; throws ServerRefusal or Unreachable. */
export async function call(
  method: "GET" | "POST",
  url: string,
  options: { body?: unknown; token?: string } = {},
): Promise<Record<string, unknown>> {
  const init: RequestInit = { method, headers: toHeaders(options), cache: "no-store", credentials: "omit" };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  const answer = await reach(url, init);
  const body = await parseBody(answer);
  if (answer.ok) return body;
  throw new ServerRefusal(answer.status, text(body["errcode"]) || "M_UNKNOWN", text(body["error"]), body);
}
