import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Choices, LongField } from "../design/field";
import { Note } from "../design/notes";
import type { ReportModel } from "../view-models/report";
import { useObservable, useWords } from "./hooks";

const GROUNDS = ["abuse", "illegal", "impostor", "data", "other"] as const;
type Ground = (typeof GROUNDS)[number];
const LONGEST = 2_000;

interface ReportProps {
  readonly model: ReportModel;
  readonly onClose: () => void;
}

function Form({ model, onClose }: ReportProps): ReactElement {
  const { t, say } = useWords();
  const { busy, error } = useObservable(model.state);
  const [ground, setGround] = useState<Ground | "">("");
  const [details, setDetails] = useState("");
  const { sealed } = model.subject;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.send(ground === "" ? "" : t(`report.ground.${ground}`), details);
  };
  const options = GROUNDS.map((value) => ({ value, label: t(`report.ground.${value}`) }));
  return (
    <form className="stack" onSubmit={submit}>
      <p>{t("report.body")}</p>
      {sealed && <Note tone="info">{t("report.sealed")}</Note>}
      {error !== null && <Note tone="error">{say(error)}</Note>}
      <Choices<Ground | ""> legend={t("report.ground")} value={ground} options={options} onChange={setGround} />
      <LongField label={t("report.details")} value={details} maxLength={LONGEST} testId="report-details" onText={setDetails} />
      <div className="actions">
        <Button look="secondary" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button type="submit" look="danger" busy={busy}>
          {t("report.submit")}
        </Button>
      </div>
    </form>
  );
}

export function ReportDialog({ model, onClose }: ReportProps): ReactElement {
  const { t } = useWords();
  const { done } = useObservable(model.state);
  const { reported, name } = model.subject;
  return (
    <Dialog title={t(`report.title.${reported.kind}`, { name })} closeLabel={t("common.close")} onClose={onClose}>
      {done ? (
        <>
          <Note tone="success">{t("report.done")}</Note>
          <div className="actions">
            <Button autoFocus onClick={onClose}>
              {t("common.close")}
            </Button>
          </div>
        </>
      ) : (
        <Form model={model} onClose={onClose} />
      )}
    </Dialog>
  );
}
