import { describe, expect, test } from "vitest";
import type { Account } from "../src/matrix/account";
import { listRooms } from "../src/matrix/rooms";
import { joinSuccessor } from "../src/matrix/upgrades";
import { UpgradeModel } from "../src/view-models/upgrade";
import { Homeserver, joinedRoom, newEvents, stateEvent } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const OLD = "!ancien:agent.essai.example.fr";
const NEW = "!nouveau:agent.essai.example.fr";
const BRUNO = "@bruno:agent.hopitaux.example.fr";
const VERSIONS = { capabilities: { "m.room_versions": { default: "12", available: { "11": "stable", "12": "stable" } } } };

const tombstone = () => stateEvent("m.room.tombstone", "", BRUNO, { body: "", replacement_room: NEW });
const levels = (power: number) => stateEvent("m.room.power_levels", "", ME, { users: { [ME]: power } });
const member = (userId: string) => stateEvent("m.room.member", userId, userId, { membership: "join" });
const create = (predecessor: string) =>
  stateEvent("m.room.create", "", BRUNO, { room_version: "12", predecessor: { room_id: predecessor } });

async function inOldRoom(server: Homeserver, ...more: Parameters<typeof joinedRoom>[3] & object[]): Promise<Account> {
  const account = await openOn(server);
  server.sync(joinedRoom(OLD, ME, false, more));
  await expect.poll(() => account.client.getRoom(OLD)?.getMyMembership()).toBe("join");
  return account;
}

function newRoom(predecessor: string) {
  return newEvents(NEW, [create(predecessor), member(ME)]);
}

describe("a room that was replaced", () => {
  test("it says so, and leads into its successor by the server of who replaced it", async () => {
    const server = new Homeserver();
    const account = await inOldRoom(server, tombstone());
    server.says.push([`/join/${NEW}`, { room_id: NEW }]);
    expect(listRooms(account)[0]).toMatchObject({ closed: true, replaced: false });
    expect(await joinSuccessor(account, OLD)).toBe(NEW);
    expect(server.calls.some(({ path }) => path.endsWith(`/join/${NEW}`))).toBe(true);
  });

  test("once in the successor, it leaves the list, and can still be read from there", async () => {
    const server = new Homeserver();
    const account = await inOldRoom(server, tombstone());
    server.sync(newRoom(OLD));
    await expect.poll(() => listRooms(account).find(({ id }) => id === OLD)?.replaced).toBe(true);
    expect(listRooms(account).find(({ id }) => id === NEW)).toMatchObject({ closed: false, predecessor: OLD });
  });

  test("a room that does not know it as its predecessor hides nothing", async () => {
    const server = new Homeserver();
    const account = await inOldRoom(server, tombstone());
    server.sync(newRoom("!autre:agent.essai.example.fr"));
    await expect.poll(() => listRooms(account).length).toBe(2);
    expect(listRooms(account).find(({ id }) => id === OLD)).toMatchObject({ closed: true, replaced: false });
  });
});

describe("replacing a room", () => {
  test("it is offered to who may do it, when the room is of an old version, and its people are invited", async () => {
    const server = new Homeserver();
    server.says.push(["/capabilities", VERSIONS], ["/upgrade", { replacement_room: NEW }], [`/rooms/${NEW}/invite`, {}]);
    const account = await inOldRoom(server, levels(100), member(BRUNO));
    const opened: string[] = [];
    const model = new UpgradeModel(account, OLD, (roomId) => opened.push(roomId));
    await expect.poll(() => model.state.get().version).toBe("12");
    await model.upgrade();
    expect(server.asked("/upgrade")).toEqual([{ new_version: "12" }]);
    expect(server.asked(`/rooms/${NEW}/invite`)).toEqual([{ user_id: BRUNO }]);
    expect(opened).toEqual([NEW]);
  });

  test("whoever could not be invited is told of", async () => {
    const server = new Homeserver();
    server.says.push(["/capabilities", VERSIONS], ["/upgrade", { replacement_room: NEW }]);
    const account = await inOldRoom(server, levels(100), member(BRUNO));
    const model = new UpgradeModel(account, OLD, () => undefined);
    await expect.poll(() => model.state.get().version).toBe("12");
    await model.upgrade();
    expect(model.state.get().done).toEqual({ roomId: NEW, missed: 1 });
  });

  test("it is not offered to who may not, nor for a room that is recent or already replaced", async () => {
    for (const [state, version] of [[[levels(0)], "12"], [[levels(100)], "11"], [[levels(100), tombstone()], "12"]] as const) {
      const server = new Homeserver();
      server.says.push(["/capabilities", { capabilities: { "m.room_versions": { default: version, available: {} } } }]);
      const account = await inOldRoom(server, ...state);
      const model = new UpgradeModel(account, OLD, () => undefined);
      await expect.poll(() => server.asked("/capabilities").length).toBeGreaterThan(0);
      await new Promise((done) => setTimeout(done, 50));
      expect(model.state.get().version).toBeNull();
    }
  });
});
