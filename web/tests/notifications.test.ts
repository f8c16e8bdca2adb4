import { describe, expect, test } from "vitest";
import { pushWords } from "../src/i18n/push";
import { readPushed, toShown } from "../src/platform/push-notes";
import { NotificationsModel, type Notifier } from "../src/view-models/notifications";
import { Homeserver, joinedRoom, newEvents, stateEvent } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const ROOM = "!salon:agent.essai.example.fr";
const ADDRESS = { url: "https://push.example.fr/1", p256dh: "P", auth: "A" };
const VAPID = { capabilities: { "org.matrix.msc4174.webpush": { enabled: true, vapid: "V" } } };

/** A browser's notifications, as far as the model sees them. */
class Browser implements Notifier {
  granted: "default" | "granted" | "denied" = "default";
  answer: "granted" | "denied" = "granted";
  reachable = true;
  hidden = false;
  subscribed: string[] = [];
  shown: string[] = [];
  names: Readonly<Record<string, string>> = {};
  forgotten = 0;
  token: (token: string) => void = () => undefined;
  #wanted: "push" | "page" | "" = "";

  readonly isSupported = (): boolean => true;
  readonly canPush = (): boolean => true;
  readonly permission = () => this.granted;
  readonly ask = () => Promise.resolve((this.granted = this.answer));
  readonly isHidden = (): boolean => this.hidden;
  readonly subscribe = (key: string) => {
    if (!this.reachable) return Promise.reject(new Error("no push service"));
    this.subscribed.push(key);
    return Promise.resolve(ADDRESS);
  };
  readonly findAddress = () => Promise.resolve(this.subscribed.length > 0 ? ADDRESS : null);
  readonly forget = () => {
    this.forgotten += 1;
    this.#wanted = "";
    return Promise.resolve();
  };
  readonly keepNames = (names: Readonly<Record<string, string>>) => {
    this.names = names;
    return Promise.resolve();
  };
  readonly listen: Notifier["listen"] = ({ onToken }) => {
    this.token = onToken;
    return () => undefined;
  };
  readonly wanted = { get: () => this.#wanted, set: (mode: "push" | "page" | "") => void (this.#wanted = mode) };
  readonly language = (): string => "fr";
  readonly show: Notifier["show"] = ({ title, body }) => void this.shown.push(`${title} | ${body}`);
}

async function start(server: Homeserver, browser: Browser): Promise<NotificationsModel> {
  const account = await openOn(server);
  const words = () => ({ title: "Tchap", news: "Du nouveau", test: "Essai" });
  return new NotificationsModel(account, { notifier: browser, deviceName: "Navigateur", words, onOpen: () => undefined });
}

const MESSAGES = {
  rule_id: ".m.rule.message",
  default: true,
  enabled: true,
  conditions: [{ kind: "event_match", key: "type", pattern: "m.room.message" }],
  actions: ["notify"],
};

function pushing(): Homeserver {
  const server = new Homeserver();
  server.says.push(["/pushrules/", { global: { underride: [MESSAGES] } }]);
  server.says.push(["/capabilities", VAPID], ["/pushers/set", {}], ["/pushers/ack", {}]);
  return server;
}

describe("notifications on this device", () => {
  test("nothing is asked of the browser nor of the server before the person wants it", async () => {
    const [server, browser] = [pushing(), new Browser()];
    const model = await start(server, browser);
    expect([model.state.get().mode, browser.granted, server.asked("/pushers/set")]).toEqual(["off", "default", []]);
  });

  test("turned on, the server is given the subscription, and the token it pushes is given back", async () => {
    const [server, browser] = [pushing(), new Browser()];
    const model = await start(server, browser);
    server.sync(joinedRoom(ROOM, ME, false, [stateEvent("m.room.name", "", ME, { name: "Cellule" })]));
    await model.turnOn();
    expect([model.state.get().mode, browser.subscribed]).toEqual(["push", ["V"]]);
    expect(server.asked("/pushers/set")).toEqual([
      {
        kind: "org.matrix.msc4174.webpush",
        app_id: "fr.tchap.web",
        pushkey: "P",
        app_display_name: "Tchap",
        device_display_name: "Navigateur",
        lang: "fr",
        append: true,
        data: { url: "https://push.example.fr/1", auth: "A", events_only: true },
      },
    ]);
    browser.token("t1");
    await expect.poll(() => server.asked("/pushers/ack")).toEqual([{ app_id: "fr.tchap.web", ack_token: "t1" }]);
  });

  test("where no push service can be reached, the page itself tells while it is hidden, without the content", async () => {
    const [server, browser] = [pushing(), new Browser()];
    browser.reachable = false;
    const model = await start(server, browser);
    server.sync(joinedRoom(ROOM, ME, false, [stateEvent("m.room.name", "", ME, { name: "Cellule" })]));
    await model.turnOn();
    expect(model.state.get().mode).toBe("page");
    const said = (sender: string, body: string) =>
      newEvents(ROOM, [{ type: "m.room.message", sender, content: { msgtype: "m.text", body } }]);
    server.sync(said("@bruno:agent.essai.example.fr", "vu à l’écran"));
    await new Promise((done) => setTimeout(done, 200));
    browser.hidden = true;
    server.sync(said(ME, "de moi"));
    server.sync(said("@bruno:agent.essai.example.fr", "très secret"));
    await expect.poll(() => browser.shown).toEqual(["Cellule | Du nouveau"]);
  });

  test("a refusal is said, and leaves nothing behind", async () => {
    const [server, browser] = [pushing(), new Browser()];
    browser.answer = "denied";
    const model = await start(server, browser);
    await model.turnOn();
    expect([model.state.get().mode, server.asked("/pushers/set")]).toEqual(["denied", []]);
  });

  test("signing out removes the pusher and the subscription", async () => {
    const [server, browser] = [pushing(), new Browser()];
    const model = await start(server, browser);
    await model.turnOn();
    await model.leave();
    expect(server.asked("/pushers/set").at(-1)).toEqual({ kind: null, app_id: "fr.tchap.web", pushkey: "P" });
    expect(browser.forgotten).toBe(1);
  });

  test("the self-test says whether the push service took it", async () => {
    const [server, browser] = [pushing(), new Browser()];
    const model = await start(server, browser);
    await model.turnOn();
    server.says.push(["/push/test", { results: [{ outcome: "sent" }] }]);
    await model.test();
    expect(model.state.get().notice?.key).toBe("notifications.test.sent");
    server.says.push(["/push/test", { results: [{ outcome: "failed" }] }]);
    await model.test();
    expect(model.state.get().error?.key).toBe("notifications.test.failed");
  });
});

describe("what a notification shows", () => {
  const words = pushWords.fr;

  test("the conversation's name as this device knows it, never what was written", () => {
    const raw = { event_id: "$e", room_id: ROOM, room_name: "Nom envoyé", content: { body: "très secret" } };
    const pushed = readPushed(raw);
    if (pushed === null || pushed.kind === "ack") throw new Error("not news");
    const shown = toShown(pushed, { [ROOM]: "Cellule" }, words);
    expect(shown).toEqual({ title: "Cellule", body: words.news, tag: ROOM, path: `room/${encodeURIComponent(ROOM)}` });
    expect(toShown(pushed, {}, words).title).toBe("Nom envoyé");
  });

  test("a conversation without a name bears its sender's, without the administration", () => {
    const pushed = { kind: "news", roomId: ROOM, roomName: "", sender: "Jeanne Martin [Préfecture]" } as const;
    expect(toShown(pushed, {}, words).title).toBe("Jeanne Martin");
    expect(toShown({ ...pushed, sender: "" }, {}, words).title).toBe("Tchap");
  });

  test("the token to give back and the self-test are known; counts and nonsense show nothing", () => {
    expect(readPushed({ app_id: "x", ack_token: "t" })).toEqual({ kind: "ack", token: "t" });
    expect(readPushed({ event_id: "$THIS_IS_A_FAKE_EVENT_ID", room_id: "!t" })).toEqual({ kind: "test" });
    expect([readPushed({ unread: 0 }), readPushed("x"), readPushed(null)]).toEqual([null, null, null]);
  });
});
