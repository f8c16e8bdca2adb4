/** Encrypting files (spec: "Sending encrypted attachments"): AES-CTR with a fresh key, SHA-256 of what was sent. */
import type { EncryptedFile } from "./types";

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replace(/=+$/u, "");
}

function fromBase64(value: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(value.replace(/-/gu, "+").replace(/_/gu, "/")), (letter) => letter.charCodeAt(0));
}

/** 64 random bits then a 64-bit counter at 0, so that a long file never turns the counter over. */
function newCounter(): Uint8Array<ArrayBuffer> {
  const counter = new Uint8Array(16);
  counter.set(crypto.getRandomValues(new Uint8Array(8)));
  return counter;
}

async function hash(data: BufferSource): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
}

export type SealedFile = Omit<EncryptedFile, "url">;

export async function encryptFile(plain: ArrayBuffer): Promise<{ data: ArrayBuffer; file: SealedFile }> {
  const key = await crypto.subtle.generateKey({ name: "AES-CTR", length: 256 }, true, ["encrypt", "decrypt"]);
  const counter = newCounter();
  const data = await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, plain);
  const exported = await crypto.subtle.exportKey("jwk", key);
  const hashes = { sha256: await hash(data) };
  return { data, file: { v: "v2", key: exported, iv: toBase64(counter), hashes } };
}

export class DamagedFile extends Error {}

/** Throws DamagedFile when the bytes are not those the sender sent. */
export async function decryptFile(data: ArrayBuffer, file: SealedFile): Promise<ArrayBuffer> {
  const expected = toBase64(fromBase64(file.hashes.sha256));
  if ((await hash(data)) !== expected) throw new DamagedFile();
  const key = await crypto.subtle.importKey("jwk", file.key, { name: "AES-CTR" }, false, ["decrypt"]);
  return crypto.subtle.decrypt({ name: "AES-CTR", counter: fromBase64(file.iv), length: 64 }, key, data);
}
