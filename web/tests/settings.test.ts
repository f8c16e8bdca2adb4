/** The settings of the account, on a homeserver in memory. */
import { expect, test } from "vitest";
import { SettingsModel } from "../src/view-models/settings";
import { Homeserver } from "./helpers/homeserver";
import { closeAllAfterEach, openOn } from "./helpers/opened";

closeAllAfterEach();

test("a refusal that has nothing to do with a password is told in the server's words", async () => {
  const server = new Homeserver();
  const account = await openOn(server);
  const exits = { onSignOut: () => Promise.resolve(), onUnlock: () => undefined, onNewCode: () => undefined };
  const model = new SettingsModel(account, exits);
  server.says.push(["/account_data/im.vector.hide_profile", { errcode: "M_FORBIDDEN", error: "Réservé aux agents." }, 403]);
  expect(await model.hide(true)).toBe(false);
  expect(model.state.get().error).toEqual({ key: "error.said", params: { text: "Réservé aux agents." } });
});
