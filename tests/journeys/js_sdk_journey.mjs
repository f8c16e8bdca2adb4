/**
 * The journey of matrix-js-sdk in Node, with its Rust cryptography: one JSON line per step on the standard output.
 *
 * Arguments: the folder of the client's packages, then the server's address, two user ids and their password.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

for (const name of ["debug", "info", "log", "warn", "error"]) console[name] = () => undefined;

const [packages, baseUrl, camilleId, zoeId, password] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const sdk = await load("matrix-js-sdk");
const { SyncAccumulator } = await load("matrix-js-sdk/lib/sync-accumulator.js");
const { decodeRecoveryKey } = await load("matrix-js-sdk/lib/crypto-api/index.js");
const { ClientEvent, CryptoEvent, MatrixEventEvent, RoomEvent, RoomMemberEvent, RoomStateEvent } = {
  ...sdk,
  ...(await load("matrix-js-sdk/lib/crypto-api/index.js")),
};

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silence };
const unanswered = new Set();
const requests = [];
const clients = new Set();

const step = (name, facts = {}) => process.stdout.write(`${JSON.stringify({ step: name, ...facts })}\n`);

/** Notes what is asked, and what the server did not know how to answer. */
async function watchedFetch(input, init) {
  const url = new URL(String(input));
  const answer = await fetch(input, init);
  requests.push({ method: init?.method ?? "GET", url });
  if ([404, 405, 501].includes(answer.status) && !(await answer.clone().text()).includes("M_NOT_FOUND")) {
    unanswered.add(`${init?.method ?? "GET"} ${url.pathname} ${answer.status}`);
  }
  return answer;
}

/** Keeps what sync brought, as a browser's store does. */
class KeptStore extends sdk.MemoryStore {
  accumulator = new SyncAccumulator();
  setSyncData(data) {
    this.accumulator.accumulate(data);
    return Promise.resolve();
  }
  getSavedSync() {
    const token = this.accumulator.getNextBatchToken();
    return Promise.resolve(token ? structuredClone(this.accumulator.getJSON()) : null);
  }
  getSavedSyncToken() {
    return Promise.resolve(this.accumulator.getNextBatchToken() ?? null);
  }
}

/** Resolves with the event's first argument that `wanted` accepts; looks at `now` first. */
function until(emitter, event, wanted, now = () => undefined) {
  return new Promise((resolve) => {
    const look = (...facts) => {
      const found = wanted(...facts);
      if (!found) return;
      emitter.off(event, look);
      resolve(found);
    };
    emitter.on(event, look);
    const known = now();
    if (known) {
      emitter.off(event, look);
      resolve(known);
    }
  });
}

const untilSynced = (client) =>
  until(
    client,
    ClientEvent.Sync,
    (state) => state === "PREPARED" || state === "SYNCING",
    () => client.isInitialSyncComplete(),
  );

async function start(credentials, options = {}) {
  const opened = new Map();
  const client = sdk.createClient({
    baseUrl,
    ...credentials,
    fetchFn: watchedFetch,
    logger: silence,
    disableVoip: true,
    timelineSupport: true,
    store: options.store ?? new sdk.MemoryStore(),
    cryptoCallbacks: {
      getSecretStorageKey: ({ keys }) => {
        const id = Object.keys(keys)[0];
        return Promise.resolve(opened.has(id) ? [id, opened.get(id)] : [id, options.recoveryKey]);
      },
      cacheSecretStorageKey: (id, _description, key) => opened.set(id, key),
    },
  });
  clients.add(client);
  if (options.encrypted ?? true) await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true, pendingEventOrdering: "detached" });
  await untilSynced(client);
  return client;
}

