/** What the client knows of the law of rooms: pure tables. */
import { describe, expect, test } from "vitest";
import { aliasFor } from "../src/matrix/access";
import { inChosenLanguage } from "../src/matrix/http";
import { isShownAs } from "../src/matrix/invited-addresses";
import { toFoundPerson } from "../src/matrix/people";
import { decideActs, levelToWrite, type Powers, roleOf } from "../src/matrix/roles";
import { kindOf, type NewRoom, roomBody } from "../src/matrix/room-kinds";
import type { Member } from "../src/matrix/types";
import { parseList } from "../src/view-models/addresses";
import { decideDeparture } from "../src/view-models/departure";
import { phraseOf } from "../src/view-models/errors";
import { parsePath, roomLink } from "../src/view-models/places";

type State = { type: string; content: Record<string, unknown> }[];

describe("the four kinds of rooms", () => {
  const wish: NewRoom = { name: "Crue", topic: "", kind: "secure", externals: false, domainOnly: false };
  const bodyOf = (part: Partial<NewRoom>) => {
    const body = roomBody({ ...wish, ...part });
    const state = body["initial_state"] as State;
    return { body, find: (type: string) => state.find((event) => event.type === type)?.content };
  };

  const PRIVATE = { visibility: "private", preset: "private_chat", history: "invited" } as const;
  const PUBLIC = { visibility: "public", preset: "public_chat", history: "world_readable", rule: "restricted", clear: false } as const;

  test.each([
    [{}, { ...PRIVATE, rule: "restricted", clear: false }],
    [{ externals: true }, { ...PRIVATE, rule: "unrestricted", clear: false }],
    [{ kind: "private" }, { ...PRIVATE, rule: "restricted", clear: true }],
    [{ kind: "private", externals: true }, { ...PRIVATE, rule: "unrestricted", clear: true }],
    [{ kind: "public" }, PUBLIC],
    // A public room is never open to people from outside, whatever was ticked before.
    [{ kind: "public", externals: true }, PUBLIC],
  ] as const)("%o is made as the law wants", (part, { visibility, preset, history, rule, clear }) => {
    const { body, find } = bodyOf(part);
    expect([body["visibility"], body["preset"]]).toEqual([visibility, preset]);
    expect(find("im.vector.room.access_rules")).toEqual({ rule, visibility, force_unencrypted_at_creation: clear });
    expect(find("m.room.history_visibility")).toEqual({ history_visibility: history });
    expect(find("m.room.guest_access")).toEqual({ guest_access: "forbidden" });
    expect(find("m.room.encryption") !== undefined).toBe(preset === "private_chat" && !clear);
    expect(body).not.toHaveProperty("creation_content");
  });

  test("a public room may be kept to one's own server", () => {
    expect(bodyOf({ kind: "public", domainOnly: true }).body["creation_content"]).toEqual({ "m.federate": false });
    expect(bodyOf({ domainOnly: true }).body).not.toHaveProperty("creation_content");
  });

  test.each([
    [true, {}, "invite", true, "direct"],
    [false, { visibility: "private", rule: "restricted" }, "invite", true, "secure"],
    [false, { visibility: "private", rule: "restricted" }, "invite", false, "private"],
    // The access by link: the door of a public room, the walls of a private one.
    [false, { visibility: "private", rule: "restricted" }, "public", true, "secure"],
    [false, { visibility: "private", rule: "unrestricted" }, "public", false, "private"],
    [false, { visibility: "public", rule: "restricted" }, "public", false, "public"],
    [false, {}, "public", false, "public"],
    [false, { rule: "unrestricted" }, "public", false, "private"],
    [false, {}, "public", true, "secure"],
  ] as const)("direct %s, rules %o, door %s, encrypted %s: %s", (isDirect, rules, joinRule, isEncrypted, kind) => {
    expect(kindOf({ isDirect, rules, joinRule, isEncrypted })).toBe(kind);
  });

  test("a link's address keeps the letters of the name and ends in what cannot be guessed", () => {
    expect(aliasFor("Réunion de crise n° 7 !", "abcdefghijk", "agent.x")).toBe("#Reuniondecrisen7abcdefghijk:agent.x");
    expect(aliasFor("會議", "abcdefghijk", "agent.x")).toBe("#abcdefghijk:agent.x");
    expect(aliasFor("a".repeat(300), "abcdefghijk", "agent.x").length).toBeLessThan(100);
  });
});

describe("roles", () => {
  const powers: Powers = { mine: 100, theirs: 0, isMe: false, isExternal: false, setRoles: 100, kick: 50, ban: 50 };

  test.each([
    [{}, ["admin", "moderator"], true, true],
    [{ theirs: 50 }, ["admin", "member"], true, true],
    [{ theirs: 100 }, [], false, false],
    [{ isExternal: true }, [], true, true],
    [{ isMe: true, theirs: 100 }, ["moderator", "member"], false, false],
    [{ mine: 50 }, [], true, true],
    [{ mine: 50, theirs: 50 }, [], false, false],
    [{ mine: 50, setRoles: 50 }, ["moderator"], true, true],
    [{ mine: 0 }, [], false, false],
    [{ mine: 50, ban: 100 }, [], true, false],
  ])("%o", (change, roles, mayRemove, mayBan) => {
    expect(decideActs({ ...powers, ...change })).toEqual({ roles, mayRemove, mayBan });
  });

  test("a level between two roles is the lower one, and what everybody has is not written", () => {
    expect([roleOf(100), roleOf(99), roleOf(50), roleOf(1)]).toEqual(["admin", "moderator", "moderator", "member"]);
    expect([levelToWrite("member", 0), levelToWrite("member", 100), levelToWrite("admin", 0)]).toEqual([undefined, 0, 100]);
  });

  const member = (id: string, role: Member["role"], more: Partial<Member> = {}): Member => {
    return { id, name: id, administration: "", external: false, membership: "join", role, ...more };
  };

  test.each([
    [[member("a", "admin"), member("b", "admin")], { kind: "plain" }],
    [[member("a", "member"), member("b", "member")], { kind: "plain" }],
    [[member("a", "admin"), member("b", "moderator"), member("c", "member")], { kind: "moderators", names: ["b"] }],
    [[member("a", "admin"), member("b", "member")], { kind: "everybody" }],
    [[member("a", "admin"), member("b", "member", { external: true })], { kind: "nobody" }],
    [[member("a", "admin"), member("b", "admin", { membership: "invite" })], { kind: "everybody" }],
    [[member("a", "admin")], { kind: "nobody" }],
  ])("leaving %o", (members, departure) => {
    expect(decideDeparture(members, "a")).toEqual(departure);
  });
});

