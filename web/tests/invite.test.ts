/** Inviting, on a homeserver in memory: what is sent, in which order, and what the person is told. */
import { describe, expect, test, vi } from "vitest";
import type { Account } from "../src/matrix/account";
import * as accounts from "../src/matrix/accounts";
import { Unreachable } from "../src/matrix/http";
import { listPending } from "../src/matrix/invitations";
import * as directory from "../src/matrix/people";
import { findDirectRoom, listRooms } from "../src/matrix/rooms";
import { listMessages } from "../src/matrix/timeline";
import { AccessModel } from "../src/view-models/access";
import { ConversationModel } from "../src/view-models/conversation";
import { EntryModel } from "../src/view-models/entry";
import { InviteModel } from "../src/view-models/invite";
import { MembersModel } from "../src/view-models/members";
import { addressOf, PendingModel } from "../src/view-models/pending";
import { PeopleModel } from "../src/view-models/people";
import { Homeserver, joinedRoom, newEvents, stateEvent } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const ROOM = "!salon:agent.essai.example.fr";
const GUEST = "camille@association.example.org";
const AGENT = "denis@prefecture.example.fr";
const RULES = { rule: "restricted", visibility: "private", force_unencrypted_at_creation: false };
const SHUT = "Ce salon n'accueille pas d'invités externes.";

// The address alone says where it belongs; asking goes by plain fetch, beside the SDK.
vi.spyOn(accounts, "findInstance").mockImplementation((_url, email) => {
  const external = email.endsWith(".org");
  return Promise.resolve({ kind: "known", server: external ? "agent.externe.x" : "agent.x", external });
});

const levels = (mine: number) => stateEvent("m.room.power_levels", "", ME, { users: { [ME]: mine }, state_default: 100, invite: 50 });
const rules = (rule = "restricted") => stateEvent("im.vector.room.access_rules", "", ME, { ...RULES, rule });

async function inRoom(server: Homeserver, ...more: Record<string, unknown>[]): Promise<Account> {
  const account = await openOn(server);
  server.says.push(["/invite", {}], [`/account_data/fr.tchap.invited_addresses`, {}]);
  server.sync(joinedRoom(ROOM, ME, false, more));
  await expect.poll(() => account.client.getRoom(ROOM)?.getMyMembership()).toBe("join");
  return account;
}

const invited = (server: Homeserver) => server.asked(`/rooms/${ROOM}/invite`).map((body) => body["address"] ?? body["user_id"]);

