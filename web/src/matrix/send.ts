/**
 * The one door for everything a person sends.
 *
 * It waits until the room is in sync and, when it is encrypted, until its encryption is configured; it gives its own
 * random transaction id; it sends the messages of a room one after the other; it refuses clear text in an encrypted
 * room and any send from a tab that is not the active one.
 */
import { ConnectionError, EventStatus, type EventType, MatrixError, type MatrixEvent, type Room } from "matrix-js-sdk";
import type { RoomMessageEventContent } from "matrix-js-sdk/lib/@types/events";
import type { Account } from "./account";
import { SendRefused } from "./clear-text-guard";
import { newTransactionId } from "./random";
import type { Content } from "./state";

/** How long a room just created or joined may take to arrive by sync. */
const ROOM_WAIT_MS = 30_000;
const POLL_MS = 50;

async function waitFor(isTrue: () => Promise<boolean>, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new SendRefused("not-in-sync");
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

function findJoinedRoom(account: Account, roomId: string): Room | null {
  const room = account.client.getRoom(roomId);
  return room?.getMyMembership() === "join" && room.currentState.getStateEvents("m.room.create", "") !== null
    ? room
    : null;
}

/** Whether a message may leave now: the room is known whole, and its encryption, if any, is configured. */
async function isReady(account: Account, roomId: string): Promise<boolean> {
  const room = findJoinedRoom(account, roomId);
  if (room === null) return false;
  const mustEncrypt = room.hasEncryptionStateEvent() || account.expectEncrypted.has(roomId);
  if (!mustEncrypt) return true;
  return (await account.client.getCrypto()?.isEncryptionEnabledInRoom(roomId)) === true;
}

export async function waitUntilSendable(account: Account, roomId: string, limitMs = ROOM_WAIT_MS): Promise<Room> {
  await waitFor(() => isReady(account, roomId), limitMs);
  const room = findJoinedRoom(account, roomId);
  if (room === null) throw new SendRefused("not-in-sync");
  return room;
}

/** Runs `job` after everything already queued for this room, whatever became of it. */
function inTurn<T>(account: Account, roomId: string, job: () => Promise<T>): Promise<T> {
  const before = account.queues.get(roomId) ?? Promise.resolve();
  const mine = before.then(job, job);
  account.queues.set(
    roomId,
    mine.catch(() => undefined),
  );
  return mine;
}

function checkActive(account: Account): void {
  if (!account.isActiveTab()) throw new SendRefused("inactive-tab");
}

async function sendNow(account: Account, roomId: string, type: string, content: Content): Promise<string> {
  checkActive(account);
  const room = await waitUntilSendable(account, roomId);
  const txnId = newTransactionId();
  // The SDK's table of types knows only the specification's events; ours are checked by the server.
  const [known, body] = [type as EventType.RoomMessage, content as unknown as RoomMessageEventContent];
  const sending = account.client.sendEvent(roomId, null, known, body, txnId);
  const answer = await sending.catch((error: unknown) => sendBlocked(account, room, txnId, error));
  return answer.event_id;
}

/** The SDK holds a message back behind one that failed: behind a refused one there is nothing to wait for. */
async function sendBlocked(account: Account, room: Room, txnId: string, error: unknown) {
  const event = room.getPendingEvents().find((pending) => pending.getTxnId() === txnId);
  const wasTried = event === undefined || event.status !== EventStatus.NOT_SENT || event.error !== null;
  const mustWait = findWaiting(room).some((waiting) => waiting !== event);
  if (wasTried || mustWait) throw error;
  return account.client.resendEvent(event, room);
}

/** Returns the event id, once the server has answered. The local echo shows before. */
export function sendContent(account: Account, roomId: string, type: string, content: Content): Promise<string> {
  return inTurn(account, roomId, () => sendNow(account, roomId, type, content));
}

export function sendText(account: Account, roomId: string, text: string, replyTo: string | null): Promise<string> {
  const content: Content = { msgtype: "m.text", body: text, "m.mentions": {} };
  if (replyTo !== null) {
    content["m.relates_to"] = { "m.in_reply_to": { event_id: replyTo } };
    const author = account.client.getRoom(roomId)?.findEventById(replyTo)?.getSender();
    if (author !== undefined && author !== account.userId) content["m.mentions"] = { user_ids: [author] };
  }
  return sendContent(account, roomId, "m.room.message", content);
}

export function sendEdit(account: Account, roomId: string, eventId: string, text: string): Promise<string> {
  const content: Content = {
    msgtype: "m.text",
    body: `* ${text}`,
    "m.new_content": { msgtype: "m.text", body: text, "m.mentions": {} },
    "m.relates_to": { rel_type: "m.replace", event_id: eventId },
    "m.mentions": {},
  };
  return sendContent(account, roomId, "m.room.message", content);
}

export function sendReaction(account: Account, roomId: string, eventId: string, key: string): Promise<string> {
  const relation = { rel_type: "m.annotation", event_id: eventId, key };
  return sendContent(account, roomId, "m.reaction", { "m.relates_to": relation });
}

/** Deletes for everybody; also takes back one's own reaction. */
export function redact(account: Account, roomId: string, eventId: string): Promise<void> {
  return inTurn(account, roomId, async () => {
    checkActive(account);
    await account.client.redactEvent(roomId, eventId, newTransactionId());
  });
}

/** Waiting: the network failed, it leaves by itself later. Failed: the server refused, the person decides. */
export function stateOfPending(event: MatrixEvent): "sending" | "waiting" | "failed" {
  if (event.status !== EventStatus.NOT_SENT) return "sending";
  const error = event.error;
  if (error === null || error instanceof ConnectionError) return "waiting";
  const status = error instanceof MatrixError ? (error.httpStatus ?? 0) : 0;
  return status >= 500 || status === 429 || error.name === "ConnectionError" ? "waiting" : "failed";
}

export function resend(account: Account, roomId: string, event: MatrixEvent): Promise<void> {
  return inTurn(account, roomId, async () => {
    checkActive(account);
    const room = await waitUntilSendable(account, roomId);
    if (event.status !== EventStatus.NOT_SENT) return;
    await account.client.resendEvent(event, room);
  });
}

function findWaiting(room: Room): MatrixEvent[] {
  return room.getPendingEvents().filter((event) => stateOfPending(event) === "waiting");
}

/** Called when the connection is back: what waited leaves, in order, with its first transaction id. */
export async function resendWaiting(account: Account): Promise<void> {
  const rooms = account.client.getRooms().filter((room) => findWaiting(room).length > 0);
  await Promise.all(rooms.map((room) => resendInOrder(account, room)));
}

async function resendInOrder(account: Account, room: Room): Promise<void> {
  for (const event of findWaiting(room)) {
    await resend(account, room.roomId, event).catch(() => undefined);
  }
}
