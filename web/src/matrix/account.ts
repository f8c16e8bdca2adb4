/** An open account: the SDK's client with its stores, and what the rest of matrix/ needs to know about it. */
import {
  ClientEvent,
  createClient,
  HttpApiEvent,
  IndexedDBStore,
  type MatrixClient,
  PendingEventOrdering,
  SyncState,
} from "matrix-js-sdk";
import { type Credentials } from "./accounts";
import { declareFiles, filesOf } from "./attached";
import { guardFetch } from "./clear-text-guard";
import { watchExpiry } from "./expiry";
import { inChosenLanguage } from "./http";
import { quietLogger } from "./quiet-logger";
import { createVault, type SecretVault } from "./secret-vault";
import type { Connection } from "./types";

export interface Account {
  readonly userId: string;
  readonly deviceId: string;
  readonly credentials: Credentials;
  readonly client: MatrixClient;
  readonly vault: SecretVault;
  /** Rooms we asked to be encrypted, whatever the room's state says so far. */
  readonly expectEncrypted: Set<string>;
  /** The last send of each room, so that messages leave in order. */
  readonly queues: Map<string, Promise<unknown>>;
  readonly isActiveTab: () => boolean;
}

const SAVED = "tchap.account";
const INITIAL_SYNC_LIMIT = 20;

/** One set of databases per account and device: another sign-in never meets the old store. */
export function storePrefix(credentials: Credentials): string {
  return `tchap:${credentials.userId}:${credentials.deviceId}`;
}

export function saveCredentials(credentials: Credentials): void {
  localStorage.setItem(SAVED, JSON.stringify(credentials));
}

export function findCredentials(): Credentials | null {
  const raw = localStorage.getItem(SAVED);
  if (raw === null) return null;
  try {
    const value = JSON.parse(raw) as Partial<Credentials>;
    const { userId, deviceId, accessToken, baseUrl } = value;
    if (!userId || !deviceId || !accessToken || !baseUrl) return null;
    return { userId, deviceId, accessToken, baseUrl };
  } catch {
    return null;
  }
}

function createSyncStore(credentials: Credentials): IndexedDBStore {
  return new IndexedDBStore({ indexedDB: window.indexedDB, dbName: storePrefix(credentials), localStorage });
}

export interface OpenOptions {
  readonly isActiveTab: () => boolean;
  /** Given by tests that run without a browser. */
  readonly fetchFn?: typeof fetch;
  readonly inMemory?: boolean;
  /** The server answered that the account has expired. */
  readonly onExpired?: () => unknown;
}

/** Builds the account without starting it. */
export function buildAccount(credentials: Credentials, options: OpenOptions): Account {
  const vault = createVault();
  const expectEncrypted = new Set<string>();
  const { userId, deviceId } = credentials;
  const facts = {
    isActiveTab: options.isActiveTab,
    isRoomKnown: (roomId: string) => client.getRoom(roomId)?.getMyMembership() === "join",
    isRoomEncrypted: (roomId: string) =>
      expectEncrypted.has(roomId) || (client.getRoom(roomId)?.hasEncryptionStateEvent() ?? true),
  };
  const inner = inChosenLanguage(options.fetchFn ?? ((input, init) => fetch(input, init)));
  const findFiles = (roomId: string, txnId: string): string[] => {
    const pending = client.getRoom(roomId)?.getPendingEvents().find((event) => event.getTxnId() === txnId);
    return pending === undefined ? [] : filesOf(pending.getContent());
  };
  const client: MatrixClient = createClient({
    baseUrl: credentials.baseUrl,
    userId,
    deviceId,
    accessToken: credentials.accessToken,
    fetchFn: guardFetch(watchExpiry(declareFiles(inner, findFiles), options.onExpired ?? (() => undefined)), facts),
    cryptoCallbacks: vault.callbacks,
    verificationMethods: ["m.sas.v1"],
    timelineSupport: true,
    disableVoip: true,
    logger: quietLogger,
    ...(options.inMemory === true ? {} : { store: createSyncStore(credentials) }),
  });
  const queues = new Map<string, Promise<unknown>>();
  return { userId, deviceId, credentials, client, vault, expectEncrypted, queues, isActiveTab: options.isActiveTab };
}

/** Opens the stores and the cryptography, then starts to sync. */
export async function openAccount(credentials: Credentials, options: OpenOptions): Promise<Account> {
  const account = buildAccount(credentials, options);
  const { client } = account;
  await client.store.startup();
  await client.initRustCrypto(
    options.inMemory === true ? { useIndexedDB: false } : { cryptoDatabasePrefix: storePrefix(credentials) },
  );
  await client.startClient({
    initialSyncLimit: INITIAL_SYNC_LIMIT,
    lazyLoadMembers: true,
    pendingEventOrdering: PendingEventOrdering.Detached,
    disablePresence: true,
  });
  return account;
}

export function closeAccount(account: Account): void {
  account.client.stopClient();
}

/** Keeps the sync token near, so that a reload starts from where it was. */
export async function persist(account: Account): Promise<void> {
  await account.client.store.save(true);
}

/** Resolves when the first answer of sync has been taken in. */
export function waitForFirstSync(account: Account): Promise<void> {
  const { client } = account;
  if (client.isInitialSyncComplete()) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (state: SyncState): void => {
      if (state !== SyncState.Prepared && state !== SyncState.Syncing) return;
      client.off(ClientEvent.Sync, look);
      resolve();
    };
    client.on(ClientEvent.Sync, look);
  });
}

function toConnection(state: SyncState | null): Connection {
  if (state === SyncState.Error || state === SyncState.Reconnecting) return "offline";
  return state === null ? "starting" : "online";
}

export function readConnection(account: Account): Connection {
  return toConnection(account.client.getSyncState());
}

export function watchConnection(account: Account, tell: (connection: Connection) => void): () => void {
  const look = (state: SyncState): void => tell(toConnection(state));
  account.client.on(ClientEvent.Sync, look);
  return () => account.client.off(ClientEvent.Sync, look);
}

/** Asks for a new sync at once instead of waiting for the next try. */
export function retryConnection(account: Account): void {
  account.client.retryImmediately();
}

export async function isReachable(account: Account): Promise<boolean> {
  const { baseUrl } = account.credentials;
  return fetch(`${baseUrl}/_matrix/client/versions`, { cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** The server closed this device's access: removed from another device, or the account expired. */
export function watchClosedByServer(account: Account, tell: () => void): () => void {
  account.client.on(HttpApiEvent.SessionLoggedOut, tell);
  return () => account.client.off(HttpApiEvent.SessionLoggedOut, tell);
}

async function wipe(account: Account): Promise<void> {
  const prefix = storePrefix(account.credentials);
  localStorage.removeItem(SAVED);
  await account.client.clearStores({ cryptoDatabasePrefix: prefix }).catch(() => undefined);
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("mxjssdk_") || key.startsWith("mx_")) localStorage.removeItem(key);
  }
}

/** Signs out at the server when it can be reached, and leaves nothing on this machine. */
export async function signOut(account: Account, tellServer = true): Promise<void> {
  if (tellServer) await account.client.logout(true).catch(() => undefined);
  account.client.stopClient();
  await wipe(account);
}
