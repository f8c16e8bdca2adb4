/** The settings of the account, on a homeserver in memory. */
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api";
import { expect, test } from "vitest";
import { SettingsModel } from "../src/view-models/settings";
import { Homeserver } from "./helpers/homeserver";
import { closeAllAfterEach, openOn } from "./helpers/opened";

closeAllAfterEach();

const EXITS = { onSignOut: () => Promise.resolve(), onUnlock: () => undefined, onNewCode: () => undefined };

test("nothing is heard of the backup once the settings are left", async () => {
  const account = await openOn(new Homeserver());
  const listeners = (): number => account.client.listenerCount(CryptoEvent.KeyBackupSessionsRemaining);
  const before = listeners();
  const model = new SettingsModel(account, EXITS);
  expect(listeners()).toBe(before + 1);
  model.stop();
  expect(listeners()).toBe(before);
});

test("a refusal that has nothing to do with a password is told in the server's words", async () => {
  const server = new Homeserver();
  const account = await openOn(server);
  const model = new SettingsModel(account, EXITS);
  server.says.push(["/account_data/im.vector.hide_profile", { errcode: "M_FORBIDDEN", error: "Réservé aux agents." }, 403]);
  expect(await model.hide(true)).toBe(false);
  expect(model.state.get().error).toEqual({ key: "error.said", params: { text: "Réservé aux agents." } });
});
