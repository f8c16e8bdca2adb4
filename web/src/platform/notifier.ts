/** Notifications of this browser: permission, push subscription, and notes shown by the page itself. */
import type { Language } from "../i18n/keys";

export interface PushAddress {
  readonly url: string;
  readonly p256dh: string;
  readonly auth: string;
}

export type Permission = "default" | "granted" | "denied";
export type Wanted = "push" | "page" | "";

export interface Listener {
  readonly onToken: (token: string) => void;
  readonly onOpen: (path: string) => void;
}

const WANTED = "tchap.notifications";
const CACHE = "tchap-notifications";
const NAMES = "/room-names";
const SUBSCRIBE_MS = 20_000;

function toBase64Url(bytes: ArrayBuffer | null): string {
  const letters = Array.from(new Uint8Array(bytes ?? new ArrayBuffer(0)), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/u, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

function toAddress(subscription: PushSubscription): PushAddress {
  return {
    url: subscription.endpoint,
    p256dh: toBase64Url(subscription.getKey("p256dh")),
    auth: toBase64Url(subscription.getKey("auth")),
  };
}

function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window;
}

async function findRegistration(): Promise<ServiceWorkerRegistration | undefined> {
  return canPush() ? navigator.serviceWorker.getRegistration("/") : undefined;
}

function isFor(subscription: PushSubscription, serverKey: string): boolean {
  return toBase64Url(subscription.options.applicationServerKey) === serverKey.replace(/=+$/u, "");
}

/** Some networks let nothing through to the browser's push service: it is not waited for without end. */
function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error("no push service")), SUBSCRIBE_MS));
  return Promise.race([work, late]);
}

async function subscribe(language: Language, serverKey: string): Promise<PushAddress> {
  await navigator.serviceWorker.register(`/sw.js?lang=${language}`, { scope: "/" });
  const { pushManager } = await inTime(navigator.serviceWorker.ready);
  const known = await pushManager.getSubscription();
  if (known !== null && isFor(known, serverKey)) return toAddress(known);
  await known?.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: fromBase64Url(serverKey) };
  return toAddress(await inTime(pushManager.subscribe(options)));
}

async function findAddress(): Promise<PushAddress | null> {
  const known = await (await findRegistration())?.pushManager.getSubscription();
  return known === null || known === undefined ? null : toAddress(known);
}

/** Leaves nothing of notifications in this browser. */
async function forget(): Promise<void> {
  localStorage.removeItem(WANTED);
  if ("caches" in window) await caches.delete(CACHE);
  const registration = await findRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  await registration?.unregister();
}

async function keepNames(names: Readonly<Record<string, string>>): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.put(NAMES, new Response(JSON.stringify(names), { headers: { "Content-Type": "application/json" } }));
}

function listen({ onToken, onOpen }: Listener): () => void {
  if (!("serviceWorker" in navigator)) return () => undefined;
  const hear = (message: MessageEvent): void => {
    const { kind, token, path } = (message.data ?? {}) as Record<string, unknown>;
    if (kind === "ack" && typeof token === "string") onToken(token);
    if (kind === "open" && typeof path === "string") onOpen(path);
  };
  navigator.serviceWorker.addEventListener("message", hear);
  navigator.serviceWorker.startMessages();
  return () => navigator.serviceWorker.removeEventListener("message", hear);
}

function readWanted(): Wanted {
  const kept = localStorage.getItem(WANTED);
  return kept === "push" || kept === "page" ? kept : "";
}

interface Note {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
}

function showNote({ title, body, tag }: Note, onClick: () => void): void {
  const note = new Notification(title, { body, tag, icon: "/icon.svg" });
  note.onclick = () => {
    note.close();
    window.focus();
    onClick();
  };
}

export function createNotifier(language: () => Language) {
  return {
    isSupported: (): boolean => "Notification" in window,
    canPush,
    permission: (): Permission => ("Notification" in window ? Notification.permission : "denied"),
    ask: (): Promise<Permission> => Notification.requestPermission(),
    isHidden: (): boolean => document.visibilityState === "hidden",
    subscribe: (serverKey: string): Promise<PushAddress> => subscribe(language(), serverKey),
    findAddress,
    forget,
    keepNames,
    listen,
    wanted: { get: readWanted, set: (mode: Wanted): void => localStorage.setItem(WANTED, mode) },
    language: (): string => language(),
    show: showNote,
  };
}
