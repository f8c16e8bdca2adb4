import type { Person } from "./types";

const BRACKET = /^(.*?)\s*\[([^\][]*)\]\s*$/u;
/** Server names of the invited externals begin so, today and in every published client. */
const EXTERNAL_SERVER = /^(agent\.externe\.|e\.)/u;

export function serverOf(userId: string): string {
  return userId.slice(userId.indexOf(":") + 1);
}

export function isExternal(userId: string): boolean {
  return isExternalServer(serverOf(userId));
}

export function isExternalServer(server: string): boolean {
  return EXTERNAL_SERVER.test(server);
}

/** "jeanne.martin-dinum.example.fr" becomes "jeanne martin": an address is never shown for a name. */
function nameFromId(userId: string): string {
  const local = userId.slice(1, Math.max(1, userId.indexOf(":")));
  const name = local.split("-")[0] ?? local;
  return name.replace(/[._]+/gu, " ").trim();
}

/** Splits "Jeanne Martin [DINUM]" into the person and the administration. */
export function parsePerson(userId: string, displayName: string | null | undefined): Person {
  const raw = (displayName ?? "").trim();
  const shown = raw === "" || raw.startsWith("@") ? nameFromId(userId) : raw;
  const split = BRACKET.exec(shown);
  const name = split?.[1]?.trim() ?? "";
  return {
    id: userId,
    name: name === "" ? shown : name,
    administration: name === "" ? "" : (split?.[2]?.trim() ?? ""),
    external: isExternal(userId),
  };
}
