/** An account that was not renewed: the server answers every call so, and a mail to its owner renews it. */
import type { Credentials } from "./accounts";
import { call, errcodeOf, ServerRefusal } from "./http";

export const EXPIRED = "ORG_MATRIX_EXPIRED_ACCOUNT";
const FORBIDDEN = 403;

async function isExpiry(answer: Response): Promise<boolean> {
  return answer.status === FORBIDDEN && (await errcodeOf(answer.clone())) === EXPIRED;
}

/** Reads the refusals that come back, and tells when one says that the account has expired. */
export function watchExpiry(inner: typeof fetch, tell: () => unknown): typeof fetch {
  return async (input, init) => {
    const answer = await inner(input, init);
    if (await isExpiry(answer)) tell();
    return answer;
  };
}

/** Asks for the mail that renews the account. */
export async function sendRenewalMail({ baseUrl, accessToken }: Credentials): Promise<void> {
  const url = `${baseUrl}/_matrix/client/unstable/account_validity/send_mail`;
  await call("POST", url, { body: {}, token: accessToken });
}

/** Whether the account serves again; any answer but the one refusal says that the account is not the trouble. */
export async function isRenewed({ baseUrl, accessToken, userId }: Credentials): Promise<boolean> {
  try {
    await call("GET", `${baseUrl}/_matrix/client/v3/profile/${encodeURIComponent(userId)}`, { token: accessToken });
    return true;
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    return error.errcode !== EXPIRED;
  }
}
