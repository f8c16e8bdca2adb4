/** Cuts a conversation into days, and each day into groups by the same sender. */
import type { Message } from "../matrix/types";

export interface Group {
  readonly key: string;
  readonly messages: readonly Message[];
  /** Membership lines stand alone, without a name above. */
  readonly quiet: boolean;
}

export interface Day {
  /** Midnight, local time. */
  readonly start: number;
  readonly groups: readonly Group[];
}

const TOGETHER_MS = 10 * 60_000;

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

function isTogether(before: Message, next: Message): boolean {
  if (before.kind === "membership" || next.kind === "membership") return before.kind === next.kind;
  return before.sender.id === next.sender.id && next.time - before.time < TOGETHER_MS;
}

function toGroups(messages: readonly Message[]): Group[] {
  const groups: { key: string; messages: Message[]; quiet: boolean }[] = [];
  for (const message of messages) {
    const group = groups.at(-1);
    const before = group?.messages.at(-1);
    if (group !== undefined && before !== undefined && isTogether(before, message)) group.messages.push(message);
    else groups.push({ key: message.key, messages: [message], quiet: message.kind === "membership" });
  }
  return groups;
}

export function toDays(messages: readonly Message[]): Day[] {
  const days = new Map<number, Message[]>();
  for (const message of messages) {
    const start = startOfDay(message.time);
    const day = days.get(start);
    if (day === undefined) days.set(start, [message]);
    else day.push(message);
  }
  return [...days].map(([start, list]) => ({ start, groups: toGroups(list) }));
}
