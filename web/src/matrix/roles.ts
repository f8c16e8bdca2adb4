/** Roles in a room, and putting somebody out of it (spec: "m.room.power_levels", "Kicking and banning"). */
import type { Account } from "./account";
import { isExternal } from "./names";
import { contentOf } from "./state";
import type { MemberActs, Role } from "./types";

export const LEVELS: Readonly<Record<Role, number>> = { admin: 100, moderator: 50, member: 0 };
const POWER_LEVELS = "m.room.power_levels";
const ROLES = Object.keys(LEVELS) as Role[];

export interface Powers {
  readonly mine: number;
  readonly theirs: number;
  readonly isMe: boolean;
  readonly isExternal: boolean;
  /** What setting roles, putting out and banning take. */
  readonly setRoles: number;
  readonly kick: number;
  readonly ban: number;
}

export function roleOf(power: number): Role {
  return ROLES.find((role) => power >= LEVELS[role]) ?? "member";
}

/** Nobody gives more than she has, nor touches who has as much; guests from outside never have a role. */
export function decideActs(powers: Powers): MemberActs {
  const { mine, theirs, isMe } = powers;
  const isAbove = mine > theirs;
  const maySet = mine >= powers.setRoles && (isAbove || isMe) && !powers.isExternal;
  const roles = maySet ? ROLES.filter((role) => LEVELS[role] <= mine && role !== roleOf(theirs)) : [];
  return {
    roles,
    mayRemove: !isMe && isAbove && mine >= powers.kick,
    mayBan: !isMe && isAbove && mine >= powers.ban,
  };
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

const NONE: MemberActs = { roles: [], mayRemove: false, mayBan: false };

export function readActs(account: Account, roomId: string, userId: string): MemberActs {
  const room = account.client.getRoom(roomId);
  if (room === null) return NONE;
  const levels = contentOf(room, POWER_LEVELS);
  const events = (levels["events"] ?? {}) as Record<string, unknown>;
  return decideActs({
    mine: room.getMember(account.userId)?.powerLevel ?? 0,
    theirs: room.getMember(userId)?.powerLevel ?? 0,
    isMe: userId === account.userId,
    isExternal: isExternal(userId),
    setRoles: number(events[POWER_LEVELS], number(levels["state_default"], 50)),
    kick: number(levels["kick"], 50),
    ban: number(levels["ban"], 50),
  });
}

/** The level to write for a role; undefined where everybody has it unsaid. */
export function levelToWrite(role: Role, everybody: number): number | undefined {
  return LEVELS[role] === everybody ? undefined : LEVELS[role];
}

export async function setRole(account: Account, roomId: string, userId: string, role: Role): Promise<void> {
  const everybody = number(contentOf(account.client.getRoom(roomId), POWER_LEVELS)["users_default"], 0);
  await account.client.setPowerLevel(roomId, userId, levelToWrite(role, everybody));
}

/** They may be invited again. */
export async function removeMember(account: Account, roomId: string, userId: string): Promise<void> {
  await account.client.kick(roomId, userId);
}

export async function banMember(account: Account, roomId: string, userId: string): Promise<void> {
  await account.client.ban(roomId, userId);
}
