/** What a conversation tells of who may come in. */
import type { MatrixEvent } from "matrix-js-sdk";
import { ACCESS_RULES } from "./room-kinds";
import { text } from "./state";
import type { MembershipChange } from "./types";

export const ACCESS_TYPES: readonly string[] = [ACCESS_RULES, "m.room.join_rules"];

/** Who may come in was changed; what a room was made with is no change. */
export function accessChangeOf(event: MatrixEvent): MembershipChange["change"] | null {
  const field = event.getType() === ACCESS_RULES ? "rule" : "join_rule";
  const [before, now] = [text(event.getPrevContent()[field]), text(event.getContent()[field])];
  if (before === "" || before === now) return null;
  if (field === "rule") return now === "unrestricted" ? "opened" : null;
  if (now === "public") return "link-on";
  return before === "public" ? "link-off" : null;
}
