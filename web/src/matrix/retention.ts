/** How long a room keeps its messages, and the words of its classification. */
import type { MatrixEvent, Room } from "matrix-js-sdk";
import type { Account } from "./account";
import { ACCESS_RULES } from "./room-kinds";
import { contentOf, maySetState, setState, text } from "./state";

/** MSC1763, as the server obeys it. */
const RETENTION = "m.room.retention";
const CLASSIFICATION = "fr.tchap.classification";
export const DAY_MS = 24 * 3600 * 1000;

/** In days, a beginning one counted whole; null: messages are kept for ever. */
export function lifetimeOf(room: Room): number | null {
  const asked = contentOf(room, RETENTION)["max_lifetime"];
  return typeof asked === "number" && asked > 0 ? Math.ceil(asked / DAY_MS) : null;
}

/** As the law of retention counts them; whoever comes from outside makes a kind of its own. */
export type KeepingKind = "public" | "direct" | "external" | "encrypted" | "clear";

export function keepingKind(account: Account, roomId: string): KeepingKind {
  const room = account.client.getRoom(roomId);
  const { visibility, rule } = contentOf(room, ACCESS_RULES);
  if (visibility === "public") return "public";
  if (rule === "direct") return "direct";
  if (rule === "unrestricted") return "external";
  return room?.hasEncryptionStateEvent() === true ? "encrypted" : "clear";
}

/** Of what this device still holds, what may be shown: no message past the room's term, as on the server. */
export function keptIn(room: Room, now: number): (event: MatrixEvent) => boolean {
  const days = lifetimeOf(room);
  return (event) => days === null || event.isState() || event.getTs() >= now - days * DAY_MS;
}

/** One line of plain text; "" when the room has none. */
export function classificationOf(room: Room): string {
  return text(contentOf(room, CLASSIFICATION)["label"]).slice(0, 60);
}

export interface KeepingRights {
  readonly lifetime: boolean;
  readonly classification: boolean;
}

export function keepingRights(account: Account, roomId: string): KeepingRights {
  const room = account.client.getRoom(roomId);
  const may = (type: string): boolean => room !== null && maySetState(room, type);
  return { lifetime: may(RETENTION), classification: may(CLASSIFICATION) };
}

export function setLifetime(account: Account, roomId: string, days: number | null): Promise<void> {
  return setState(account.client, roomId, RETENTION, days === null ? {} : { max_lifetime: days * DAY_MS });
}

export function setClassification(account: Account, roomId: string, label: string): Promise<void> {
  return setState(account.client, roomId, CLASSIFICATION, label === "" ? {} : { label });
}
