/**
 * The last line of defence against a clear message in an encrypted room: it reads every request that leaves.
 *
 * The SDK sends in clear, without a word, when it does not know the room yet (just created, just joined). The send
 * wrapper waits for the room; this guard refuses what would pass beside the wrapper.
 */

/** What the guard must know about the open account. */
export interface GuardFacts {
  readonly isActiveTab: () => boolean;
  readonly isRoomKnown: (roomId: string) => boolean;
  readonly isRoomEncrypted: (roomId: string) => boolean;
}

export class SendRefused extends Error {
  constructor(readonly why: "clear-text" | "inactive-tab" | "not-in-sync") {
    super(`send refused: ${why}`);
    this.name = "SendRefused";
  }
}

const SEND = /\/rooms\/([^/]+)\/(?:send|redact)\/([^/]+)/u;
/** Encrypted payloads, and the two kinds the specification keeps in clear (spec: "Encrypting events"). */
const ALLOWED_IN_ENCRYPTED_ROOMS = new Set(["m.room.encrypted", "m.reaction", "m.room.redaction"]);

/** Throws SendRefused when this request would break a promise. Other requests pass. */
export function checkRequest(method: string, url: string, facts: GuardFacts): void {
  if (method.toUpperCase() !== "PUT") return;
  const path = new URL(url).pathname;
  const found = SEND.exec(path);
  if (found === null) return;
  if (!facts.isActiveTab()) throw new SendRefused("inactive-tab");
  if (path.includes("/redact/")) return;
  const roomId = decodeURIComponent(found[1] ?? "");
  const type = decodeURIComponent(found[2] ?? "");
  if (ALLOWED_IN_ENCRYPTED_ROOMS.has(type)) return;
  if (!facts.isRoomKnown(roomId)) throw new SendRefused("not-in-sync");
  if (facts.isRoomEncrypted(roomId)) throw new SendRefused("clear-text");
}

function urlOf(input: RequestInfo | URL): string {
  if (typeof input === "string") return input;
  return input instanceof URL ? input.href : input.url;
}

export function guardFetch(inner: typeof fetch, facts: GuardFacts): typeof fetch {
  return async (input, init) => {
    checkRequest(init?.method ?? "GET", urlOf(input), facts);
    return inner(input, init);
  };
}
