/**
 * A new device signed in by the code another one shows (MSC4108), with matrix-js-sdk on both sides, our OAuth 2.0
 * between them and our pages in Chromium: one JSON line per step on the standard output.
 *
 * Arguments: the folder of the client's packages, the server's address, a user id, the person's address and password.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

for (const name of ["debug", "info", "log", "warn", "error"]) console[name] = () => undefined;

const [packages, baseUrl, userId, email, password] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const sdk = await load("matrix-js-sdk");
const rendezvous = await load("matrix-js-sdk/lib/rendezvous/index.js");
// The very module the SDK imports: its classes are known to no other copy.
const wasm = new URL("./node.mjs", pathToFileURL(require.resolve("@matrix-org/matrix-sdk-crypto-wasm")));
const { QrCodeData } = await import(wasm.href);
const { openPerson, closeAll } = await import(pathToFileURL(`${packages}/e2e/browser.mjs`).href);

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silence };
const clients = [];
const step = (name, facts = {}) => process.stdout.write(`${JSON.stringify({ step: name, ...facts })}\n`);
const fail = (reason) => {
  throw new Error(`the meeting failed: ${reason}`);
};

async function untilTrue(isTrue) {
  while (!(await isTrue())) await new Promise((done) => setTimeout(done, 10));
}

async function start(credentials) {
  const client = sdk.createClient({ baseUrl, ...credentials, logger: silence, disableVoip: true });
  clients.push(client);
  await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ lazyLoadMembers: true });
  await untilTrue(() => client.isInitialSyncComplete());
  return client;
}

/** A device signed in by password, with the person's identity. */
async function openKnown() {
  const door = sdk.createClient({ baseUrl, logger: silence });
  const identifier = { type: "m.id.user", user: userId };
  const answer = await door.loginRequest({ type: "m.login.password", identifier, password });
  const client = await start({ userId, deviceId: answer.device_id, accessToken: answer.access_token });
  const api = client.getCrypto();
  await api.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (ask) => ask(null) });
  await untilTrue(() => api.isCrossSigningReady());
  return client;
}

/** The new device's side, from the code it scanned. */
function scan(bytes) {
  const code = QrCodeData.fromBytes(bytes);
  const session = new rendezvous.MSC4108RendezvousSession({ url: code.rendezvousUrl, onFailure: fail });
  const channel = new rendezvous.MSC4108SecureChannel(session, code.publicKey, fail);
  return new rendezvous.MSC4108SignInWithQR(channel, true, undefined, fail);
}

async function allow(page, address) {
  await page.goto(address);
  await page.locator("#user").fill(email);
  await page.locator("#password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Autoriser" }).click();
  await page.getByRole("heading", { name: "Appareil connecté" }).waitFor();
}

async function journey() {
  const known = await openKnown();
  step("offered", { available: await rendezvous.isSignInWithQRAvailable(known) });
  const shown = await rendezvous.linkNewDeviceByGeneratingQR(known, fail, new AbortController().signal);
  const scanned = scan(shown.code);
  await Promise.all([shown.negotiateProtocols(), scanned.negotiateProtocols()]);
  step("met", { same: shown.checkCode !== undefined && shown.checkCode === scanned.checkCode });

  const metadata = await sdk.createClient({ baseUrl, logger: silence }).getAuthMetadata();
  const about = {
    client_name: "Messages",
    client_uri: "https://messages.example/",
    application_type: "native",
    redirect_uris: ["http://127.0.0.1/done"],
  };
  const clientId = await sdk.OAuth2.registerClient(metadata, about, silence);
  const deviceId = "NOUVELAPPAREIL";
  const [, asked] = await Promise.all([
    scanned.deviceAuthorizationGrant({ metadata, clientId, deviceId }),
    shown.deviceAuthorizationGrant(),
  ]);
  const given = shown.shareSecrets();
  const entered = scanned.completeLoginOnNewDevice({ clientId });
  const { page, complaints } = await openPerson({ width: 390 });
  await allow(page, asked.verificationUri);
  const tokens = await entered;
  const fresh = await start({ userId, deviceId, accessToken: tokens.access_token });
  step("entered", { device: (await fresh.whoami()).device_id === deviceId, complaints });

  const { secrets } = await scanned.shareSecrets();
  await given;
  await fresh.getCrypto().importSecretsBundle(secrets);
  const status = () => fresh.getCrypto().getDeviceVerificationStatus(userId, deviceId);
  await fresh.getCrypto().userHasCrossSigningKeys(userId, true);
  await fresh.getCrypto().crossSignDevice(deviceId);
  await untilTrue(async () => (await status())?.crossSigningVerified);
  step("trusted", { device: true });
}

try {
  await journey();
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exitCode = 1;
} finally {
  for (const client of clients) client.stopClient();
  await closeAll();
}
process.exit();
