/**
 * Declaring the files of each message to the server, so that they are deleted when the message is.
 *
 * Of an encrypted message the server reads nothing, so the request that sends it names its files: their ids alone,
 * never the keys that open them. They are read from the message as it waits to leave, so that one that leaves later,
 * even after a reload, declares its files too.
 */
import { type Content, object } from "./state";

const SEND = /\/rooms\/([^/]+)\/send\/[^/]+\/([^/]+)$/u;
const PARAMETER = "fr.tchap.attach_media";

/** The addresses of the file and of its thumbnail, sealed or not (spec: "m.room.message"). */
export function filesOf(content: Content): string[] {
  const info = object(content["info"]);
  const named = [content["url"], object(content["file"])["url"], info["thumbnail_url"], object(info["thumbnail_file"])["url"]];
  const found = named.filter((url): url is string => typeof url === "string" && url.startsWith("mxc://"));
  return [...new Set(found)];
}

/** The address of the request with the files of what it sends; any other address as it is. */
export function withFiles(method: string, address: string, find: (roomId: string, txnId: string) => string[]): string {
  if (method.toUpperCase() !== "PUT") return address;
  const url = new URL(address);
  const found = SEND.exec(url.pathname);
  if (found === null) return address;
  const files = find(decodeURIComponent(found[1] ?? ""), decodeURIComponent(found[2] ?? ""));
  for (const file of files) url.searchParams.append(PARAMETER, file);
  return files.length === 0 ? address : url.href;
}

export function declareFiles(inner: typeof fetch, find: (roomId: string, txnId: string) => string[]): typeof fetch {
  return async (input, init) => {
    const isPlain = typeof input === "string" || input instanceof URL;
    return inner(isPlain ? withFiles(init?.method ?? "GET", String(input), find) : input, init);
  };
}
