/**
 * matrix-js-sdk's own OAuth 2.0 in Node, with the pages opened in Chromium: one JSON line per step on the standard
 * output. Arguments: the folder of the client's packages, the server's address, a person's address and her password.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

for (const name of ["debug", "info", "log", "warn", "error"]) console[name] = () => undefined;

const [packages, baseUrl, email, password] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const sdk = await load("matrix-js-sdk");
const { openPerson, closeAll } = await import(pathToFileURL(`${packages}/e2e/browser.mjs`).href);

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silence };
const step = (name, facts = {}) => process.stdout.write(`${JSON.stringify({ step: name, ...facts })}\n`);

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const faults = [];

/** Notes what axe finds wrong, and a page that scrolls sideways on a telephone. */
async function audit(page) {
  await page.evaluate(AXE);
  const run = async (tags) => (await window.axe.run(document, { runOnly: tags })).violations.map(({ id }) => id);
  faults.push(...(await page.evaluate(run, RULES)));
  const isWide = () => document.documentElement.scrollWidth > window.innerWidth;
  if (await page.evaluate(isWide)) faults.push(`${page.url()} scrolls sideways`);
}

/** Where a native application on this computer is sent back to. */
async function listen() {
  let arrived;
  const answer = new Promise((resolve) => (arrived = resolve));
  const server = createServer((request, response) => {
    response.end("Merci.");
    const url = new URL(request.url, "http://127.0.0.1");
    if (url.pathname === "/done") arrived(Object.fromEntries(url.searchParams));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { uri: `http://127.0.0.1:${server.address().port}/done`, answer, close: () => server.close() };
}

async function register(metadata) {
  const about = {
    client_name: "Messages",
    "client_name#fr": "Messagerie",
    client_uri: "https://messages.example/",
    logo_uri: "https://messages.example/logo.png",
    application_type: "native",
    redirect_uris: ["http://127.0.0.1/done"],
  };
  const clientId = await sdk.OAuth2.registerClient(metadata, about, silence);
  step("registered", { again: (await sdk.OAuth2.registerClient(metadata, about, silence)) === clientId });
  return clientId;
}

async function authorise(metadata, clientId, page) {
  const oauth = new sdk.OAuth2(metadata, { clientId }, silence);
  const back = await listen();
  await page.goto(await oauth.generateAuthorizationCodeGrantUrl("etat", back.uri, "query"));
  await page.locator("#user").fill(email);
  await page.locator("#password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Autoriser" }).waitFor();
  await audit(page);
  const heading = await page.getByRole("heading", { level: 1 }).textContent();
  await page.getByRole("button", { name: "Autoriser" }).click();
  const { code, state, iss } = await back.answer;
  back.close();
  const tokens = await oauth.completeAuthorizationCodeGrant(code, back.uri);
  step("authorised", { heading, state, issuer: iss === metadata.issuer, type: tokens.token_type });
  return { tokens, deviceId: oauth.context.deviceId };
}

async function start(clientId, { tokens, deviceId }) {
  const whoami = await sdk.createClient({ baseUrl, accessToken: tokens.access_token, logger: silence }).whoami();
  let refreshed = 0;
  const client = sdk.createClient({
    baseUrl,
    userId: whoami.user_id,
    deviceId,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    oauthClientId: clientId,
    onTokenRefresh: () => (refreshed += 1),
    logger: silence,
    disableVoip: true,
  });
  step("entered", { device: whoami.device_id === deviceId });
  // Longer than an access token lives here: the SDK must have refreshed by itself.
  await new Promise((done) => setTimeout(done, 3000));
  await client.whoami();
  step("refreshed", { refreshed: refreshed > 0, device: (await client.whoami()).device_id === deviceId });
  return client;
}

async function reset(client, page) {
  await client.initRustCrypto({ useIndexedDB: false });
  const api = client.getCrypto();
  await api.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (makeRequest) => makeRequest(null) });
  let stage;
  await api.bootstrapCrossSigning({
    setupNewCrossSigning: true,
    authUploadDeviceSigningKeys: async (makeRequest) => {
      const { data } = await makeRequest(null).catch((error) => error);
      stage = data.flows[0].stages[0];
      await page.goto(data.params[stage].url);
      await page.getByRole("button", { name: "Recommencer la vérification" }).click();
      await page.getByRole("status").waitFor();
      await makeRequest({ session: data.session });
    },
  });
  step("reset", { stage, ready: await api.isCrossSigningReady() });
}

async function link(metadata, clientId, page) {
  const oauth = new sdk.OAuth2(metadata, { clientId }, silence);
  const session = await oauth.startDeviceAuthorizationGrant();
  const waiting = oauth.waitForDeviceAuthorizationGrant({ ...session, interval: 5 });
  await page.goto(session.verification_uri);
  await audit(page);
  await page.locator("#user_code").fill("BBBB");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await audit(page);
  await page.locator("#user_code").fill(session.user_code);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Autoriser" }).waitFor();
  await audit(page);
  await page.getByRole("button", { name: "Autoriser" }).click();
  await page.getByRole("heading", { name: "Appareil connecté" }).waitFor();
  const tokens = await waiting;
  const client = sdk.createClient({ baseUrl, accessToken: tokens.access_token, logger: silence });
  step("linked", { device: (await client.whoami()).device_id === oauth.context.deviceId });
}

async function leave(client) {
  const accessToken = client.getAccessToken();
  await client.logout(true);
  const after = await sdk
    .createClient({ baseUrl, accessToken, logger: silence })
    .whoami()
    .catch((error) => error.errcode);
  step("left", { after });
}

try {
  const metadata = await sdk.createClient({ baseUrl, logger: silence }).getAuthMetadata();
  step("discovered", { devices: metadata.grant_types_supported.includes(sdk.OAuthGrantType.DeviceAuthorization) });
  const clientId = await register(metadata);
  const { page } = await openPerson({ width: 320, height: 640 });
  const signedIn = await authorise(metadata, clientId, page);
  const client = await start(clientId, signedIn);
  await reset(client, page);
  await link(metadata, clientId, page);
  await leave(client);
  step("done", { faults });
} catch (error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exitCode = 1;
} finally {
  await closeAll();
}
process.exit();
