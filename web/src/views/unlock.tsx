import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Field } from "../design/field";
import { Icon } from "../design/icons";
import { Note } from "../design/notes";
import type { UnlockModel, UnlockState } from "../view-models/unlock";
import { Title } from "./auth-parts";
import { CompareDialog } from "./compare";
import { Gate } from "./gate";
import { Confirmation } from "./confirmation";
import { useObservable, useWords } from "./hooks";

interface Props {
  readonly unlock: UnlockModel;
  readonly state: UnlockState;
}

function LostDialog({ unlock, state }: Props): ReactElement {
  const { t, say } = useWords();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void unlock.startAgain(password);
  };
  return (
    <Dialog
      title={t("unlock.lostTitle")}
      closeLabel={t("common.close")}
      role="alertdialog"
      onClose={() => unlock.askLost(false)}
    >
      <form className="stack" onSubmit={submit}>
        <Note tone="warning">{t("unlock.lostBody")}</Note>
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        {state.needsPassword && (
          <Field
            label={t("unlock.password")}
            hint={t("confirmation.noPassword")}
            type="password"
            autoComplete="current-password"
            value={password}
            onText={setPassword}
          />
        )}
        <Confirmation model={unlock.confirmation} />
        <div className="actions">
          <Button look="secondary" onClick={() => unlock.askLost(false)}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" look="danger" busy={state.busy}>
            {t("unlock.lostConfirm")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function CodeForm({ unlock, state }: Props): ReactElement {
  const { t, say, date } = useWords();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void unlock.submit(code);
  };
  const dated = state.dated;
  const which = dated === null ? "" : t("unlock.dated", { number: dated.number, date: date(dated.createdTime) });
  return (
    <form onSubmit={submit}>
      {state.error !== null && !state.lost && <Note tone="error">{say(state.error)}</Note>}
      <Field
        label={t("unlock.code")}
        hint={`${t("unlock.codeHint")} ${which}`}
        look="mono"
        autoComplete="off"
        spellCheck={false}
        autoCapitalize="off"
        value={code}
        testId="recovery-code"
        invalid={state.error?.key === "unlock.wrong"}
        onText={setCode}
      />
      <Button type="submit" wide busy={state.busy}>
        {t(state.busy ? "unlock.restoring" : "unlock.submit")}
      </Button>
    </form>
  );
}

export function UnlockScreen({ unlock }: { readonly unlock: UnlockModel }): ReactElement {
  const state = useObservable(unlock.state);
  const { t } = useWords();
  return (
    <Gate>
      <Title name="unlock">{t("unlock.title")}</Title>
      <p>{t("unlock.body")}</p>
      <CodeForm unlock={unlock} state={state} />
      <div className="or">{t("unlock.or")}</div>
      <div className="stack-s">
        <Button look="secondary" wide onClick={() => void unlock.compare()}>
          <Icon name="device" />
          {t("unlock.compare")}
        </Button>
        <Button look="quiet" size="small" onClick={() => unlock.askLost(true)}>
          {t("unlock.lost")}
        </Button>
        <Button look="quiet" size="small" onClick={unlock.skip}>
          {t("unlock.skip")}
        </Button>
      </div>
      {state.lost && <LostDialog unlock={unlock} state={state} />}
      {state.comparison !== null && <CompareDialog model={state.comparison} />}
    </Gate>
  );
}
