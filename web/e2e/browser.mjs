/** Debian's Chromium with a fresh profile per person; every context speaks French. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const open = [];

export async function openPerson({ width = 1280, height = 800, locale = "fr-FR", colorScheme = "light", hasTouch = false } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "tchap-e2e-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    headless: true,
    viewport: { width, height },
    locale,
    colorScheme,
    hasTouch,
    // Colours half-way through a transition are nobody's choice, and no audit's business.
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    acceptDownloads: true,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const person = { context, page, profile, complaints };
  open.push(person);
  return person;
}

export async function closePerson(person) {
  await person.context.close().catch(() => undefined);
  await rm(person.profile, { recursive: true, force: true }).catch(() => undefined);
}

export async function closeAll() {
  await Promise.all(open.splice(0).map(closePerson));
}
