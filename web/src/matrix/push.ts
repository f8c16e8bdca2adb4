/** Being notified: Web Push through the server (MSC4174), and what comes in while the page is open. */
import { EventType, type MatrixEvent, MatrixEventEvent, Method, type Room, RoomEvent } from "matrix-js-sdk";
import type { Account } from "./account";
import { roomNameOf } from "./rooms";

const KIND = "org.matrix.msc4174.webpush";
const APP_ID = "fr.tchap.web";
const ACK = { prefix: "/_matrix/client/unstable/org.matrix.msc4174" };
const OWN = { prefix: "/_tchap/client/v1" };

/** A push subscription of this browser, its keys in URL-safe base64. */
export interface PushAddress {
  readonly url: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** The public key that browsers subscribe to; null when the server pushes to no browser. */
export async function findPushKey(account: Account): Promise<string | null> {
  const capabilities = (await account.client.getCapabilities()) as Record<string, unknown>;
  const offered = capabilities[KIND] as { enabled?: unknown; vapid?: unknown } | undefined;
  return offered?.enabled === true && typeof offered.vapid === "string" ? offered.vapid : null;
}

export interface PushWish {
  readonly address: PushAddress;
  readonly language: string;
  readonly deviceName: string;
}

/** Asks to be notified here. Until `activatePush` the server pushes nothing but the token to give back. */
export async function addPusher(account: Account, { address, language, deviceName }: PushWish): Promise<void> {
  await account.client.http.authedRequest(Method.Post, "/pushers/set", undefined, {
    kind: KIND,
    app_id: APP_ID,
    pushkey: address.p256dh,
    app_display_name: "Tchap",
    device_display_name: deviceName,
    lang: language,
    append: true,
    data: { url: address.url, auth: address.auth, events_only: true },
  });
}

export async function activatePush(account: Account, token: string): Promise<void> {
  const body = { app_id: APP_ID, ack_token: token };
  await account.client.http.authedRequest(Method.Post, "/pushers/ack", undefined, body, ACK);
}

export async function removePusher(account: Account, address: PushAddress): Promise<void> {
  const body = { kind: null, app_id: APP_ID, pushkey: address.p256dh };
  await account.client.http.authedRequest(Method.Post, "/pushers/set", undefined, body);
}

/** Has the server send this device a notification, now. Returns whether the browser's push service took it. */
export async function testPush(account: Account, address: PushAddress): Promise<boolean> {
  const body = { app_id: APP_ID, pushkey: address.p256dh };
  const answer = await account.client.http.authedRequest(Method.Post, "/push/test", undefined, body, OWN);
  const { results } = answer as { results?: readonly { outcome?: unknown }[] };
  return results?.[0]?.outcome === "sent";
}

export interface Incoming {
  readonly roomId: string;
  /** "" when nothing names the room. */
  readonly roomName: string;
}

const NOTIFYING: readonly string[] = [EventType.RoomMessage, EventType.RoomMessageEncrypted];

/** Tells of each message that the person's own push rules say to notify of, once it can be judged. */
export function watchIncoming(account: Account, tell: (incoming: Incoming) => void): () => void {
  const { client } = account;
  const judge = (event: MatrixEvent, room: Room): void => {
    if (event.isDecryptionFailure() || client.getPushActionsForEvent(event, true)?.notify !== true) return;
    tell({ roomId: room.roomId, roomName: roomNameOf(account, room.roomId) });
  };
  const onEvent = (
    event: MatrixEvent,
    room: Room | undefined,
    older: boolean | undefined,
    _removed: boolean,
    data: { liveEvent?: boolean },
  ): void => {
    if (room === undefined || older === true || data.liveEvent !== true || event.getSender() === account.userId) return;
    if (!client.isInitialSyncComplete() || !NOTIFYING.includes(event.getType())) return;
    void client.decryptEventIfNeeded(event).then(() => {
      // What cannot be read yet is judged when its time comes.
      if (event.isDecryptionFailure()) event.once(MatrixEventEvent.Decrypted, () => judge(event, room));
      else judge(event, room);
    });
  };
  client.on(RoomEvent.Timeline, onEvent);
  return () => client.off(RoomEvent.Timeline, onEvent);
}
