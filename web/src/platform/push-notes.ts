/** What is pushed to a browser, and what is shown of it. Used by the push worker alone. */
import type { PushWords } from "../i18n/push";

export type Pushed =
  /** The server wants proof that its words arrive (MSC4174, "activation"). */
  | { readonly kind: "ack"; readonly token: string }
  | { readonly kind: "test" }
  | { readonly kind: "news"; readonly roomId: string; readonly roomName: string; readonly sender: string };

export interface Shown {
  readonly title: string;
  readonly body: string;
  /** One notification per conversation: the next one takes its place. */
  readonly tag: string;
  readonly path: string;
}

/** The event the server's self-test speaks of. */
const TEST_EVENT = "$THIS_IS_A_FAKE_EVENT_ID";
const LONGEST = 80;

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function readPushed(raw: unknown): Pushed | null {
  if (typeof raw !== "object" || raw === null) return null;
  const given = raw as Record<string, unknown>;
  const token = text(given["ack_token"]);
  if (token !== "") return { kind: "ack", token };
  if (given["event_id"] === TEST_EVENT) return { kind: "test" };
  const roomId = text(given["room_id"]);
  if (roomId === "") return null;
  return { kind: "news", roomId, roomName: text(given["room_name"]), sender: text(given["sender_display_name"]) };
}

/** "Jeanne Martin [DINUM]" is Jeanne Martin. */
function withoutBracket(name: string): string {
  return name.replace(/\s*\[[^\][]*\]\s*$/u, "");
}

export function toShown(pushed: Exclude<Pushed, { kind: "ack" }>, names: Record<string, string>, words: PushWords): Shown {
  if (pushed.kind === "test") return { title: words.title, body: words.test, tag: "test", path: "settings" };
  const { roomId, roomName, sender } = pushed;
  const title = names[roomId] || roomName || withoutBracket(sender) || words.title;
  return { title: title.slice(0, LONGEST), body: words.news, tag: roomId, path: `room/${encodeURIComponent(roomId)}` };
}
