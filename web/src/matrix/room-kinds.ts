/** The four kinds of rooms: what tells them apart, and what each is made of. */
import type { Content } from "./state";
import type { RoomKind } from "./types";

export const ACCESS_RULES = "im.vector.room.access_rules";

export interface KindFacts {
  readonly isDirect: boolean;
  /** The content of the room's access rules; {} where it has none. */
  readonly rules: Content;
  readonly joinRule: string;
  readonly isEncrypted: boolean;
}

/** Rooms made before access rules said it are known by what they are. */
function isPublic({ rules, joinRule, isEncrypted }: KindFacts): boolean {
  if (rules["visibility"] !== undefined) return rules["visibility"] === "public";
  return joinRule === "public" && rules["rule"] !== "unrestricted" && !isEncrypted;
}

/** A private room that opens by a link has the join rule of a public one: its access rules say which it is. */
export function kindOf(facts: KindFacts): RoomKind {
  if (facts.isDirect) return "direct";
  if (isPublic(facts)) return "public";
  return facts.isEncrypted ? "secure" : "private";
}

export const ENCRYPTION = {
  type: "m.room.encryption",
  state_key: "",
  content: { algorithm: "m.megolm.v1.aes-sha2" },
};

function state(type: string, content: Content) {
  return { type, state_key: "", content };
}

export function accessRules(rule: "restricted" | "unrestricted" | "direct", visibility: "private" | "public", clear = false) {
  return state(ACCESS_RULES, { rule, visibility, force_unencrypted_at_creation: clear });
}

export function historyVisibility(value: "invited" | "world_readable") {
  return state("m.room.history_visibility", { history_visibility: value });
}

export interface NewRoom {
  readonly name: string;
  readonly topic: string;
  readonly kind: Exclude<RoomKind, "direct">;
  /** Private rooms: people from outside may be invited, which is not taken back. */
  readonly externals: boolean;
  /** Public rooms: only people of the same server name enter. */
  readonly domainOnly: boolean;
}

const GUESTS = state("m.room.guest_access", { guest_access: "forbidden" });

/** The body of `POST /createRoom` for each kind. */
export function roomBody(room: NewRoom): Content {
  const named = { name: room.name, ...(room.topic === "" ? {} : { topic: room.topic }) };
  if (room.kind === "public") {
    const limited = room.domainOnly ? { creation_content: { "m.federate": false } } : {};
    const initial = [historyVisibility("world_readable"), GUESTS, accessRules("restricted", "public")];
    return { ...named, ...limited, visibility: "public", preset: "public_chat", initial_state: initial };
  }
  const clear = room.kind === "private";
  const rules = accessRules(room.externals ? "unrestricted" : "restricted", "private", clear);
  const initial = [...(clear ? [] : [ENCRYPTION]), historyVisibility("invited"), GUESTS, rules];
  return { ...named, visibility: "private", preset: "private_chat", initial_state: initial };
}
