/**
 * The server's antivirus, which Tchap's servers offer as a content scanner.
 *
 * Only a key shows it what is in an encrypted file: the sender gives it before the message leaves, so that nobody waits,
 * and whoever opens the file gives the key of the message again, so that no other key can have vouched for it. The key
 * travels encrypted to the scanner alone. Where the server scans nothing, nothing is asked.
 */
import { MatrixError, Method } from "matrix-js-sdk";
import type { Account } from "./account";
import type { EncryptedFile } from "./types";

const PREFIX = "/_matrix/media_proxy/unstable";
const NOT_CLEAN = "MCS_MEDIA_NOT_CLEAN";
const FORBIDDEN = new Set([NOT_CLEAN, "MCS_MIME_TYPE_FORBIDDEN"]);

/** The server will not hand this file out; `errcode` says why. */
export class FileRefused extends Error {
  constructor(readonly errcode: string) {
    super(`file refused: ${errcode}`);
  }
}

/** The scanner's key of each account's server; null where nothing is scanned. */
const scannerKeys = new WeakMap<Account, Promise<string | null>>();
/** Encrypted files already found clean with their key, by address and key. */
const cleanFiles = new WeakMap<Account, Set<string>>();

function codeOf(error: unknown): string {
  return error instanceof MatrixError ? (error.errcode ?? "") : "";
}

async function askKey(account: Account): Promise<string | null> {
  try {
    const answer = await account.client.http.request<Record<string, unknown>>(
      Method.Get,
      "/public_key",
      undefined,
      undefined,
      { prefix: PREFIX },
    );
    return typeof answer["public_key"] === "string" ? answer["public_key"] : null;
  } catch (error) {
    if (error instanceof MatrixError && error.httpStatus === 404) return null;
    throw error;
  }
}

function findKey(account: Account): Promise<string | null> {
  const known = scannerKeys.get(account);
  if (known !== undefined) return known;
  const asked = askKey(account);
  scannerKeys.set(account, asked);
  asked.catch(() => scannerKeys.delete(account));
  return asked;
}

async function sealBody(publicKey: string, file: EncryptedFile): Promise<Record<string, unknown>> {
  const crypto = await import("@matrix-org/matrix-sdk-crypto-wasm");
  await crypto.initAsync();
  const seal = crypto.PkEncryption.fromKey(new crypto.Curve25519PublicKey(publicKey));
  const { ciphertext, mac, ephemeralKey } = seal.encryptString(JSON.stringify({ file })).toBase64();
  return { encrypted_body: { ciphertext, mac, ephemeral: ephemeralKey } };
}

/** Asks with the scanner's key; once more with a fresh one where the server has changed it. */
async function askSealed<T>(account: Account, file: EncryptedFile, ask: (body: Record<string, unknown>) => Promise<T>) {
  const publicKey = await findKey(account);
  if (publicKey === null) return null;
  try {
    return await ask(await sealBody(publicKey, file));
  } catch (error) {
    if (codeOf(error) !== "MCS_BAD_DECRYPTION") throw error;
  }
  scannerKeys.delete(account);
  const fresh = await findKey(account);
  return fresh === null ? null : ask(await sealBody(fresh, file));
}

function check(report: Record<string, unknown> | null): void {
  if (report !== null && report["clean"] !== true) throw new FileRefused(NOT_CLEAN);
}

/** Throws FileRefused for what is infected, or the server's error where it could not look. */
export async function scanEncrypted(account: Account, file: EncryptedFile): Promise<void> {
  const name = `${file.url} ${file.key.k ?? ""} ${file.iv}`;
  const clean = cleanFiles.get(account) ?? new Set<string>();
  cleanFiles.set(account, clean);
  if (clean.has(name)) return;
  check(
    await askSealed(account, file, (body) =>
      account.client.http.authedRequest<Record<string, unknown>>(Method.Post, "/scan_encrypted", undefined, body, {
        prefix: PREFIX,
      }),
    ),
  );
  clean.add(name);
}

async function scanClear(account: Account, mxc: string): Promise<void> {
  if ((await findKey(account)) === null) return;
  const path = `/scan/${mxc.replace("mxc://", "")}`;
  const options = { prefix: PREFIX };
  check(await account.client.http.authedRequest(Method.Get, path, undefined, undefined, options));
}

/**
 * Called right after an upload. What is infected is not sent. Where the scanner does not answer the message leaves all
 * the same: whoever opens the file has it scanned then.
 */
export async function scanBeforeSending(account: Account, mxc: string, file: EncryptedFile | null): Promise<void> {
  try {
    await (file === null ? scanClear(account, mxc) : scanEncrypted(account, file));
  } catch (error) {
    if (error instanceof FileRefused || FORBIDDEN.has(codeOf(error))) throw error;
  }
}

/** What is inside an encrypted file, opened by the server; null where it scans nothing. */
export function downloadOpened(account: Account, file: EncryptedFile): Promise<ArrayBuffer | null> {
  const options = { prefix: PREFIX, rawResponseBody: true } as const;
  return askSealed(account, file, async (body) => {
    const blob = await account.client.http.authedRequest<Blob>(
      Method.Post,
      "/download_encrypted",
      undefined,
      body,
      options,
    );
    return blob.arrayBuffer();
  });
}
