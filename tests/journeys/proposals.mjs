/**
 * What matrix-js-sdk does beyond the specification, in Node with its Rust cryptography: one JSON line per step.
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
const { CryptoEvent } = await load("matrix-js-sdk/lib/crypto-api/index.js");
const { MSC4108RendezvousSession, MSC4108SecureChannel } = await load("matrix-js-sdk/lib/rendezvous/index.js");
// The very module the SDK imports: its classes are known to no other copy.
const wasm = new URL("./node.mjs", pathToFileURL(require.resolve("@matrix-org/matrix-sdk-crypto-wasm")));
const { QrCodeData, QrCodeIntent } = await import(wasm.href);

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silence };
const clients = new Set();
const step = (name, facts = {}) => process.stdout.write(`${JSON.stringify({ step: name, ...facts })}\n`);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until it says yes: what is awaited is told by many events, or by none. */
async function untilTrue(isTrue) {
  for (let found = await isTrue(); ; found = await isTrue()) {
    if (found) return found;
    await pause(10);
  }
}

async function logIn(userId) {
  const door = sdk.createClient({ baseUrl, logger: silence });
  const identifier = { type: "m.id.user", user: userId };
  const answer = await door.loginRequest({ type: "m.login.password", identifier, password });
  return { userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
}

/** `opened` holds the secret storage keys a person has typed, by id. */
async function start(userId, opened = new Map()) {
  const client = sdk.createClient({
    baseUrl,
    ...(await logIn(userId)),
    logger: silence,
    disableVoip: true,
    timelineSupport: true,
    cryptoCallbacks: {
      getSecretStorageKey: ({ keys }) => {
        const id = Object.keys(keys)[0];
        return Promise.resolve([id, opened.get(id) ?? opened.get("")]);
      },
      cacheSecretStorageKey: (id, _description, key) => opened.set(id, key),
    },
  });
  clients.add(client);
  await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true, pendingEventOrdering: "detached" });
  await untilTrue(() => client.isInitialSyncComplete());
  return client;
}

/** Her identity, signed by herself: others send keys to no device without one. */
async function identify(client) {
  await client.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: (ask) => ask(null) });
  await untilTrue(() => client.getCrypto().isCrossSigningReady());
}

const text = (body) => ({ msgtype: "m.text", body });
const say = async (client, roomId, body) => (await client.sendEvent(roomId, "m.room.message", text(body))).event_id;

async function makeRoom(client) {
  const shared = { type: "m.room.history_visibility", state_key: "", content: { history_visibility: "shared" } };
  const made = await client.createRoom({ preset: "private_chat", name: "Inondation", initial_state: [shared] });
  await untilTrue(() => client.getRoom(made.room_id)?.getMyMembership() === "join");
  await untilTrue(() => client.getCrypto().isEncryptionEnabledInRoom(made.room_id));
  await untilTrue(() => client.getRoom(made.room_id).getHistoryVisibility() === "shared");
  return made.room_id;
}

/** The clear text of an event, old ones fetched, once the keys are there. */
async function read(client, roomId, eventId) {
  const room = client.getRoom(roomId);
  while (!room.findEventById(eventId)) await client.scrollback(room, 20);
  const event = room.findEventById(eventId);
  return untilTrue(async () => {
    if (event.isDecryptionFailure() || event.getClearContent() === null) {
      await event.attemptDecryption(client.getCrypto(), { isRetry: true });
    }
    return event.isDecryptionFailure() ? null : event.getContent().body;
  });
}

/** Encrypted history is handed to whoever is invited (Matrix 1.19, "Sharing room keys … with invited users"). */
async function shareHistory(camille, zoe) {
  const roomId = await makeRoom(camille);
  const before = await say(camille, roomId, "Avant votre arrivée");
  await camille.invite(roomId, zoeId);
  await untilTrue(() => zoe.getRoom(roomId)?.getMyMembership() === "invite");
  await zoe.joinRoom(roomId, { acceptSharedHistory: true });
  await untilTrue(() => zoe.getRoom(roomId)?.getMyMembership() === "join");
  step("history", { text: await read(zoe, roomId, before) });
  return roomId;
}

