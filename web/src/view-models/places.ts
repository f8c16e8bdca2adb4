/** What the part of the address after "#/" names: "room/<room>/<message>", "forums", "settings". */

export interface Path {
  readonly name: string;
  /** A room's id or its address "#…"; "" when none is named. */
  readonly room: string;
  readonly message: string;
  /** Servers that know the room, from the end of a link: "?via=…". */
  readonly via: readonly string[];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Written by hand, or cut by a mail program.
    return part;
  }
}

export function parsePath(path: string): Path {
  const [steps = "", query = ""] = path.split("?", 2);
  const [name = "", room = "", message = ""] = steps.split("/", 3).map(decode);
  return { name, room, message, via: new URLSearchParams(query).getAll("via") };
}

/**
 * The link to a room that one hands to others; `origin` is where this application is served. An id alone does not say
 * where its room is: `server`, which is in it, does.
 */
export function roomLink(origin: string, room: string, server: string): string {
  const via = room.startsWith("#") ? "" : `?via=${encodeURIComponent(server)}`;
  return `${origin}/#/room/${encodeURIComponent(room)}${via}`;
}
