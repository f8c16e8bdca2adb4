import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Choices, Field } from "../design/field";
import { Loading } from "../design/notes";
import type { AuthModel, Intent } from "../view-models/auth";
import { isAccepted } from "../view-models/password-rules";
import { Address, Notices, type StepProps, Title } from "./auth-parts";
import { Gate } from "./gate";
import { useObservable, useSurface, useWords } from "./hooks";
import { CodeStep, NewPassword, PasswordStep } from "./sign-up";

/** The State's own sign-in comes before the address and the password, where the server offers it. */
function Providers({ auth, state, email }: StepProps & { readonly email: string }): ReactElement | null {
  const { t } = useWords();
  if (state.providers === null || state.providers.length === 0) return null;
  return (
    <>
      <div className="stack-s">
        {state.providers.map((provider) => (
          <Button key={provider.id} wide data-testid="provider" onClick={() => auth.identify(provider, email)}>
            {t("welcome.identify", { name: provider.name })}
          </Button>
        ))}
      </div>
      <div className="or">{t("unlock.or")}</div>
    </>
  );
}

/** Back from the provider: nothing to do but wait, or try again when the connection was cut. */
function Returning({ auth, state }: StepProps): ReactElement {
  const { t } = useWords();
  return (
    <>
      <Title name="returning">{t("returning.title")}</Title>
      <Notices state={state} />
      {state.busy && <Loading label={t("returning.body")} />}
      {state.error !== null && (
        <div className="stack-s">
          <Button wide onClick={() => void auth.retryReturn()}>
            {t("common.retry")}
          </Button>
          <Button look="quiet" wide onClick={auth.back}>
            {t("common.back")}
          </Button>
        </div>
      )}
    </>
  );
}

function Welcome({ auth, state }: StepProps): ReactElement {
  const { t } = useWords();
  const [email, setEmail] = useState(state.email);
  const offered = state.providers !== null && state.providers.length > 0;
  const start = (intent: Intent) => (event: FormEvent) => {
    event.preventDefault();
    void auth.start(email, intent);
  };
  return (
    <>
      <Title name="welcome">{t("welcome.title")}</Title>
      <p>{t("welcome.body")}</p>
      <Providers auth={auth} state={state} email={email} />
      {state.providers === null && <Loading label={t("common.loading")} />}
      <form onSubmit={start("sign-in")} noValidate hidden={state.providers === null}>
        <Notices state={state} />
        <Field
          label={t("welcome.email")}
          hint={t("welcome.emailHint")}
          type="email"
          autoComplete="email"
          inputMode="email"
          spellCheck={false}
          value={email}
          testId="email"
          invalid={state.error?.key === "error.emailFormat"}
          onText={setEmail}
        />
        <div className="stack-s">
          <Button type="submit" wide busy={state.busy} look={offered ? "secondary" : "primary"}>
            {t("welcome.signIn")}
          </Button>
          <Button look={offered ? "quiet" : "secondary"} wide onClick={start("sign-up")}>
            {t("welcome.signUp")}
          </Button>
        </div>
      </form>
    </>
  );
}

/** The server's own page where an administration asks to be admitted, unless the operator names another. */
const OPEN_PAGE = "/ouvrir";

/** An unknown domain: what to do, and the way on for somebody who was invited from outside. */
function Refused({ auth, state, mayBeInvited }: StepProps & { readonly mayBeInvited: boolean }): ReactElement {
  const { words, requestFormUrl } = useSurface();
  const { t } = words;
  const domain = state.email.slice(state.email.indexOf("@") + 1);
  return (
    <>
      <Title name="refused">{t("refused.title")}</Title>
      <p>{t("refused.body", { domain })}</p>
      <Notices state={state} />
      <h2>{t("refused.what")}</h2>
      <ol>
        <li>
          <span>
            {t("refused.step1")}{" "}
            <a href={requestFormUrl || OPEN_PAGE} target="_blank" rel="noreferrer">
              {t("refused.open")}
            </a>
          </span>
        </li>
        <li>{t("refused.step2")}</li>
      </ol>
      <div className="stack-s">
        <Button wide onClick={auth.back}>
          {t("refused.other")}
        </Button>
        {mayBeInvited && (
          <Button look="secondary" wide busy={state.busy} onClick={() => void auth.continueInvited()}>
            {t("refused.invited")}
          </Button>
        )}
      </div>
    </>
  );
}

