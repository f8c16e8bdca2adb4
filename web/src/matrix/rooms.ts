/** The rooms of the account, as plain values. */
import {
  ClientEvent,
  EventType,
  type MatrixEvent,
  MatrixEventEvent,
  NotificationCountType,
  type Room,
  RoomEvent,
  RoomMemberEvent,
  RoomStateEvent,
} from "matrix-js-sdk";
import type { Account } from "./account";
import { awaitedIn, inviteeAt, remember } from "./invited-addresses";
import { parsePerson, serverOf } from "./names";
import { ACCESS_RULES, accessRules, ENCRYPTION, historyVisibility, kindOf, type NewRoom, roomBody } from "./room-kinds";
import { classificationOf, keptIn, lifetimeOf } from "./retention";
import { contentOf, text } from "./state";
import { isReplaced, predecessorOf, successorOf } from "./upgrades";
import type { LastText, Person, RoomSummary } from "./types";

/** The newest conversations, of which a notification may have to say the name. */
const MAX_NAMES = 500;

export function personIn(room: Room | null, userId: string): Person {
  return parsePerson(userId, room?.getMember(userId)?.rawDisplayName ?? null);
}

/** The other person of each direct room (spec: "m.direct"). */
function readDirect(account: Account): Map<string, string> {
  const content = account.client.getAccountData(EventType.Direct)?.getContent() ?? {};
  const peers = new Map<string, string>();
  for (const [userId, rooms] of Object.entries(content)) {
    for (const roomId of Array.isArray(rooms) ? rooms : []) peers.set(String(roomId), userId);
  }
  return peers;
}

function hasDirectRule(room: Room): boolean {
  return contentOf(room, ACCESS_RULES)["rule"] === "direct";
}

/** A direct message that began by an e-mail address is in nobody's list: its rules say what it is. */
function findPeer(room: Room, direct: Map<string, string>): string | null {
  const listed = direct.get(room.roomId);
  if (listed !== undefined) return listed;
  if (hasDirectRule(room)) return room.getMembers().find(({ userId }) => userId !== room.myUserId)?.userId ?? null;
  return room.getMyMembership() === "invite" ? (room.getDMInviter() ?? null) : null;
}

function readKind(account: Account, room: Room, isDirect: boolean): RoomSummary["kind"] {
  const joinRule = text(contentOf(room, "m.room.join_rules")["join_rule"]);
  return kindOf({ isDirect, rules: contentOf(room, ACCESS_RULES), joinRule, isEncrypted: isEncrypted(account, room) });
}

function isEncrypted(account: Account, room: Room): boolean {
  return room.hasEncryptionStateEvent() || account.expectEncrypted.has(room.roomId);
}

function nameFromMembers(account: Account, room: Room): string {
  const others = room.getMembers().filter((member) => member.userId !== account.userId);
  const present = others.filter((member) => member.membership === "join" || member.membership === "invite");
  const shown = (present.length > 0 ? present : others).slice(0, 3);
  return shown.map((member) => parsePerson(member.userId, member.rawDisplayName).name).join(", ");
}

function nameOf(account: Account, room: Room, peer: string | null): string {
  if (peer !== null) return personIn(room, peer).name;
  return text(contentOf(room, "m.room.name")["name"]).trim() || nameFromMembers(account, room) || awaitedIn(room);
}

function hasExternals(room: Room): boolean {
  if (text(contentOf(room, ACCESS_RULES)["rule"]) === "unrestricted") return true;
  return room.getMembers().some((member) => {
    const present = member.membership === "join" || member.membership === "invite";
    return present && parsePerson(member.userId, "").external;
  });
}

function lastKind(event: MatrixEvent): LastText["kind"] | null {
  if (event.isRedacted()) return "deleted";
  if (event.isDecryptionFailure()) return "unreadable";
  if (event.getType() !== "m.room.message" || event.getRelation()?.rel_type === "m.replace") return null;
  const msgtype = text(event.getContent()["msgtype"]);
  if (msgtype === "m.image") return "image";
  return msgtype === "m.file" || msgtype === "m.video" || msgtype === "m.audio" ? "file" : "text";
}

