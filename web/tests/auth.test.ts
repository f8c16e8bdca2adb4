import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Credentials } from "../src/matrix/accounts";
import { AuthModel } from "../src/view-models/auth";

type Json = Record<string, unknown>;

async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}") as Json;
}

/** The e-mail part of a homeserver, over real HTTP: one code, one session, the flow e-mail then terms. */
class Door {
  proven = false;
  loginToken = "";
  flows: Json[] = [{ type: "m.login.password" }];
  readonly completed: string[] = [];
  readonly registered: Json[] = [];

  answer(path: string, body: Json): [number, Json] {
    if (path.startsWith("/_matrix/identity/api/v1/info")) return this.#info(path);
    if (path.endsWith("/password_policy")) return [200, { "m.minimum_length": 12 }];
    if (path.endsWith("/register/email/requestToken")) return [200, { sid: "s1" }];
    if (path.endsWith("/submitToken")) return this.#submit(body);
    if (path.endsWith("/register")) return this.#register(body);
    if (path.endsWith("/login") && body["type"] === "m.login.token") return this.#token(body);
    if (path.endsWith("/login") && body["type"] === undefined) return [200, { flows: this.flows }];
    if (path.endsWith("/login")) return [403, { errcode: "M_FORBIDDEN", error: "Invalid password" }];
    return [404, { errcode: "M_UNRECOGNIZED" }];
  }

  /** A login token works once. */
  #token(body: Json): [number, Json] {
    if (body["token"] !== this.loginToken) return [403, { errcode: "M_FORBIDDEN" }];
    this.loginToken = "";
    return [200, { user_id: "@j:agent.prefectures.example.fr", device_id: "D", access_token: "t" }];
  }

  #info(path: string): [number, Json] {
    if (path.includes("prefecture")) return [200, { hs: "agent.prefectures.example.fr" }];
    return path.includes("inconnu") ? [200, { hs: "agent.externe.example.fr" }] : [403, { errcode: "M_FORBIDDEN" }];
  }

  #submit(body: Json): [number, Json] {
    this.proven = body["token"] === "123456";
    return [200, { success: this.proven }];
  }

  #register(body: Json): [number, Json] {
    const auth = (body["auth"] ?? {}) as Json;
    const stages = ["m.login.email.identity", "m.login.terms"];
    const type = String(auth["type"] ?? "");
    if (type === "m.login.terms" || (type === "m.login.email.identity" && this.proven)) this.completed.push(type);
    if (stages.every((stage) => this.completed.includes(stage))) {
      this.registered.push(body);
      return [200, { user_id: "@j:agent.prefectures.example.fr", device_id: "D", access_token: "t" }];
    }
    const terms = { policies: { cgu: { version: "1", fr: { name: "les conditions", url: "http://x/cgu" } } } };
    return [401, { flows: [{ stages }], session: "u1", completed: this.completed, params: { "m.login.terms": terms } }];
  }
}

let server: Server;
let door: Door;
let signedIn: Credentials[];
let auth: AuthModel;
let left: string[];
let open: () => AuthModel;

