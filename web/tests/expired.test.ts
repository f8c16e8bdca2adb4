import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildAccount } from "../src/matrix/account";
import { EXPIRED, watchExpiry } from "../src/matrix/expiry";
import { AppModel, type AppSurroundings } from "../src/view-models/app";
import { BETWEEN_MAILS_MS, ExpiredModel } from "../src/view-models/expired";

const CREDENTIALS = { userId: "@j:agent.x", deviceId: "D", accessToken: "t", baseUrl: "http://essai.example.fr" };
const REFUSAL = { errcode: EXPIRED, error: "Your account has expired" };

function answer(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

/** A homeserver where the account expired, until `renewed`. */
class Door {
  renewed = false;
  mails = 0;
  refusal: Response | null = null;
  readonly asked: string[] = [];

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(String(input));
    this.asked.push(`${init?.method ?? "GET"} ${pathname}`);
    if (pathname.endsWith("/send_mail")) return this.#mail();
    return this.renewed ? answer({ displayname: "J" }) : answer(REFUSAL, 403);
  };

  #mail(): Response {
    if (this.refusal !== null) return this.refusal;
    this.mails += 1;
    return answer({});
  }
}

let door: Door;
let renewed: number;
let model: ExpiredModel;

beforeEach(() => {
  vi.useFakeTimers();
  door = new Door();
  vi.stubGlobal("fetch", door.fetch);
  renewed = 0;
  model = new ExpiredModel(CREDENTIALS, () => (renewed += 1));
});

afterEach(() => {
  model.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the screen of an expired account", () => {
  test("one mail at a time, half a minute apart", async () => {
    await Promise.all([model.sendMail(), model.sendMail()]);
    expect([door.mails, model.state.get().sent, model.state.get().waiting]).toEqual([1, true, true]);
    await model.sendMail();
    expect(door.mails).toBe(1);
    vi.advanceTimersByTime(BETWEEN_MAILS_MS);
    await model.sendMail();
    expect(door.mails).toBe(2);
  });

  test("going on is possible once the link was opened, and only then", async () => {
    await model.check();
    expect([renewed, model.state.get().notYet]).toEqual([0, true]);
    door.renewed = true;
    await model.check();
    expect([renewed, model.state.get().notYet]).toEqual([1, false]);
    expect(door.asked.at(-1)).toBe("GET /_matrix/client/v3/profile/%40j%3Aagent.x");
  });

  test("a domain that is not authorised any more is told, and so is a server that is away", async () => {
    door.refusal = answer({ errcode: "M_THREEPID_DENIED", error: "no" }, 403);
    await model.sendMail();
    expect([model.state.get().error?.key, model.state.get().waiting]).toEqual(["expired.denied", false]);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    await model.check();
    expect([model.state.get().error?.key, renewed]).toEqual(["error.offline", 0]);
  });
});

describe("a guest from outside whose access is over", () => {
  const SENTENCE = "L'agent qui vous a invité décide de la durée de votre accès : demandez-lui de le prolonger.";
  const guest = (): ExpiredModel => new ExpiredModel({ ...CREDENTIALS, userId: "@z:agent.externe.x" }, () => (renewed += 1));

  test("she reads who decides instead of waiting for a mail, and goes on once it is prolonged", async () => {
    const hers = guest();
    expect([hers.isGuest, model.isGuest]).toEqual([true, false]);
    door.refusal = answer({ errcode: "M_FORBIDDEN", error: SENTENCE }, 403);
    await hers.sendMail();
    const said = { sent: false, waiting: false, error: null, decided: { key: "error.said", params: { text: SENTENCE } } };
    expect(hers.state.get()).toMatchObject(said);
    await hers.check();
    expect([renewed, hers.state.get().notYet]).toEqual([0, true]);
    door.renewed = true;
    await hers.check();
    expect(renewed).toBe(1);
  });

  test("one of before there were sponsors is renewed by a mail as agents are", async () => {
    const hers = guest();
    await hers.sendMail();
    expect(hers.state.get()).toMatchObject({ sent: true, decided: null });
    hers.stop();
  });
});

describe("noticing that the account expired", () => {
  test("the one refusal is told, whatever asked; every other answer passes untouched", async () => {
    let told = 0;
    const answers = [answer({}), answer({ errcode: "M_FORBIDDEN" }, 403), new Response("x", { status: 403 })];
    const watched = watchExpiry(async () => answers.shift() ?? answer(REFUSAL, 403), () => (told += 1));
    for (let number = 0; number < 3; number += 1) await watched("http://essai.example.fr/");
    expect(told).toBe(0);
    expect(await (await watched("http://essai.example.fr/")).json()).toEqual(REFUSAL);
    expect(told).toBe(1);
  });

  test("the account's own requests are watched", async () => {
    let told = 0;
    const options = { isActiveTab: () => true, inMemory: true, fetchFn: door.fetch, onExpired: () => (told += 1) };
    const account = buildAccount(CREDENTIALS, options);
    await expect(account.client.whoami()).rejects.toThrow();
    expect(told).toBe(1);
  });

  const stubStorage = () => {
    const kept = new Map([["tchap.account", JSON.stringify(CREDENTIALS)]]);
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    });
    return kept;
  };
  const openApp = () => {
    const around = { isSecure: true, tab: { claim: async () => true, isActive: () => true }, travel: { takeReturn: () => null } };
    const app = new AppModel(around as unknown as AppSurroundings);
    app.expire(CREDENTIALS);
    return app;
  };

  test("the application shows the screen, keeps the account and goes on when it is renewed", async () => {
    const kept = stubStorage();
    const app = openApp();
    const screen = app.screen.get();
    expect(screen.name).toBe("expired");
    app.expire(CREDENTIALS);
    expect(app.screen.get()).toBe(screen);
    expect(kept.has("tchap.account")).toBe(true);
    door.renewed = true;
    if (screen.name === "expired") await screen.expired.check();
    expect(app.screen.get().name).not.toBe("expired");
  });

  test("an account renewed while another tab took the work does not open here", async () => {
    stubStorage();
    const app = openApp();
    const screen = app.screen.get();
    door.renewed = true;
    const checked = screen.name === "expired" ? screen.expired.check() : Promise.reject(new Error("not expired"));
    await app.lose();
    await checked;
    expect(app.screen.get().name).toBe("other-tab");
  });
});
