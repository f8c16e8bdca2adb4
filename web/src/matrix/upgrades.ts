/** Rooms replaced by another of a newer version (spec: client-server API, "Room Upgrades"). */
import type { Room } from "matrix-js-sdk";
import type { Account } from "./account";
import { serverOf } from "./names";
import { contentOf, maySetState, text } from "./state";

const TOMBSTONE = "m.room.tombstone";

/** The id of the room that took this one's place, or null. */
export function successorOf(room: Room): string | null {
  return text(contentOf(room, TOMBSTONE)["replacement_room"]) || null;
}

/** The id of the room whose place this one took, or null. */
export function predecessorOf(room: Room): string | null {
  const { predecessor } = contentOf(room, "m.room.create") as { predecessor?: { room_id?: unknown } };
  return text(predecessor?.room_id) || null;
}

/**
 * Whether the person is already in the room that took this one's place. The new room must say so too: anybody who may
 * close a room could otherwise have it hidden behind any other.
 */
export function isReplaced(account: Account, room: Room): boolean {
  const next = account.client.getRoom(successorOf(room) ?? "");
  return next !== null && next.getMyMembership() === "join" && predecessorOf(next) === room.roomId;
}

/** Enters the room that took this one's place. Returns its id. */
export async function joinSuccessor(account: Account, roomId: string): Promise<string> {
  const room = account.client.getRoom(roomId);
  const next = room === null ? null : successorOf(room);
  if (room === null || next === null) throw new Error("the room has no successor");
  if (account.client.getRoom(next)?.getMyMembership() === "join") return next;
  const closer = room.currentState.getStateEvents(TOMBSTONE, "")?.getSender() ?? account.userId;
  if (room.hasEncryptionStateEvent()) account.expectEncrypted.add(next);
  await account.client.joinRoom(next, { viaServers: [serverOf(closer)] });
  return next;
}

function isOlder(version: string, than: string): boolean {
  const numbers = /^\d+$/u;
  return numbers.test(version) && numbers.test(than) && Number(version) < Number(than);
}

/** The version this room should go to: null when it is recent enough or the person may not replace it. */
export async function findUpgrade(account: Account, roomId: string): Promise<string | null> {
  const room = account.client.getRoom(roomId);
  if (room === null || successorOf(room) !== null) return null;
  if (!maySetState(room, TOMBSTONE)) return null;
  const capabilities = await account.client.getCapabilities();
  const wanted = capabilities["m.room_versions"]?.default ?? "";
  return isOlder(room.getVersion(), wanted) ? wanted : null;
}

/** The people of the old room cannot enter the new one by themselves unless it is open to all. */
function peopleToInvite(account: Account, room: Room): string[] {
  if (text(contentOf(room, "m.room.join_rules")["join_rule"]) === "public") return [];
  const members = room.getMembers().filter(({ membership }) => membership === "join" || membership === "invite");
  return members.map(({ userId }) => userId).filter((userId) => userId !== account.userId);
}

export interface Upgraded {
  readonly roomId: string;
  /** How many could not be invited to the new room. */
  readonly missed: number;
}

export async function upgradeRoom(account: Account, roomId: string, version: string): Promise<Upgraded> {
  const room = account.client.getRoom(roomId);
  if (room === null) throw new Error("the room is not known");
  await room.loadMembersIfNeeded();
  const people = peopleToInvite(account, room);
  const encrypted = room.hasEncryptionStateEvent();
  const { replacement_room: next } = await account.client.upgradeRoom(roomId, version);
  if (encrypted) account.expectEncrypted.add(next);
  let missed = 0;
  // One after the other: a server asks those who invite in a hurry to wait.
  for (const userId of people) await account.client.invite(next, userId).catch(() => (missed += 1));
  return { roomId: next, missed };
}