describe("inviting people", () => {
  test("an address from outside opens a closed room, after a question, and only then leaves", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    server.says.push(["/state/im.vector.room.access_rules/", {}]);
    const model = new InviteModel(account, ROOM);
    await model.inviteOne({ kind: "email", address: GUEST }, GUEST);
    expect(model.state.get().asking).toEqual({ externals: [GUEST], others: 0 });
    expect(invited(server)).toEqual([]);
    await model.openAndInvite();
    expect(server.asked("/state/im.vector.room.access_rules/")).toEqual([{ ...RULES, rule: "unrestricted" }]);
    expect(invited(server)).toEqual([GUEST]);
    expect(model.state.get().outcomes).toMatchObject([{ label: GUEST, result: "invited" }]);
  });

  test("who may not open the room is told the server's reason", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(50), rules());
    server.says.push(["/invite", { errcode: "M_FORBIDDEN", error: SHUT }, 403]);
    const model = new InviteModel(account, ROOM);
    await model.inviteOne({ kind: "email", address: GUEST }, GUEST);
    expect(model.state.get().asking).toBeNull();
    expect(model.state.get().outcomes).toMatchObject([{ result: "refused", why: { key: "error.said", params: { text: SHUT } } }]);
  });

  test("an open room asks nothing", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules("unrestricted"));
    const model = new InviteModel(account, ROOM);
    await model.inviteOne({ kind: "email", address: GUEST }, GUEST);
    expect(invited(server)).toEqual([GUEST]);
  });

  test("the guest's access ends on the evening that was chosen", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    server.says.push(["/state/im.vector.room.access_rules/", {}], [`/_tchap/v1/externals/${GUEST}`, {}]);
    const model = new InviteModel(account, ROOM);
    model.chooseEnd("2027-01-01");
    await model.inviteOne({ kind: "email", address: GUEST }, GUEST);
    // What was chosen for others is not for this one.
    expect(model.state.get().endDay).toBe("");
    model.chooseEnd("2027-05-31");
    await model.openAndInvite();
    const evening = new Date(2027, 4, 31, 23, 59, 59).getTime();
    expect(server.asked(`/_tchap/v1/externals/${GUEST}`)).toEqual([{ ends_ts: evening }]);
    expect(model.state.get()).toMatchObject({ hosted: [GUEST], hostedUntil: evening, outcomes: [{ result: "invited", why: null }] });
  });

  test("in an open room the end is chosen after the invitation; agents have none", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules("unrestricted"));
    const model = new InviteModel(account, ROOM);
    model.write(`${GUEST}, ${AGENT}`);
    await model.inviteList();
    expect(model.state.get()).toMatchObject({ hosted: [GUEST], hostedUntil: null });
    await model.setEnd();
    expect(model.state.get().error).toEqual({ key: "guests.noDay" });
    server.says.push([`/_tchap/v1/externals/${GUEST}`, { errcode: "M_INVALID_PARAM", error: "Trop long." }, 400]);
    model.chooseEnd("2097-05-31");
    await model.setEnd();
    expect(model.state.get()).toMatchObject({ hostedUntil: null, error: { key: "error.said", params: { text: "Trop long." } } });
    server.says.push([`/_tchap/v1/externals/${GUEST}`, {}]);
    await model.setEnd();
    expect(model.state.get()).toMatchObject({ hostedUntil: new Date(2097, 4, 31, 23, 59, 59).getTime(), error: null });
  });

  test("an end that the server refuses does not undo the invitation, and is told beside it", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    server.says.push(["/state/im.vector.room.access_rules/", {}]);
    server.says.push([`/_tchap/v1/externals/${GUEST}`, { errcode: "M_INVALID_PARAM", error: "Trop long." }, 400]);
    const model = new InviteModel(account, ROOM);
    await model.inviteOne({ kind: "email", address: GUEST }, GUEST);
    model.chooseEnd("2097-05-31");
    await model.openAndInvite();
    const why = { key: "error.said", params: { text: "Trop long." } };
    expect(model.state.get()).toMatchObject({ hostedUntil: null, outcomes: [{ result: "invited", why }] });
  });

  test("an end that one of several guests could not be given is still to be chosen", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    const other = "elsa@association.example.org";
    server.says.push(["/state/im.vector.room.access_rules/", {}], [`/_tchap/v1/externals/${other}`, {}]);
    server.says.push([`/_tchap/v1/externals/${GUEST}`, { errcode: "M_INVALID_PARAM", error: "Trop long." }, 400]);
    const model = new InviteModel(account, ROOM);
    model.write(`${GUEST}, ${other}`);
    await model.inviteList();
    model.chooseEnd("2097-05-31");
    await model.openAndInvite();
    expect(model.state.get()).toMatchObject({ hosted: [GUEST, other], hostedUntil: null, outcomes: [{ result: "invited" }, { why: null }] });
  });

  test("of a list, agents alone may be invited, and nobody is lost", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    const model = new InviteModel(account, ROOM);
    model.write(`${GUEST}, ${AGENT}\nJeanne Martin`);
    await model.inviteList();
    expect(model.state.get().asking).toEqual({ externals: [GUEST], others: 1 });
    await model.inviteOthers();
    expect(invited(server)).toEqual([AGENT]);
    expect(model.state.get().list.split("\n")).toEqual(["Jeanne Martin", GUEST]);
  });

  test("a server that is away is told, not what else is wrong with the list", async () => {
    const server = new Homeserver();
    const model = new InviteModel(await inRoom(server, levels(100), rules()), ROOM);
    vi.mocked(accounts.findInstance).mockRejectedValueOnce(new Unreachable("away"));
    model.write(`${AGENT}\nJeanne Martin`);
    await model.inviteList();
    expect(model.state.get()).toMatchObject({ error: { key: "error.offline" }, list: `${AGENT}\nJeanne Martin`, progress: null });
  });

  test("who is in the room already, or banned from it, is told of without asking the server", async () => {
    const server = new Homeserver();
    const member = (id: string, membership: string) => stateEvent("m.room.member", id, ME, { membership });
    const account = await inRoom(server, levels(100), rules("unrestricted"), member("@in:agent.x", "join"), member("@out:agent.x", "ban"));
    const model = new InviteModel(account, ROOM);
    model.write("@in:agent.x\n@out:agent.x\n@new:agent.x");
    await model.inviteList();
    expect(model.state.get().outcomes.map(({ why }) => why?.key ?? null)).toEqual(["invite.already", "invite.banned", null]);
    expect(invited(server)).toEqual(["@new:agent.x"]);
  });

  test("a server that asks to wait is obeyed, and asked again", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules());
    const model = new InviteModel(account, ROOM);
    server.says.push(["/invite", { errcode: "M_LIMIT_EXCEEDED", error: "", retry_after_ms: 1 }, 429]);
    const done = model.inviteOne({ kind: "email", address: AGENT }, AGENT);
    await expect.poll(() => invited(server)).toEqual([AGENT]);
    expect(model.state.get().outcomes).toEqual([]);
    server.says.push(["/invite", {}]);
    await done;
    expect(invited(server)).toEqual([AGENT, AGENT]);
    expect(model.state.get().outcomes).toMatchObject([{ result: "invited" }]);
  });
});

