/** The public rooms of every instance, and reading one before joining it. */
import type { Account } from "./account";
import { knownServers } from "./rooms";
import { isExternalServer, parsePerson, serverOf } from "./names";
import type { Forum, Message } from "./types";

const PAGE = 50;

interface Listed {
  readonly room_id: string;
  readonly name?: string;
  readonly topic?: string;
  readonly num_joined_members?: number;
  readonly world_readable?: boolean;
}

function toForum(account: Account, server: string, room: Listed): Forum {
  return {
    id: room.room_id,
    name: room.name ?? "",
    topic: room.topic ?? "",
    members: room.num_joined_members ?? 0,
    readable: room.world_readable === true,
    joined: account.client.getRoom(room.room_id)?.getMyMembership() === "join",
    server,
  };
}

async function listOn(account: Account, server: string, term: string): Promise<Forum[]> {
  const filter = term === "" ? {} : { filter: { generic_search_term: term } };
  const away = server === serverOf(account.userId) ? {} : { server };
  const answer = await account.client.publicRooms({ limit: PAGE, ...away, ...filter });
  return answer.chunk.map((room) => toForum(account, server, room as Listed));
}

/** Merges the lists of every instance; an instance that does not answer is left out. */
export async function listForums(account: Account, servers: readonly string[], term: string): Promise<Forum[]> {
  const all = new Set([...servers, ...knownServers(account)]);
  const asked = [...all].filter((server) => !isExternalServer(server));
  const answers = await Promise.allSettled(asked.map((server) => listOn(account, server, term)));
  if (answers.every((answer) => answer.status === "rejected")) throw new Error("no list of forums");
  const merged = new Map<string, Forum>();
  for (const answer of answers) {
    if (answer.status === "fulfilled") for (const forum of answer.value) merged.set(forum.id, forum);
  }
  return [...merged.values()].sort((a, b) => b.members - a.members || a.name.localeCompare(b.name));
}

interface RawEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly content: Record<string, unknown>;
}

function namesOf(events: readonly RawEvent[]): Map<string, string> {
  const members = events.filter((event) => event.type === "m.room.member");
  return new Map(members.map((event) => [event.state_key ?? "", String(event.content["displayname"] ?? "")]));
}

function toPreview(event: RawEvent, names: Map<string, string>): Message[] {
  const body = event.content["body"];
  if (event.type !== "m.room.message" || typeof body !== "string") return [];
  const sender = parsePerson(event.sender, names.get(event.sender) ?? null);
  const empty = { edited: false, replyTo: null, reactions: [], media: null, reason: null, membership: null, readBy: [] };
  const shared = { key: event.event_id, eventId: event.event_id, sender, mine: false, time: event.origin_server_ts };
  return [{ ...shared, ...empty, kind: "text", text: body, state: "sent" }];
}

/** The last messages of a forum one has not joined; null when the forum does not let itself be read. */
export async function previewForum(account: Account, roomId: string): Promise<Message[] | null> {
  try {
    const { baseUrl, accessToken } = account.credentials;
    const filter = encodeURIComponent(JSON.stringify({ lazy_load_members: true }));
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=${PAGE}&filter=${filter}`;
    const answer = await fetch(baseUrl + path, { headers: { Authorization: `Bearer ${accessToken}` } });
    if (!answer.ok) return null;
    const page = (await answer.json()) as { chunk?: RawEvent[]; state?: RawEvent[] };
    const events = (page.chunk ?? []).reverse();
    const names = namesOf([...(page.state ?? []), ...events]);
    return events.flatMap((event) => toPreview(event, names));
  } catch {
    return null;
  }
}
