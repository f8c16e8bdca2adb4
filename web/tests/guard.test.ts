import { expect, test } from "vitest";
import { checkRequest, type GuardFacts } from "../src/matrix/clear-text-guard";

const encrypted: GuardFacts = { isActiveTab: () => true, isRoomKnown: () => true, isRoomEncrypted: () => true };
const url = (type: string): string => `http://x/_matrix/client/v3/rooms/!r%3Ax/send/${type}/t1`;

test("a clear message to an encrypted room is refused at the door of the network", () => {
  expect(() => checkRequest("PUT", url("m.room.message"), encrypted)).toThrow("clear-text");
});

test("encrypted payloads and reactions pass", () => {
  expect(() => checkRequest("PUT", url("m.room.encrypted"), encrypted)).not.toThrow();
  expect(() => checkRequest("PUT", url("m.reaction"), encrypted)).not.toThrow();
});

test("a message type nobody thought of is refused too", () => {
  expect(() => checkRequest("PUT", url("org.example.poll"), encrypted)).toThrow("clear-text");
});

test("a room that is not known takes nothing in clear", () => {
  const unknown = { ...encrypted, isRoomKnown: () => false, isRoomEncrypted: () => false };
  expect(() => checkRequest("PUT", url("m.room.message"), unknown)).toThrow("not-in-sync");
});

test("an inactive tab sends nothing, not even encrypted or deleting", () => {
  const inactive = { ...encrypted, isActiveTab: () => false };
  expect(() => checkRequest("PUT", url("m.room.encrypted"), inactive)).toThrow("inactive-tab");
  expect(() => checkRequest("PUT", "http://x/_matrix/client/v3/rooms/!r/redact/$e/t", inactive)).toThrow("inactive-tab");
});

test("requests that send no message pass", () => {
  expect(() => checkRequest("GET", url("m.room.message"), encrypted)).not.toThrow();
  expect(() => checkRequest("PUT", "http://x/_matrix/client/v3/rooms/!r/typing/@a", encrypted)).not.toThrow();
});
