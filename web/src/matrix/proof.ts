/** Proving again who one is before something grave: by password, or by the identity provider where there is none. */
import { type AuthDict, MatrixError } from "matrix-js-sdk";
import type { Account } from "./account";
import { passwordStage } from "./accounts";

export interface Proof {
  /** null or "" when the person has none. */
  readonly password: string | null;
  /** Sends the person to this page of the server, and resolves when she has confirmed there; null: nobody to ask. */
  readonly confirm: ((url: string) => Promise<void>) | null;
}

interface Asked {
  readonly session: string;
  readonly stages: readonly string[];
}

/** What a refusal asks for (spec: "User-Interactive Authentication API"); only flows of one stage are met here. */
function readAsked(error: unknown): Asked | null {
  if (!(error instanceof MatrixError) || error.httpStatus !== 401) return null;
  const { session, flows } = error.data as { session?: unknown; flows?: readonly { stages?: readonly unknown[] }[] };
  const single = (flows ?? []).filter(({ stages }) => stages?.length === 1);
  return { session: typeof session === "string" ? session : "", stages: single.map(({ stages }) => String(stages?.[0])) };
}

function fallbackPage(account: Account, session: string): string {
  const { baseUrl } = account.credentials;
  return `${baseUrl}/_matrix/client/v3/auth/m.login.sso/fallback/web?session=${encodeURIComponent(session)}`;
}

/** Makes the request without proof first, then with what the server asks for. */
export async function prove<T>(
  account: Account,
  { password, confirm }: Proof,
  makeRequest: (auth: AuthDict | null) => Promise<T>,
): Promise<T> {
  try {
    return await makeRequest(null);
  } catch (error) {
    const asked = readAsked(error);
    if (asked === null) throw error;
    const { session, stages } = asked;
    if (stages.includes("m.login.sso") && confirm !== null) {
      await confirm(fallbackPage(account, session));
      return makeRequest({ session } as AuthDict);
    }
    if (password === null) throw error;
    return makeRequest({ ...passwordStage(account.userId, password), session } as AuthDict);
  }
}
