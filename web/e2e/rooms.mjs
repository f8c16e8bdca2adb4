/**
 * The law of Tchap as people meet it: a room opened to a guest from outside, what she may not do, a room's link,
 * a public room read before one joins it, and the end of her access.
 *
 *   node e2e/rooms.mjs http://127.0.0.1:8008 [--shots DIR]
 *
 * Each screen is audited by axe and must not scroll sideways on a telephone of 320 pixels. One JSON line per step.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { closeAll, openPerson } from "./browser.mjs";
import * as steps from "./steps.mjs";
import { shoot, step } from "./telling.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: "string" } },
});
const base = (positionals[0] ?? "http://127.0.0.1:8008").replace(/\/+$/u, "");
const ALICE = "alice.martin@prefecture.example.fr";
const BRUNO = "bruno.lefebvre@hopital.example.fr";
const CAMILLE = "camille.roche@association.example.org";
const ROOM = "Cellule inondation";
const FORUM = "Retours d’expérience";
const DAY_MS = 24 * 3_600_000;
const WIDE = { width: 1280, height: 800 };
const TELEPHONE = { width: 320, height: 640 };
const SIZES = [WIDE, { width: 768, height: 900 }, TELEPHONE];

async function checkSize(page, name) {
  const obstacles = await steps.findObstacles(page);
  assert.deepEqual(obstacles, [], name);
  const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needed <= given, `${name} scrolls sideways: ${needed} > ${given}`);
  const wide = await page.evaluate(() => [...document.querySelectorAll(".dialog")].some((each) => each.scrollWidth > each.clientWidth));
  assert.ok(!wide, `${name}: the window is wider than the screen`);
}

/** In the light and wide, and in the dark on a telephone; photographs are of every size in both. */
async function audit(page, name) {
  const schemes = ["light", "dark"];
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    for (const size of SIZES) {
      const isChecked = colorScheme === "light" ? size === WIDE : size === TELEPHONE;
      if (!isChecked && options.shots === undefined) continue;
      await page.setViewportSize(size);
      if (isChecked) await checkSize(page, name);
      await shoot(page, options.shots, `${name}-${size.width}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(WIDE);
}

function closeDialog(page) {
  return page.getByRole("dialog").getByRole("button", { name: "Fermer", exact: true }).first().click();
}

function badge(scope, text) {
  return scope.locator(".badge").filter({ hasText: new RegExp(`^${text}$`, "u") }).first();
}

async function makeRoom(page) {
  await page.getByTestId("new").click();
  await page.getByRole("menuitem", { name: "Nouveau salon" }).click();
  await page.getByTestId("room-name").fill(ROOM);
  await audit(page, "new-room");
  await page.getByRole("button", { name: "Créer le salon" }).click();
  await page.getByRole("heading", { level: 1, name: ROOM }).waitFor();
  await badge(page.locator(".pane-head"), "Sécurisé").waitFor();
}

/** The address is unknown and from outside: the room must be opened, which is asked first. */
async function inviteGuest(page) {
  await page.getByTestId("details").click();
  await page.getByRole("button", { name: "Inviter des personnes" }).click();
  await page.getByTestId("people-search").fill(CAMILLE);
  await page.getByText("Ce contact sera invité à rejoindre Tchap.").waitFor();
  await page.getByTestId("people-email").click();
  await page.getByTestId("ask-open").waitFor();
  await page.getByTestId("end-day").fill(new Date(Date.now() + 30 * DAY_MS).toISOString().slice(0, 10));
  await audit(page, "ask-open");
  await page.getByRole("button", { name: "Ouvrir le salon et inviter" }).click();
  await page.getByText("1 personne invitée").waitFor();
  await page.getByText(/Vous vous portez garant de cette personne extérieure jusqu’au/u).waitFor();
  await audit(page, "invited");
  await closeDialog(page);
  await badge(page.getByRole("complementary"), "Externes").waitFor();
  await page.getByTestId("pending").filter({ hasText: CAMILLE }).waitFor();
}

async function inviteList(page) {
  await page.getByRole("button", { name: "Inviter des personnes" }).click();
  await page.getByRole("button", { name: "Inviter par une liste d’adresses" }).click();
  await page.getByTestId("invite-list").fill(`${BRUNO.replace("bruno", "denis")} ; pas-une-adresse`);
  await page.getByRole("button", { name: "Inviter", exact: true }).click();
  await page.getByText("1 personne invitée").waitFor();
  await page.getByText("reste à corriger : pas-une-adresse").waitFor();
  assert.equal(await page.getByTestId("invite-list").inputValue(), "pas-une-adresse");
  await audit(page, "invite-list");
  await closeDialog(page);
}

async function signUpGuest(page) {
  await page.goto(base);
  await page.getByTestId("email").fill(CAMILLE);
  await page.getByRole("button", { name: "Créer mon compte" }).click();
  const open = page.getByRole("link", { name: "Ouvrir Tchap à mon administration" });
  assert.equal(await open.getAttribute("href"), `${base}/ouvrir`);
  await page.getByRole("button", { name: "J’ai reçu une invitation" }).click();
  await page.getByTestId("password").fill(steps.PASSWORD);
  await page.getByTestId("terms").check();
  const before = (await steps.readMails(base, CAMILLE)).length;
  await page.getByRole("button", { name: "Recevoir mon code" }).click();
  await page.getByTestId("code").waitFor();
  await page.getByTestId("code").fill(await steps.readCode(base, CAMILLE, before));
  await page.getByRole("button", { name: "Valider" }).click();
  await steps.noteRecoveryCode(page);
}

async function meetsRights(page) {
  const welcome = page.getByTestId("guest-welcome");
  await welcome.getByText(`Alice Martin vous invite dans « ${ROOM} »`).waitFor();
  await page.getByTestId("sponsors").getByText(/Alice Martin se porte garant de vous jusqu’au/u).waitFor();
  assert.equal(await page.getByTestId("new").count(), 0, "a guest is offered to make a room");
  assert.equal(await page.getByTestId("forums").count(), 0, "a guest is offered the public rooms");
  await audit(page, "guest");
  await page.goto(`${base}/#/forums`);
  await page.getByText("Les salons publics sont réservés aux agents").waitFor();
  await audit(page, "guest-forums");
  const [status, error] = await page.evaluate(async () => {
    const { accessToken, baseUrl } = JSON.parse(localStorage.getItem("tchap.account"));
    const headers = { Authorization: `Bearer ${accessToken}`, "Accept-Language": "fr" };
    const answer = await fetch(`${baseUrl}/_matrix/client/v3/createRoom`, { method: "POST", headers, body: "{}" });
    return [answer.status, (await answer.json()).error];
  });
  assert.equal(status, 403, error);
}

async function guestTalks(guest, alice) {
  await steps.acceptInvitation(guest, ROOM);
  await badge(guest.locator(".pane-head"), "Externes").waitFor();
  await steps.write(guest, "Bonjour, ici l’association");
  await steps.sees(alice, "Bonjour, ici l’association");
  await badge(alice.getByTestId("timeline"), "Invité externe").waitFor();
  await badge(alice.getByTestId("member").filter({ hasText: "Camille" }), "Invité externe").waitFor();
  await alice.getByTestId("pending").filter({ hasText: CAMILLE }).waitFor({ state: "detached" });
  await audit(guest, "guest-room");
}

async function openLink(alice) {
  await alice.getByTestId("link-access").check();
  const field = alice.getByTestId("room-link");
  await field.waitFor();
  await audit(alice, "details");
  const link = await field.inputValue();
  assert.ok(link.startsWith(`${base}/#/room/%23Celluleinondation`), link);
  await badge(alice.locator(".pane-head"), "Sécurisé").waitFor();
  return link;
}

async function enterByLink(page, link) {
  await page.goto(link);
  await page.getByRole("heading", { name: ROOM }).waitFor();
  await audit(page, "entry");
  await page.getByRole("button", { name: "Entrer dans le salon" }).click();
  await page.getByTestId("composer").waitFor();
  await steps.write(page, "Entré par le lien");
}

async function makeForum(page) {
  await page.getByTestId("new").click();
  await page.getByRole("menuitem", { name: "Nouveau salon" }).click();
  await page.getByTestId("room-name").fill(FORUM);
  await page.getByRole("radio", { name: /Salon public/u }).check();
  await page.getByRole("button", { name: "Créer le salon" }).click();
  await page.getByRole("heading", { level: 1, name: FORUM }).waitFor();
  await steps.write(page, "Ce que nous avons appris");
  await steps.sees(page, "Ce que nous avons appris");
}

async function readBeforeJoining(page) {
  await page.goto(`${base}/#/forums`);
  const forum = page.getByTestId("forum").filter({ hasText: FORUM });
  await forum.getByRole("button", { name: "Lire", exact: true }).click();
  await page.getByTestId("forum-preview").getByText("Ce que nous avons appris").waitFor();
  await audit(page, "forum-read");
  await page.getByTestId("forum-preview").getByRole("button", { name: "Rejoindre" }).click();
  await page.getByTestId("composer").waitFor();
}

/** Who is put out of the room she reads is told so, and finds the way back on a telephone too. */
async function isPutOut(page, alice) {
  await alice.getByTestId("details").click();
  await alice.getByTestId("member").filter({ hasText: "Bruno" }).getByRole("button", { name: /Autres actions/u }).click();
  await alice.getByRole("menuitem", { name: "Retirer (réversible)" }).click();
  await alice.getByRole("alertdialog").getByRole("button", { name: "Retirer (réversible)" }).click();
  await page.getByText("Vous n’êtes plus dans ce salon").waitFor();
  await audit(page, "room-gone");
  await page.setViewportSize(TELEPHONE);
  await page.getByRole("button", { name: "Retour", exact: true }).click();
  await page.getByTestId("room-list").waitFor();
  await page.setViewportSize(WIDE);
}

/** What every agent reads is not read by a guest, whoever tells her where it is. */
async function isClosedToGuests(guest, alice) {
  const roomId = decodeURIComponent(new URL(alice.url()).hash.split("/")[2]);
  const status = await guest.evaluate(async (room) => {
    const { accessToken, baseUrl } = JSON.parse(localStorage.getItem("tchap.account"));
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b`;
    return (await fetch(baseUrl + path, { headers: { Authorization: `Bearer ${accessToken}` } })).status;
  }, roomId);
  assert.equal(status, 403);
}

function guestRow(page) {
  return page.getByTestId("my-guest").filter({ hasText: CAMILLE });
}

async function chooseAct(page, act) {
  await guestRow(page).getByRole("button", { name: /Actions sur l’accès/u }).click();
  await page.getByRole("menuitem", { name: act }).click();
}

async function prolongGuest(page) {
  await page.goto(`${base}/#/settings`);
  await guestRow(page).scrollIntoViewIfNeeded();
  await audit(page, "my-guests");
  await chooseAct(page, /Choisir la fin/u);
  await page.getByTestId("last-day").fill(new Date(Date.now() + 60 * DAY_MS).toISOString().slice(0, 10));
  await audit(page, "prolong-guest");
  await page.getByRole("button", { name: "Enregistrer", exact: true }).click();
  await page.getByText(/La fin de l’accès de .* est enregistrée/u).waitFor();
}

async function endGuest(page, guest) {
  await chooseAct(page, /Mettre fin/u);
  await page.getByText("Cette personne quitte aussitôt tous ses salons.").waitFor();
  await audit(page, "end-guest");
  await page.getByRole("button", { name: "Mettre fin à l’accès", exact: true }).click();
  await page.getByText("Vous ne vous portez plus garant de").waitFor();
  await guest.getByRole("heading", { name: "Votre compte a expiré" }).waitFor();
  await guest.getByRole("button", { name: "Que faire pour revenir ?" }).click();
  await guest.getByText("L'agent qui vous a invité décide de la durée de votre accès").waitFor();
  assert.equal(await guest.getByRole("button", { name: /message/u }).count(), 0, "a mail is offered that never leaves");
  await audit(guest, "guest-over");
}

/** The server will not have a conversation made: its sentence is read where it was asked for. */
async function isToldInPalette(page) {
  const refusal = { errcode: "M_FORBIDDEN", error: "Cette personne ne reçoit pas d’invitations." };
  await page.route("**/createRoom", (route) => route.fulfill({ status: 403, json: refusal }));
  await page.keyboard.press("Control+K");
  await page.getByTestId("palette-search").fill("lefebvre bruno");
  await page.getByTestId("people-result").filter({ hasText: "Bruno" }).click();
  await page.getByRole("alert").getByText(refusal.error).waitFor();
  await audit(page, "palette-refused");
  await page.keyboard.press("Escape");
  await page.unroute("**/createRoom");
}

async function lastAdministrator(page) {
  await page.getByTestId("member").filter({ hasText: "Bruno" }).getByRole("button", { name: /Autres actions/u }).click();
  await page.getByRole("menuitem", { name: "Retirer (réversible)" }).waitFor();
  await page.getByRole("menuitem", { name: "Nommer modérateur" }).click();
  await page.getByText("Bruno Lefebvre est maintenant modérateur.").waitFor();
  await page.getByRole("button", { name: "Quitter la conversation" }).click();
  await page.getByText("les modérateurs deviendront administrateurs : Bruno Lefebvre").waitFor();
  await audit(page, "leave");
  await page.getByRole("alertdialog").getByRole("button", { name: "Annuler" }).click();
}

try {
  // A touch screen: a window must not stay unseen there while a keyboard is waited for.
  const [alice, bruno, camille] = [await openPerson({ hasTouch: true }), await openPerson(), await openPerson()];
  await step("an agent makes a secured room", async () => {
    await steps.signUp(alice.page, base, ALICE);
    await makeRoom(alice.page);
  });
  await step("an unknown address opens the room to people from outside, after a question", () => inviteGuest(alice.page));
  await step("a pasted list says who was invited, and keeps what it could not read", () => inviteList(alice.page));
  await step("the guest signs up and reads what she may do", async () => {
    await signUpGuest(camille.page);
    await meetsRights(camille.page);
  });
  await step("the guest talks in the marked room", () => guestTalks(camille.page, alice.page));
  await step("another agent enters by the room's link", async () => {
    const link = await openLink(alice.page);
    await steps.signUp(bruno.page, base, BRUNO);
    await enterByLink(bruno.page, link);
    await steps.sees(alice.page, "Entré par le lien");
  });
  await step("what the palette could not do is told in it", () => isToldInPalette(alice.page));
  await step("the last administrator is told what her leaving does", () => lastAdministrator(alice.page));
  await step("an agent reads a public room before joining it; a guest does not", async () => {
    await makeForum(alice.page);
    await isClosedToGuests(camille.page, alice.page);
    await readBeforeJoining(bruno.page);
  });
  await step("who is put out of a room reads it and finds the way back", () => isPutOut(bruno.page, alice.page));
  await step("the agent prolongs her guest's access, then ends it; the guest reads who decides", async () => {
    await prolongGuest(alice.page);
    await endGuest(alice.page, camille.page);
  });
  await step("no complaint in the console", () => {
    const complaints = [alice, bruno, camille].flatMap((person) => person.complaints);
    assert.deepEqual(complaints.filter((line) => !/Failed to load resource/u.test(line)), []);
  });
} finally {
  await closeAll();
}
