/**
 * What journeys of matrix-js-sdk in Node share: the SDK itself, people signed in, waiting, and one JSON line per step.
 *
 * Arguments of each journey: the folder of the client's packages, then the server's address, two user ids and their
 * password.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

for (const name of ["debug", "info", "log", "warn", "error"]) console[name] = () => undefined;

export const [packages, baseUrl, camilleId, zoeId, password] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
export const sdk = await load("matrix-js-sdk");
export const { PollStartEvent } = await load("matrix-js-sdk/lib/extensible_events_v1/PollStartEvent.js");
export const { PollResponseEvent } = await load("matrix-js-sdk/lib/extensible_events_v1/PollResponseEvent.js");
export const { PollEndEvent } = await load("matrix-js-sdk/lib/extensible_events_v1/PollEndEvent.js");

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silence };
const clients = new Set();
const unanswered = new Set();

export const step = (name, facts = {}) => process.stdout.write(`${JSON.stringify({ step: name, ...facts })}\n`);

/** Notes what the server did not know how to answer. */
async function watchedFetch(input, init) {
  const answer = await fetch(input, init);
  if ([404, 405, 501].includes(answer.status) && !(await answer.clone().text()).includes("M_NOT_FOUND")) {
    unanswered.add(`${init?.method ?? "GET"} ${new URL(String(input)).pathname} ${answer.status}`);
  }
  return answer;
}

/** What it says, once it says something: what is awaited is told by many events, or by none. */
export async function untilTrue(isTrue) {
  for (let found = await isTrue(); ; found = await isTrue()) {
    if (found) return found;
    await new Promise((done) => setTimeout(done, 10));
  }
}

export async function logIn(userId) {
  const door = sdk.createClient({ baseUrl, fetchFn: watchedFetch, logger: silence });
  const identifier = { type: "m.id.user", user: userId };
  const answer = await door.loginRequest({ type: "m.login.password", identifier, password });
  return { userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
}

/** A device that syncs, with its cryptography if `encrypted`. */
export async function start(userId, encrypted = false) {
  const options = { fetchFn: watchedFetch, logger: silence, disableVoip: true, timelineSupport: true };
  const client = sdk.createClient({ baseUrl, ...(await logIn(userId)), ...options });
  clients.add(client);
  if (encrypted) {
    await client.initRustCrypto({ useIndexedDB: false });
    await client.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: (ask) => ask(null) });
  }
  const threads = { threadSupport: true };
  const manner = { initialSyncLimit: 20, lazyLoadMembers: true, pendingEventOrdering: "detached", ...threads };
  await client.startClient(manner);
  await untilTrue(() => client.isInitialSyncComplete());
  return client;
}

export const untilIn = (client, roomId, membership = "join") =>
  untilTrue(() => client.getRoom(roomId)?.getMyMembership() === membership && client.getRoom(roomId));

export const untilMember = (client, roomId, userId, membership) =>
  untilTrue(() => client.getRoom(roomId)?.getMember(userId)?.membership === membership);

export const untilHeard = (client, roomId, eventId) =>
  untilTrue(() => {
    const event = client.getRoom(roomId).findEventById(eventId);
    const isClear = event && (!event.isEncrypted() || (event.getClearContent() !== null && !event.isDecryptionFailure()));
    return isClear && event;
  });

export const stateOf = (client, roomId, type, key = "") =>
  client.getRoom(roomId)?.currentState.getStateEvents(type, key)?.getContent();

export const send = async (client, roomId, type, content, threadId = null) =>
  (await client.sendEvent(roomId, threadId, type, content)).event_id;

export const say = (client, roomId, body, threadId = null) =>
  send(client, roomId, "m.room.message", { msgtype: "m.text", body }, threadId);

/** The errcode of what must be refused. */
export const refusalOf = (attempt) =>
  attempt.then(
    () => "accepted",
    (error) => error.errcode ?? error.message,
  );

/** Plays the journey to its end; every device is stopped, whatever happens. */
export async function play(journey) {
  try {
    await journey();
    step("done", { unanswered: [...unanswered].sort() });
  } finally {
    for (const client of clients) client.stopClient();
  }
  process.exit(0);
}
