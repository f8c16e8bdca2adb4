/**
 * The service worker: shows what is pushed while no tab looks (Push API; MSC4174 for what is pushed).
 *
 * It stands alone: it is served as /sw.js, with the language in its address, and shares no file with the page.
 * It shows the conversation's name as this device knows it, never what was written.
 */
import type { Language } from "../i18n/keys";
import { pushWords } from "../i18n/push";
import { readPushed, type Shown, toShown } from "./push-notes";

interface WindowPlace {
  readonly visibilityState: string;
  readonly focus: () => Promise<unknown>;
  readonly postMessage: (message: unknown) => void;
}

interface Waiting {
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** The part of ServiceWorkerGlobalScope used here: the page's types and a worker's cannot be in one project. */
interface Scope {
  readonly location: Location;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    readonly claim: () => Promise<void>;
    readonly matchAll: (options: object) => Promise<WindowPlace[]>;
    readonly openWindow: (url: string) => Promise<unknown>;
  };
  readonly skipWaiting: () => Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
  addEventListener(type: "push", listener: (event: Waiting & { data: { json: () => unknown } | null }) => void): void;
  addEventListener(
    type: "notificationclick",
    listener: (event: Waiting & { notification: Notification }) => void,
  ): void;
}

const scope = self as unknown as Scope;
const NAMES = { cache: "tchap-notifications", path: "/room-names" };

function language(): Language {
  return new URLSearchParams(scope.location.search).get("lang") === "en" ? "en" : "fr";
}

function findWindows(): Promise<WindowPlace[]> {
  return scope.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** The names of conversations that the page keeps on this device: those of private ones are not pushed. */
async function readNames(): Promise<Record<string, string>> {
  const kept = await caches.match(NAMES.path, { cacheName: NAMES.cache });
  return kept === undefined ? {} : ((await kept.json()) as Record<string, string>);
}

async function show({ title, body, tag, path }: Shown): Promise<void> {
  const options = { body, tag, renotify: true, icon: "/icon.svg", badge: "/icon.svg", lang: language(), data: { path } };
  await scope.registration.showNotification(title, options);
}

async function take(raw: unknown): Promise<void> {
  const pushed = readPushed(raw);
  if (pushed === null) return;
  const windows = await findWindows();
  if (pushed.kind === "ack") {
    for (const place of windows) place.postMessage({ kind: "ack", token: pushed.token });
    return;
  }
  const isLooking = windows.some((place) => place.visibilityState === "visible");
  if (isLooking && pushed.kind !== "test") return;
  await show(toShown(pushed, await readNames().catch(() => ({})), pushWords[language()]));
}

async function open(path: string): Promise<void> {
  const [place] = await findWindows();
  if (place === undefined) {
    await scope.clients.openWindow(`/#/${path}`);
    return;
  }
  place.postMessage({ kind: "open", path });
  await place.focus();
}

function parse(data: { json: () => unknown } | null): unknown {
  try {
    return data?.json() ?? null;
  } catch {
    return null;
  }
}

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("push", (event) => event.waitUntil(take(parse(event.data))));
scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { path } = (event.notification.data ?? {}) as { path?: unknown };
  event.waitUntil(open(typeof path === "string" ? path : ""));
});
