/** Sets encryption up without a question, and opens the history on a new device with the recovery code. */
import type { AuthDict, MatrixEvent } from "matrix-js-sdk";
import { type CryptoApi, CryptoEvent, decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api";
import type { Account } from "./account";
import { type Proof, prove } from "./proof";

export interface RecoveryCode {
  readonly code: string;
  /** 1 for the first code of an account. */
  readonly number: number;
  readonly createdTime: number;
}

const CODE_FACTS = "fr.tchap.recovery_code";

declare module "matrix-js-sdk/lib/@types/event" {
  interface AccountDataEvents {
    "fr.tchap.recovery_code": CodeFacts;
  }
}

function cryptoOf(account: Account): CryptoApi {
  const crypto = account.client.getCrypto();
  if (crypto === undefined) throw new Error("encryption is not open");
  return crypto;
}

export interface CodeFacts {
  readonly number?: number;
  readonly created_ts?: number;
}

async function readCodeFacts(account: Account): Promise<CodeFacts> {
  const read = account.client.getAccountDataFromServer(CODE_FACTS);
  const facts = await read.catch(() => null);
  return facts ?? {};
}

async function writeCodeFacts(account: Account, facts: CodeFacts): Promise<void> {
  await account.client.setAccountDataRaw(CODE_FACTS, facts);
}

async function createStorage(account: Account): Promise<string> {
  const crypto = cryptoOf(account);
  const key = await crypto.createRecoveryKeyFromPassphrase();
  await crypto.bootstrapSecretStorage({
    createSecretStorageKey: () => Promise.resolve(key),
    setupNewSecretStorage: true,
    setupNewKeyBackup: true,
  });
  return key.encodedPrivateKey ?? "";
}

async function numberCode(account: Account, code: string): Promise<RecoveryCode> {
  const number = ((await readCodeFacts(account)).number ?? 0) + 1;
  const createdTime = Date.now();
  await writeCodeFacts(account, { number, created_ts: createdTime }).catch(() => undefined);
  return { code, number, createdTime };
}

function proving(account: Account, proof: Proof) {
  return (makeRequest: (auth: AuthDict | null) => Promise<void>): Promise<void> => prove(account, proof, makeRequest);
}

/** Identity, secret storage and backup, in the order that works. Returns the code to show once. */
export async function setUpEncryption(account: Account, password: string | null): Promise<RecoveryCode> {
  // The first upload needs no proof (spec 1.19); a server that wants the password all the same gets it.
  const authUploadDeviceSigningKeys = proving(account, { password, confirm: null });
  await cryptoOf(account).bootstrapCrossSigning({ authUploadDeviceSigningKeys });
  return numberCode(account, await createStorage(account));
}

/** Starts again from nothing, when the code is lost: the old history stays closed on this device. */
export async function resetEncryption(account: Account, proof: Proof): Promise<RecoveryCode> {
  const crypto = cryptoOf(account);
  account.vault.forget();
  await crypto.resetEncryption(proving(account, proof));
  return numberCode(account, await createStorage(account));
}

/** A new code in place of the old one; the identity stays. */
export async function renewRecoveryCode(account: Account): Promise<RecoveryCode> {
  return numberCode(account, await createStorage(account));
}

/** "ready": reads everything. "locked": a code or another device is needed. "none": nothing was ever set up. */
export type EncryptionState = "ready" | "locked" | "none";

export async function readEncryptionState(account: Account): Promise<EncryptionState> {
  const crypto = cryptoOf(account);
  if ((await account.client.secretStorage.getDefaultKeyId()) === null) {
    return (await crypto.userHasCrossSigningKeys(account.userId, true)) ? "locked" : "none";
  }
  const status = await crypto.getDeviceVerificationStatus(account.userId, account.deviceId);
  return status?.crossSigningVerified === true ? "ready" : "locked";
}

export async function findCodeDate(account: Account): Promise<{ number: number; createdTime: number } | null> {
  const facts = await readCodeFacts(account);
  return facts.number === undefined ? null : { number: facts.number, createdTime: facts.created_ts ?? 0 };
}

async function isRightKey(account: Account, key: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const storage = account.client.secretStorage;
  const found = await storage.getKey();
  return found !== null && (await storage.checkKey(key, found[1]));
}

function decodeCode(code: string): Uint8Array<ArrayBuffer> | null {
  try {
    return decodeRecoveryKey(code.trim());
  } catch {
    return null;
  }
}

/** Returns false when the code is not the right one; nothing has changed then. */
export async function unlock(account: Account, code: string): Promise<boolean> {
  const key = decodeCode(code);
  if (key === null || !(await isRightKey(account, key))) return false;
  account.vault.offer(key);
  await cryptoOf(account).bootstrapCrossSigning({});
  await openBackup(account);
  return true;
}

async function openBackup(account: Account): Promise<void> {
  const crypto = cryptoOf(account);
  await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
  await crypto.checkKeyBackupAndEnable();
  await crypto.restoreKeyBackup();
  await decryptAgain(account);
  void restoreUntilReadable(account);
}

/** Other devices put their newest keys in the backup within seconds, not at once: while something is locked, ask again. */
const ASK_AGAIN_MS = [2_000, 3_000, 5_000, 10_000, 20_000, 40_000];

async function restoreUntilReadable(account: Account): Promise<void> {
  for (const delayMs of ASK_AGAIN_MS) {
    await new Promise((done) => setTimeout(done, delayMs));
    if (!account.client.clientRunning || findLocked(account).length === 0) return;
    const restored = cryptoOf(account).restoreKeyBackup();
    await restored.then(() => decryptAgain(account)).catch(() => undefined);
  }
}

/** After another device has confirmed this one, the backup's key arrives by itself: then the history is fetched. */
export function watchBackupKey(account: Account): () => void {
  const look = (): void => {
    const crypto = cryptoOf(account);
    void crypto
      .checkKeyBackupAndEnable()
      .then(() => crypto.restoreKeyBackup())
      .then(() => decryptAgain(account))
      .catch(() => undefined);
  };
  account.client.on(CryptoEvent.KeyBackupDecryptionKeyCached, look);
  return () => account.client.off(CryptoEvent.KeyBackupDecryptionKeyCached, look);
}

function findLocked(account: Account, roomId?: string): MatrixEvent[] {
  const rooms = account.client.getRooms().filter((room) => roomId === undefined || room.roomId === roomId);
  return rooms.flatMap((room) => room.getLiveTimeline().getEvents().filter((event) => event.isDecryptionFailure()));
}

/** Tries the unreadable messages once more; their reason is renewed even when they stay unreadable. */
export async function decryptAgain(account: Account, roomId?: string): Promise<void> {
  const backend = cryptoOf(account) as unknown as Parameters<MatrixEvent["attemptDecryption"]>[0];
  const locked = findLocked(account, roomId);
  await Promise.all(locked.map((event) => event.attemptDecryption(backend, { isRetry: true })));
}

/** Tells how many keys still wait to be kept in the backup; 0 means a new device will read everything. */
export function watchBackup(account: Account, tell: (remaining: number) => void): () => void {
  account.client.on(CryptoEvent.KeyBackupSessionsRemaining, tell);
  return () => account.client.off(CryptoEvent.KeyBackupSessionsRemaining, tell);
}

/** Tells when trust may have changed: identity published, device confirmed. */
export function watchTrust(account: Account, tell: () => void): () => void {
  const { client } = account;
  const events = [CryptoEvent.KeysChanged, CryptoEvent.UserTrustStatusChanged, CryptoEvent.DevicesUpdated] as const;
  for (const event of events) client.on(event, tell);
  return () => {
    for (const event of events) client.off(event, tell);
  };
}
