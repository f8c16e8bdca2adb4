/** What to say of a file that did not open. */
import type { Key, Phrase } from "../i18n/keys";

export interface FileProblem {
  readonly phrase: Phrase;
  /** The file is there and may come later. */
  readonly canRetry: boolean;
}

const FINAL: Readonly<Record<string, Key>> = {
  MCS_MEDIA_NOT_CLEAN: "file.blocked",
  MCS_MIME_TYPE_FORBIDDEN: "file.typeForbidden",
};

export function problemOf(error: unknown): FileProblem {
  const code = String((error as { errcode?: unknown } | null)?.errcode ?? "");
  const final = FINAL[code];
  if (final !== undefined) return { phrase: { key: final }, canRetry: false };
  return { phrase: { key: code === "MCS_MEDIA_REQUEST_FAILED" ? "file.notScanned" : "message.fileError" }, canRetry: true };
}