async function logIn(userId) {
  const door = sdk.createClient({ baseUrl, fetchFn: watchedFetch, logger: silence });
  const identifier = { type: "m.id.user", user: userId };
  const answer = await door.loginRequest({ type: "m.login.password", identifier, password });
  return { userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
}

const untilRoom = (client, roomId, membership) =>
  until(
    client,
    RoomEvent.MyMembership,
    (room, now) => room.roomId === roomId && now === membership && room,
    () => client.getRoom(roomId)?.getMyMembership() === membership && client.getRoom(roomId),
  );

/** Until the cryptography, which tells nobody when it has taken something in, says yes. */
async function untilTrue(isTrue) {
  while (!(await isTrue())) await new Promise((done) => setTimeout(done, 5));
}

const untilEncrypted = (client, roomId) => untilTrue(() => client.getCrypto().isEncryptionEnabledInRoom(roomId));

const untilMember = (client, roomId, userId, membership) => {
  const isThere = () => client.getRoom(roomId)?.getMember(userId)?.membership === membership;
  return until(client, RoomStateEvent.Members, isThere, isThere);
};

/** The event once it has come and, if it was encrypted, once it is readable. */
async function untilReadable(client, roomId, eventId) {
  const room = client.getRoom(roomId);
  const find = () => room.findEventById(eventId);
  const event = await until(room, RoomEvent.Timeline, find, find);
  const isClear = () => !event.isEncrypted() || (event.getClearContent() !== null && !event.isDecryptionFailure());
  await until(event, MatrixEventEvent.Decrypted, isClear, isClear);
  return event;
}

const send = async (client, roomId, type, content) => (await client.sendEvent(roomId, type, content)).event_id;
const say = (client, roomId, body, more = {}) =>
  send(client, roomId, "m.room.message", { msgtype: "m.text", body, ...more });

async function meet(camille, zoe) {
  const invite = [zoeId];
  const { room_id: roomId } = await camille.createRoom({ preset: "private_chat", name: "Crise de l'eau", invite });
  await untilRoom(zoe, roomId, "invite");
  step("invited");
  await zoe.joinRoom(roomId);
  await Promise.all([untilRoom(zoe, roomId, "join"), untilRoom(camille, roomId, "join")]);
  await Promise.all([untilEncrypted(camille, roomId), untilEncrypted(zoe, roomId)]);
  await untilMember(camille, roomId, zoeId, "join");
  step("joined", { encrypted: true });
  return roomId;
}

async function talk(camille, zoe, roomId) {
  const asked = await say(camille, roomId, "Combien de lits ?");
  const heard = await untilReadable(zoe, roomId, asked);
  step("heard", { text: heard.getContent().body, encrypted: heard.isEncrypted() });
  const answered = await say(zoe, roomId, "Douze.");
  const answer = await untilReadable(camille, roomId, answered);
  step("answered", { text: answer.getContent().body, encrypted: answer.isEncrypted() });
  return { asked, answered };
}

async function relate(camille, zoe, roomId, { asked, answered }) {
  const relation = { "m.in_reply_to": { event_id: answered } };
  const reply = await say(camille, roomId, "Seulement ?", { "m.relates_to": relation });
  step("replied", { to: (await untilReadable(zoe, roomId, reply)).replyEventId === answered });

  const edit = { rel_type: "m.replace", event_id: asked };
  const replaced = { "m.new_content": { msgtype: "m.text", body: "Combien de lits libres ?" }, "m.relates_to": edit };
  const original = zoe.getRoom(roomId).findEventById(asked);
  const isNew = () => original.getContent().body === "Combien de lits libres ?";
  await say(camille, roomId, "* Combien de lits libres ?", replaced);
  await until(original, MatrixEventEvent.Replaced, isNew, isNew);
  step("edited", { text: original.getContent().body });

  const key = { rel_type: "m.annotation", event_id: answered, key: "👍" };
  const reaction = await send(camille, roomId, "m.reaction", { "m.relates_to": key });
  const seen = await untilReadable(zoe, roomId, reaction);
  step("reacted", { key: seen.getRelation()?.key, to: seen.getRelation()?.event_id === answered });

  const isRedacted = () => seen.isRedacted();
  await camille.redactEvent(roomId, reaction);
  await until(seen, MatrixEventEvent.BeforeRedaction, () => true, isRedacted);
  step("redacted", { redacted: true });
  return reply;
}

async function show(camille, zoe, roomId, last) {
  const read = zoe.getRoom(roomId).findEventById(last);
  const room = camille.getRoom(roomId);
  const isRead = () => room.hasUserReadEvent(zoeId, last);
  const receipt = until(room, RoomEvent.Receipt, isRead, isRead);
  await zoe.sendReadReceipt(read);
  await receipt;
  step("receipt", { by: zoeId });
  const typing = until(camille, RoomMemberEvent.Typing, (_, member) => member.userId === zoeId && member.typing);
  await zoe.sendTyping(roomId, true, 20_000);
  await typing;
  step("typing", { by: zoeId });
}

async function share(camille, zoe, roomId) {
  const counter = crypto.getRandomValues(new Uint8Array(16));
  const key = await crypto.subtle.generateKey({ name: "AES-CTR", length: 256 }, true, ["encrypt", "decrypt"]);
  const plain = new TextEncoder().encode("Liste des lits ".repeat(1000));
  const sealed = await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, plain);
  const { content_uri: url } = await camille.uploadContent(new Blob([sealed]), { type: "application/octet-stream" });
  const file = { url, v: "v2", key: await crypto.subtle.exportKey("jwk", key), iv: "", hashes: {} };
  const id = await send(camille, roomId, "m.room.message", { msgtype: "m.file", body: "lits.pdf", file });
  const content = (await untilReadable(zoe, roomId, id)).getContent();
  const address = zoe.mxcUrlToHttp(content.file.url, undefined, undefined, undefined, false, true, true);
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${zoe.getAccessToken()}` } });
  const kept = await crypto.subtle.importKey("jwk", content.file.key, { name: "AES-CTR" }, false, ["decrypt"]);
  const opened = await crypto.subtle.decrypt({ name: "AES-CTR", counter, length: 64 }, kept, await answer.arrayBuffer());
  step("media", { status: answer.status, same: Buffer.from(opened).equals(Buffer.from(plain)) });
}

/** Identity, secret storage and backup. The recovery key, once every message key is in the backup. */
async function secure(client) {
  const api = client.getCrypto();
  await api.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (makeRequest) => makeRequest(null) });
  step("cross-signing", { ready: await api.isCrossSigningReady() });
  const key = await api.createRecoveryKeyFromPassphrase();
  const kept = until(client, CryptoEvent.KeyBackupSessionsRemaining, (remaining) => remaining === 0);
  await api.bootstrapSecretStorage({
    createSecretStorageKey: () => Promise.resolve(key),
    setupNewSecretStorage: true,
    setupNewKeyBackup: true,
  });
  step("secret-storage", { ready: await api.isSecretStorageReady() });
  await kept;
  step("backup", { version: await api.getActiveSessionBackupVersion() });
  return key.encodedPrivateKey;
}

/** Another device of the same person, that has the recovery key and nothing else. */
async function restore(credentials, recoveryKey, roomId, eventId) {
  const client = await start(credentials, { recoveryKey: decodeRecoveryKey(recoveryKey) });
  const api = client.getCrypto();
  // The person's own public identity is asked for before its private half is opened.
  await api.userHasCrossSigningKeys(client.getUserId(), true);
  await api.bootstrapCrossSigning({});
  await api.loadSessionBackupPrivateKeyFromSecretStorage();
  await api.checkKeyBackupAndEnable();
  const { imported } = await api.restoreKeyBackup();
  const room = client.getRoom(roomId);
  while (!room.findEventById(eventId)) await client.scrollback(room, 20);
  const event = room.findEventById(eventId);
  await client.decryptEventIfNeeded(event);
  const findStatus = () => api.getDeviceVerificationStatus(client.getUserId(), client.getDeviceId());
  await untilTrue(async () => (await findStatus()).crossSigningVerified);
  step("restored", {
    imported: imported > 0,
    text: event.getContent().body,
    verified: true,
  });
}

/** Stops a device and opens it again on its store: it asks only for what is new. */
async function resume(camille, roomId) {
  const store = new KeptStore();
  const credentials = await logIn(zoeId);
  const before = await start(credentials, { store, encrypted: false });
  const token = await store.getSavedSyncToken();
  before.stopClient();
  const missed = await say(camille, roomId, "Merci, à demain.");
  const kept = new KeptStore();
  kept.accumulator = store.accumulator;
  requests.length = 0;
  const after = await start(credentials, { store: kept, encrypted: false });
  const room = after.getRoom(roomId);
  const find = () => room.findEventById(missed);
  await until(room, RoomEvent.Timeline, find, find);
  const syncs = requests.filter(({ url }) => url.pathname.endsWith("/sync") && url.searchParams.has("since"));
  const bodies = requests.filter(({ url }) => url.pathname.endsWith("/sync")).length;
  step("resumed", { incremental: bodies > 0 && syncs.length === bodies, token: token !== null });
}

async function journey() {
  const camille = await start(await logIn(camilleId));
  const zoe = await start(await logIn(zoeId));
  step("signed-in", { users: [camille.getUserId(), zoe.getUserId()] });
  const roomId = await meet(camille, zoe);
  const said = await talk(camille, zoe, roomId);
  const last = await relate(camille, zoe, roomId, said);
  await show(camille, zoe, roomId, last);
  await share(camille, zoe, roomId);
  const recoveryKey = await secure(zoe);
  await restore(await logIn(zoeId), recoveryKey, roomId, said.asked);
  await resume(camille, roomId);
  step("done", { unanswered: [...unanswered].sort() });
}

try {
  await journey();
} finally {
  for (const client of clients) client.stopClient();
}
process.exit(0);