function findLast(account: Account, room: Room): { last: LastText; time: number } | null {
  const events = [...room.getLiveTimeline().getEvents().filter(keptIn(room, Date.now())), ...room.getPendingEvents()];
  for (const event of events.reverse()) {
    const kind = lastKind(event);
    if (kind === null) continue;
    const sender = event.getSender() ?? "";
    const shown = text(event.getContent()["body"]).slice(0, 160);
    const last = { kind, text: shown, from: personIn(room, sender).name, mine: sender === account.userId };
    return { last, time: event.getTs() };
  }
  return null;
}

function readInvitation(account: Account, room: Room): { from: Person } | null {
  if (room.getMyMembership() !== "invite") return null;
  const inviter = room.getMember(account.userId)?.events.member?.getSender() ?? "";
  return { from: personIn(room, inviter) };
}

function findPredecessor(account: Account, room: Room): string | null {
  const before = predecessorOf(room);
  return before !== null && account.client.getRoom(before)?.getMyMembership() === "join" ? before : null;
}

/** Of a direct message that nobody has answered: the address it waits for. */
function awaitedBy(room: Room, peer: string | null): string {
  return peer === null && hasDirectRule(room) ? awaitedIn(room) : "";
}

/** Not where the room was replaced, nor before the person it waits for is there to read. */
export function canSend(account: Account, roomId: string): boolean {
  const room = account.client.getRoom(roomId);
  if (room === null) return true;
  const isClosed = successorOf(room) !== null || awaitedBy(room, findPeer(room, readDirect(account))) !== "";
  return !isClosed && room.currentState.maySendMessage(account.userId);
}

function toSummary(account: Account, room: Room, direct: Map<string, string>): RoomSummary {
  const peer = findPeer(room, direct);
  const found = findLast(account, room);
  return {
    id: room.roomId,
    name: nameOf(account, room, peer),
    topic: text(contentOf(room, "m.room.topic")["topic"]),
    kind: readKind(account, room, peer !== null || hasDirectRule(room)),
    encrypted: isEncrypted(account, room),
    externals: hasExternals(room),
    invitation: readInvitation(account, room),
    unread: room.getUnreadNotificationCount(NotificationCountType.Total),
    highlights: room.getUnreadNotificationCount(NotificationCountType.Highlight),
    lastText: found?.last ?? null,
    lastTime: found?.time ?? room.getLastActiveTimestamp(),
    memberCount: room.getJoinedMemberCount(),
    closed: successorOf(room) !== null,
    replaced: isReplaced(account, room),
    predecessor: findPredecessor(account, room),
    lifetime: lifetimeOf(room),
    classification: classificationOf(room),
    peer: peer === null ? null : personIn(room, peer),
    awaited: awaitedBy(room, peer),
  };
}

function isListed(room: Room): boolean {
  const membership = room.getMyMembership();
  const isSpace = room.getType() === "m.space";
  return !isSpace && (membership === "join" || membership === "invite");
}

export function listRooms(account: Account): RoomSummary[] {
  const direct = readDirect(account);
  const rooms = account.client.getRooms().filter(isListed);
  return rooms.map((room) => toSummary(account, room, direct)).sort((a, b) => b.lastTime - a.lastTime);
}

/** What names a room for the person: the other one, its name, its people; "" when nothing does. */
export function roomNameOf(account: Account, roomId: string): string {
  const room = account.client.getRoom(roomId);
  return room === null ? "" : nameOf(account, room, findPeer(room, readDirect(account)));
}

export function roomNames(account: Account): Record<string, string> {
  const listed = listRooms(account).slice(0, MAX_NAMES);
  return Object.fromEntries(listed.map(({ id, name }) => [id, name]));
}

/** Tells when the list may read otherwise. The caller gathers bursts. */
export function watchRooms(account: Account, tell: () => void): () => void {
  const { client } = account;
  const onName = [ClientEvent.Room, ClientEvent.DeleteRoom, ClientEvent.AccountData, ClientEvent.Sync] as const;
  const onRoom = [RoomEvent.MyMembership, RoomEvent.Timeline, RoomEvent.LocalEchoUpdated, RoomEvent.Receipt] as const;
  for (const event of onName) client.on(event, tell);
  for (const event of onRoom) client.on(event, tell);
  client.on(RoomStateEvent.Events, tell);
  client.on(RoomMemberEvent.Membership, tell);
  client.on(MatrixEventEvent.Decrypted, tell);
  return () => {
    for (const event of onName) client.off(event, tell);
    for (const event of onRoom) client.off(event, tell);
    client.off(RoomStateEvent.Events, tell);
    client.off(RoomMemberEvent.Membership, tell);
    client.off(MatrixEventEvent.Decrypted, tell);
  };
}

