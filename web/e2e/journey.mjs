/**
 * Two people of two administrations on two instances, from sign-up to a new device and a forgotten password.
 *
 *   node e2e/journey.mjs http://127.0.0.1:8008 [--first-domain D] [--second-domain D] [--search TERM] [--infected TEXT] [--shots DIR]
 *
 * Prints one JSON line per step; exits 1 at the first failure.
 */
import { parseArgs } from "node:util";
import { closeAll, openPerson } from "./browser.mjs";
import * as steps from "./steps.mjs";
import { shoot, step } from "./telling.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "first-domain": { type: "string", default: "prefecture.example.fr" },
    "second-domain": { type: "string", default: "hopital.example.fr" },
    search: { type: "string", default: "lefevre" },
    infected: { type: "string" },
    shots: { type: "string" },
  },
});
const base = (positionals[0] ?? "http://127.0.0.1:8008").replace(/\/+$/u, "");
const tag = Array.from({ length: 5 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join("");
const alice = `alice.martin.${tag}@${options["first-domain"]}`;
const bruno = `bruno.lefebvre.${tag}@${options["second-domain"]}`;
const NEW_PASSWORD = "Une-autre-phrase-longue-8";
const nameOf = (first, last) => `${first} ${last} ${tag[0].toUpperCase()}${tag.slice(1)}`;
const ALICE = nameOf("Alice", "Martin");
const BRUNO = nameOf("Bruno", "Lefebvre");

/** Every body of a send request, to prove that nothing left in clear. */
function recordSends(person) {
  const sends = [];
  person.page.on("request", (request) => {
    if (request.method() === "PUT" && /\/rooms\/[^/]+\/send\//u.test(request.url())) {
      sends.push({ url: request.url(), body: request.postData() ?? "" });
    }
  });
  return sends;
}

function checkNoClear(sends, words) {
  const leaked = sends.filter(({ body }) => words.some((word) => body.includes(word)));
  if (leaked.length > 0) throw new Error(`clear text left: ${leaked.map(({ url }) => url).join(" ")}`);
  const ids = sends.map(({ url }) => url);
  if (new Set(ids).size !== ids.length) throw new Error("a transaction id was used twice");
  return { sends: sends.length };
}

async function run() {
  const a = await openPerson();
  const b = await openPerson();
  const sends = [recordSends(a), recordSends(b)];
  let code = "";
  await step("sign up the first person", async () => {
    code = await steps.signUp(a.page, base, alice);
    await shoot(a.page, options.shots, "empty");
    return { groups: code.split(" ").length };
  });
  await step("sign up the second person", async () => void (await steps.signUp(b.page, base, bruno)));
  await step("find by a misspelt part of the name", () =>
    steps.findPerson(a.page, options.search === "exact" ? `lefebvre ${tag}` : options.search, BRUNO),
  );
  await step("write before the other has joined", () => steps.write(a.page, "Bonjour Bruno, premier message secret"));
  await step("accept the invitation and read", async () => {
    await steps.acceptInvitation(b.page, ALICE);
    await steps.sees(b.page, "premier message secret");
  });
  await step("answer", async () => {
    await steps.write(b.page, "Bonjour Alice, réponse secrète");
    await steps.sees(a.page, "réponse secrète");
    await shoot(a.page, options.shots, "conversation");
  });
  await step("a file in both directions", async () => {
    await steps.attach(a.page, "note-alice.txt", "contenu secret d’Alice");
    await steps.sees(b.page, "note-alice.txt");
    const first = await steps.download(b.page, "note-alice.txt");
    await steps.attach(b.page, "note-bruno.txt", "contenu secret de Bruno");
    await steps.sees(a.page, "note-bruno.txt");
    const second = await steps.download(a.page, "note-bruno.txt");
    if (first !== "contenu secret d’Alice" || second !== "contenu secret de Bruno") throw new Error("files differ");
  });
  if (options.infected !== undefined) {
    await step("an infected file does not leave", async () => {
      await steps.attach(a.page, "facture.txt", options.infected);
      await a.page.getByText("Contenu bloqué").waitFor();
      await shoot(a.page, options.shots, "blocked");
      if (await b.page.getByText("facture.txt").count()) throw new Error("it left");
    });
  }
  await step("reload", async () => {
    await a.page.reload();
    await steps.sees(a.page, "réponse secrète");
    await steps.sees(a.page, "premier message secret");
    await steps.write(a.page, "Toujours là après le rechargement");
    await steps.sees(b.page, "Toujours là après le rechargement");
  });
  await step("another tab takes the work and gives it back", () => twoTabs(a));
  await step("an edited and a deleted message, seen on the other side", () => editAndDelete(a, b));
  await step("the details on a narrow screen have a title of their own", () => narrowDetails(b));
  await step("a message of a forum is found, and opens in its place", () => searchForum(a));
  await step("a message is reported to the moderators", () => report(b));
  await step("the history is in the backup", () => steps.waitForBackup(a.page, base, 2));
  const c = await openPerson();
  await step("a wrong recovery code is kindly refused, the right one opens the history", async () => {
    await steps.signIn(c.page, base, alice);
    await c.page.getByTestId("recovery-code").waitFor();
    await steps.enterRecoveryCode(c.page, `${code.slice(0, -4)}zzzz`);
    await c.page.getByRole("alert").waitFor();
    await shoot(c.page, options.shots, "unlock");
    await steps.enterRecoveryCode(c.page, code);
    await readsHistory(c);
    await shoot(c.page, options.shots, "new-device");
  });
  await step("signing out leaves nothing in the browser", () => leavesNothing(c));
  await step("a forgotten password is reset by mail, the other device stays", async () => {
    await steps.resetPassword(c.page, base, alice, NEW_PASSWORD);
    await steps.write(a.page, "Mon poste est resté connecté");
    await steps.sees(b.page, "Mon poste est resté connecté");
  });
  await step("the new password and the recovery code open the history again", async () => {
    await steps.signIn(c.page, base, alice, NEW_PASSWORD);
    await c.page.getByTestId("recovery-code").waitFor();
    await steps.enterRecoveryCode(c.page, code);
    await readsHistory(c);
  });
  await step("two devices of one person compare symbols", async () => {
    await leavesNothing(c);
    await steps.signIn(c.page, base, alice, NEW_PASSWORD);
    return compare(c, a);
  });
  await step("offline: the message waits, then leaves", () => offline(a, b));
  await step("nothing left in clear", async () =>
    checkNoClear(sends.flat(), ["secret", "Toujours", "hors ligne", "Bonjour", "note-alice", "Rendez-vous", "Brouillon", "Mon poste"]),
  );
  await step("no complaint in the console", async () => {
    const complaints = [...a.complaints, ...b.complaints].filter((line) => !/Failed to load resource|ERR_INTERNET/u.test(line));
    if (complaints.length > 0) throw new Error(complaints.join(" | "));
  });
}

async function editAndDelete(a, b) {
  await steps.write(a.page, "Rendez-vous mardi à l’accueil");
  await steps.sees(b.page, "Rendez-vous mardi à l’accueil");
  await steps.edit(a.page, "Rendez-vous mardi", "Rendez-vous jeudi à l’accueil");
  await steps.sees(b.page, "Rendez-vous jeudi à l’accueil");
  await b.page.getByTestId("message").filter({ hasText: "jeudi" }).getByText("modifié").waitFor();
  await steps.seesNoMore(b.page, "Rendez-vous mardi");
  await steps.write(a.page, "Brouillon parti trop vite");
  await steps.sees(b.page, "Brouillon parti trop vite");
  await steps.remove(a.page, "Brouillon parti trop vite");
  for (const { page } of [a, b]) {
    await page.locator('[data-testid="message"][data-kind="deleted"]').waitFor();
    await steps.seesNoMore(page, "Brouillon parti trop vite");
  }
}

async function searchForum(a) {
  await steps.createForum(a.page, `Atelier ${tag}`);
  await steps.write(a.page, "Le budget participatif est ouvert à tous");
  await steps.write(a.page, "Prochaine réunion lundi");
  await steps.sees(a.page, "Prochaine réunion");
  const facts = await steps.searchHere(a.page, "budgets participatifs", "budget participatif", () => checkPage(a, "search"));
  await steps.openRoom(a.page, BRUNO);
  return facts;
}

async function report(b) {
  await steps.openRoom(b.page, ALICE);
  await steps.reportMessage(b.page, "premier message", () => checkPage(b, "report"));
}

async function checkPage(person, name) {
  await shoot(person.page, options.shots, name);
  const obstacles = await steps.findObstacles(person.page);
  if (obstacles.length > 0) throw new Error(obstacles.join(" | "));
}

async function narrowDetails(b) {
  const wide = b.page.viewportSize();
  await b.page.setViewportSize({ width: 390, height: 800 });
  await b.page.getByTestId("details").click();
  await b.page.getByRole("complementary").getByRole("heading", { level: 1, name: ALICE }).waitFor();
  await shoot(b.page, options.shots, "narrow-details");
  const obstacles = await steps.findObstacles(b.page);
  if (obstacles.length > 0) throw new Error(obstacles.join(" | "));
  await b.page.getByRole("complementary").getByRole("button", { name: "Fermer" }).click();
  await b.page.setViewportSize(wide);
}

async function readsHistory(person) {
  await steps.openRoom(person.page, BRUNO);
  await steps.sees(person.page, "premier message secret").finally(() => shoot(person.page, options.shots, "history"));
  await steps.sees(person.page, "réponse secrète");
  await steps.sees(person.page, "Toujours là après le rechargement");
  await steps.sees(person.page, "Rendez-vous jeudi");
  if ((await person.page.getByText("Brouillon parti trop vite").count()) > 0) throw new Error("a deleted message came back");
}

async function leavesNothing(person) {
  const left = await steps.signOut(person.page);
  if (left.length > 0) throw new Error(`left in the browser: ${left.join(" ")}`);
}

/** The new device asks, the old one accepts; both see the same symbols, and the history opens without a code. */
async function compare(fresh, known) {
  await fresh.page.getByRole("button", { name: "Comparer avec un autre appareil" }).click();
  await known.page.getByRole("button", { name: "C’est moi, comparer" }).click();
  const [mine, theirs] = await Promise.all([steps.readSymbols(fresh.page), steps.readSymbols(known.page)]);
  await shoot(fresh.page, options.shots, "compare");
  if (mine.join() !== theirs.join()) throw new Error(`different symbols: ${mine} / ${theirs}`);
  await Promise.all([steps.saysSame(fresh.page), steps.saysSame(known.page)]);
  await fresh.page.getByRole("button", { name: "Continuer", exact: true }).click();
  await known.page.getByRole("button", { name: "Continuer", exact: true }).click();
  await readsHistory(fresh);
  return { symbols: mine.length };
}

async function twoTabs(a) {
  const second = await a.context.newPage();
  await second.goto(base);
  await second.getByRole("button", { name: "Utiliser Tchap ici" }).click();
  await steps.openRoom(second, BRUNO);
  await steps.sees(second, "réponse secrète");
  await a.page.getByRole("button", { name: "Utiliser Tchap ici" }).click();
  await second.getByRole("button", { name: "Utiliser Tchap ici" }).waitFor();
  await second.close();
  await steps.openRoom(a.page, BRUNO);
  await steps.sees(a.page, "réponse secrète");
}

async function offline(a, b) {
  await a.context.setOffline(true);
  await steps.write(a.page, "Écrit hors ligne");
  await a.page.getByTestId("offline").waitFor();
  await a.page.locator('[data-testid="message"][data-state="waiting"]').waitFor();
  await shoot(a.page, options.shots, "offline");
  await a.context.setOffline(false);
  await steps.sees(b.page, "Écrit hors ligne", 60_000);
}

try {
  await run();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}
