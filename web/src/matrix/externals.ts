/** Guests from outside, and the agents who vouch for them until a day. Times in milliseconds. */
import { Method } from "matrix-js-sdk";
import type { Account } from "./account";
import { parsePerson } from "./names";
import { text } from "./state";
import type { ExternalGuest, Sponsor } from "./types";

const OURS = { prefix: "/_tchap/v1" };
const STATES = ["invited", "active"] as const;

type Raw = Readonly<Record<string, unknown>>;

function numberIn(raw: Raw, name: string): number {
  const value = raw[name];
  return typeof value === "number" ? value : 0;
}

function listIn(raw: Raw, name: string): Raw[] {
  const value = raw[name];
  return Array.isArray(value) ? (value as Raw[]) : [];
}

function toGuest(raw: Raw): ExternalGuest {
  const state = STATES.find((each) => each === raw["state"]) ?? "ended";
  return { email: text(raw["email"]), endTime: numberIn(raw, "ends_ts"), state };
}

function pathTo(email: string): string {
  return `/externals/${encodeURIComponent(email)}`;
}

/** As the rooms one is in, or invited to, show the name. */
function nameInRooms(account: Account, userId: string): string | null {
  const names = account.client.getRooms().map((room) => room.getMember(userId)?.rawDisplayName);
  return names.find((name) => name !== undefined && name !== userId) ?? null;
}

/** Before a guest is in a room with the agent, the profile is not hers to read: the invitation tells the name. */
async function toSponsor(account: Account, raw: Raw): Promise<Sponsor> {
  const id = text(raw["user_id"]);
  const profile = await account.client.getProfileInfo(id).catch(() => ({ displayname: undefined }));
  const name = profile.displayname ?? nameInRooms(account, id);
  return { person: parsePerson(id, name), endTime: numberIn(raw, "ends_ts") };
}

/** Whom the person vouches for, or did. */
export async function listGuests(account: Account): Promise<ExternalGuest[]> {
  const answer = await account.client.http.authedRequest<Raw>(Method.Get, "/externals", undefined, undefined, OURS);
  return listIn(answer, "guests").map(toGuest);
}

/** Who vouches for the person, a guest herself; the one who does for longest first. */
export async function listSponsors(account: Account): Promise<Sponsor[]> {
  const answer = await account.client.http.authedRequest<Raw>(Method.Get, "/externals", undefined, undefined, OURS);
  const sponsors = await Promise.all(listIn(answer, "sponsors").map((raw) => toSponsor(account, raw)));
  return sponsors.sort((a, b) => b.endTime - a.endTime);
}

/** Vouches for the address until then. */
export async function vouchUntil(account: Account, email: string, endTime: number): Promise<void> {
  await account.client.http.authedRequest(Method.Put, pathTo(email), undefined, { ends_ts: endTime }, OURS);
}

/** Ends it at once: unless somebody else vouches, the guest leaves all rooms. */
export async function endStay(account: Account, email: string): Promise<void> {
  await account.client.http.authedRequest(Method.Delete, pathTo(email), undefined, undefined, OURS);
}

export async function sendInvitationAgain(account: Account, email: string): Promise<void> {
  await account.client.http.authedRequest(Method.Post, `${pathTo(email)}/invitation`, undefined, {}, OURS);
}