describe("invitations without an answer", () => {
  const pending = (token: string, shown: string) => stateEvent("m.room.third_party_invite", token, ME, { display_name: shown, public_key: "k" });

  test("they are listed until they are taken back or answered", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), pending("t1", "ca...@as..."), pending("t2", "de...@pr..."), pending("t3", "el...@pr..."));
    const proof = { membership: "invite", third_party_invite: { display_name: "", signed: { token: "t2" } } };
    server.sync(newEvents(ROOM, [stateEvent("m.room.third_party_invite", "t3", ME, {}), stateEvent("m.room.member", "@d:agent.x", ME, proof)]));
    await expect.poll(() => listPending(account, ROOM, Date.now()).map(({ token }) => token)).toEqual(["t1"]);
    expect(listPending(account, ROOM, 31 * 24 * 3_600_000)[0]).toMatchObject({ shown: "ca...@as...", isMine: true, isExpired: true });
  });

  test("sending again makes the new invitation before the old one is taken back", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), pending("t1", "ca...@as..."));
    server.says.push(["/state/m.room.third_party_invite/t1", {}]);
    const model = new PendingModel(account, ROOM);
    const [old] = model.state.get().pending;
    if (old === undefined) throw new Error("the invitation is not listed");
    await model.sendAgain(old, GUEST);
    const paths = server.calls.map(({ path }) => path).filter((path) => /invite/u.test(path) && !path.includes("account_data"));
    expect(paths.map((path) => path.split("/").at(-1))).toEqual(["invite", "t1"]);
    server.says.push(["/invite", { errcode: "M_LIMIT_EXCEEDED", error: "" }, 429]);
    const before = server.calls.length;
    await model.sendAgain(old, GUEST);
    expect(server.calls.slice(before).some(({ path }) => path.endsWith("/t1"))).toBe(false);
  });

  test("one asked for twice at once leaves once", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), pending("t1", "ca...@as..."));
    server.says.push(["/state/m.room.third_party_invite/t1", {}]);
    const model = new PendingModel(account, ROOM);
    const [old] = model.state.get().pending;
    if (old === undefined) throw new Error("the invitation is not listed");
    await Promise.all([model.sendAgain(old, GUEST), model.sendAgain(old, GUEST)]);
    expect(invited(server)).toEqual([GUEST]);
  });

  test("the address written again must be that of the invitation", () => {
    const by = { id: ME, name: "Jeanne Martin", administration: "", external: false };
    const old = { token: "t1", shown: "ca...@as...", address: "", by, isMine: false, isExpired: false };
    expect(addressOf(old, ` ${GUEST.toUpperCase()} `)).toBe(GUEST);
    expect(addressOf(old, AGENT)).toBe("");
    expect(addressOf(old, "ca...@as...")).toBe("");
  });
});

