/**
 * A town hall nobody had opened proves its domain by itself, and its first agent writes to a prefecture.
 *
 *   node e2e/onboarding.mjs http://127.0.0.1:8008 --domain D --look-alike D --colleague NAME [--shots DIR]
 *
 * Prints one JSON line per step; `{"publish": {name, text}}` asks whoever runs this to put a record into the DNS.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { closeAll, openPerson } from "./browser.mjs";
import * as steps from "./steps.mjs";
import { shoot, step } from "./telling.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    domain: { type: "string" },
    "look-alike": { type: "string" },
    colleague: { type: "string" },
    shots: { type: "string" },
  },
});
const base = positionals[0].replace(/\/+$/u, "");
const MAYOR = `maire@${options.domain}`;
const AGENT = `claire.fontaine@${options.domain}`;

/** The page is lawful for axe, and was photographed. */
async function look(page, name) {
  assert.deepEqual(await steps.findObstacles(page), [], name);
  await shoot(page, options.shots, name, { fullPage: true });
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function press(page, name) {
  await Promise.all([page.waitForEvent("framenavigated"), button(page, name).click()]);
  await page.waitForLoadState();
}

/** The web client does not know the domain, and says where it may be opened. */
async function isSentOn(page) {
  await page.goto(base);
  await page.getByTestId("email").fill(MAYOR);
  await button(page, "Créer mon compte").click();
  const [opened] = await Promise.all([page.waitForEvent("popup"), page.locator(`a[href="${base}/ouvrir"]`).click()]);
  await opened.waitForLoadState();
  return opened;
}

async function proveMailbox(page) {
  await look(page, "address");
  await page.getByLabel("Votre adresse professionnelle").fill(MAYOR);
  await press(page, "Recevoir un code");
  await page.getByLabel("Code à six chiffres").fill(await steps.readCode(base, MAYOR));
  await press(page, "Continuer");
}

async function describe(page) {
  await page.getByLabel("Nom complet").fill("Mairie de Rochevieille");
  await page.getByLabel("Nombre d'agents").fill("quelques");
  await press(page, "Continuer");
  await look(page, "description-wrong");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "alert");
  await page.getByLabel("Nombre d'agents").fill("14");
  await page.getByLabel(/^J'accepte les conditions/u).check();
  await press(page, "Continuer");
}

async function proveDomain(page) {
  await look(page, "proof");
  const [name, , text] = await page.locator("dd code").allInnerTexts();
  await press(page, "Vérifier maintenant");
  await page.getByText("pas encore visible").waitFor();
  console.log(JSON.stringify({ publish: { name, text } }));
  await steps.waitFor("the record", async () => {
    await press(page, "Vérifier maintenant");
    return (await page.getByRole("heading", { name: "Votre administration est ouverte" }).count()) > 0;
  });
  await look(page, "opened");
  await page.getByRole("link", { name: "Créer mon compte" }).waitFor();
}

async function isStopped(page) {
  await page.goto(`${base}/ouvrir`);
  await page.getByLabel("Votre adresse professionnelle").fill(`maire@${options["look-alike"]}`);
  await press(page, "Recevoir un code");
  await page.getByRole("heading", { name: "Ce domaine ne peut pas être ouvert" }).waitFor();
  const words = await page.getByRole("alert").innerText();
  assert.ok(words.includes(`se lit comme ${options.domain}`), words);
  await look(page, "stopped");
  assert.deepEqual(await steps.readMails(base, `maire@${options["look-alike"]}`), []);
}

try {
  const clerk = await openPerson({ width: 390, height: 844 });
  let page = clerk.page;
  await step("an agent of an unopened domain is shown the way", async () => void (page = await isSentOn(clerk.page)));
  await step("the mailbox is proven", () => proveMailbox(page));
  await step("the administration is described", () => describe(page));
  await step("the domain is proven", () => proveDomain(page));
  const agent = await openPerson();
  await step("the first agent signs up and writes", async () => {
    await steps.signUp(agent.page, base, AGENT);
    await steps.findPerson(agent.page, options.colleague, options.colleague);
    await steps.write(agent.page, "Bonjour, la mairie est arrivée");
    await steps.sees(agent.page, "la mairie est arrivée");
  });
  await step("a look-alike of the domain is stopped", () => isStopped(page));
} finally {
  await closeAll();
}
