/** The red list: who is on it is not found in the directory. */
import type { Account } from "./account";

const HIDE_PROFILE = "im.vector.hide_profile";

export async function isOnRedList(account: Account): Promise<boolean> {
  const content = await account.client.getAccountDataFromServer(HIDE_PROFILE as never);
  return (content as { hide_profile?: unknown } | null)?.hide_profile === true;
}

export async function setRedList(account: Account, hidden: boolean): Promise<void> {
  await account.client.setAccountDataRaw(HIDE_PROFILE as never, { hide_profile: hidden } as never);
}
