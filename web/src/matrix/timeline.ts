/** One conversation, as plain messages in the order to draw them. */
import { type Direction, EventStatus, EventTimeline, EventType, type MatrixEvent, MatrixEventEvent, type Room, RoomEvent } from "matrix-js-sdk";
import { DecryptionFailureCode } from "matrix-js-sdk/lib/crypto-api";
import { ACCESS_TYPES, accessChangeOf } from "./access-changes";
import type { Account } from "./account";
import { parseMedia } from "./media-info";
import { parsePerson } from "./names";
import { keptIn } from "./retention";
import { personIn } from "./rooms";
import { resend, stateOfPending } from "./send";
import { text } from "./state";
import type { MembershipChange, Message, MessageKind, Reaction, UnreadableReason } from "./types";

const PAGE = 40;

const REASONS: Partial<Record<DecryptionFailureCode, UnreadableReason>> = {
  [DecryptionFailureCode.HISTORICAL_MESSAGE_NO_KEY_BACKUP]: "not-verified",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_BACKUP_UNCONFIGURED]: "not-verified",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_WORKING_BACKUP]: "missing-keys",
  [DecryptionFailureCode.HISTORICAL_MESSAGE_USER_NOT_JOINED]: "before-joining",
  [DecryptionFailureCode.MEGOLM_UNKNOWN_INBOUND_SESSION_ID]: "missing-keys",
  [DecryptionFailureCode.OLM_UNKNOWN_MESSAGE_INDEX]: "missing-keys",
  [DecryptionFailureCode.MEGOLM_KEY_WITHHELD]: "sender-untrusted",
  [DecryptionFailureCode.MEGOLM_KEY_WITHHELD_FOR_UNVERIFIED_DEVICE]: "not-verified",
};

function reasonOf(event: MatrixEvent): UnreadableReason | null {
  if (!event.isDecryptionFailure()) return null;
  const code = event.decryptionFailureReason;
  return (code === null ? undefined : REASONS[code]) ?? "unknown";
}

function messageKind(event: MatrixEvent): MessageKind {
  const msgtype = text(event.getContent()["msgtype"]);
  if (msgtype === "m.image") return "image";
  return ["m.file", "m.video", "m.audio"].includes(msgtype) ? "file" : "text";
}

function kindOf(room: Room, event: MatrixEvent): MessageKind | null {
  const type = event.getType();
  if (event.isRedacted()) return type === "m.room.message" || type === "m.room.encrypted" ? "deleted" : null;
  if (event.isDecryptionFailure()) return "unreadable";
  if (event.getRelation()?.rel_type === "m.replace") return null;
  if (type === "m.room.message") return messageKind(event);
  if (["m.room.member", "m.room.create", "m.room.name", ...ACCESS_TYPES].includes(type)) {
    return membershipOf(room, event) === null ? null : "membership";
  }
  return null;
}

/** The maker's own arrival says nothing that "created the room" does not say. */
function isMakerArriving(room: Room, event: MatrixEvent): boolean {
  const isJoin = event.getType() === "m.room.member" && event.getContent()["membership"] === "join";
  return isJoin && event.getSender() === room.getCreator() && event.getStateKey() === room.getCreator();
}

function changeOf(event: MatrixEvent): MembershipChange["change"] | null {
  const type = event.getType();
  if (type === "m.room.create") return "created";
  if (type === "m.room.name") return "renamed-room";
  if (ACCESS_TYPES.includes(type)) return accessChangeOf(event);
  const now = text(event.getContent()["membership"]);
  const before = text(event.getPrevContent()["membership"]);
  if (now === before) return null;
  if (now === "join") return "joined";
  if (now === "invite") return "invited";
  if (now === "ban") return "banned";
  if (now !== "leave") return null;
  return event.getSender() === event.getStateKey() ? "left" : "removed";
}

function membershipOf(room: Room, event: MatrixEvent): MembershipChange | null {
  const change = changeOf(event);
  if (change === null || isMakerArriving(room, event)) return null;
  const sender = event.getSender() ?? "";
  const subject = event.getStateKey() || sender;
  const given = text(event.getContent()["displayname"]) || text(event.getPrevContent()["displayname"]);
  return {
    change,
    subject: given === "" ? personIn(room, subject).name : parsePerson(subject, given).name,
    by: personIn(room, sender).name,
    detail: text(event.getContent()["name"]),
  };
}

/** Older clients put the quoted message before the answer; the quotation is drawn apart. */
function withoutQuotation(body: string): string {
  if (!body.startsWith("> ")) return body;
  const lines = body.split("\n");
  const first = lines.findIndex((line) => !line.startsWith("> "));
  return lines.slice(first + 1).join("\n");
}

