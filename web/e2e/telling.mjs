/** What a journey tells of itself: a line of JSON for each step, photographs where they are wanted. */
import { mkdirSync } from "node:fs";

/** Runs the step; the facts it returns are told with it. */
export async function step(name, job) {
  const started = Date.now();
  const tell = (facts) => console.log(JSON.stringify({ step: name, ...facts, ms: Date.now() - started }));
  try {
    tell({ ok: true, ...(await job()) });
  } catch (error) {
    tell({ ok: false, error: String(error) });
    throw error;
  }
}

/** Into the folder; nowhere where none was given. */
export async function shoot(page, folder, name, { fullPage = false } = {}) {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
}
