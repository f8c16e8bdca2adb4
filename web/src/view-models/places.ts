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

/** The link to a room that one hands to others; `origin` is where this application is served. */
export function roomLink(origin: string, room: string): string {
  return `${origin}/#/room/${encodeURIComponent(room)}`;
}
