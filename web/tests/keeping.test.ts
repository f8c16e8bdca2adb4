import { describe, expect, test } from "vitest";
import type { Account } from "../src/matrix/account";
import { DAY_MS } from "../src/matrix/retention";
import { listRooms } from "../src/matrix/rooms";
import { listMessages } from "../src/matrix/timeline";
import { KeepingModel, periodOf } from "../src/view-models/keeping";
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

  test("a room that says nothing keeps everything and has no banner", async () => {
    const odd = stateEvent("m.room.retention", "", ME, { max_lifetime: "90" });
    const account = await inRoom(new Homeserver(), odd);
    expect(listRooms(account)[0]).toMatchObject({ lifetime: null, classification: "" });
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
