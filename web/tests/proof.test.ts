import { describe, expect, test } from "vitest";
import { removeDevice } from "../src/matrix/people";
import { ConfirmationModel, NotConfirmed } from "../src/view-models/confirmation";
import { Homeserver } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const DEVICE = "/devices/AUTRE";
const asks = (stage: string) => ({ session: "s1", flows: [{ stages: [stage] }], params: {} });

describe("proving again who one is", () => {
  test("the password is given when the server asks for it", async () => {
    const server = new Homeserver();
    const account = await openOn(server);
    server.says.push([DEVICE, asks("m.login.password"), 401]);
    const confirmation = new ConfirmationModel();
    await expect(removeDevice(account, "AUTRE", { password: "secret", confirm: confirmation.ask })).rejects.toThrow();
    const identifier = { type: "m.id.user", user: ME };
    expect(server.asked(DEVICE).at(-1)).toEqual({
      auth: { type: "m.login.password", identifier, password: "secret", session: "s1" },
    });
    expect(confirmation.url.get()).toBeNull();
  });

  test("who has no password confirms on the server's page, then the same request passes", async () => {
    const server = new Homeserver();
    const account = await openOn(server);
    server.says.push([DEVICE, asks("m.login.sso"), 401]);
    const confirmation = new ConfirmationModel();
    const removal = removeDevice(account, "AUTRE", { password: "", confirm: confirmation.ask });
    const page = "http://essai.example.fr/_matrix/client/v3/auth/m.login.sso/fallback/web?session=s1";
    await expect.poll(confirmation.url.get).toBe(page);
    server.says.push([DEVICE, {}]);
    confirmation.confirmed();
    await removal;
    expect(server.asked(DEVICE).at(-1)).toEqual({ auth: { session: "s1" } });
  });

  test("closing the window does nothing", async () => {
    const server = new Homeserver();
    const account = await openOn(server);
    server.says.push([DEVICE, asks("m.login.sso"), 401]);
    const confirmation = new ConfirmationModel();
    const removal = removeDevice(account, "AUTRE", { password: "", confirm: confirmation.ask });
    await expect.poll(confirmation.url.get).not.toBeNull();
    confirmation.cancel();
    await expect(removal).rejects.toBeInstanceOf(NotConfirmed);
    expect(server.asked(DEVICE).length).toBe(1);
  });
});
