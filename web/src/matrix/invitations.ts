/** Inviting by e-mail address, and the invitations that wait for an answer (spec: "Third-party invites"). */
import { Method, type Room } from "matrix-js-sdk";
import type { Account } from "./account";
import { findInstance } from "./accounts";
import { findAddress, inviteeAt, PENDING, remember, rememberedIn } from "./invited-addresses";
import { personIn } from "./rooms";
import { setState, text } from "./state";
import type { PendingInvitation } from "./types";

/** How long a server keeps an invitation by e-mail. */
const LIFE_MS = 30 * 24 * 3_600_000;

/** Whether the address belongs to nobody's administration: who answers it comes as a guest from outside. */
export async function isExternalAddress(account: Account, address: string): Promise<boolean> {
  const answer = await findInstance(account.credentials.baseUrl, address);
  return answer.kind === "known" && answer.external;
}

export async function inviteByEmail(account: Account, roomId: string, address: string): Promise<void> {
  const path = `/rooms/${encodeURIComponent(roomId)}/invite`;
  await account.client.http.authedRequest(Method.Post, path, undefined, inviteeAt(account, address));
  // Without it the invitation stands all the same: only sending it again asks for the address.
  await remember(account, roomId, address).catch(() => undefined);
}

function tokenIn(content: unknown): string {
  const { third_party_invite: invite } = (content ?? {}) as { third_party_invite?: { signed?: { token?: unknown } } };
  return text(invite?.signed?.token);
}

/**
 * Which invitations became a member's. The event that says so is the member's invitation: it may be the present one,
 * the one before, or one that sync brought earlier; once it is forgotten, the user name still tells the address.
 */
function isAnswered(room: Room, token: string, address: string): boolean {
  if (room.currentState.getInviteForThreePidToken(token) !== null) return true;
  const known = address === "" ? null : `@${address.replace("@", "-")}:`;
  return room.getMembers().some(({ userId, events, membership }) => {
    const isPresent = membership === "join" || membership === "invite";
    if (known !== null && isPresent && userId.startsWith(known)) return true;
    return [events.member?.getContent(), events.member?.getPrevContent()].some((content) => tokenIn(content) === token);
  });
}

export function listPending(account: Account, roomId: string, now: number): PendingInvitation[] {
  const room = account.client.getRoom(roomId);
  if (room === null) return [];
  const known = rememberedIn(room);
  return room.currentState.getStateEvents(PENDING).flatMap((event) => {
    const token = event.getStateKey() ?? "";
    const shown = text(event.getContent()["display_name"]);
    // One that was taken back is emptied.
    if (shown === "") return [];
    const by = event.getSender() ?? "";
    const isMine = by === account.userId;
    const address = isMine ? findAddress(known, shown) : "";
    if (isAnswered(room, token, address)) return [];
    return [{ token, shown, address, by: personIn(room, by), isMine, isExpired: event.getTs() + LIFE_MS < now }];
  });
}

export async function takeBack(account: Account, roomId: string, token: string): Promise<void> {
  await setState(account.client, roomId, PENDING, {}, token);
}

/** Why inviting somebody has no use: she is in, or banned; null when it has one. */
export function standingOf(account: Account, roomId: string, userId: string): "join" | "ban" | null {
  const membership = account.client.getRoom(roomId)?.getMember(userId)?.membership;
  return membership === "join" || membership === "ban" ? membership : null;
}

export function mayInvite(account: Account, roomId: string): boolean {
  return account.client.getRoom(roomId)?.canInvite(account.userId) ?? false;
}