function findReply(room: Room, event: MatrixEvent): Message["replyTo"] {
  const eventId = event.replyEventId;
  if (eventId === undefined) return null;
  const target = room.findEventById(eventId);
  const sender = target?.getSender();
  const body = target?.isDecryptionFailure() === true ? "" : text(target?.getContent()["body"]);
  return { eventId, from: sender === undefined ? "" : personIn(room, sender).name, text: body.slice(0, 200) };
}

function readReactions(account: Account, room: Room, eventId: string): Reaction[] {
  const relations = room.relations.getChildEventsForEvent(eventId, "m.annotation", EventType.Reaction);
  const sorted = relations?.getSortedAnnotationsByKey() ?? [];
  return sorted.flatMap(([key, events]) => {
    const kept = [...events].filter((event) => !event.isRedacted());
    if (kept.length === 0) return [];
    const mine = kept.find((event) => event.getSender() === account.userId);
    const people = kept.map((event) => personIn(room, event.getSender() ?? "").name);
    return [{ key, count: kept.length, mineEventId: mine?.getId() ?? null, people }];
  });
}

function readersOf(account: Account, room: Room, event: MatrixEvent): string[] {
  const receipts = room.getReceiptsForEvent(event).filter((receipt) => receipt.type === "m.read");
  const readers = receipts.map((receipt) => receipt.userId);
  const others = readers.filter((id) => id !== account.userId && id !== event.getSender());
  return others.map((id) => personIn(room, id).name);
}

/** Sharing the room's key is tried for half a minute before a cut connection makes it fail: say at once that it waits. */
function isHeldByNetwork(event: MatrixEvent): boolean {
  return event.status === EventStatus.ENCRYPTING && navigator.onLine === false;
}

function stateOf(event: MatrixEvent): Message["state"] {
  if (event.status === null || event.status === EventStatus.SENT) return "sent";
  return isHeldByNetwork(event) ? "waiting" : stateOfPending(event);
}

function toMessage(account: Account, room: Room, event: MatrixEvent, kind: MessageKind): Message {
  const eventId = event.getId() ?? "";
  const sender = event.getSender() ?? "";
  const shown = parsePerson(sender, event.sender?.rawDisplayName ?? null);
  return {
    key: event.getTxnId() ?? event.getUnsigned().transaction_id ?? eventId,
    eventId,
    sender: shown,
    mine: sender === account.userId,
    time: event.getTs(),
    kind,
    text: withoutQuotation(text(event.getContent()["body"])),
    edited: event.replacingEvent() !== null && event.replacingEvent() !== undefined,
    replyTo: findReply(room, event),
    reactions: eventId === "" ? [] : readReactions(account, room, eventId),
    state: stateOf(event),
    media: kind === "image" || kind === "file" ? parseMedia(event.getContent()) : null,
    reason: reasonOf(event),
    membership: kind === "membership" ? membershipOf(room, event) : null,
    readBy: readersOf(account, room, event),
  };
}

function follow(piece: EventTimeline, direction: Direction): EventTimeline[] {
  const next = piece.getNeighbouringTimeline(direction);
  return next === null ? [] : [next, ...follow(next, direction)];
}

/**
 * The pieces of history that follow one another around a place: around `anchor`, a message outside of what sync
 * brought, or up to now when it is null.
 */
function piecesOf(room: Room, anchor: string | null): EventTimeline[] {
  const set = room.getUnfilteredTimelineSet();
  const here = (anchor === null ? null : set.getTimelineForEvent(anchor)) ?? room.getLiveTimeline();
  const before = follow(here, EventTimeline.BACKWARDS).reverse();
  return [...before, here, ...follow(here, EventTimeline.FORWARDS)];
}

export function listMessages(account: Account, roomId: string, anchor: string | null = null): Message[] {
  const room = account.client.getRoom(roomId);
  if (room === null) return [];
  const pieces = piecesOf(room, anchor);
  const pending = pieces.includes(room.getLiveTimeline()) ? room.getPendingEvents() : [];
  const events = [...pieces.flatMap((piece) => piece.getEvents()).filter(keptIn(room, Date.now())), ...pending];
  for (const event of events) void account.client.decryptEventIfNeeded(event);
  return events.flatMap((event) => {
    const kind = kindOf(room, event);
    return kind === null ? [] : [toMessage(account, room, event, kind)];
  });
}

export function hasOlder(account: Account, roomId: string, anchor: string | null = null): boolean {
  const room = account.client.getRoom(roomId);
  return room !== null && (piecesOf(room, anchor)[0]?.getPaginationToken(EventTimeline.BACKWARDS) ?? null) !== null;
}

