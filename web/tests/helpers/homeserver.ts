/** A homeserver in memory, seen through `fetch`: it records what is sent and syncs what the test tells. */

export interface Sent {
  readonly roomId: string;
  readonly type: string;
  readonly txnId: string;
  readonly body: Record<string, unknown>;
}

type Json = Record<string, unknown>;

function answer(body: Json, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

const FIXED: [RegExp, Json][] = [
  [/\/versions$/u, { versions: ["v1.11"] }],
  [/\/keys\/upload/u, { one_time_key_counts: { signed_curve25519: 50 } }],
  [/\/keys\/claim/u, { one_time_keys: {}, failures: {} }],
  [/\/pushrules/u, { global: {} }],
  [/\/filter$/u, { filter_id: "1" }],
  [/\/capabilities$/u, { capabilities: {} }],
  [/\/members/u, { chunk: [] }],
  [/\/sendToDevice\//u, {}],
];

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: Json;
}

export class Homeserver {
  /** Every request that is not a sync. */
  readonly calls: Call[] = [];
  /** What this server answers besides what every homeserver does, by the end of the path: the last one said wins. */
  readonly says: [string, Json | ((body: Json) => Json), number?][] = [];
  readonly sent: Sent[] = [];
  /** What the address of each send asked for, in the order of `sent`. */
  readonly queries: URLSearchParams[] = [];
  /** Texts this server will not take. */
  readonly refused = new Set<string>();
  readonly #pending: ((sync: Json) => void)[] = [];
  readonly #queued: Json[] = [];
  #devices: Json = {};
  #batch = 0;

  /** Gives this to the next long wait of a client. */
  sync(rooms: Json): void {
    this.#batch += 1;
    const body = { next_batch: `b${this.#batch}`, rooms, device_one_time_keys_count: { signed_curve25519: 50 } };
    const waiting = this.#pending.shift();
    if (waiting === undefined) this.#queued.push(body);
    else waiting(body);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    if (url.pathname.endsWith("/sync")) return this.#longWait(init?.signal ?? null);
    const said = this.#say(init?.method ?? "GET", url, init?.body);
    if (said !== null) return said;
    if (url.pathname.endsWith("/keys/query")) return this.#keys(JSON.parse(String(init?.body)) as Json);
    const send = /\/rooms\/([^/]+)\/send\/([^/]+)\/([^/]+)$/u.exec(url.pathname);
    if (send !== null) {
      this.queries.push(url.searchParams);
      return this.#record(send, JSON.parse(String(init?.body ?? "{}")) as Json);
    }
    if (url.pathname.endsWith("/keys/upload")) this.#keep(JSON.parse(String(init?.body)) as Json);
    const fixed = FIXED.find(([path]) => path.test(url.pathname));
    return fixed === undefined ? answer({ errcode: "M_NOT_FOUND", error: "" }, 404) : answer(fixed[1]);
  };

  #say(method: string, url: URL, raw: unknown): Response | null {
    const body = JSON.parse(typeof raw === "string" ? raw : "{}") as Json;
    this.calls.push({ method, path: decodeURIComponent(url.pathname), body });
    const found = this.says.findLast(([path]) => decodeURIComponent(url.pathname).endsWith(path));
    if (found === undefined) return null;
    const [, given, status] = found;
    return answer(typeof given === "function" ? given(body) : given, status);
  }

  /** The bodies of the requests to a path that ends so. */
  asked(path: string): Json[] {
    return this.calls.filter((call) => call.path.endsWith(path)).map(({ body }) => body);
  }

  /** The device this client has just published, and nothing of the others; every person asked for is answered. */
  #keys(asked: Json): Response {
    const people = Object.keys((asked["device_keys"] ?? {}) as Json);
    return answer({ device_keys: Object.fromEntries(people.map((person) => [person, this.#devices])), failures: {} });
  }

  #keep(upload: Json): void {
    const keys = upload["device_keys"] as Json | undefined;
    if (keys !== undefined) this.#devices = { [String(keys["device_id"])]: keys };
  }

  #record(found: RegExpExecArray, body: Json): Response {
    if (this.refused.has(String(body["body"]))) return answer({ errcode: "M_FORBIDDEN", error: "no" }, 403);
    const [roomId, type, txnId] = found.slice(1).map((part) => decodeURIComponent(part));
    this.sent.push({ roomId: roomId ?? "", type: type ?? "", txnId: txnId ?? "", body });
    return answer({ event_id: `$e${this.sent.length}` });
  }

  async #longWait(signal: AbortSignal | null): Promise<Response> {
    const ready = this.#queued.shift();
    if (ready !== undefined) return answer(ready);
    return new Promise((resolve, reject) => {
      this.#pending.push((body) => resolve(answer(body)));
      signal?.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    });
  }
}

let ordinal = 0;

export function stateEvent(type: string, stateKey: string, sender: string, content: Json): Json {
  ordinal += 1;
  return { type, state_key: stateKey, sender, content, event_id: `$s${ordinal}`, origin_server_ts: ordinal };
}

/** A sync with these new events in a room already joined. */
export function newEvents(roomId: string, events: readonly Json[]): Json {
  const full = events.map((event) => {
    ordinal += 1;
    return { event_id: `$n${ordinal}`, origin_server_ts: Date.now(), ...event };
  });
  return { join: { [roomId]: { timeline: { events: full, limited: false, prev_batch: "p" } } } };
}

/** What sync says of a room just joined by `me`. */
export function joinedRoom(roomId: string, me: string, encrypted: boolean, more: readonly Json[] = []): Json {
  const encryption = stateEvent("m.room.encryption", "", me, { algorithm: "m.megolm.v1.aes-sha2" });
  const events = [
    stateEvent("m.room.create", "", me, { room_version: "11" }),
    stateEvent("m.room.member", me, me, { membership: "join", displayname: "Jeanne Martin [Essai]" }),
    ...(encrypted ? [encryption] : []),
    ...more,
  ];
  return { join: { [roomId]: { state: { events: [] }, timeline: { events, limited: false, prev_batch: "p" } } } };
}
