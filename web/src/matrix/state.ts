/** Reading the state of a room as it comes: nothing of it is trusted to have its shape. */
import type { Room } from "matrix-js-sdk";

export type Content = Record<string, unknown>;

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The content of a state event; {} when there is none. */
export function contentOf(room: Room | null, type: string, key = ""): Content {
  return (room?.currentState.getStateEvents(type, key)?.getContent() ?? {}) as Content;
}
