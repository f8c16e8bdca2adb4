/** The addresses invited by e-mail: the room shows only their beginning, the one who invited keeps them whole. */
import type { Room } from "matrix-js-sdk";
import type { Account } from "./account";
import { text } from "./state";

export const PENDING = "m.room.third_party_invite";
/** Kept in the room, for the person alone. */
const ADDRESSES = "fr.tchap.invited_addresses";
const MAX_ADDRESSES = 100;

/** An address as requests to invite it name it: the person's own server is the identity server too. */
export function inviteeAt(account: Account, address: string) {
  return { medium: "email", address, id_server: new URL(account.credentials.baseUrl).host };
}

export function rememberedIn(room: Room | null): string[] {
  const { addresses } = (room?.getAccountData(ADDRESSES)?.getContent() ?? {}) as { addresses?: unknown };
  return Array.isArray(addresses) ? addresses.map(text).filter(Boolean) : [];
}

export async function remember(account: Account, roomId: string, address: string): Promise<void> {
  const others = rememberedIn(account.client.getRoom(roomId)).filter((known) => known !== address);
  const addresses = [address, ...others].slice(0, MAX_ADDRESSES);
  await account.client.setRoomAccountData(roomId, ADDRESSES as never, { addresses } as never);
}

/** Whether "ca...@pr..." stands for this address. */
export function isShownAs(address: string, shown: string): boolean {
  const [local, domain] = shown.split("@").map((part) => part.replace(/(\.\.\.|…)$/u, "").toLowerCase());
  const [left = "", right = ""] = address.toLowerCase().split("@");
  return local !== undefined && domain !== undefined && left.startsWith(local) && right.startsWith(domain);
}

/** The one remembered address that it can be; "" when none or several can. */
export function findAddress(known: readonly string[], shown: string): string {
  const possible = known.filter((address) => isShownAs(address, shown));
  return possible.length === 1 ? (possible[0] ?? "") : "";
}

/** Whom a room waits for: the address of its first invitation by e-mail, as well as it is known; "" for nobody. */
export function awaitedIn(room: Room): string {
  const shown = room.currentState.getStateEvents(PENDING).map((event) => text(event.getContent()["display_name"]));
  const first = shown.find(Boolean) ?? "";
  return findAddress(rememberedIn(room), first) || first;
}
