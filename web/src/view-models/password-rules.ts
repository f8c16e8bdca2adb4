import type { Key } from "../i18n/keys";
import type { PasswordPolicy } from "../matrix/accounts";

export interface Rule {
  readonly key: Key;
  readonly count: number;
  readonly met: boolean;
}

/** The rules this server asks for, and which of them the password meets. */
export function checkRules(policy: PasswordPolicy, password: string): Rule[] {
  const length = policy.minimumLength;
  const rules = [
    { key: "signUp.rule.length", count: length, asked: length > 0, met: [...password].length >= length },
    { key: "signUp.rule.digit", count: 1, asked: policy.digit, met: /\d/u.test(password) },
    { key: "signUp.rule.symbol", count: 1, asked: policy.symbol, met: /[^\p{L}\p{N}\s]/u.test(password) },
    { key: "signUp.rule.lowercase", count: 1, asked: policy.lowercase, met: /\p{Ll}/u.test(password) },
    { key: "signUp.rule.uppercase", count: 1, asked: policy.uppercase, met: /\p{Lu}/u.test(password) },
  ] as const;
  return rules.filter((rule) => rule.asked).map(({ key, count, met }) => ({ key, count, met }));
}

export function isAccepted(policy: PasswordPolicy, password: string): boolean {
  return checkRules(policy, password).every((rule) => rule.met);
}
