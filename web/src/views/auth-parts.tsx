/** What every step of sign-up and sign-in shows around its own question. */
import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Note } from "../design/notes";
import type { AuthModel, AuthState } from "../view-models/auth";
import { useArrivalFocus, useWords } from "./hooks";

export interface StepProps {
  readonly auth: AuthModel;
  readonly state: AuthState;
}

export function Notices({ state }: { readonly state: Pick<AuthState, "error" | "notice"> }): ReactElement {
  const { say } = useWords();
  return (
    <>
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      {state.notice !== null && <Note tone="success">{say(state.notice)}</Note>}
    </>
  );
}

export function Title({ children, name }: { readonly children: string; readonly name: string }): ReactElement {
  const heading = useArrivalFocus(name);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Address({ auth, state }: StepProps): ReactElement {
  const { t } = useWords();
  return (
    <div className="address">
      <span>{state.email}</span>
      <Button look="quiet" size="small" onClick={auth.back}>
        {t("signIn.change")}
      </Button>
    </div>
  );
}
