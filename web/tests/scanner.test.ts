import { initAsync, PkDecryption, PkMessage, Base64EncodedPkMessage } from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterEach, expect, test, vi } from "vitest";
import { encryptFile } from "../src/matrix/attachments";
import { fetchFile, sendFile } from "../src/matrix/media";
import type { EncryptedFile, MediaInfo } from "../src/matrix/types";
import { problemOf } from "../src/view-models/files";
import { phraseOf } from "../src/view-models/errors";
import { Homeserver, joinedRoom } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

const ROOM = "!salon:agent.essai.example.fr";
const MXC = "mxc://agent.essai.example.fr/fichier";
const BASE = "/_matrix/media_proxy/unstable";
const WAITS = { errcode: "MCS_MEDIA_REQUEST_FAILED", error: "", reason: "MCS_MEDIA_REQUEST_FAILED", info: "" };
const MESSAGE = "secret de réunion";

closeAllAfterEach();
afterEach(() => vi.unstubAllGlobals());

interface Scanner {
  readonly server: Homeserver;
  /** What each request to the scanner said, opened with its key. */
  readonly read: (body: Record<string, unknown>) => unknown;
}

/** A server that scans, with a key pair of its own. */
async function scanner(): Promise<Scanner> {
  await initAsync();
  const server = new Homeserver();
  const key = new PkDecryption();
  server.says.push([`${BASE}/public_key`, { public_key: key.publicKey().toBase64() }]);
  server.says.push(["/config", { "m.upload.size": 1_000_000 }], ["/upload", { content_uri: MXC }]);
  const read = (body: Record<string, unknown>): unknown => {
    const { ciphertext, mac, ephemeral } = body["encrypted_body"] as Record<string, string>;
    const sealed = PkMessage.fromBase64(new Base64EncodedPkMessage(ciphertext ?? "", mac ?? "", ephemeral ?? ""));
    return JSON.parse(key.decryptString(sealed)) as unknown;
  };
  return { server, read };
}

function given(text = MESSAGE) {
  const file = new File([text], "note.txt", { type: "text/plain" });
  return { file, onProgress: (): void => undefined, signal: new AbortController().signal };
}

async function sealed(text = MESSAGE): Promise<{ media: MediaInfo; data: ArrayBuffer }> {
  const { data, file } = await encryptFile(new TextEncoder().encode(text).buffer as ArrayBuffer);
  const key: EncryptedFile = { ...file, url: MXC };
  return { data, media: { mxc: MXC, name: "note.txt", type: "text/plain", size: 3, width: 0, height: 0, key } };
}

/** The bytes of the file at its plain address, or a refusal. */
function serveBytes(data: BodyInit | null, refusal: Record<string, string> = WAITS): void {
  const answer = () => (data === null ? Response.json(refusal, { status: 502 }) : new Response(data));
  vi.stubGlobal("fetch", async () => answer());
}

test("the key of an encrypted file reaches the scanner, and nobody on the way, before the message leaves", async () => {
  const { server, read } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, () => ({ clean: true, info: String(server.sent.length) })]);
  const account = await openOn(server);
  server.sync(joinedRoom(ROOM, ME, true));
  await sendFile(account, ROOM, given());
  const [asked] = server.asked(`${BASE}/scan_encrypted`);
  const { file } = read(asked ?? {}) as { file: EncryptedFile };
  expect(file.url).toBe(MXC);
  expect(JSON.stringify(asked)).not.toContain(file.key.k);
  const order = server.calls.map(({ path }) => path).filter((path) => /media\/v3\/upload$|scan_encrypted$/u.test(path));
  expect(order.map((path) => path.split("/").at(-1))).toEqual(["upload", "scan_encrypted"]);
  expect(server.sent).toHaveLength(1);
});

test("a file cancelled while the scanner looks at it is not sent", async () => {
  const { server } = await scanner();
  const abort = new AbortController();
  server.says.push([`${BASE}/scan_encrypted`, () => (abort.abort(), { clean: true, info: "" })]);
  const account = await openOn(server);
  server.sync(joinedRoom(ROOM, ME, true));
  await expect(sendFile(account, ROOM, { ...given(), signal: abort.signal })).rejects.toThrow();
  expect(server.sent).toEqual([]);
});

