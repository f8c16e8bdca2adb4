import { describe, expect, test } from "vitest";
import { SendRefused } from "../src/matrix/clear-text-guard";
import { sendText, waitUntilSendable } from "../src/matrix/send";
import { Homeserver, joinedRoom } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn as open } from "./helpers/opened";

const ROOM = "!salon:agent.essai.example.fr";

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

closeAllAfterEach();

describe("sending", () => {
  test("a message written before the new room has come by sync waits, and leaves encrypted", async () => {
    const server = new Homeserver();
    const account = await open(server);
    account.expectEncrypted.add(ROOM);
    const sending = sendText(account, ROOM, "très secret", null);
    await pause(300);
    expect(server.sent).toEqual([]);
    server.sync(joinedRoom(ROOM, ME, true));
    await sending;
    expect(server.sent.map(({ type }) => type)).toEqual(["m.room.encrypted"]);
    expect(JSON.stringify(server.sent)).not.toContain("secret");
  });

  test("a room meant to be encrypted never takes clear text, even when sync shows it without encryption", async () => {
    const server = new Homeserver();
    const account = await open(server);
    account.expectEncrypted.add(ROOM);
    server.sync(joinedRoom(ROOM, ME, false));
    await pause(200);
    await expect(waitUntilSendable(account, ROOM, 300)).rejects.toBeInstanceOf(SendRefused);
    expect(server.sent).toEqual([]);
  });

  test("a send that goes round the wrapper, to a room not known yet, is stopped before it leaves", async () => {
    const server = new Homeserver();
    const account = await open(server);
    const content = { msgtype: "m.text", body: "très secret" };
    const direct = account.client.sendEvent(ROOM, null, "m.room.message" as never, content as never, "t1");
    await expect(direct).rejects.toThrow("not-in-sync");
    expect(server.sent).toEqual([]);
  });

  test("a room that is not encrypted takes clear messages once it is in sync", async () => {
    const server = new Homeserver();
    const account = await open(server);
    server.sync(joinedRoom(ROOM, ME, false));
    await sendText(account, ROOM, "bonjour à tous", null);
    expect(server.sent[0]?.body["body"]).toBe("bonjour à tous");
  });

  test("two tabs that send in the same instant give no two messages the same transaction id", async () => {
    const servers = [new Homeserver(), new Homeserver()];
    const tabs = await Promise.all(servers.map((server) => open(server)));
    for (const server of servers) server.sync(joinedRoom(ROOM, ME, false));
    await Promise.all(tabs.map((tab) => waitUntilSendable(tab, ROOM)));
    const numbers = [1, 2, 3, 4];
    await Promise.all(tabs.flatMap((tab) => numbers.map((number) => sendText(tab, ROOM, `n° ${number}`, null))));
    const ids = servers.flatMap((server) => server.sent.map(({ txnId }) => txnId));
    expect(ids).toHaveLength(8);
    expect(new Set(ids).size).toBe(8);
  });

  test("a tab that lost the work sends nothing more", async () => {
    const server = new Homeserver();
    let active = true;
    const account = await open(server, () => active);
    server.sync(joinedRoom(ROOM, ME, false));
    await waitUntilSendable(account, ROOM);
    active = false;
    await expect(sendText(account, ROOM, "trop tard", null)).rejects.toBeInstanceOf(SendRefused);
    expect(server.sent).toEqual([]);
  });

  test("the messages of a room leave in the order they were written", async () => {
    const server = new Homeserver();
    const account = await open(server);
    const sends = ["un", "deux", "trois"].map((text) => sendText(account, ROOM, text, null));
    server.sync(joinedRoom(ROOM, ME, false));
    await Promise.all(sends);
    expect(server.sent.map(({ body }) => body["body"])).toEqual(["un", "deux", "trois"]);
  });

  test("a refused message does not hold back the next one", async () => {
    const server = new Homeserver();
    const account = await open(server);
    server.sync(joinedRoom(ROOM, ME, false));
    server.refused.add("interdit");
    await expect(sendText(account, ROOM, "interdit", null)).rejects.toThrow();
    await sendText(account, ROOM, "suivant", null);
    expect(server.sent.map(({ body }) => body["body"])).toEqual(["suivant"]);
  });
});
