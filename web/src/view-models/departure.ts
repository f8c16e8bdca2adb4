/** What becomes of a room when somebody leaves it, said before she does. */
import type { Member } from "./types";

export type Departure =
  | { readonly kind: "plain" }
  /** The last administrator goes: these people take over. */
  | { readonly kind: "moderators"; readonly names: readonly string[] }
  /** Nobody was chosen for it: everybody who stays takes over, but guests from outside. */
  | { readonly kind: "everybody" }
  /** Nobody who stays can take over. */
  | { readonly kind: "nobody" };

export function isLastAdministrator(members: readonly Member[], userId: string): boolean {
  const administrators = members.filter(({ role, membership }) => role === "admin" && membership === "join");
  return administrators.length === 1 && administrators[0]?.id === userId;
}

/** Those who are there, else those who are expected. */
function whoStays(members: readonly Member[], userId: string): Member[] {
  const others = members.filter(({ id }) => id !== userId);
  const present = others.filter(({ membership }) => membership === "join");
  return present.length > 0 ? present : others;
}

export function decideDeparture(members: readonly Member[], userId: string): Departure {
  if (!isLastAdministrator(members, userId)) return { kind: "plain" };
  const others = whoStays(members, userId).filter(({ external }) => !external);
  const moderators = others.filter(({ role }) => role === "moderator");
  if (moderators.length > 0) return { kind: "moderators", names: moderators.map(({ name }) => name) };
  return { kind: others.length > 0 ? "everybody" : "nobody" };
}
