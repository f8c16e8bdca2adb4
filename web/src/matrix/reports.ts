/** Telling the moderators (spec: client-server API, "Reporting Content"). */
import { Method } from "matrix-js-sdk";
import type { Account } from "./account";

export type Reported =
  | { readonly kind: "message"; readonly roomId: string; readonly eventId: string }
  | { readonly kind: "person"; readonly userId: string };

function pathOf(reported: Reported): string {
  if (reported.kind === "person") return `/users/${encodeURIComponent(reported.userId)}/report`;
  return `/rooms/${encodeURIComponent(reported.roomId)}/report/${encodeURIComponent(reported.eventId)}`;
}

export async function report(account: Account, reported: Reported, reason: string): Promise<void> {
  await account.client.http.authedRequest(Method.Post, pathOf(reported), undefined, { reason });
}
