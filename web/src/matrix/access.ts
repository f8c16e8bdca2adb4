/** Who may come into a room that exists: guests from outside, and agents who hold its link. */
import type { Account } from "./account";
import { serverOf } from "./names";
import { randomText } from "./random";
import { ACCESS_RULES } from "./room-kinds";
import { contentOf, maySetState, setState, text } from "./state";

const JOIN_RULES = "m.room.join_rules";
const CANONICAL = "m.room.canonical_alias";
const ALIAS_RANDOM = 11;
/** An alias is at most 255 bytes: the name gives way, not what makes the alias hard to guess. */
const ALIAS_NAME = 60;

export interface RoomAccess {
  /** Guests from outside may be invited. */
  readonly isOpen: boolean;
  readonly mayOpen: boolean;
  /** The address of the room while agents enter by its link; null when they do not. */
  readonly link: string | null;
  readonly maySetLink: boolean;
}

export function readAccess(account: Account, roomId: string): RoomAccess {
  const room = account.client.getRoom(roomId);
  if (room === null) return { isOpen: false, mayOpen: false, link: null, maySetLink: false };
  const rules = contentOf(room, ACCESS_RULES);
  const isPrivate = rules["visibility"] === "private" && rules["rule"] !== "direct";
  const byLink = text(contentOf(room, JOIN_RULES)["join_rule"]) === "public";
  const alias = text(contentOf(room, CANONICAL)["alias"]);
  return {
    isOpen: rules["rule"] === "unrestricted",
    mayOpen: isPrivate && rules["rule"] === "restricted" && maySetState(room, ACCESS_RULES),
    link: byLink ? alias || roomId : null,
    maySetLink: isPrivate && maySetState(room, JOIN_RULES),
  };
}

/** Lets guests from outside be invited. Nobody can take it back. */
export async function openToExternals(account: Account, roomId: string): Promise<void> {
  const rules = contentOf(account.client.getRoom(roomId), ACCESS_RULES);
  await setState(account.client, roomId, ACCESS_RULES, { ...rules, rule: "unrestricted" });
}

/** "Réunion de crise" gives "#Réunion…" without what is no letter or digit, then what cannot be guessed. */
export function aliasFor(name: string, random: string, server: string): string {
  const plain = name.normalize("NFKD").replace(/[^0-9A-Za-z]+/gu, "");
  return `#${plain.slice(0, ALIAS_NAME)}${random}:${server}`;
}

/** Agents who hold the link come in by themselves; guests from outside still need an invitation. Returns the alias. */
export async function turnOnLink(account: Account, roomId: string): Promise<void> {
  const room = account.client.getRoom(roomId);
  if (text(contentOf(room, CANONICAL)["alias"]) === "") {
    const name = text(contentOf(room, "m.room.name")["name"]);
    const alias = aliasFor(name, randomText(ALIAS_RANDOM), serverOf(account.userId));
    await account.client.createAlias(alias, roomId);
    await setState(account.client, roomId, CANONICAL, { ...contentOf(room, CANONICAL), alias });
  }
  await setState(account.client, roomId, "m.room.guest_access", { guest_access: "forbidden" });
  await setState(account.client, roomId, JOIN_RULES, { join_rule: "public" });
}

export async function turnOffLink(account: Account, roomId: string): Promise<void> {
  await setState(account.client, roomId, JOIN_RULES, { join_rule: "invite" });
}