export async function loadOlder(account: Account, roomId: string, anchor: string | null = null): Promise<void> {
  const room = account.client.getRoom(roomId);
  if (room === null) return;
  const first = piecesOf(room, anchor)[0];
  if (first === undefined || first === room.getLiveTimeline()) await account.client.scrollback(room, PAGE);
  else await account.client.paginateEventTimeline(first, { backwards: true, limit: PAGE });
}

/** Whether there is something between the passage around `anchor` and now. */
export function hasNewer(account: Account, roomId: string, anchor: string | null): boolean {
  const room = account.client.getRoom(roomId);
  return room !== null && anchor !== null && !piecesOf(room, anchor).includes(room.getLiveTimeline());
}

export async function loadNewer(account: Account, roomId: string, anchor: string): Promise<void> {
  const room = account.client.getRoom(roomId);
  const last = room === null ? undefined : piecesOf(room, anchor).at(-1);
  if (last !== undefined) await account.client.paginateEventTimeline(last, { backwards: false, limit: PAGE });
}

/** Makes a message known with what surrounds it. Returns whether it is there to be read. */
export async function findMessage(account: Account, roomId: string, eventId: string): Promise<boolean> {
  const room = account.client.getRoom(roomId);
  if (room === null) return false;
  const piece = await account.client.getEventTimeline(room.getUnfilteredTimelineSet(), eventId);
  return piece !== null && piece !== undefined;
}

/** Whether what was loaded up to now already holds this message. */
export function isAtHand(account: Account, roomId: string, eventId: string): boolean {
  const room = account.client.getRoom(roomId);
  return room !== null && piecesOf(room, null).some((piece) => piece.getEvents().some((event) => event.getId() === eventId));
}

/** Lazily loaded members are needed for names, roles and encryption. */
export async function loadMembers(account: Account, roomId: string): Promise<void> {
  await account.client.getRoom(roomId)?.loadMembersIfNeeded();
}

export function watchMessages(account: Account, roomId: string, tell: () => void): () => void {
  const { client } = account;
  const onRoom = (_event: unknown, room?: Room): void => {
    if (room?.roomId === roomId) tell();
  };
  const onEvent = (event: MatrixEvent): void => {
    if (event.getRoomId() === roomId) tell();
  };
  const inRoom = [RoomEvent.Timeline, RoomEvent.LocalEchoUpdated, RoomEvent.Receipt, RoomEvent.Redaction] as const;
  const onReset = (room: Room | undefined): void => onRoom(null, room);
  for (const name of inRoom) client.on(name, onRoom);
  client.on(RoomEvent.TimelineReset, onReset);
  client.on(MatrixEventEvent.Decrypted, onEvent);
  client.on(MatrixEventEvent.Replaced, onEvent);
  return () => {
    for (const name of inRoom) client.off(name, onRoom);
    client.off(RoomEvent.TimelineReset, onReset);
    client.off(MatrixEventEvent.Decrypted, onEvent);
    client.off(MatrixEventEvent.Replaced, onEvent);
  };
}

/** Tells the server what has been read; the badge goes at once. */
export async function markRead(account: Account, roomId: string): Promise<void> {
  const room = account.client.getRoom(roomId);
  const events = room?.getLiveTimeline().getEvents() ?? [];
  const last = events.findLast((event) => event.getId()?.startsWith("$") === true);
  if (room === null || last === undefined || room.hasUserReadEvent(account.userId, last.getId() ?? "")) return;
  await account.client.setRoomReadMarkers(roomId, last.getId() ?? "", last);
}

function findPending(account: Account, roomId: string, key: string): MatrixEvent | undefined {
  const pending = account.client.getRoom(roomId)?.getPendingEvents() ?? [];
  return pending.find((event) => event.getTxnId() === key || event.getId() === key);
}

export async function retryMessage(account: Account, roomId: string, key: string): Promise<void> {
  const event = findPending(account, roomId, key);
  if (event !== undefined) await resend(account, roomId, event);
}

export function discardMessage(account: Account, roomId: string, key: string): void {
  const event = findPending(account, roomId, key);
  if (event !== undefined) account.client.cancelPendingEvent(event);
}

/** Whether this person may delete other people's messages here. */
export function canDeleteOthers(account: Account, roomId: string): boolean {
  const room = account.client.getRoom(roomId);
  return room?.currentState.hasSufficientPowerLevelFor("redact", powerOf(room, account.userId)) ?? false;
}

function powerOf(room: Room, userId: string): number {
  return room.getMember(userId)?.powerLevel ?? 0;
}