beforeEach(async () => {
  door = new Door();
  signedIn = [];
  server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const [status, json] = door.answer(request.url ?? "", body);
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const entryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  left = [];
  open = (): AuthModel =>
    new AuthModel({
      entryUrl,
      homeservers: {},
      deviceName: "Firefox sur Windows",
      language: () => "fr",
      leave: ({ mark, email }, address) => left.push(`${email} ${address(`http://page.example.fr/?errand=${mark}`)}`),
      onSignedIn: (credentials) => signedIn.push(credentials),
    });
  auth = open();
});

afterEach(() => {
  auth.back();
  server.close();
});

const step = (): string => auth.state.get().step.name;
const error = (): string | undefined => auth.state.get().error?.key;

describe("sign-up and sign-in", () => {
  test("from the e-mail to the account, without ever naming a server or a user name", async () => {
    await auth.start(" Jeanne.Martin@prefecture.example.fr ", "sign-up");
    const shown = auth.state.get().step;
    expect(shown.name === "password" && shown.terms).toEqual([{ name: "les conditions", url: "http://x/cgu" }]);
    await auth.choosePassword("une phrase assez longue");
    expect(step()).toBe("code");
    await auth.submitCode("123 456");
    expect(signedIn.map(({ userId }) => userId)).toEqual(["@j:agent.prefectures.example.fr"]);
    expect(door.registered[0]).not.toHaveProperty("username");
  });

  test("a wrong code says so and leaves the field", async () => {
    await auth.start("jeanne@prefecture.example.fr", "sign-up");
    await auth.choosePassword("une phrase assez longue");
    await auth.submitCode("000000");
    expect([step(), error(), signedIn.length]).toEqual(["code", "code.wrong", 0]);
  });

  test("a password the server would refuse is stopped before it is sent", async () => {
    await auth.start("jeanne@prefecture.example.fr", "sign-up");
    await auth.choosePassword("court");
    expect([step(), error()]).toEqual(["password", "error.weakPassword"]);
  });

  test("an address of no administration meets a screen that says what to do", async () => {
    await auth.start("jeanne@inconnu.example.org", "sign-up");
    expect(auth.state.get().step).toEqual({ name: "refused", mayBeInvited: true });
    await auth.start("jeanne@ailleurs.example.org", "sign-up");
    expect(auth.state.get().step).toEqual({ name: "refused", mayBeInvited: false });
  });

  test("what is not an address is told at once", async () => {
    await auth.start("jeanne", "sign-in");
    expect([step(), error()]).toEqual(["welcome", "error.emailFormat"]);
  });

  test("a wrong password does not say which of the two was wrong", async () => {
    await auth.start("jeanne@prefecture.example.fr", "sign-in");
    await auth.signIn("mauvais");
    expect([step(), error()]).toEqual(["sign-in", "error.credentials"]);
  });

  test("a server that does not answer is said kindly", async () => {
    server.close();
    server.closeAllConnections();
    await auth.start("jeanne@prefecture.example.fr", "sign-in");
    expect(error()).toBe("error.offline");
  });
});

describe("signing in by an identity provider", () => {
  const PROVIDER = { id: "proconnect", name: "ProConnect" };

  test("it is offered only where the server offers it", async () => {
    await expect.poll(() => auth.state.get().providers).toEqual([]);
    door.flows = [{ type: "m.login.sso", identity_providers: [PROVIDER, { id: 3 }] }];
    const offered = open();
    await expect.poll(() => offered.state.get().providers).toEqual([PROVIDER]);
  });

  test("the person leaves with the way back and the address already typed", () => {
    auth.identify(PROVIDER, "jeanne@prefecture.example.fr");
    const address = new URL(left[0]?.split(" ")[1] ?? "");
    expect(address.pathname).toBe("/_matrix/client/v3/login/sso/redirect/proconnect");
    expect(address.searchParams.get("redirectUrl")).toMatch(/^http:\/\/page\.example\.fr\/\?errand=\w{40}$/u);
    expect(address.searchParams.get("login_hint")).toBe("jeanne@prefecture.example.fr");
  });

  test("what comes back opens the account", async () => {
    door.loginToken = "t1";
    await auth.comeBack("t1", "");
    expect(signedIn.map(({ userId }) => userId)).toEqual(["@j:agent.prefectures.example.fr"]);
  });

  test("what came too late says so, and what was typed is still there", async () => {
    await auth.comeBack("usé", "jeanne@prefecture.example.fr");
    expect([step(), error(), auth.state.get().email]).toEqual([
      "welcome",
      "error.returnTooLate",
      "jeanne@prefecture.example.fr",
    ]);
  });

  test("a cut connection on the way back can be tried again", async () => {
    door.loginToken = "t1";
    const { port } = server.address() as AddressInfo;
    server.close();
    server.closeAllConnections();
    await auth.comeBack("t1", "");
    expect([step(), error(), signedIn.length]).toEqual(["returning", "error.offline", 0]);
    await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
    await auth.retryReturn();
    expect(signedIn.length).toBe(1);
  });
});
