/** Vouching for guests from outside, on a homeserver in memory. */
import { describe, expect, test } from "vitest";
import { parseConfig } from "../src/platform/config";
import { dayAfter, dayBounds, eveningOf } from "../src/view-models/end-day";
import { GuestsModel, sortGuests, SponsorsModel } from "../src/view-models/guests";
import { Homeserver, joinedRoom, stateEvent } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const ZOE = "zoe.petit@cabinet.example";
const ALL = "/_tchap/v1/externals";
const ONE = `${ALL}/${ZOE}`;
const raw = (state: string, ends_ts = 5) => ({ email: ZOE, sponsor: "@j:agent.x", created_ts: 1, ends_ts, state });
const WAITING = { email: ZOE, endTime: 5, state: "invited" } as const;

async function open(server: Homeserver, ...guests: object[]) {
  const account = await openOn(server);
  server.says.push([ALL, { guests, sponsors: [] }]);
  const model = new GuestsModel(account);
  await model.load();
  return model;
}

const acts = (server: Homeserver) => server.calls.filter(({ path }) => path.startsWith(ONE)).map(({ method, path }) => `${method} ${path}`);

describe("whom an agent vouches for", () => {
  test("whose end is nearest comes first, and who is gone apart", async () => {
    const model = await open(new Homeserver(), raw("active", 9), raw("ended", 1), raw("invited", 7), raw("ended", 2));
    const { present, past } = sortGuests(model.state.get().guests ?? []);
    expect(present.map(({ state, endTime }) => [state, endTime])).toEqual([["invited", 7], ["active", 9]]);
    expect(past.map(({ endTime }) => endTime)).toEqual([2, 1]);
  });

  test("a stay is prolonged until the evening of a day, and the list is read again", async () => {
    const server = new Homeserver();
    const model = await open(server, raw("active"));
    server.says.push([ONE, {}], [ALL, { guests: [raw("active", 99)], sponsors: [] }]);
    await model.prolong("2027-05-31");
    expect(acts(server)).toEqual([]);
    model.ask("prolong", WAITING);
    await model.prolong("");
    expect(model.state.get()).toMatchObject({ error: { key: "guests.noDay" }, asking: { act: "prolong" } });
    await model.prolong("2027-05-31");
    expect(server.asked(ONE)).toEqual([{ ends_ts: new Date(2027, 4, 31, 23, 59, 59).getTime() }]);
    expect(model.state.get()).toMatchObject({ asking: null, notice: { key: "guests.prolonged" }, guests: [{ endTime: 99 }] });
  });

  test("nothing ends before it is confirmed, and a refusal stays in the question", async () => {
    const server = new Homeserver();
    const model = await open(server, raw("active"));
    model.ask("end", WAITING);
    model.stopAsking();
    await model.end();
    expect(acts(server)).toEqual([]);
    model.ask("end", WAITING);
    server.says.push([ONE, { errcode: "M_NOT_FOUND", error: "" }, 404]);
    await model.end();
    expect(model.state.get()).toMatchObject({ error: { key: "guests.over" }, asking: { act: "end" } });
    server.says.push([ONE, {}]);
    await model.end();
    expect(acts(server)).toEqual([`DELETE ${ONE}`, `DELETE ${ONE}`]);
    expect(model.state.get()).toMatchObject({ error: null, asking: null, notice: { key: "guests.ended" } });
  });

  test("the invitation is sent again, while it waits", async () => {
    const server = new Homeserver();
    const model = await open(server, raw("invited"));
    server.says.push([`${ONE}/invitation`, {}]);
    await model.sendAgain(WAITING);
    expect(acts(server)).toEqual([`POST ${ONE}/invitation`]);
    expect(model.state.get().notice?.key).toBe("guests.sentAgain");
    server.says.push([`${ONE}/invitation`, { errcode: "M_NOT_FOUND", error: "" }, 404]);
    await model.sendAgain(WAITING);
    expect(model.state.get()).toMatchObject({ notice: null, error: { key: "guests.noInvitation" } });
  });

  test("a list that cannot be read may be asked for again", async () => {
    const server = new Homeserver();
    const model = new GuestsModel(await openOn(server));
    await model.load();
    expect(model.state.get()).toMatchObject({ guests: null, failed: true });
    server.says.push([ALL, { guests: [], sponsors: [] }]);
    await model.load();
    expect(model.state.get()).toMatchObject({ guests: [], failed: false });
  });
});

describe("who vouches for a guest", () => {
  test("she reads their names, even of one whose profile is not shown to her", async () => {
    const server = new Homeserver();
    const account = await openOn(server);
    const sponsors = [{ user_id: "@jean.martin-prefecture.example.fr:agent.x", ends_ts: 3 }, { user_id: "@h:agent.x", ends_ts: 8 }, { user_id: "@m:agent.x", ends_ts: 5 }];
    server.says.push([ALL, { guests: [], sponsors }], ["/profile/@h:agent.x", { displayname: "Hélène Lefèvre [Hôpital]" }]);
    const member = { membership: "join", displayname: "Marie Durand [Mairie]" };
    server.sync(joinedRoom("!salon:agent.x", ME, false, [stateEvent("m.room.member", "@m:agent.x", "@m:agent.x", member)]));
    await expect.poll(() => account.client.getRooms().length).toBe(1);
    const model = new SponsorsModel(account);
    await model.load();
    const shown = model.state.get().sponsors.map(({ person, endTime }) => [person.name, person.administration, endTime]);
    expect(shown).toEqual([["Hélène Lefèvre", "Hôpital", 8], ["Marie Durand", "Mairie", 5], ["jean martin", "", 3]]);
  });
});

describe("the last day", () => {
  test("it is a day of the calendar, and its evening is still within the longest time", () => {
    const now = new Date(2027, 0, 31, 9, 30).getTime();
    expect(dayBounds(now, { usual: 180, longest: 395 })).toEqual({ first: "2027-02-01", usual: "2027-07-30", last: "2028-02-29" });
    expect(dayBounds(now, { usual: 180, longest: 30 }).usual).toBe(dayAfter(now, 29));
    expect(Number(eveningOf(dayAfter(now, 394)))).toBeLessThanOrEqual(now + 395 * 24 * 3_600_000);
    expect(eveningOf("2027-07-30")).toBe(new Date(2027, 6, 30, 23, 59, 59).getTime());
    expect(["", "2027-02-30", "30/07/2027", "2027-7-30"].map(eveningOf)).toEqual([null, null, null, null]);
  });
});

describe("what the operator lets people choose from", () => {
  test("it is read from the configuration, and nothing odd in it is believed", () => {
    const said = parseConfig({
      retention_default_days: { public: 90, clear: 0 },
      retention_max_days: { public: 90, clear: "x", direct: 30 },
      classifications: ["Diffusion restreinte", 7, ""],
      guest_days: { usual: 60, longest: -1 },
    });
    const none = { usual: 0, longest: 0 };
    expect(said.keeping).toEqual({ public: { usual: 90, longest: 90 }, clear: none, direct: { ...none, longest: 30 } });
    expect([said.classifications, said.guestDays]).toEqual([["Diffusion restreinte"], { usual: 60, longest: 395 }]);
    expect(parseConfig(null)).toMatchObject({ keeping: {}, classifications: [], guestDays: { usual: 180, longest: 395 } });
  });
});
