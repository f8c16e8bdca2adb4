/** What a person does, by the roles and names a screen reader would use. */
import axe from "axe-core";

export const PASSWORD = "Une-phrase-assez-longue-7";
const WAIT_MS = 30_000;

export function delay(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

export async function waitFor(what, job, limitMs = WAIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await job();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited too long: ${what}`);
    await delay(150);
  }
}

/** What the built-in mailbox holds for this address, oldest first. */
export async function readMails(base, email) {
  const answer = await fetch(`${base}/_tchap/mailbox.json?to=${encodeURIComponent(email)}`);
  return answer.ok ? answer.json() : [];
}

/** The last code sent to this address, once there are more than `after` messages. */
export async function readCode(base, email, after = 0) {
  return waitFor(`a code for ${email}`, async () => {
    const mails = await readMails(base, email);
    if (mails.length <= after) return null;
    return /\b(\d{6})\b/u.exec(`${mails.at(-1).subject}\n${mails.at(-1).text}`)?.[1] ?? null;
  });
}

export async function signUp(page, base, email) {
  await page.goto(base);
  await page.getByTestId("email").fill(email);
  await page.getByRole("button", { name: "Créer mon compte" }).click();
  await page.getByTestId("password").fill(PASSWORD);
  await page.getByTestId("terms").check();
  await page.getByRole("button", { name: "Recevoir mon code" }).click();
  await page.getByTestId("code").waitFor();
  await page.getByTestId("code").fill(await readCode(base, email));
  await page.getByRole("button", { name: "Valider" }).click();
  return noteRecoveryCode(page);
}

export async function noteRecoveryCode(page) {
  const box = page.getByTestId("recovery-code");
  await box.waitFor({ timeout: 60_000 });
  const code = (await box.innerText()).replace(/\s+/gu, " ").trim();
  await page.getByTestId("recovery-noted").check();
  await page.getByRole("button", { name: "Continuer vers Tchap" }).click();
  await page.getByTestId("room-list").waitFor();
  return code;
}

export async function signIn(page, base, email, password = PASSWORD) {
  await page.goto(base);
  await page.getByTestId("email").fill(email);
  await page.getByRole("button", { name: "Se connecter" }).click();
  await page.getByTestId("password").fill(password);
  await page.getByRole("button", { name: "Se connecter" }).click();
}

/** A forgotten password, from the first screen to the one that asks for the new password; other devices stay. */
export async function resetPassword(page, base, email, password) {
  const before = (await readMails(base, email)).length;
  await page.goto(base);
  await page.getByTestId("email").fill(email);
  await page.getByRole("button", { name: "Se connecter" }).click();
  await page.getByRole("button", { name: "Mot de passe oublié" }).click();
  await page.getByRole("button", { name: "Recevoir mon code" }).click();
  await page.getByTestId("code").waitFor();
  await page.getByTestId("code").fill(await readCode(base, email, before));
  await page.getByRole("button", { name: "Valider" }).click();
  await page.getByTestId("password").fill(password);
  await page.getByLabel("Les garder connectés").check();
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByText("Votre mot de passe est changé").waitFor();
}

/** Signs out from the settings; returns what the browser still keeps, which should be nothing of the account. */
export async function signOut(page) {
  await page.getByTestId("settings").click();
  await page.getByRole("button", { name: "Se déconnecter" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Se déconnecter" }).click();
  await page.getByTestId("email").waitFor();
  return page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const keys = Object.keys(localStorage).filter((key) => /tchap\.account|mx/u.test(key));
    return [...databases, ...keys];
  });
}

/** The symbols this device shows, in their order. */
export async function readSymbols(page) {
  const list = page.getByRole("alertdialog").getByRole("listitem");
  await waitFor("seven symbols", async () => (await list.count()) === 7);
  return list.allInnerTexts();
}

export async function saysSame(page) {
  await page.getByRole("button", { name: "Ils sont identiques" }).click();
}

export async function enterRecoveryCode(page, code) {
  await page.getByTestId("recovery-code").fill(code);
  await page.getByRole("button", { name: "Ouvrir mes conversations" }).click();
}

/** The backup leaves in its own time (up to ten seconds after a message): waits until it has stopped growing. */
export async function waitForBackup(page, base, least) {
  let [count, since] = [0, Date.now()];
  await waitFor("the backup", async () => {
    const now = await page.evaluate(async (url) => {
      const { accessToken } = JSON.parse(localStorage.getItem("tchap.account"));
      const headers = { Authorization: `Bearer ${accessToken}` };
      return (await (await fetch(`${url}/_matrix/client/v3/room_keys/version`, { headers })).json()).count;
    }, base);
    if (now !== count) [count, since] = [now, Date.now()];
    return count >= least && Date.now() - since > 11_000;
  }, 60_000);
  return { sessions: count };
}

/** Looks the person up in the directory and opens the conversation. */
export async function findPerson(page, term, name) {
  await page.getByTestId("new").click();
  await page.getByRole("menuitem", { name: "Nouveau message" }).click();
  await page.getByTestId("people-search").fill(term);
  await page.getByTestId("people-result").filter({ hasText: name }).first().click();
  await page.getByTestId("composer").waitFor();
}

export async function acceptInvitation(page, from) {
  await page.getByTestId("room-item").filter({ hasText: from }).first().click();
  await page.getByRole("button", { name: "Accepter" }).click();
  await page.getByTestId("composer").waitFor();
}

export async function openRoom(page, name) {
  await page.getByTestId("room-item").filter({ hasText: name }).first().click();
  await page.getByTestId("timeline").waitFor();
}

export async function write(page, text) {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("send").click();
}

export async function sees(page, text, limitMs = WAIT_MS) {
  await page.getByTestId("message").filter({ hasText: text }).first().waitFor({ timeout: limitMs });
}

/** Waits until nothing on the page says `text` any more. */
export async function seesNoMore(page, text, limitMs = WAIT_MS) {
  await page.getByText(text).first().waitFor({ state: "detached", timeout: limitMs });
}

async function act(page, text, action) {
  const message = page.getByTestId("message").filter({ hasText: text }).first();
  await message.hover();
  await message.getByRole("button", { name: "Actions sur le message" }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

export async function edit(page, text, corrected) {
  await act(page, text, "Modifier");
  await write(page, corrected);
}

export async function remove(page, text) {
  await act(page, text, "Supprimer");
  await page.getByRole("alertdialog").getByRole("button", { name: "Supprimer" }).click();
}

export async function createForum(page, name) {
  await page.getByTestId("new").click();
  await page.getByRole("menuitem", { name: "Nouveau salon" }).click();
  await page.getByTestId("room-name").fill(name);
  await page.getByRole("radio", { name: /^Salon public/u }).check();
  await page.getByRole("button", { name: "Créer le salon" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByTestId("composer").waitFor();
}

/** Searches the open conversation, opens the result, and waits until the message has the focus. */
export async function searchHere(page, term, text, look) {
  await page.getByRole("button", { name: "Rechercher dans cette conversation" }).click();
  await page.getByTestId("message-search").fill(term);
  const result = page.getByTestId("search-result").filter({ hasText: text });
  await result.waitFor();
  await look();
  await result.click();
  await page.locator('[data-testid="message"][data-found]').filter({ hasText: text }).waitFor();
  await waitFor("the focus", () => page.evaluate(() => document.activeElement?.hasAttribute("data-found")));
}

export async function reportMessage(page, text, look) {
  await act(page, text, "Signaler");
  await page.getByRole("radio", { name: "Autre chose" }).check();
  await look();
  await page.getByRole("button", { name: "Envoyer le signalement" }).click();
  await page.getByText("La modération a reçu votre signalement").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Fermer", exact: true }).last().click();
}

/** What axe finds against the WCAG and its best practices on the page as it stands, as "rule: element". */
export async function findObstacles(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}

export async function attach(page, name, content) {
  const file = { name, mimeType: "text/plain", buffer: Buffer.from(content) };
  await page.getByTestId("attach").setInputFiles(file);
}

export async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `Télécharger ${name}` }).first().click(),
  ]);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
