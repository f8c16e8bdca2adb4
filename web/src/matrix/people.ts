/** The directory, the members of a room and the person's own devices. */
import type { Account } from "./account";
import { parsePerson } from "./names";
import { type Proof, prove } from "./proof";
import { roleOf } from "./roles";
import { text } from "./state";
import type { Device, FoundPerson, Member, Person } from "./types";

const RESULTS = 12;

interface Listed {
  readonly user_id: string;
  readonly display_name?: string;
  readonly [more: string]: unknown;
}

export function toFoundPerson(listed: Listed): FoundPerson {
  const person = parsePerson(listed.user_id, listed.display_name ?? null);
  return { ...person, unit: text(listed["fr.tchap.unit"]), post: text(listed["fr.tchap.function"]) };
}

/** The server finds people by any part of the name, accents and small mistakes forgiven. */
export async function searchPeople(account: Account, term: string): Promise<FoundPerson[]> {
  const answer = await account.client.searchUserDirectory({ term, limit: RESULTS });
  const others = answer.results.filter((found) => found.user_id !== account.userId);
  return others.map((found) => toFoundPerson(found as unknown as Listed));
}

export async function readOwnProfile(account: Account): Promise<Person> {
  const profile = await account.client.getProfileInfo(account.userId).catch(() => ({ displayname: undefined }));
  return parsePerson(account.userId, profile.displayname ?? null);
}

export function listMembers(account: Account, roomId: string): Member[] {
  const members = account.client.getRoom(roomId)?.getMembers() ?? [];
  const present = members.flatMap((member): Member[] => {
    const { membership } = member;
    if (membership !== "join" && membership !== "invite") return [];
    const role = roleOf(member.powerLevel);
    return [{ ...parsePerson(member.userId, member.rawDisplayName), membership, role }];
  });
  return present.sort((a, b) => a.name.localeCompare(b.name));
}

async function isVerified(account: Account, deviceId: string): Promise<boolean> {
  const status = await account.client.getCrypto()?.getDeviceVerificationStatus(account.userId, deviceId);
  return status?.crossSigningVerified === true;
}

export async function listDevices(account: Account): Promise<Device[]> {
  const { devices } = await account.client.getDevices();
  const listed = devices.map(
    async (device): Promise<Device> => ({
      id: device.device_id,
      name: device.display_name ?? "",
      lastSeen: device.last_seen_ts ?? 0,
      current: device.device_id === account.deviceId,
      verified: await isVerified(account, device.device_id),
    }),
  );
  const all = await Promise.all(listed);
  return all.sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeen - a.lastSeen);
}

/** Signs another device out; the server asks again who one is. */
export async function removeDevice(account: Account, deviceId: string, proof: Proof): Promise<void> {
  await prove(account, proof, (auth) => account.client.deleteDevice(deviceId, auth ?? undefined));
}
