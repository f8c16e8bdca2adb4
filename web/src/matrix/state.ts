/** Reading the state of a room as it comes, of which nothing is trusted to have its shape; and writing it. */
import type { MatrixClient, Room } from "matrix-js-sdk";

export type Content = Record<string, unknown>;

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function object(value: unknown): Content {
  return typeof value === "object" && value !== null ? (value as Content) : {};
}

/** The content of a state event; {} when there is none. */
export function contentOf(room: Room | null, type: string, key = ""): Content {
  return (room?.currentState.getStateEvents(type, key)?.getContent() ?? {}) as Content;
}

export function maySetState(room: Room, type: string): boolean {
  return room.currentState.maySendStateEvent(type, room.myUserId);
}

export async function setState(client: MatrixClient, roomId: string, type: string, content: Content, key = ""): Promise<void> {
  // The SDK's table of types knows only the specification's state.
  await client.sendStateEvent(roomId, type as never, content as never, key);
}
