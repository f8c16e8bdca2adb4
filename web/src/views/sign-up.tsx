import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Check, Field } from "../design/field";
import { Note } from "../design/notes";
import { checkRules } from "../view-models/password-rules";
import type { PasswordPolicy, Policy } from "../view-models/types";
import { Address, Notices, type StepProps, Title } from "./auth-parts";
import { useSurface, useWords } from "./hooks";

interface NewPasswordProps {
  readonly policy: PasswordPolicy;
  readonly password: string;
  readonly label: string;
  readonly onPassword: (password: string) => void;
}

export function NewPassword({ policy, password, label, onPassword }: NewPasswordProps): ReactElement {
  const { t } = useWords();
  const rules = (
    <>
      <span>{t("signUp.rules")}</span>
      <ul className="rules">
        {checkRules(policy, password).map((rule) => (
          <li key={rule.key} data-met={rule.met ? "" : undefined}>
            {t(rule.key, { count: rule.count })}
            <span className="hidden"> ({t(rule.met ? "signUp.rule.met" : "signUp.rule.missing")})</span>
          </li>
        ))}
      </ul>
    </>
  );
  return (
    <Field
      label={label}
      hint={rules}
      type="password"
      autoComplete="new-password"
      value={password}
      testId="password"
      onText={onPassword}
      reveal={{ show: t("common.showPassword"), hide: t("common.hidePassword") }}
    />
  );
}

function TermsText({ terms }: { readonly terms: readonly Policy[] }): ReactElement {
  const { t } = useWords();
  const [before, after] = t("signUp.terms", { terms: "|" }).split("|");
  return (
    <>
      {before}
      {terms.map((policy, index) => (
        <span key={policy.url}>
          {index > 0 && ", "}
          <a href={policy.url} target="_blank" rel="noreferrer">
            {policy.name || t("signUp.termsDefault")}
          </a>
        </span>
      ))}
      {terms.length === 0 && t("signUp.termsDefault")}
      {after}
    </>
  );
}

interface PasswordStepProps extends StepProps {
  readonly policy: PasswordPolicy;
  readonly terms: readonly Policy[];
}

export function PasswordStep({ auth, state, policy, terms }: PasswordStepProps): ReactElement {
  const { t } = useWords();
  const [password, setPassword] = useState("");
  const [accepted, setAccepted] = useState(false);
  const [asked, setAsked] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(true);
    if (accepted) void auth.choosePassword(password);
  };
  return (
    <>
      <Title name="password">{t("signUp.title")}</Title>
      <Address auth={auth} state={state} />
      <form onSubmit={submit}>
        <Notices state={state} />
        <input type="hidden" name="username" autoComplete="username" value={state.email} />
        <NewPassword policy={policy} password={password} onPassword={setPassword} label={t("signUp.password")} />
        <Check checked={accepted} onChange={setAccepted} testId="terms">
          <TermsText terms={terms} />
        </Check>
        {asked && !accepted && <Note tone="error">{t("signUp.termsNeeded")}</Note>}
        <Button type="submit" wide busy={state.busy}>
          {t("signUp.submit")}
        </Button>
      </form>
    </>
  );
}

/** Only where no e-mail is really sent: a demonstration on one machine. */
function Mailbox(): ReactElement | null {
  const { words, mailboxUrl } = useSurface();
  if (mailboxUrl === "") return null;
  return (
    <Note tone="info">
      {words.t("code.mailbox")}{" "}
      <a href={mailboxUrl} target="_blank" rel="noreferrer">
        {words.t("code.mailboxOpen")}
      </a>
    </Note>
  );
}

export function CodeStep({ auth, state, sentAgain }: StepProps & { readonly sentAgain: boolean }): ReactElement {
  const { t } = useWords();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void auth.submitCode(code);
  };
  return (
    <>
      <Title name="code">{t("code.title")}</Title>
      <p>{t("code.body", { email: state.email })}</p>
      <Mailbox />
      <form onSubmit={submit}>
        <Notices state={state} />
        {sentAgain && state.error === null && <Note tone="success">{t("code.sentAgain")}</Note>}
        <Field
          label={t("code.label")}
          look="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          maxLength={12}
          value={code}
          testId="code"
          invalid={state.error?.key === "code.wrong"}
          onText={setCode}
        />
        <div className="stack-s">
          <Button type="submit" wide busy={state.busy}>
            {t("code.submit")}
          </Button>
          <Button look="quiet" wide onClick={() => void auth.sendAgain()}>
            {t("code.again")}
          </Button>
        </div>
      </form>
    </>
  );
}
