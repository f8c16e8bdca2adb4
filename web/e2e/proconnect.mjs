/**
 * Signing in by ProConnect in a real browser: what cookies, redirections and the pages' policies truly let through.
 *
 *   node e2e/proconnect.mjs http://127.0.0.1:8008 http://localhost:9000
 *
 * The second address is the provider's, which also plays the application. One JSON line per step.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { closeAll, openPerson } from "./browser.mjs";
import { step } from "./telling.mjs";

const [base, provider] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const APPLICATION = `${provider}/?keep=1`;

/** The page is lawful for axe and does not scroll sideways. */
async function audit(page) {
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document)).violations.map(({ id }) => id));
  assert.deepEqual(faults, [], page.url());
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), page.url());
}

async function identify(page, sub) {
  await page.waitForURL(`${provider}/oauth2/authorize**`);
  await page.getByPlaceholder("sub").fill(sub);
  await page.getByRole("button", { name: "Authorize" }).click();
}

async function comeIn(page) {
  await page.goto(`${base}/_matrix/client/v3/login/sso/redirect?redirectUrl=${encodeURIComponent(APPLICATION)}`);
  await audit(page);
  await page.getByRole("link", { name: "S'identifier avec ProConnect" }).click();
  await identify(page, "jean-1");
  await page.getByRole("heading", { name: "Autoriser une application" }).waitFor();
  assert.match(await page.locator("main").textContent(), /@jean\.martin-prefecture\.example\.fr:/u);
  await audit(page);
  await page.getByRole("button", { name: "Autoriser" }).click();
  await page.waitForURL(`${provider}/?keep=1&loginToken=*`);
  const token = new URL(page.url()).searchParams.get("loginToken");
  const answer = await fetch(`${base}/_matrix/client/v3/login`, {
    method: "POST",
    body: JSON.stringify({ type: "m.login.token", token }),
  });
  assert.equal(answer.status, 200);
}

async function signOut(page) {
  await page.goto(`${base}/account?action=sign_out`);
  await page.locator("form button").click();
  await page.waitForURL(`${provider}/oauth2/end_session?**`);
  assert.ok(new URL(page.url()).searchParams.get("id_token_hint"));
  await page.goto(`${base}/account`);
  assert.equal(new URL(page.url()).pathname, "/account/sign-in");
}

async function turnAway(page) {
  await page.goto(`${base}/account/proconnect`);
  await identify(page, "luc-1");
  await page.getByRole("heading", { name: "Qui peut entrer ?" }).waitFor();
  await audit(page);
}

try {
  const { context, page, complaints } = await openPerson({ width: 320, height: 640 });
  // The provider's pages would fetch their look from a third party.
  await context.route(
    (url) => ![base, provider].includes(url.origin),
    (route) => route.abort(),
  );
  await step("an application comes in by ProConnect", () => comeIn(page));
  await step("signing out goes by the provider", () => signOut(page));
  await step("who may not come in is told why", () => turnAway(page));
  assert.deepEqual(
    complaints.filter((line) => !/status of 4\d\d|favicon|net::ERR_FAILED/u.test(line)),
    [],
  );
} finally {
  await closeAll();
}