test("an infected file is not sent, encrypted or not, and the person reads why", async () => {
  const { server } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, { clean: false, info: "Eicar" }]);
  server.says.push(["/scan/agent.essai.example.fr/fichier", { clean: false, info: "Eicar" }]);
  const account = await openOn(server);
  for (const encrypted of [true, false]) {
    const room = `${encrypted ? "!a" : "!b"}:agent.essai.example.fr`;
    server.sync(joinedRoom(room, ME, encrypted));
    const refused = await sendFile(account, room, given()).catch((error: unknown) => error);
    expect(phraseOf(refused)).toEqual({ key: "file.blocked" });
  }
  expect(server.sent).toEqual([]);
});

test("while the scanner is away the message leaves, and whoever opens the file asks again", async () => {
  const { server } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, WAITS, 502]);
  const account = await openOn(server);
  server.sync(joinedRoom(ROOM, ME, true));
  await sendFile(account, ROOM, given());
  expect(server.sent).toHaveLength(1);
  const { media, data } = await sealed();
  serveBytes(data);
  const refused = await fetchFile(account, media).catch((error: unknown) => error);
  expect(problemOf(refused)).toEqual({ phrase: { key: "file.notScanned" }, canRetry: true });
  server.says.push([`${BASE}/scan_encrypted`, { clean: true, info: "" }]);
  expect(await (await fetchFile(account, media)).text()).toBe(MESSAGE);
});

test("a file is scanned with the key of its message before it is opened, once", async () => {
  const { server, read } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, { clean: true, info: "" }]);
  const account = await openOn(server);
  const { media, data } = await sealed();
  serveBytes(data);
  for (let time = 0; time < 2; time += 1) expect(await (await fetchFile(account, media)).text()).toBe(MESSAGE);
  const asked = server.asked(`${BASE}/scan_encrypted`);
  expect(asked.map(read)).toEqual([{ file: media.key }]);
});

test("an infected file is not opened, and nothing is to be tried again", async () => {
  const { server } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, { clean: false, info: "Eicar" }]);
  const account = await openOn(server);
  const { media, data } = await sealed();
  serveBytes(data);
  const refused = await fetchFile(account, media).catch((error: unknown) => error);
  expect(problemOf(refused)).toEqual({ phrase: { key: "file.blocked" }, canRetry: false });
  serveBytes(null, { errcode: "MCS_MEDIA_NOT_CLEAN", error: "" });
  const clear = await fetchFile(account, { ...media, key: null }).catch((error: unknown) => error);
  expect(problemOf(clear)).toEqual({ phrase: { key: "file.blocked" }, canRetry: false });
});

test("a ciphertext the server keeps back, of a format it does not know, is opened by the server", async () => {
  const { server } = await scanner();
  server.says.push([`${BASE}/scan_encrypted`, { clean: true, info: "" }]);
  server.says.push([`${BASE}/download_encrypted`, { opened: true }]);
  const account = await openOn(server);
  const { media } = await sealed();
  serveBytes(null);
  expect(await (await fetchFile(account, media)).text()).toBe('{"opened":true}');
});

test("a key the server has changed is asked for again, once", async () => {
  const { server, read } = await scanner();
  const account = await openOn(server);
  const { media, data } = await sealed();
  serveBytes(data);
  const current = server.says[0]?.[1] as Record<string, unknown>;
  server.says.push([`${BASE}/public_key`, { public_key: new PkDecryption().publicKey().toBase64() }]);
  const refusal = { errcode: "MCS_BAD_DECRYPTION", error: "" };
  const change = (): typeof refusal => {
    server.says.push([`${BASE}/public_key`, current], [`${BASE}/scan_encrypted`, { clean: true, info: "" }]);
    return refusal;
  };
  server.says.push([`${BASE}/scan_encrypted`, change, 403]);
  expect(await (await fetchFile(account, media)).text()).toBe(MESSAGE);
  const asked = server.asked(`${BASE}/scan_encrypted`);
  expect(asked).toHaveLength(2);
  expect(read(asked[1] ?? {})).toEqual({ file: media.key });
  server.says.push([`${BASE}/scan_encrypted`, refusal, 403]);
  await expect(fetchFile(account, (await sealed()).media)).rejects.toThrow();
  expect(server.asked(`${BASE}/scan_encrypted`)).toHaveLength(4);
});

test("where nothing is scanned nothing is asked but that", async () => {
  const server = new Homeserver();
  server.says.push(["/config", {}], ["/upload", { content_uri: MXC }]);
  const account = await openOn(server);
  server.sync(joinedRoom(ROOM, ME, true));
  await sendFile(account, ROOM, given());
  const { media, data } = await sealed();
  serveBytes(data);
  expect(await (await fetchFile(account, media)).text()).toBe(MESSAGE);
  expect(server.calls.map(({ path }) => path).filter((path) => path.startsWith(BASE))).toEqual([`${BASE}/public_key`]);
});
