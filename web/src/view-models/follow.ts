import type { Account } from "../matrix/account";
import { watchRooms } from "../matrix/rooms";
import { gather } from "./observable";

const REDRAW_MS = 60;

/** Runs `redraw` after each burst of what may make rooms read otherwise; returns what ends it. */
export function followRooms(account: Account, redraw: () => void): () => void {
  const burst = gather(redraw, REDRAW_MS);
  const unwatch = watchRooms(account, burst.call);
  return () => {
    unwatch();
    burst.stop();
  };
}
