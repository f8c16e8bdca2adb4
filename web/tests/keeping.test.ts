import { describe, expect, test } from "vitest";
import type { Account } from "../src/matrix/account";
import { DAY_MS } from "../src/matrix/retention";
import { listRooms } from "../src/matrix/rooms";
import { searchDevice } from "../src/matrix/search";
import { listMessages } from "../src/matrix/timeline";
import { KeepingModel, lifetimeInForce, lifetimesOffered, periodOf } from "../src/view-models/keeping";
import { Homeserver, joinedRoom, newEvents, stateEvent } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const ROOM = "!salon:agent.essai.example.fr";
const levels = (mine: number) =>
  stateEvent("m.room.power_levels", "", ME, { users: { [ME]: mine }, state_default: 100 });

async function inRoom(server: Homeserver, ...more: Parameters<typeof joinedRoom>[3] & object[]): Promise<Account> {
  const account = await openOn(server);
  server.sync(joinedRoom(ROOM, ME, false, more));
  await expect.poll(() => listRooms(account).length).toBe(1);
  return account;
}

describe("how long messages are kept", () => {
  test("a time is told in the unit people use", () => {
    expect([1, 7, 30, 90, 365, 730].map((days) => Object.values(periodOf(days)).join(" "))).toEqual([
      "days 1",
      "days 7",
      "months 1",
      "months 3",
      "years 1",
      "years 2",
    ]);
  });

  test("everybody reads it, with the classification", async () => {
    const kept = stateEvent("m.room.retention", "", ME, { max_lifetime: 90 * DAY_MS });
    const words = stateEvent("fr.tchap.classification", "", ME, { label: "Diffusion restreinte" });
    const account = await inRoom(new Homeserver(), kept, words);
    expect(listRooms(account)[0]).toMatchObject({ lifetime: 90, classification: "Diffusion restreinte" });
  });

  test("what this device still holds of older messages is no longer shown", async () => {
    const server = new Homeserver();
    const kept = stateEvent("m.room.retention", "", ME, { max_lifetime: 30 * DAY_MS });
    const account = await inRoom(server, kept);
    const said = (body: string, days: number) => ({
      type: "m.room.message",
      sender: ME,
      content: { msgtype: "m.text", body },
      origin_server_ts: Date.now() - days * DAY_MS,
    });
    server.sync(newEvents(ROOM, [said("ancien", 31), said("récent", 29)]));
    const shown = () => listMessages(account, ROOM).filter(({ kind }) => kind === "text");
    await expect.poll(() => shown().map(({ text }) => text)).toEqual(["récent"]);
  });

  test("neither the list of rooms nor a search on this device shows them", async () => {
    const server = new Homeserver();
    const kept = stateEvent("m.room.retention", "", ME, { max_lifetime: 30 * DAY_MS });
    const account = await openOn(server);
    const old = { ...stateEvent("m.room.message", "", ME, { msgtype: "m.text", body: "ancien" }), state_key: undefined };
    server.sync(joinedRoom(ROOM, ME, true, [{ ...old, origin_server_ts: Date.now() - 31 * DAY_MS }]));
    const look = () => [listRooms(account)[0]?.lastText?.text ?? "", searchDevice(account, () => true, null).found.length];
    await expect.poll(look).toEqual(["ancien", 1]);
    server.sync(newEvents(ROOM, [kept]));
    await expect.poll(look).toEqual(["", 0]);
  });

  test("a room that says nothing keeps everything and has no banner", async () => {
    const odd = stateEvent("m.room.retention", "", ME, { max_lifetime: "90" });
    const account = await inRoom(new Homeserver(), odd);
    expect(listRooms(account)[0]).toMatchObject({ lifetime: null, classification: "" });
  });

  test.each([
    [null, { usual: 0, longest: 0 }, null, [1, 7, 30, 90, 180, 365, null]],
    [45, { usual: 0, longest: 0 }, 45, [1, 7, 30, 45, 90, 180, 365, null]],
    // A room that says nothing, or too much, is held to its kind all the same.
    [null, { usual: 90, longest: 90 }, 90, [1, 7, 30, 90]],
    [null, { usual: 30, longest: 365 }, 30, [1, 7, 30, 90, 180, 365]],
    [null, { usual: 0, longest: 100 }, 100, [1, 7, 30, 90, 100]],
    [365, { usual: 0, longest: 100 }, 100, [1, 7, 30, 90, 100]],
    [null, { usual: 60, longest: 0 }, 60, [1, 7, 30, 60, 90, 180, 365, null]],
  ])("%o days in a kind of room of %o: kept %o, offered %o", (asked, term, kept, offered) => {
    expect(lifetimeInForce(asked, term)).toBe(kept);
    expect(lifetimesOffered(kept, term)).toEqual(offered);
  });

  test.each([
    [{ rule: "restricted", visibility: "public" }, false, "public"],
    [{ rule: "direct", visibility: "private" }, true, "direct"],
    [{ rule: "unrestricted", visibility: "private" }, true, "external"],
    [{ rule: "restricted", visibility: "private" }, true, "encrypted"],
    [{ rule: "restricted", visibility: "private" }, false, "clear"],
  ])("a room of %o, encrypted %s, is of the kind %s", async (rules, isEncrypted, kind) => {
    const server = new Homeserver();
    const account = await openOn(server);
    server.sync(joinedRoom(ROOM, ME, isEncrypted, [stateEvent("im.vector.room.access_rules", "", ME, rules)]));
    await expect.poll(() => listRooms(account).length).toBe(1);
    expect(new KeepingModel(account, ROOM).kind).toBe(kind);
  });

  test("only who holds the room may set it", async () => {
    const account = await inRoom(new Homeserver(), levels(50));
    expect(new KeepingModel(account, ROOM).rights).toEqual({ lifetime: false, classification: false });
  });

  test("an administrator sets both, and a refusal is said in words", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100));
    server.says.push(["/state/m.room.retention/", { event_id: "$k" }]);
    server.says.push(["/state/fr.tchap.classification/", { errcode: "M_FORBIDDEN", error: "" }, 403]);
    const model = new KeepingModel(account, ROOM);
    expect(model.rights).toEqual({ lifetime: true, classification: true });
    await model.keep(30);
    expect(server.asked("/state/m.room.retention/")).toEqual([{ max_lifetime: 30 * DAY_MS }]);
    expect(model.state.get()).toMatchObject({ saved: true, error: null });
    await model.classify(" Secret ");
    expect(server.asked("/state/fr.tchap.classification/")).toEqual([{ label: "Secret" }]);
    expect(model.state.get()).toMatchObject({ saved: false, error: { key: "classification.refused" } });
  });
});