describe("a pasted list of people", () => {
  test("commas, semicolons, lines, spaces and names are understood, and each person is counted once", () => {
    const text = "a.b@x.example.fr, Jeanne Martin <J.Martin@Y.example.fr>;c@z.example.fr d@z.example.fr\n\na.b@x.example.fr\r\n@e:agent.x";
    const { invitees, unread } = parseList(text);
    expect(invitees).toEqual([
      { kind: "email", address: "a.b@x.example.fr" },
      { kind: "email", address: "j.martin@y.example.fr" },
      { kind: "email", address: "c@z.example.fr" },
      { kind: "email", address: "d@z.example.fr" },
      { kind: "person", id: "@e:agent.x" },
    ]);
    expect(unread).toEqual([]);
  });

  test("what names nobody is given back as it was written", () => {
    expect(parseList("Jeanne Martin; a@b; a@@x.example.fr; ok@x.example.fr").unread).toEqual(["Jeanne Martin", "a@b", "a@@x.example.fr"]);
  });

  test("the beginning of an address is recognised in what a room shows of it", () => {
    expect(isShownAs("camille.roche@association.example.org", "ca...@as...")).toBe(true);
    expect(isShownAs("camille.roche@association.example.org", "ca…@as…")).toBe(true);
    expect(isShownAs("denis@association.example.org", "ca...@as...")).toBe(false);
    expect(isShownAs("camille@hopital.example.fr", "ca...@as...")).toBe(false);
    expect(isShownAs("camille@hopital.example.fr", "Camille")).toBe(false);
  });
});

describe("addresses of places", () => {
  test("a link leads to a room by its address or its id, with the servers that know it", () => {
    expect(parsePath("room/%23Crueabc%3Aagent.x")).toEqual({ name: "room", room: "#Crueabc:agent.x", message: "", via: [] });
    expect(parsePath("room/#Crueabc:agent.x").room).toBe("#Crueabc:agent.x");
    expect(parsePath("room/!id:agent.x/$message?via=agent.y&via=agent.z")).toEqual({
      name: "room",
      room: "!id:agent.x",
      message: "$message",
      via: ["agent.y", "agent.z"],
    });
    expect(parsePath("room/%E0%A4%A").room).toBe("%E0%A4%A");
    expect(parsePath("forums").name).toBe("forums");
  });

  test("the link one copies is understood by who opens it", () => {
    const links = [roomLink("https://tchap.example.fr", "#Crue:agent.x", "agent.x"), roomLink("https://tchap.example.fr", "!abc", "agent.x")];
    expect(links.map((link) => parsePath(link.split("#/")[1] ?? ""))).toEqual([
      { name: "room", room: "#Crue:agent.x", message: "", via: [] },
      { name: "room", room: "!abc", message: "", via: ["agent.x"] },
    ]);
  });
});

describe("refusals and the directory", () => {
  test("a refusal is said in the server's words, which say who can help; without words, in ours", () => {
    const said = "Ce salon n'accueille pas d'invités externes. Demandez à un administrateur du salon.";
    const refusal = (errcode: string, error?: string) => ({ errcode, data: error === undefined ? {} : { error } });
    expect(phraseOf(refusal("M_FORBIDDEN", said))).toEqual({ key: "error.said", params: { text: said } });
    expect(phraseOf(refusal("M_FORBIDDEN"))).toEqual({ key: "error.notAllowed" });
    expect(phraseOf(refusal("M_FORBIDDEN", said), { M_FORBIDDEN: "error.wrongPassword" })).toEqual({ key: "error.wrongPassword" });
    expect(phraseOf(refusal("M_UNKNOWN", "Traceback"))).toEqual({ key: "error.unknown" });
  });

  test("every request asks for refusals in the language of the application, and keeps its own headers", async () => {
    const asked: Headers[] = [];
    const send = inChosenLanguage((_input, init) => {
      asked.push(new Headers(init?.headers));
      return Promise.resolve(new Response("{}"));
    });
    await send("https://agent.x/", { headers: { Authorization: "Bearer t" } });
    await send("https://agent.x/");
    expect(asked.map((headers) => headers.get("Accept-Language"))).toEqual(["fr", "fr"]);
    expect(asked[0]?.get("Authorization")).toBe("Bearer t");
  });

  test("the directory says where somebody works when it knows", () => {
    const listed = { user_id: "@j:agent.x", display_name: "Jeanne Martin [DINUM]", "fr.tchap.unit": "Réseaux", "fr.tchap.function": 3 };
    expect(toFoundPerson(listed)).toMatchObject({ name: "Jeanne Martin", administration: "DINUM", unit: "Réseaux", post: "" });
  });
});
