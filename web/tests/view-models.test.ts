import { describe, expect, test } from "vitest";
import { parsePerson } from "../src/matrix/names";
import { parseMedia } from "../src/matrix/media-info";
import type { Message } from "../src/matrix/types";
import { parseConfig } from "../src/platform/config";
import { nameDevice } from "../src/platform/device-name";
import { toDays } from "../src/view-models/days";
import { isInside, toPieces } from "../src/view-models/links";
import { gather, Observable } from "../src/view-models/observable";
import { checkRules, isAccepted } from "../src/view-models/password-rules";
import { matchesAll } from "../src/view-models/search";

function message(id: string, sender: string, time: Date, kind: Message["kind"] = "text"): Message {
  const person = { id: sender, name: sender, administration: "", external: false };
  const shared = { edited: false, replyTo: null, reactions: [], media: null, reason: null, membership: null, readBy: [] };
  return { key: id, eventId: id, sender: person, mine: false, time: +time, kind, text: id, state: "sent", ...shared };
}

describe("names", () => {
  test("the bracket of a display name is the administration", () => {
    const person = parsePerson("@jeanne.martin-x:agent.essai.example.fr", "Jeanne Martin [Préfecture]");
    expect([person.name, person.administration, person.external]).toEqual(["Jeanne Martin", "Préfecture", false]);
  });

  test("a person without a display name is shown by the words of the address, never by an address", () => {
    expect(parsePerson("@jeanne.martin-dinum.example.fr:agent.x", null).name).toBe("jeanne martin");
    expect(parsePerson("@a:b", "@jeanne.martin-x:agent.x").name).toBe("a");
  });

  test("externals are known by the name of their server", () => {
    expect(parsePerson("@p:agent.externe.example.fr", "P").external).toBe(true);
    expect(parsePerson("@p:e.example.fr", "P").external).toBe(true);
    expect(parsePerson("@p:agent.exterieur.example.fr", "P").external).toBe(false);
  });

  test("a bracket alone is kept as the name", () => {
    expect(parsePerson("@p:x", "[Accueil]").name).toBe("[Accueil]");
  });
});

describe("days and groups", () => {
  const at = (day: number, hour: number, minute: number): Date => new Date(2026, 0, day, hour, minute);

  test("messages of one person within ten minutes share a name", () => {
    const list = [message("1", "a", at(5, 9, 0)), message("2", "a", at(5, 9, 5)), message("3", "a", at(5, 9, 30))];
    expect(toDays(list)[0]?.groups.map((group) => group.messages.length)).toEqual([2, 1]);
  });

  test("midnight begins a new day", () => {
    const list = [message("1", "a", at(5, 23, 59)), message("2", "a", at(6, 0, 1))];
    expect(toDays(list)).toHaveLength(2);
  });

  test("comings and goings stand apart from what is said", () => {
    const list = [message("1", "a", at(5, 9, 0)), message("2", "a", at(5, 9, 1), "membership"), message("3", "a", at(5, 9, 2))];
    expect(toDays(list)[0]?.groups.map((group) => group.quiet)).toEqual([false, true, false]);
  });
});

describe("small helpers", () => {
  test("web addresses become links, without the full stop that follows", () => {
    const pieces = toPieces("Voir https://exemple.example.fr/a?b=1. Merci");
    expect(pieces.map(({ href }) => href)).toEqual([null, "https://exemple.example.fr/a?b=1", null]);
  });

  test("a link to a room of ours opens in place, and nothing else does", () => {
    const ours = ["https://tchap.example.fr/#/room/x", "https://tchap.example.fr.pirate.example/#/room/x", "https://tchap.example.fr/ouvrir"];
    expect(ours.map((href) => isInside(href, "https://tchap.example.fr"))).toEqual([true, false, false]);
  });

  test("a script is never a link", () => {
    expect(toPieces("javascript:alert(1) <https://x.example.fr>").filter(({ href }) => href !== null)).toHaveLength(1);
  });

  test("searching forgives accents and case", () => {
    expect(matchesAll("Hélène Lefèvre", "LEFEVRE hel")).toBe(true);
    expect(matchesAll("Hélène Lefèvre", "dupont")).toBe(false);
  });

  test("only the rules the server asks for are shown, and a long French phrase meets them", () => {
    const policy = { minimumLength: 12, digit: true, symbol: false, lowercase: true, uppercase: false };
    expect(checkRules(policy, "court").map(({ met }) => met)).toEqual([false, false, true]);
    expect(isAccepted(policy, "une phrase assez longue 7")).toBe(true);
  });

  test("an observable tells only real changes", () => {
    const value = new Observable({ n: 1 });
    let told = 0;
    value.subscribe(() => (told += 1));
    value.set(value.get());
    value.update({ n: 2 });
    expect([told, value.get().n]).toEqual([1, 2]);
  });

  test("a burst of calls becomes one", async () => {
    let runs = 0;
    const burst = gather(() => (runs += 1), 10);
    for (let call = 0; call < 20; call += 1) burst.call();
    await new Promise((done) => setTimeout(done, 40));
    expect(runs).toBe(1);
  });

  test("an absent or broken configuration gives the neutral default", () => {
    expect(parseConfig(null).theme).toBeNull();
    expect(parseConfig({ instances: [{ name: "a" }, "b", 3], theme: {} })).toMatchObject({ instances: ["a", "b"], theme: null });
    expect(parseConfig({ request_form_url: "javascript:alert(1)" }).requestFormUrl).toBe("");
  });

  test("a device is named by what the person recognises", () => {
    const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
    expect(nameDevice(agent, "sur")).toBe("Firefox sur Windows");
  });

  test("a file without an address of the media store is no file", () => {
    expect(parseMedia({ msgtype: "m.file", body: "x", url: "https://ailleurs.example.fr/x" })).toBeNull();
    expect(parseMedia({ msgtype: "m.file", body: "x", url: "mxc://a/b", info: { size: -1 } })?.size).toBe(0);
  });
});
