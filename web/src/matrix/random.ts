/** Chance, drawn from the browser's cryptographic source only. */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits. */
export function randomText(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}

/** A client secret for an e-mail proof (spec: [0-9a-zA-Z.=_-], at most 255). */
export function newSecret(): string {
  return randomText(40);
}

/**
 * Two tabs that count their messages would give equal ids and the server would drop one message of each pair;
 * a random id of 24 letters cannot meet another.
 */
export function newTransactionId(): string {
  return `t${randomText(24)}`;
}
