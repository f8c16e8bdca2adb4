import type { Translator } from "../i18n/translate";
import type { RoomSummary } from "../view-models/types";

export function roomName(room: Pick<RoomSummary, "name">, words: Translator): string {
  return room.name === "" ? words.t("rooms.unnamed") : room.name;
}
