/** A room seen from its door: what a link leads to, and coming in (spec: "room_summary"). */
import { MatrixError } from "matrix-js-sdk";
import type { Account } from "./account";
import { serverOf } from "./names";
import type { RoomDoor } from "./types";

/** The id of the room a link names, and the servers that know it. */
async function resolve(account: Account, address: string): Promise<{ roomId: string; via: string[] }> {
  if (!address.startsWith("#")) return { roomId: address, via: address.includes(":") ? [serverOf(address)] : [] };
  const { room_id: roomId, servers } = await account.client.getRoomIdForAlias(address);
  return { roomId, via: servers };
}

/** What the room lets be known before one is in it; null when it lets nothing be known, or does not exist. */
export async function lookAtDoor(account: Account, address: string, given: readonly string[]): Promise<RoomDoor | null> {
  try {
    const found = await resolve(account, address);
    const via = [...new Set([...given, ...found.via])];
    const summary = await account.client.getRoomSummary(found.roomId, via);
    return {
      roomId: found.roomId,
      via,
      name: summary.name ?? "",
      topic: summary.topic ?? "",
      members: summary.num_joined_members,
      isIn: summary.membership === "join" || summary.membership === "invite",
      opens: summary.join_rule === "public",
      encrypted: (summary.encryption ?? summary["im.nheko.summary.encryption"]) !== undefined,
    };
  } catch (error) {
    const refused = error instanceof MatrixError && (error.httpStatus === 404 || error.httpStatus === 403);
    if (refused) return null;
    throw error;
  }
}

export async function enter(account: Account, door: RoomDoor): Promise<void> {
  // Nothing leaves in clear for this room, even before sync shows that it is encrypted.
  if (door.encrypted) account.expectEncrypted.add(door.roomId);
  await account.client.joinRoom(door.roomId, { viaServers: [...door.via] });
}

export function isKnown(account: Account, roomId: string): boolean {
  const membership = account.client.getRoom(roomId)?.getMyMembership();
  return membership === "join" || membership === "invite";
}
