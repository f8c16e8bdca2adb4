/** Sending and fetching files. In an encrypted room the server only ever sees sealed bytes. */
import type { Account } from "./account";
import { decryptFile, encryptFile } from "./attachments";
import { errcodeOf } from "./http";
import { downloadOpened, FileRefused, scanBeforeSending, scanEncrypted } from "./scanner";
import { sendContent, waitUntilSendable } from "./send";
import type { Content } from "./state";
import type { EncryptedFile, MediaInfo } from "./types";

/** Only these are drawn in the page; anything else is offered for download as plain bytes. */
const DRAWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

export class FileTooLarge extends Error {
  constructor(readonly limit: number) {
    super("file too large");
  }
}

async function checkSize(account: Account, size: number): Promise<void> {
  const config = await account.client.getMediaConfig(true).catch(() => ({}) as Record<string, unknown>);
  const limit = (config as Record<string, unknown>)["m.upload.size"];
  if (typeof limit === "number" && size > limit) throw new FileTooLarge(limit);
}

async function measure(file: File): Promise<{ w?: number; h?: number }> {
  try {
    const bitmap = await createImageBitmap(file);
    const size = { w: bitmap.width, h: bitmap.height };
    bitmap.close();
    return size;
  } catch {
    return {};
  }
}

interface Upload {
  readonly file: File;
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

async function upload(account: Account, bytes: Blob, name: string | null, given: Upload): Promise<string> {
  const abort = new AbortController();
  given.signal.addEventListener("abort", () => abort.abort());
  const answer = await account.client.uploadContent(bytes, {
    includeFilename: name !== null,
    ...(name === null ? {} : { name }),
    type: name === null ? "application/octet-stream" : bytes.type || "application/octet-stream",
    abortController: abort,
    progressHandler: ({ loaded, total }) => given.onProgress(total > 0 ? loaded / total : 0),
  });
  return answer.content_uri;
}

async function store(account: Account, encrypted: boolean, given: Upload): Promise<Content> {
  if (!encrypted) {
    const url = await upload(account, given.file, given.file.name, given);
    await scanBeforeSending(account, url, null);
    return { url };
  }
  const { data, file: sealed } = await encryptFile(await given.file.arrayBuffer());
  const file = { ...sealed, url: await upload(account, new Blob([data]), null, given) };
  await scanBeforeSending(account, file.url, file);
  return { file };
}

/** Sends one file; resolves when the message has left. */
export async function sendFile(account: Account, roomId: string, given: Upload): Promise<void> {
  const { file } = given;
  await checkSize(account, file.size);
  const room = await waitUntilSendable(account, roomId);
  const encrypted = room.hasEncryptionStateEvent() || account.expectEncrypted.has(roomId);
  const drawn = DRAWN.has(file.type);
  const info = { mimetype: file.type || "application/octet-stream", size: file.size };
  const content: Content = {
    msgtype: drawn ? "m.image" : "m.file",
    body: file.name,
    filename: file.name,
    info: drawn ? { ...info, ...(await measure(file)) } : info,
    "m.mentions": {},
    ...(await store(account, encrypted, given)),
  };
  // What is cancelled before the upload begins, or while the scanner looks, ends no request: it ends here.
  given.signal.throwIfAborted();
  await sendContent(account, roomId, "m.room.message", content);
}

async function fetchBytes(account: Account, mxc: string): Promise<ArrayBuffer> {
  const url = account.client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, true);
  if (url === null) throw new Error("no such file");
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${account.credentials.accessToken}` } });
  if (!answer.ok) throw new FileRefused(await errcodeOf(answer));
  return answer.arrayBuffer();
}

/** The server opens by itself what looks like no format it knows, and hands out the ciphertext of the others. */
async function fetchSealed(account: Account, file: EncryptedFile): Promise<ArrayBuffer> {
  await scanEncrypted(account, file);
  try {
    return await decryptFile(await fetchBytes(account, file.url), file);
  } catch (error) {
    if (!(error instanceof FileRefused) || error.errcode !== "MCS_MEDIA_REQUEST_FAILED") throw error;
    const opened = await downloadOpened(account, file);
    if (opened === null) throw error;
    return opened;
  }
}

/** The file opened, with a type that is safe to show in the page. */
export async function fetchFile(account: Account, media: MediaInfo): Promise<Blob> {
  const plain = await (media.key === null ? fetchBytes(account, media.mxc) : fetchSealed(account, media.key));
  return new Blob([plain], { type: DRAWN.has(media.type) ? media.type : "application/octet-stream" });
}