describe("access by link", () => {
  const open = async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), rules(), stateEvent("m.room.name", "", ME, { name: "Cellule crue" }));
    server.says.push(["/state/m.room.canonical_alias/", {}], ["/state/m.room.guest_access/", {}], ["/state/m.room.join_rules/", {}]);
    server.says.push([":agent.essai.example.fr", {}]);
    return { server, model: new AccessModel(account, ROOM, "https://tchap.example.fr") };
  };

  test("it opens the door to agents under an address of its own, and closes it again", async () => {
    const { server, model } = await open();
    expect(model.state.get()).toMatchObject({ link: "", isLinkOn: false, maySetLink: true, mayOpen: true });
    await model.setLink(true);
    const { alias } = server.asked("/state/m.room.canonical_alias/")[0] as { alias: string };
    expect(alias).toMatch(/^#Cellulecrue[0-9A-Za-z]{11}:agent\.essai\.example\.fr$/u);
    expect(server.calls.some(({ path, body }) => path.endsWith(`/directory/room/${alias}`) && body["room_id"] === ROOM)).toBe(true);
    expect(server.asked("/state/m.room.join_rules/")).toEqual([{ join_rule: "public" }]);
    expect(server.asked("/state/m.room.guest_access/")).toEqual([{ guest_access: "forbidden" }]);
    await model.setLink(false);
    expect(server.asked("/state/m.room.join_rules/").at(-1)).toEqual({ join_rule: "invite" });
  });

  test("a refusal puts the box back as it was, and says why", async () => {
    const { server, model } = await open();
    server.says.push([":agent.essai.example.fr", { errcode: "M_FORBIDDEN", error: SHUT }, 403]);
    await model.setLink(true);
    expect(model.state.get()).toMatchObject({ isLinkOn: false, error: { key: "error.said" } });
  });

  test("a box ticked again before the server answered changes nothing", async () => {
    const { server, model } = await open();
    await Promise.all([model.setLink(true), model.setLink(false)]);
    expect(server.asked("/state/m.room.join_rules/")).toEqual([{ join_rule: "public" }]);
    expect(model.state.get().isLinkOn).toBe(true);
  });

  test("who opens a link sees the room's name and comes in; a closed door says so", async () => {
    const server = new Homeserver();
    const account = await openOn(server);
    const entered: string[] = [];
    const open = (address: string) => new EntryModel(account, address, [], (roomId) => entered.push(roomId));
    server.says.push(["/directory/room/#Crue:agent.x", { room_id: ROOM, servers: ["agent.x"] }]);
    const summary = { room_id: ROOM, name: "Crue", num_joined_members: 3, membership: "leave" };
    server.says.push([`/summary/${ROOM}`, { ...summary, join_rule: "public" }], [`/join/${ROOM}`, { room_id: ROOM }]);
    const entry = open("#Crue:agent.x");
    await expect.poll(() => entry.state.get().status).toBe("open");
    expect(entry.state.get().door).toMatchObject({ name: "Crue", members: 3 });
    await entry.enter();
    expect(entered).toEqual([ROOM]);
    server.says.push([`/summary/${ROOM}`, { ...summary, join_rule: "invite" }]);
    const shut = open(ROOM);
    await expect.poll(() => shut.state.get().status).toBe("shut");
    const gone = open("#Rien:agent.x");
    await expect.poll(() => gone.state.get().status).toBe("shut");
  });
});

describe("what is told of it in the conversation", () => {
  test("opening the room and its link are told, what it was made with is not", async () => {
    const server = new Homeserver();
    const door = (join_rule: string, before?: string) => {
      const unsigned = before === undefined ? {} : { unsigned: { prev_content: { join_rule: before } } };
      return { ...stateEvent("m.room.join_rules", "", ME, { join_rule }), ...unsigned };
    };
    const account = await inRoom(server, rules(), door("invite"));
    const opening = { ...rules("unrestricted"), unsigned: { prev_content: RULES } };
    server.sync(newEvents(ROOM, [opening, door("public", "invite"), door("invite", "public")]));
    const told = () => listMessages(account, ROOM, null).map(({ membership }) => membership?.change);
    await expect.poll(told).toEqual(["created", "opened", "link-on", "link-off"]);
  });
});

describe("searching people", () => {
  test("the failure of a search that is no longer asked is not shown", async () => {
    const account = await openOn(new Homeserver());
    let fail = (): void => undefined;
    vi.spyOn(directory, "searchPeople").mockImplementationOnce(() => {
      return new Promise((_, reject) => (fail = () => reject(new Unreachable("away"))));
    });
    const model = new PeopleModel(account, () => undefined);
    model.search("lefe");
    await expect.poll(() => vi.mocked(directory.searchPeople).mock.calls.length).toBe(1);
    model.search("lefebvre");
    fail();
    await Promise.resolve();
    expect(model.state.get()).toMatchObject({ searching: true, error: null });
    model.search("");
  });
});

