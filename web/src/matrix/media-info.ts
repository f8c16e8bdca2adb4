import { object, text } from "./state";
import type { EncryptedFile, MediaInfo } from "./types";

function amount(value: unknown): number {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : 0;
}
function parseKey(value: unknown): EncryptedFile | null {
  const file = object(value);
  const sha256 = text(object(file["hashes"])["sha256"]);
  const key = object(file["key"]) as JsonWebKey;
  if (text(file["url"]) === "" || text(file["iv"]) === "" || sha256 === "" || typeof key.k !== "string") return null;
  return { url: text(file["url"]), key, iv: text(file["iv"]), hashes: { sha256 }, v: text(file["v"]) };
}

/** Reads an m.file, m.image, m.video or m.audio content; null when it names no file. */
export function parseMedia(content: Record<string, unknown>): MediaInfo | null {
  const key = parseKey(content["file"]);
  const mxc = key?.url ?? text(content["url"]);
  if (!mxc.startsWith("mxc://")) return null;
  const info = object(content["info"]);
  return {
    mxc,
    key,
    name: text(content["filename"]) || text(content["body"]),
    type: text(info["mimetype"]),
    size: amount(info["size"]),
    width: amount(info["w"]),
    height: amount(info["h"]),
  };
}
