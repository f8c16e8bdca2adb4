import type { Key, Phrase } from "../i18n/keys";
import { NotConfirmed } from "./confirmation";
import { EmailNotProven } from "../matrix/user-interactive";
import { Unreachable } from "../matrix/http";
import { FileTooLarge } from "../matrix/media";

const BY_CODE: Readonly<Record<string, Key>> = {
  M_THREEPID_IN_USE: "error.emailTaken",
  M_THREEPID_NOT_FOUND: "error.emailUnknown",
  M_WEAK_PASSWORD: "error.weakPassword",
  M_USER_DEACTIVATED: "error.deactivated",
  MCS_MEDIA_NOT_CLEAN: "file.blocked",
  MCS_MIME_TYPE_FORBIDDEN: "file.typeForbidden",
  ORG_MATRIX_EXPIRED_ACCOUNT: "error.expired",
};

/** Refusals that the server words for the person, in her language, with who can help. */
const SAID = new Set([
  "M_FORBIDDEN",
  "M_BAD_JSON",
  "M_INVALID_PARAM",
  "M_INVALID_EMAIL",
  "M_THREEPID_DENIED",
  "M_INVITE_BLOCKED",
  "M_USER_SUSPENDED",
  "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM",
]);

/** The sentence of the server; the two kinds of errors carry it in different places. */
function sentenceOf(error: unknown): string {
  const { data, message } = error as { data?: { error?: unknown }; message?: unknown };
  const said = data === undefined ? message : data.error;
  return typeof said === "string" ? said.trim() : "";
}

/** Every password refusal of a password policy says the same thing to the person. */
function isPasswordCode(code: string): boolean {
  return code.startsWith("M_PASSWORD_") || code.startsWith("M_WEAK_PASSWORD");
}

function codeOf(error: unknown): string {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "string" ? code : "";
}

/** Seconds to wait; the two kinds of errors carry it in different places. */
export function waitOf(error: unknown): number {
  const given = error as { retryAfterMs?: unknown; data?: { retry_after_ms?: unknown } };
  const ms = typeof given.retryAfterMs === "number" ? given.retryAfterMs : given.data?.retry_after_ms;
  return Math.max(1, Math.ceil((typeof ms === "number" ? ms : 0) / 1000));
}

export function isRefusal(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

/** What to say of a failure. `special` words some codes for the act at hand. */
export function phraseOf(error: unknown, special: Readonly<Record<string, Key>> = {}): Phrase {
  const code = codeOf(error);
  const chosen = special[code] ?? BY_CODE[code];
  if (chosen !== undefined) return { key: chosen };
  const said = SAID.has(code) ? sentenceOf(error) : "";
  if (said !== "") return { key: "error.said", params: { text: said } };
  if (code === "M_FORBIDDEN") return { key: "error.notAllowed" };
  if (isPasswordCode(code)) return { key: "error.weakPassword" };
  if (code === "M_LIMIT_EXCEEDED") return { key: "error.tooMany", params: { seconds: waitOf(error) } };
  if (error instanceof EmailNotProven) return { key: "code.wrong" };
  if (error instanceof NotConfirmed) return { key: "confirmation.missing" };
  if (error instanceof FileTooLarge) {
    return { key: "error.fileTooLarge", params: { limit: `${Math.floor(error.limit / 1_000_000)} Mo` } };
  }
  const isNetwork = error instanceof Unreachable || (error as Error | null)?.name === "ConnectionError";
  return { key: isNetwork ? "error.offline" : "error.unknown" };
}
