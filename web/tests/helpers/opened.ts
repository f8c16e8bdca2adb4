/** Accounts opened on a homeserver in memory, closed after each test. */
import { afterEach } from "vitest";
import { type Account, closeAccount, openAccount, waitForFirstSync } from "../../src/matrix/account";
import type { Homeserver } from "./homeserver";

export const ME = "@jeanne:agent.essai.example.fr";
const opened: Account[] = [];

export async function openOn(server: Homeserver, isActiveTab: () => boolean = () => true): Promise<Account> {
  const credentials = { userId: ME, deviceId: "ESSAI", accessToken: "t", baseUrl: "http://essai.example.fr" };
  server.sync({});
  const account = await openAccount(credentials, { isActiveTab, fetchFn: server.fetch, inMemory: true });
  opened.push(account);
  await waitForFirstSync(account);
  return account;
}

export function closeAllAfterEach(): void {
  afterEach(() => {
    for (const account of opened.splice(0)) closeAccount(account);
  });
}
