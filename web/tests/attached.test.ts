import { describe, expect, test } from "vitest";
import { filesOf, withFiles } from "../src/matrix/attached";
import { sendContent, sendText } from "../src/matrix/send";
import { Homeserver, joinedRoom } from "./helpers/homeserver";
import { closeAllAfterEach, ME, openOn } from "./helpers/opened";

closeAllAfterEach();

const ROOM = "!salon:agent.essai.example.fr";
const FILE = "mxc://agent.essai.example.fr/fichier";
const SMALL = "mxc://agent.essai.example.fr/vignette";
const address = "http://x/_matrix/client/v3/rooms/!r%3Ax/send/m.room.encrypted/t1";

describe("the files of a message", () => {
  test("the original and its thumbnail, sealed or not, each once", () => {
    expect(filesOf({ body: FILE })).toEqual([]);
    expect(filesOf({ url: FILE, info: { thumbnail_url: SMALL } })).toEqual([FILE, SMALL]);
    expect(filesOf({ file: { url: FILE, key: {} }, info: { thumbnail_file: { url: SMALL } } })).toEqual([FILE, SMALL]);
    expect(filesOf({ url: FILE, file: { url: FILE } })).toEqual([FILE]);
    expect(filesOf({ url: "https://x/a", file: 3, info: null })).toEqual([]);
  });

  test("are named in the address that sends it, and nowhere else", () => {
    const find = (roomId: string, txnId: string) => (roomId === "!r:x" && txnId === "t1" ? [FILE, SMALL] : []);
    const query = new URL(withFiles("PUT", address, find)).searchParams;
    expect(query.getAll("fr.tchap.attach_media")).toEqual([FILE, SMALL]);
    expect(withFiles("GET", address, find)).toBe(address);
    expect(withFiles("PUT", `${address}2`, find)).toBe(`${address}2`);
    expect(withFiles("PUT", "http://x/_matrix/client/v3/rooms/!r/typing/@a", find)).not.toContain("attach");
  });
});

describe("declaring them", () => {
  test.each([true, false])("each send names its files, whether the room is encrypted or not (%s)", async (encrypted) => {
    const server = new Homeserver();
    const account = await openOn(server);
    if (encrypted) account.expectEncrypted.add(ROOM);
    server.sync(joinedRoom(ROOM, ME, encrypted));
    const key = { v: "v2", key: { k: "clef-secrete" }, iv: "iv", hashes: { sha256: "h" } };
    const sealed = encrypted ? { file: { ...key, url: FILE } } : { url: FILE };
    await sendContent(account, ROOM, "m.room.message", { msgtype: "m.file", body: "note.pdf", ...sealed });
    await sendText(account, ROOM, "sans fichier", null);
    expect(server.queries.map((query) => query.getAll("fr.tchap.attach_media"))).toEqual([[FILE], []]);
    expect(server.queries.join("")).not.toContain("clef");
    expect(server.sent[0]?.type).toBe(encrypted ? "m.room.encrypted" : "m.room.message");
  });
});
