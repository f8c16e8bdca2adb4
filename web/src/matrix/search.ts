/**
 * Finding what was said. The server searches what it can read (spec: "Server Side Search"); what is encrypted is
 * searched here, in the messages that this device has opened.
 */
import { EventTimeline, type MatrixEvent, Method, type Room } from "matrix-js-sdk";
import type { Account } from "./account";
import { parsePerson } from "./names";
import { keptIn } from "./retention";
import { roomNameOf } from "./rooms";
import { object, text } from "./state";
import type { Person } from "./types";

export interface Found {
  readonly roomId: string;
  readonly roomName: string;
  readonly eventId: string;
  readonly sender: Person;
  readonly time: number;
  readonly text: string;
}

export interface ServerPage {
  readonly found: readonly Found[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

const PAGE = 20;
const FURTHER = 200;

interface RawEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly content: Record<string, unknown>;
}

interface RawResult {
  readonly result: RawEvent;
  readonly context?: { readonly profile_info?: Record<string, { readonly displayname?: string }> };
}

/** A correction is shown as the message it corrects. */
function fromServer(account: Account, { result, context }: RawResult): Found {
  const relation = object(result.content["m.relates_to"]);
  const isEdit = relation["rel_type"] === "m.replace";
  const content = isEdit ? object(result.content["m.new_content"]) : result.content;
  return {
    roomId: result.room_id,
    roomName: roomNameOf(account, result.room_id),
    eventId: isEdit ? text(relation["event_id"]) : result.event_id,
    sender: parsePerson(result.sender, context?.profile_info?.[result.sender]?.displayname ?? null),
    time: result.origin_server_ts,
    text: text(content["body"]),
  };
}

/** `roomId` null: every room the server can read. */
export async function searchServer(
  account: Account,
  term: string,
  roomId: string | null,
  next: string | null,
): Promise<ServerPage> {
  const filter = { limit: PAGE, types: ["m.room.message"], ...(roomId === null ? {} : { rooms: [roomId] }) };
  const context = { before_limit: 0, after_limit: 0, include_profile: true };
  const criteria = { search_term: term, keys: ["content.body"], order_by: "recent", filter, event_context: context };
  const body = { search_categories: { room_events: criteria } };
  const query = next === null ? {} : { next_batch: next };
  const answer = await account.client.http.authedRequest(Method.Post, "/search", query, body);
  const events = object(object(object(answer)["search_categories"])["room_events"]);
  const results = (Array.isArray(events["results"]) ? events["results"] : []) as RawResult[];
  return { found: results.map((result) => fromServer(account, result)), next: text(events["next_batch"]) || null };
}

export interface DeviceSearch {
  readonly found: readonly Found[];
  /** How many messages were looked at, and the time of the oldest; 0 when there were none. */
  readonly looked: number;
  readonly since: number;
}

export function isSealed(account: Account, roomId: string): boolean {
  return account.expectEncrypted.has(roomId) || account.client.getRoom(roomId)?.hasEncryptionStateEvent() === true;
}

function sealedRooms(account: Account, roomId: string | null): Room[] {
  const rooms = account.client.getRooms().filter((room) => room.getMyMembership() === "join");
  return rooms.filter((room) => (roomId === null || room.roomId === roomId) && isSealed(account, room.roomId));
}

function isReadable(event: MatrixEvent): boolean {
  if (event.getType() !== "m.room.message" || event.isRedacted() || event.isDecryptionFailure()) return false;
  return event.getRelation()?.rel_type !== "m.replace" && text(event.getContent()["body"]) !== "";
}

function readableIn(room: Room): MatrixEvent[] {
  const timelines = room.getUnfilteredTimelineSet().getTimelines();
  return timelines.flatMap((timeline) => timeline.getEvents()).filter(keptIn(room, Date.now())).filter(isReadable);
}

function fromDevice(account: Account, room: Room, event: MatrixEvent): Found {
  return {
    roomId: room.roomId,
    roomName: roomNameOf(account, room.roomId),
    eventId: event.getId() ?? "",
    sender: parsePerson(event.getSender() ?? "", event.sender?.rawDisplayName ?? null),
    time: event.getTs(),
    text: text(event.getContent()["body"]),
  };
}

/** Looks through the encrypted messages this device holds open; nothing of the term leaves it. */
export function searchDevice(account: Account, matches: (text: string) => boolean, roomId: string | null): DeviceSearch {
  const read = sealedRooms(account, roomId).flatMap((room) => readableIn(room).map((event) => ({ room, event })));
  const hits = read.filter(({ event }) => matches(text(event.getContent()["body"])));
  const found = hits.map(({ room, event }) => fromDevice(account, room, event));
  const since = read.reduce((oldest, { event }) => Math.min(oldest, event.getTs()), Infinity);
  return { found: found.sort((a, b) => b.time - a.time), looked: read.length, since: read.length === 0 ? 0 : since };
}

/** Brings older messages of an encrypted room to this device. Returns whether there are still older ones. */
export async function openOlder(account: Account, roomId: string): Promise<boolean> {
  const room = account.client.getRoom(roomId);
  if (room === null) return false;
  await account.client.scrollback(room, FURTHER);
  const timeline = room.getLiveTimeline();
  await Promise.all(timeline.getEvents().map((event) => account.client.decryptEventIfNeeded(event)));
  return hasUnopened(account, roomId);
}

export function hasUnopened(account: Account, roomId: string): boolean {
  const timeline = account.client.getRoom(roomId)?.getLiveTimeline();
  return (timeline?.getPaginationToken(EventTimeline.BACKWARDS) ?? null) !== null;
}