async function addDirect(account: Account, userId: string, roomId: string): Promise<void> {
  const read = account.client.getAccountDataFromServer(EventType.Direct);
  const content = ((await read.catch(() => null)) ?? {}) as Record<string, string[]>;
  const rooms = [...(content[userId] ?? []).filter((id) => id !== roomId), roomId];
  await account.client.setAccountDataRaw(EventType.Direct, { ...content, [userId]: rooms });
}

/** A direct invitation becomes a direct message of ours too: the server does not do it. */
export async function acceptInvitation(account: Account, roomId: string): Promise<void> {
  const inviter = account.client.getRoom(roomId)?.getDMInviter();
  await account.client.joinRoom(roomId);
  if (inviter !== undefined) await addDirect(account, inviter, roomId);
}

export async function leaveRoom(account: Account, roomId: string): Promise<void> {
  await account.client.leave(roomId);
}

export async function joinForum(account: Account, roomId: string, server: string): Promise<void> {
  await account.client.joinRoom(roomId, { viaServers: [server] });
}

export function findDirectRoom(account: Account, userId: string): string | null {
  const direct = readDirect(account);
  const joined = account.client.getRooms().filter((room) => room.getMyMembership() === "join");
  return joined.find((room) => findPeer(room, direct) === userId)?.roomId ?? null;
}

type CreateOptions = Parameters<Account["client"]["createRoom"]>[0];

async function create(account: Account, options: Record<string, unknown>, encrypted: boolean): Promise<string> {
  const { room_id: roomId } = await account.client.createRoom(options as CreateOptions);
  // From now on nothing leaves in clear for this room, even before sync shows that it is encrypted.
  if (encrypted) account.expectEncrypted.add(roomId);
  return roomId;
}

const DIRECT = {
  preset: "trusted_private_chat",
  is_direct: true,
  initial_state: [ENCRYPTION, historyVisibility("invited"), accessRules("direct", "private")],
};

/** Opens the conversation with this person, making it when there is none. Returns the room's id. */
export async function openDirect(account: Account, userId: string): Promise<string> {
  const existing = findDirectRoom(account, userId);
  if (existing !== null) return existing;
  const roomId = await create(account, { ...DIRECT, invite: [userId] }, true);
  await addDirect(account, userId, roomId);
  return roomId;
}

/** The same with somebody who may have no account yet, and is told by e-mail. */
export async function openDirectByEmail(account: Account, address: string): Promise<string> {
  const roomId = await create(account, { ...DIRECT, invite_3pid: [inviteeAt(account, address)] }, true);
  await remember(account, roomId, address).catch(() => undefined);
  return roomId;
}

export async function createRoom(account: Account, room: NewRoom): Promise<string> {
  return create(account, roomBody(room), room.kind === "secure");
}

export async function invite(account: Account, roomId: string, userId: string): Promise<void> {
  await account.client.invite(roomId, userId);
}

export async function sendTyping(account: Account, roomId: string, typing: boolean): Promise<void> {
  await account.client.sendTyping(roomId, typing, 20_000);
}

export function listTyping(account: Account, roomId: string): string[] {
  const room = account.client.getRoom(roomId);
  const typing = room?.getMembers().filter((member) => member.typing && member.userId !== account.userId) ?? [];
  return typing.map((member) => parsePerson(member.userId, member.rawDisplayName).name);
}

export function watchTyping(account: Account, tell: () => void): () => void {
  account.client.on(RoomMemberEvent.Typing, tell);
  return () => account.client.off(RoomMemberEvent.Typing, tell);
}

/** Every server name seen among the people of one's rooms: where forums may be listed. */
export function knownServers(account: Account): string[] {
  const servers = new Set([serverOf(account.userId)]);
  for (const room of account.client.getRooms()) {
    for (const member of room.getMembers()) servers.add(serverOf(member.userId));
  }
  return [...servers];
}