async function delay(camille, zoe, roomId) {
  const when = { delay: 300 };
  const sent = await camille._unstable_sendDelayedStateEvent(roomId, when, "m.room.topic", { topic: "Après" });
  const kept = await camille._unstable_sendDelayedStateEvent(roomId, { delay: 60_000 }, "m.room.name", { name: "Jamais" });
  const listed = await camille._unstable_getDelayedEvents("scheduled");
  await camille._unstable_restartScheduledDelayedEvent(kept.delay_id);
  await camille._unstable_cancelScheduledDelayedEvent(kept.delay_id);
  const topic = () => zoe.getRoom(roomId).currentState.getStateEvents("m.room.topic", "")?.getContent().topic;
  await untilTrue(() => topic() === "Après");
  const one = await untilTrue(async () => (await camille._unstable_getDelayedEvent(sent.delay_id)).finalised);
  const ended = await camille._unstable_getDelayedEvents("finalised", kept.delay_id);
  const tooLong = await camille
    ._unstable_sendDelayedStateEvent(roomId, { delay: 1e14 }, "m.room.name", { name: "Trop tard" })
    .catch((error) => error.data["org.matrix.msc4140.errcode"]);
  step("delayed", {
    listed: listed.scheduled.length === 2,
    sent: one.event_id.startsWith("$"),
    cancelled: ended.finalised[0].outcome,
    tooLong,
  });
}

/** Zoe has a sleeping device and no other; what was said meanwhile is read by the next one that signs in. */
async function dehydrate(camille, zoe, roomId) {
  const api = zoe.getCrypto();
  const key = await api.createRecoveryKeyFromPassphrase();
  await api.bootstrapSecretStorage({ createSecretStorageKey: () => Promise.resolve(key), setupNewSecretStorage: true });
  const supported = await api.isDehydrationSupported();
  await api.startDehydration({ createNewKey: true });
  zoe.stopClient();
  await zoe.logout(true);
  clients.delete(zoe);
  // Others see that one device, and that it sleeps.
  await untilTrue(async () => {
    const known = (await camille.getCrypto().getUserDeviceInfo([zoeId])).get(zoeId);
    return known.size === 1 && [...known.values()][0].dehydrated;
  });
  const missed = await say(camille, roomId, "Pendant votre absence");
  const again = await start(zoeId, new Map([["", key.privateKey]]));
  let keys = 0;
  again.on(CryptoEvent.RehydrationProgress, (count) => (keys = count));
  // The person's own public identity is asked for before its private half is opened.
  await again.getCrypto().userHasCrossSigningKeys(zoeId, true);
  await again.getCrypto().bootstrapCrossSigning({});
  await again.getCrypto().startDehydration();
  step("dehydrated", { supported, keys: keys > 0, text: await read(again, roomId, missed) });
}

/** One device shows a code, the other scans it, and both speak sealed over the rendezvous (MSC4108). */
async function meet(camille) {
  const shown = new MSC4108RendezvousSession({ client: camille });
  await shown.send("");
  const first = new MSC4108SecureChannel(shown);
  const code = QrCodeData.fromBytes(await first.generateCode(QrCodeIntent.Reciprocate, camille.getDomain()));
  const scanned = new MSC4108RendezvousSession({ url: code.rendezvousUrl });
  await scanned.receive();
  const second = new MSC4108SecureChannel(scanned, code.publicKey);
  await Promise.all([first.connect(), second.connect()]);
  await first.secureSend({ type: "m.login.protocols" });
  const heard = await second.secureReceive();
  step("met", { same: first.getCheckCode() === second.getCheckCode(), heard: heard.type });
  await second.close();
  const gone = await fetch(code.rendezvousUrl);
  step("parted", { status: gone.status });
}

async function journey() {
  const [camille, zoe] = [await start(camilleId), await start(zoeId)];
  await identify(camille);
  await identify(zoe);
  const roomId = await shareHistory(camille, zoe);
  await delay(camille, zoe, roomId);
  await meet(camille);
  step("transports", { found: await camille._unstable_getRTCTransports() });
  await dehydrate(camille, zoe, roomId);
  step("done");
}

try {
  await journey();
} finally {
  for (const client of clients) client.stopClient();
}
process.exit(0);