describe("a direct message with an address", () => {
  const open = async (server: Homeserver) => {
    const account = await openOn(server);
    server.says.push(["/createRoom", { room_id: ROOM }], ["/account_data/fr.tchap.invited_addresses", {}]);
    const opened: string[] = [];
    return { account, opened, model: new PeopleModel(account, (roomId) => opened.push(roomId)) };
  };

  test("it waits for the person under her address, and is hers once she comes", async () => {
    const server = new Homeserver();
    const { account, opened, model } = await open(server);
    await model.openAddress(AGENT);
    expect(opened).toEqual([ROOM]);
    const [body] = server.asked("/createRoom");
    expect(body).toMatchObject({ is_direct: true, invite_3pid: [{ medium: "email", address: AGENT }] });
    const rule = stateEvent("im.vector.room.access_rules", "", ME, { rule: "direct", visibility: "private" });
    const pending = stateEvent("m.room.third_party_invite", "t", ME, { display_name: "de...@pr...", public_key: "k" });
    server.sync(joinedRoom(ROOM, ME, true, [rule, pending]));
    await expect.poll(() => listRooms(account)[0]).toMatchObject({ kind: "direct", peer: null, name: "de...@pr...", awaited: "de...@pr..." });
    const conversation = new ConversationModel(account, ROOM);
    await conversation.attach([new File(["x"], "note.txt")]);
    expect([conversation.state.get().uploads, server.asked("/media/v3/upload")]).toEqual([[], []]);
    conversation.stop();
    const denis = { membership: "join", displayname: "Denis Roux [Préfecture]" };
    server.sync(newEvents(ROOM, [stateEvent("m.room.member", "@denis:agent.x", "@denis:agent.x", denis)]));
    await expect.poll(() => listRooms(account)[0]).toMatchObject({ kind: "direct", name: "Denis Roux", awaited: "" });
    expect(findDirectRoom(account, "@denis:agent.x")).toBe(ROOM);
  });

  test("a guest from outside has none: it is said before a room is made", async () => {
    const server = new Homeserver();
    const { opened, model } = await open(server);
    await model.openAddress(GUEST);
    expect(model.state.get().error).toEqual({ key: "people.noGuests" });
    expect([opened, server.asked("/createRoom")]).toEqual([[], []]);
  });
});

describe("members", () => {
  const me = { id: ME, name: "Jeanne Martin", administration: "", external: false, membership: "join", role: "admin" } as const;
  const other = { ...me, id: "@denis:agent.x", name: "Denis", role: "member" } as const;

  test("a role is given at once, an equal is asked first, and a removal says what it does", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100), stateEvent("m.room.member", other.id, other.id, { membership: "join" }));
    server.says.push(["/state/m.room.power_levels/", {}], ["/kick", {}]);
    const model = new MembersModel(account, ROOM);
    expect(model.actsOn(other.id)).toEqual({ roles: ["admin", "moderator"], mayRemove: true, mayBan: true });
    model.ask(other, { kind: "role", role: "moderator" }, [me, other]);
    await expect.poll(() => model.state.get().notice).toEqual({ key: "members.done.moderator", params: { name: "Denis" } });
    expect(server.asked("/state/m.room.power_levels/")[0]).toMatchObject({ users: { [ME]: 100, [other.id]: 50 } });
    for (const act of [{ kind: "role", role: "admin" }, { kind: "ban" }, { kind: "remove" }] as const) {
      model.ask(other, act, [me, other]);
      expect(model.state.get().asking?.act).toEqual(act);
    }
    await model.confirm();
    expect(server.asked("/kick")).toMatchObject([{ user_id: other.id }]);
    expect(model.state.get()).toMatchObject({ asking: null, notice: { key: "members.done.remove" } });
  });

  test("the only administrator does not give up the role before there is another", async () => {
    const server = new Homeserver();
    const account = await inRoom(server, levels(100));
    const model = new MembersModel(account, ROOM);
    model.ask(me, { kind: "role", role: "member" }, [me, other]);
    expect(model.state.get()).toMatchObject({ asking: null, error: { key: "members.lastAdmin" } });
    model.ask(me, { kind: "role", role: "member" }, [me, { ...other, role: "admin" }]);
    expect(model.state.get().asking?.member).toBe(me);
  });
});
