/** Signing in through an identity provider (spec: client-server API, "SSO client login/authentication"). */
import { type Credentials, toCredentials } from "./accounts";
import { call } from "./http";
import { asText } from "./user-interactive";

export interface IdentityProvider {
  readonly id: string;
  /** What people know it by: "ProConnect". */
  readonly name: string;
}

const CLIENT = "/_matrix/client/v3";

function parseProvider(raw: unknown): IdentityProvider[] {
  const given = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
  const [id, name] = [asText(given["id"]), asText(given["name"])];
  return id === "" || name === "" ? [] : [{ id, name }];
}

/** The providers that `GET /login` offers; none when the server does not say. */
export async function listProviders(baseUrl: string): Promise<IdentityProvider[]> {
  const body = await call("GET", `${baseUrl}${CLIENT}/login`);
  const flows = (Array.isArray(body["flows"]) ? body["flows"] : []) as Record<string, unknown>[];
  const offered = flows.find((flow) => flow["type"] === "m.login.sso")?.["identity_providers"];
  return (Array.isArray(offered) ? offered : []).flatMap(parseProvider);
}

/** Where the browser goes to be identified; it comes back to `returnUrl` with a `loginToken`. */
export function providerAddress(baseUrl: string, provider: string, returnUrl: string, email: string): string {
  const query = new URLSearchParams({ redirectUrl: returnUrl });
  if (email !== "") query.set("login_hint", email);
  return `${baseUrl}${CLIENT}/login/sso/redirect/${encodeURIComponent(provider)}?${query.toString()}`;
}

export async function signInWithToken(baseUrl: string, token: string, deviceName: string): Promise<Credentials> {
  const body = { type: "m.login.token", token, initial_device_display_name: deviceName };
  return toCredentials(baseUrl, await call("POST", `${baseUrl}${CLIENT}/login`, { body }));
}
