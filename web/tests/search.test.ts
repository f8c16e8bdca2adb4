import { describe, expect, test, vi } from "vitest";
import type { Account } from "../src/matrix/account";
import * as forums from "../src/matrix/forums";
import type { Found } from "../src/matrix/search";
import { ConversationModel } from "../src/view-models/conversation";
import { ForumsModel } from "../src/view-models/forums";
import { MessageSearchModel } from "../src/view-models/message-search";
import { Homeserver, joinedRoom, newEvents } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const FORUM = "!forum:agent.essai.example.fr";
const SEALED = "!scelle:agent.essai.example.fr";
const BRUNO = "@bruno:agent.essai.example.fr";

function says(body: string, eventId: string) {
  return { type: "m.room.message", sender: BRUNO, event_id: eventId, origin_server_ts: 1_000, content: { msgtype: "m.text", body } };
}

/** One room the server can read, and an encrypted one with what was said there before it was encrypted. */
async function open(server: Homeserver): Promise<Account> {
  const account = await openOn(server);
  server.sync(joinedRoom(FORUM, ME, false));
  server.sync(joinedRoom(SEALED, ME, true, [says("le budget secret", "$sealed")]));
  await expect.poll(() => account.client.getRoom(SEALED)?.hasEncryptionStateEvent()).toBe(true);
  return account;
}

function results(next: string | null, ...events: object[]) {
  const found = events.map((event) => ({
    result: { room_id: FORUM, ...event },
    context: { profile_info: { [BRUNO]: { displayname: "Bruno Lefebvre [Hôpital]" } } },
  }));
  return { search_categories: { room_events: { results: found, ...(next === null ? {} : { next_batch: next }) } } };
}

function texts(model: MessageSearchModel): string[] {
  return model.state.get().found.map(({ text }) => text);
}

async function settled(model: MessageSearchModel): Promise<void> {
  await expect.poll(() => model.state.get().searching).toBe(false);
}

describe("searching messages", () => {
  test("in a room the server reads, the server is asked, page after page", async () => {
    const server = new Homeserver();
    const model = new MessageSearchModel(await open(server), FORUM, () => undefined);
    server.says.push(["/search", results("n1", says("le budget voté", "$1"))]);
    model.search("budget");
    await settled(model);
    expect([texts(model), model.state.get().reach, model.state.get().more]).toEqual([["le budget voté"], "server", "page"]);
    expect(model.state.get().found[0]?.sender).toMatchObject({ name: "Bruno Lefebvre", administration: "Hôpital" });
    server.says.push(["/search", results(null, says("ancien budget", "$2"))]);
    await model.loadMore();
    expect([texts(model).sort(), model.state.get().more]).toEqual([["ancien budget", "le budget voté"], null]);
    const asked = server.asked("/search")[0]?.["search_categories"] as { room_events: object };
    expect(asked.room_events).toMatchObject({ search_term: "budget", filter: { rooms: [FORUM] }, keys: ["content.body"] });
  });

  test("in an encrypted one only this device looks, and says how far: the term never leaves", async () => {
    const server = new Homeserver();
    const model = new MessageSearchModel(await open(server), SEALED, () => undefined);
    model.search("BUDGET sécret");
    await settled(model);
    const { reach, looked, since, more } = model.state.get();
    expect([texts(model), reach, looked, since, more]).toEqual([["le budget secret"], "device", 1, 1_000, "older"]);
    expect(server.asked("/search")).toEqual([]);
  });

  test("everywhere, both are put together, and a correction leads to what it corrects", async () => {
    const server = new Homeserver();
    const opened: Found[] = [];
    const model = new MessageSearchModel(await open(server), null, (found) => opened.push(found));
    const edit = says("* le budget corrigé", "$edit");
    const relation = { rel_type: "m.replace", event_id: "$1" };
    const content = { ...edit.content, "m.new_content": { body: "le budget corrigé" }, "m.relates_to": relation };
    server.says.push(["/search", results(null, { ...edit, content })]);
    model.search("budget");
    await settled(model);
    expect(texts(model).sort()).toEqual(["le budget corrigé", "le budget secret"]);
    model.open(model.state.get().found.find(({ roomId }) => roomId === FORUM)!);
    expect(opened[0]?.eventId).toBe("$1");
  });

  test("a server that refuses is said, and what this device found stays", async () => {
    const server = new Homeserver();
    const model = new MessageSearchModel(await open(server), null, () => undefined);
    server.says.push(["/search", { errcode: "M_UNKNOWN" }, 500]);
    model.search("budget");
    await settled(model);
    expect([texts(model), model.state.get().error?.key]).toEqual([["le budget secret"], "error.unknown"]);
  });
});

describe("a message in its place", () => {
  function around(): object {
    const event = says("il y a longtemps", "$old");
    const events_before = [says("avant", "$before")];
    const events_after = [says("après", "$after")];
    return { event, events_before, events_after, start: "s", end: "e", state: [] };
  }

  test("an old one is shown with what surrounds it, and one goes back to the last ones", async () => {
    const server = new Homeserver();
    const account = await open(server);
    server.sync(newEvents(FORUM, [says("aujourd’hui", "$new")]));
    server.says.push(["/context/$old", around() as Record<string, unknown>]);
    server.says.push(["/messages", { chunk: [], start: "p" }]);
    const conversation = new ConversationModel(account, FORUM);
    const shown = (): string[] => conversation.state.get().messages.filter(({ kind }) => kind === "text").map(({ text }) => text);
    await expect.poll(shown).toEqual(["aujourd’hui"]);
    await conversation.goTo("$old");
    expect(shown()).toEqual(["avant", "il y a longtemps", "après"]);
    expect(conversation.state.get()).toMatchObject({ hasNewer: true, target: { eventId: "$old" } });
    conversation.goLive();
    expect([shown(), conversation.state.get().hasNewer]).toEqual([["aujourd’hui"], false]);
    conversation.stop();
  });

  test("one already there needs nothing of the server; one that is gone is said to be", async () => {
    const server = new Homeserver();
    const account = await open(server);
    const conversation = new ConversationModel(account, SEALED);
    await conversation.goTo("$sealed");
    expect(conversation.state.get()).toMatchObject({ hasNewer: false, target: { eventId: "$sealed" } });
    await conversation.goTo("$gone");
    expect(conversation.state.get()).toMatchObject({ error: { key: "search.gone" }, target: { eventId: "$sealed" } });
    conversation.stop();
  });
});

describe("looking for a public room", () => {
  test("the failure of a search that is no longer asked is not shown", async () => {
    const account = await openOn(new Homeserver());
    let fail = (): void => undefined;
    vi.spyOn(forums, "listForums").mockImplementationOnce(() => {
      return new Promise((_, reject) => (fail = () => reject(new Error("away"))));
    });
    const model = new ForumsModel(account, []);
    model.search("crue");
    fail();
    await Promise.resolve();
    await Promise.resolve();
    expect(model.state.get()).toMatchObject({ loading: true, error: null });
    await expect.poll(() => model.state.get().loading).toBe(false);
  });
});
