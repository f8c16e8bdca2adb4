/**
 * The server's own pages in a real browser, by keyboard alone: an application sends somebody to sign up, then to sign in.
 *
 *   node e2e/account.mjs http://127.0.0.1:8008 [--shots DIR]
 *
 * Each page is audited by axe, and must not scroll sideways on a telephone of 320 pixels. One JSON line per step.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { closeAll, openPerson } from "./browser.mjs";
import { shoot, step } from "./telling.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: "string" } },
});
const base = (positionals[0] ?? "http://127.0.0.1:8008").replace(/\/+$/u, "");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const EMAIL = "camille.durand@prefecture.example.fr";
const PASSWORD = "Une-phrase-assez-longue-7";
const VERIFIER = "un-verificateur-assez-long-pour-la-regle-0123456789";
const TELEPHONE = { width: 320, height: 640 };

/** The page is lawful for axe, fits a telephone, and was photographed. */
async function audit(page, name) {
  await page.evaluate(AXE);
  const [looked, faults] = await page.evaluate(async (tags) => {
    const { passes, violations } = await window.axe.run(document, { runOnly: tags });
    return [passes.length, violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)];
  }, RULES);
  assert.deepEqual(faults, [], name);
  assert.ok(looked > 10, `axe looked at little on ${name}`);
  const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needed <= given, `${name} scrolls sideways: ${needed} > ${given}`);
  await shoot(page, options.shots, name, { fullPage: true });
}

/** Presses Tab until the element with that name has the focus, and shows it. */
async function reach(page, words) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.labels?.[0]?.textContent ?? element.textContent;
      return { label: label.trim(), ring: getComputedStyle(element).outlineStyle };
    });
    if (focus.label === words) {
      assert.notEqual(focus.ring, "none", `the focus on "${words}" is not seen`);
      return;
    }
  }
  throw new Error(`no "${words}" is reached by keyboard`);
}

async function fill(page, label, text) {
  await reach(page, label);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Enter, and the page it leads to. */
async function enter(page) {
  await Promise.all([page.waitForEvent("framenavigated"), page.keyboard.press("Enter")]);
  await page.waitForLoadState();
}

async function press(page, button) {
  await reach(page, button);
  await enter(page);
}

async function readCode() {
  const mails = await (await fetch(`${base}/_tchap/mailbox.json?to=${EMAIL}`)).json();
  return /\b\d{6}\b/u.exec(mails.at(-1).text)[0];
}

/** An application on this machine: where it waits for the answer, and the answers it got. */
async function openApplication() {
  const answers = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    if (url.pathname === "/retour") answers.push(url.searchParams);
    response.setHeader("Content-Type", "text/html").end("<title>Application</title>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const redirect = `http://127.0.0.1:${server.address().port}/retour`;
  const registered = await fetch(`${base}/oauth2/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_name: "Messages",
      client_uri: "https://messages.example/",
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/retour"],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    }),
  });
  return { server, answers, redirect, clientId: (await registered.json()).client_id };
}

function authorizeUrl(app, device, more) {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: app.clientId,
    redirect_uri: app.redirect,
    scope: `urn:matrix:client:api:* urn:matrix:client:device:${device}`,
    state: device,
    response_mode: "query",
    code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  });
  return `${base}/oauth2/authorize?${query}`;
}

async function allow(page, app, device, name) {
  await audit(page, name);
  await press(page, "Autoriser");
  await page.waitForURL(`${app.redirect}**`);
  const answer = app.answers.at(-1);
  assert.equal(answer.get("state"), device);
  assert.ok(answer.get("code"), String(answer));
}

async function signUp(page, app) {
  await page.goto(authorizeUrl(app, "PREMIER001", { prompt: "create", login_hint: EMAIL }));
  await audit(page, "sign-up");
  await press(page, "Recevoir un code");
  await audit(page, "code");
  await fill(page, "Code à six chiffres", "12");
  await enter(page);
  await audit(page, "code-wrong");
  const focused = await page.evaluate(() => document.activeElement.getAttribute("role"));
  assert.equal(focused, "alert", "the summary of what is wrong has the focus");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "code", "its link leads to the field");
  await page.keyboard.type(await readCode());
  await enter(page);
  await audit(page, "password");
  await fill(page, "Mot de passe", PASSWORD);
  await fill(page, "Le même mot de passe, une seconde fois", PASSWORD);
  await reach(page, "J'ai lu et j'accepte les conditions d'utilisation");
  await page.keyboard.press("Space");
  await press(page, "Créer mon compte");
  await allow(page, app, "PREMIER001", "consent");
}

async function signIn(page, app) {
  await page.goto(authorizeUrl(app, "SECOND0001", {}));
  await audit(page, "sign-in");
  await fill(page, "Adresse professionnelle", EMAIL);
  await fill(page, "Mot de passe", "Pas-le-bon-mot-1");
  await enter(page);
  await audit(page, "sign-in-wrong");
  await fill(page, "Mot de passe", PASSWORD);
  await enter(page);
  await allow(page, app, "SECOND0001", "consent-again");
}

async function lookAround(page) {
  await page.goto(`${base}/account`);
  await audit(page, "account");
  const ways = await page.locator("ul.ways a").evaluateAll((links) => links.map(({ href }) => href));
  assert.equal(ways.length, 6);
  for (const way of ways) {
    await page.goto(way);
    await audit(page, `account-${new URL(way).searchParams.get("action")}`);
  }
  await page.goto(`${base}/account/forgotten`);
  await audit(page, "forgotten");
  await page.goto(`${base}/account/sign-in?continue=https://piege.example`);
  await audit(page, "refused");
  await page.goto(`${base}/_tchap/terms?lang=en`);
  await audit(page, "terms");
}

async function signOut(page) {
  await page.goto(`${base}/account`);
  await press(page, "Déconnecter ce navigateur");
  await press(page, "Déconnecter ce navigateur");
  assert.equal(new URL(page.url()).pathname, "/account/sign-in");
}

const app = await openApplication();
try {
  const phone = await openPerson(TELEPHONE);
  await step("sign-up by keyboard", () => signUp(phone.page, app));
  const dark = await openPerson({ ...TELEPHONE, colorScheme: "dark" });
  await step("sign-in by keyboard", () => signIn(dark.page, app));
  await step("every page in the dark", () => lookAround(dark.page));
  await step("every page in the light", () => lookAround(phone.page));
  await step("sign out", () => signOut(phone.page));
  const complaints = [...phone.complaints, ...dark.complaints].filter((line) => !/status of 4\d\d|favicon/u.test(line));
  assert.deepEqual(complaints, []);
} finally {
  await closeAll();
  app.server.close();
}
