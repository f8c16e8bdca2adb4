/** Sign-up, sign-in and passwords, by e-mail. The person never sees a server's name nor chooses a user name. */
import { call, ServerRefusal } from "./http";
import { isExternalServer } from "./names";
import { newSecret } from "./random";
import { asText, completeStages, parseTerms, type Policy, type Stage } from "./user-interactive";

export type { Policy } from "./user-interactive";

export interface Credentials {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly baseUrl: string;
}

export interface EmailProof {
  readonly sid: string;
  readonly secret: string;
  readonly submitUrl: string;
}

export type InstanceAnswer =
  | { readonly kind: "known"; readonly server: string; readonly external: boolean }
  | { readonly kind: "refused" };

const CLIENT = "/_matrix/client/v3";

export async function findInstance(entryUrl: string, email: string): Promise<InstanceAnswer> {
  const query = new URLSearchParams({ medium: "email", address: email.trim().toLowerCase() });
  try {
    const body = await call("GET", `${entryUrl}/_matrix/identity/api/v1/info?${query.toString()}`);
    const server = asText(body["hs"]);
    return server === "" ? { kind: "refused" } : { kind: "known", server, external: isExternalServer(server) };
  } catch (error) {
    if (error instanceof ServerRefusal && error.status < 500 && error.status !== 429) return { kind: "refused" };
    throw error;
  }
}

export interface PasswordPolicy {
  readonly minimumLength: number;
  readonly digit: boolean;
  readonly symbol: boolean;
  readonly lowercase: boolean;
  readonly uppercase: boolean;
}

export async function fetchPasswordPolicy(baseUrl: string): Promise<PasswordPolicy> {
  const body = await call("GET", `${baseUrl}${CLIENT}/password_policy`).catch(() => ({}) as Record<string, unknown>);
  const length = body["m.minimum_length"];
  return {
    minimumLength: typeof length === "number" ? length : 12,
    digit: body["m.require_digit"] === true,
    symbol: body["m.require_symbol"] === true,
    lowercase: body["m.require_lowercase"] === true,
    uppercase: body["m.require_uppercase"] === true,
  };
}

/** The terms a new account must accept, read from a first answer that registers nothing. */
export async function fetchTerms(baseUrl: string, language: string): Promise<readonly Policy[]> {
  try {
    await call("POST", `${baseUrl}${CLIENT}/register`, { body: {} });
    return [];
  } catch (error) {
    if (error instanceof ServerRefusal && error.status === 401) return parseTerms(error.body, language);
    throw error;
  }
}

export type EmailPurpose = "register" | "account/password";

/** Asks for a code to be sent. The same secret with a higher attempt sends the code again. */
export async function requestCode(
  baseUrl: string,
  purpose: EmailPurpose,
  email: string,
  attempt: number,
  secret = newSecret(),
): Promise<EmailProof> {
  const body = { client_secret: secret, email: email.trim().toLowerCase(), send_attempt: attempt };
  const answer = await call("POST", `${baseUrl}${CLIENT}/${purpose}/email/requestToken`, { body });
  const given = asText(answer["submit_url"]);
  return { sid: asText(answer["sid"]), secret, submitUrl: sameOriginOrDefault(given, baseUrl) };
}

/** A code is only ever handed to the server it came from. */
function sameOriginOrDefault(given: string, baseUrl: string): string {
  const fallback = `${baseUrl}/_matrix/identity/v2/validate/email/submitToken`;
  try {
    return given !== "" && new URL(given).origin === new URL(baseUrl).origin ? given : fallback;
  } catch {
    return fallback;
  }
}

/** Returns whether the code was right. */
export async function submitCode(proof: EmailProof, code: string): Promise<boolean> {
  const body = { sid: proof.sid, client_secret: proof.secret, token: code.replace(/\s+/gu, "") };
  try {
    const answer = await call("POST", proof.submitUrl, { body });
    return answer["success"] !== false;
  } catch (error) {
    if (error instanceof ServerRefusal && error.status < 500 && error.errcode !== "M_LIMIT_EXCEEDED") return false;
    throw error;
  }
}

function emailStage(proof: EmailProof): Stage {
  return { type: "m.login.email.identity", threepid_creds: { sid: proof.sid, client_secret: proof.secret } };
}

export function toCredentials(baseUrl: string, body: Record<string, unknown>): Credentials {
  return {
    baseUrl,
    userId: asText(body["user_id"]),
    deviceId: asText(body["device_id"]),
    accessToken: asText(body["access_token"]),
  };
}

/** Spec: client-server API, account registration. Throws EmailNotProven while the code has not been given. */
export async function register(
  baseUrl: string,
  proof: EmailProof,
  password: string,
  deviceName: string,
): Promise<Credentials> {
  const body = { password, initial_device_display_name: deviceName, inhibit_login: false };
  const stages = [emailStage(proof), { type: "m.login.terms" }, { type: "m.login.dummy" }];
  const answer = await completeStages(`${baseUrl}${CLIENT}/register`, body, stages);
  return toCredentials(baseUrl, answer);
}

export async function signIn(
  baseUrl: string,
  email: string,
  password: string,
  deviceName: string,
): Promise<Credentials> {
  const identifier = { type: "m.id.thirdparty", medium: "email", address: email.trim().toLowerCase() };
  const body = { type: "m.login.password", identifier, password, initial_device_display_name: deviceName };
  return toCredentials(baseUrl, await call("POST", `${baseUrl}${CLIENT}/login`, { body }));
}

export async function resetPassword(
  baseUrl: string,
  proof: EmailProof,
  newPassword: string,
  signOutDevices: boolean,
): Promise<void> {
  const body = { new_password: newPassword, logout_devices: signOutDevices };
  await completeStages(`${baseUrl}${CLIENT}/account/password`, body, [emailStage(proof)]);
}

export async function changePassword(
  credentials: Credentials,
  oldPassword: string,
  newPassword: string,
  signOutOthers: boolean,
): Promise<void> {
  const { baseUrl, accessToken } = credentials;
  const body = { new_password: newPassword, logout_devices: signOutOthers };
  const stages = [passwordStage(credentials.userId, oldPassword)];
  await completeStages(`${baseUrl}${CLIENT}/account/password`, body, stages, accessToken);
}

export function passwordStage(userId: string, password: string): Stage {
  return { type: "m.login.password", identifier: { type: "m.id.user", user: userId }, password };
}
