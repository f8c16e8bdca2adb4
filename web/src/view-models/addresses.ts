/** Whom a pasted list names: e-mail addresses as people write them, and the lines of an exported list of members. */

export type Invitee = { readonly kind: "email"; readonly address: string } | { readonly kind: "person"; readonly id: string };

export interface ParsedList {
  readonly invitees: readonly Invitee[];
  /** What was written and names nobody, as it was written. */
  readonly unread: readonly string[];
}

/** One plain address: what follows the "@" has a dot, and nothing of it is what separates a list. */
const EMAIL = /^[^\s@<>,;:"()[\]]+@[^\s@<>,;:"()[\]]+\.[^\s@<>,;:"()[\].]{2,}$/u;
const USER_ID = /^@[^\s:@]+:[^\s@]+$/u;
const BETWEEN = /[,;\n\r\t]+/u;
/** "Jeanne Martin <jeanne.martin@…>", as mail programs copy it. */
const NAMED = /<([^<>]*)>\s*$/u;

export function isEmail(text: string): boolean {
  return EMAIL.test(text.trim());
}

function toInvitee(piece: string): Invitee | null {
  const bare = (NAMED.exec(piece)?.[1] ?? piece).trim();
  if (USER_ID.test(bare)) return { kind: "person", id: bare };
  return EMAIL.test(bare) ? { kind: "email", address: bare.toLowerCase() } : null;
}

/** Addresses may be parted by spaces too, but a name has spaces inside. */
function splitPiece(piece: string): string[] {
  const words = piece.split(/\s+/u);
  return words.every((word) => word.includes("@")) ? words : [piece];
}

export function keyOf(invitee: Invitee): string {
  return invitee.kind === "email" ? invitee.address : invitee.id;
}

export function parseList(text: string): ParsedList {
  const pieces = text.split(BETWEEN).map((piece) => piece.trim()).filter(Boolean).flatMap(splitPiece);
  const invitees = new Map<string, Invitee>();
  const unread: string[] = [];
  for (const piece of pieces) {
    const invitee = toInvitee(piece);
    if (invitee === null) unread.push(piece);
    else invitees.set(keyOf(invitee), invitee);
  }
  return { invitees: [...invitees.values()], unread };
}