function SignIn({ auth, state }: StepProps): ReactElement {
  const { t } = useWords();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void auth.signIn(password);
  };
  return (
    <>
      <Title name="sign-in">{t("signIn.title")}</Title>
      <Address auth={auth} state={state} />
      <form onSubmit={submit}>
        <Notices state={state} />
        <input type="hidden" name="username" autoComplete="username" value={state.email} />
        <Field
          label={t("signIn.password")}
          type="password"
          autoComplete="current-password"
          autoFocus
          value={password}
          testId="password"
          onText={setPassword}
          reveal={{ show: t("common.showPassword"), hide: t("common.hidePassword") }}
        />
        <div className="stack-s">
          <Button type="submit" wide busy={state.busy}>
            {t("signIn.submit")}
          </Button>
          <Button look="quiet" wide onClick={auth.forgot}>
            {t("signIn.forgot")}
          </Button>
        </div>
      </form>
    </>
  );
}

function Forgot({ auth, state }: StepProps): ReactElement {
  const { t } = useWords();
  return (
    <>
      <Title name="forgot">{t("forgot.title")}</Title>
      <p>{t("forgot.body")}</p>
      <Address auth={auth} state={state} />
      <Notices state={state} />
      <Button busy={state.busy} onClick={() => void auth.askReset()}>
        {t("forgot.submit")}
      </Button>
    </>
  );
}

function Reset({ auth, state }: StepProps): ReactElement | null {
  const { t } = useWords();
  const [password, setPassword] = useState("");
  const [devices, setDevices] = useState<"keep" | "out">("keep");
  if (state.step.name !== "reset") return null;
  const { policy } = state.step;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isAccepted(policy, password)) void auth.reset(password, devices === "out");
  };
  const options = [
    { value: "keep", label: t("forgot.keep"), hint: t("forgot.keepHint") },
    { value: "out", label: t("forgot.out"), hint: t("forgot.outHint") },
  ] as const;
  return (
    <>
      <Title name="reset">{t("forgot.newPassword")}</Title>
      <form onSubmit={submit}>
        <Notices state={state} />
        <NewPassword policy={policy} password={password} onPassword={setPassword} label={t("forgot.newPassword")} />
        <Choices legend={t("forgot.devices")} value={devices} options={options} onChange={setDevices} />
        <Button type="submit" wide busy={state.busy}>
          {t("forgot.save")}
        </Button>
      </form>
    </>
  );
}

function Step({ auth, state }: StepProps): ReactElement {
  switch (state.step.name) {
    case "welcome":
      return <Welcome auth={auth} state={state} />;
    case "returning":
      return <Returning auth={auth} state={state} />;
    case "refused":
      return <Refused auth={auth} state={state} mayBeInvited={state.step.mayBeInvited} />;
    case "sign-in":
      return <SignIn auth={auth} state={state} />;
    case "password":
      return <PasswordStep auth={auth} state={state} policy={state.step.policy} terms={state.step.terms} />;
    case "code":
      return <CodeStep auth={auth} state={state} sentAgain={state.step.sentAgain} />;
    case "forgot":
      return <Forgot auth={auth} state={state} />;
    case "reset":
      return <Reset auth={auth} state={state} />;
  }
}

export function AuthScreen({ auth }: { readonly auth: AuthModel }): ReactElement {
  const state = useObservable(auth.state);
  return (
    <Gate>
      <Step auth={auth} state={state} />
    </Gate>
  );
}
