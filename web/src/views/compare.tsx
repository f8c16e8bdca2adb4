import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Loading, Note } from "../design/notes";
import type { ComparisonModel } from "../view-models/comparison";
import type { ComparisonStep } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

function Symbols({ emojis }: { readonly emojis: readonly (readonly [string, string])[] }): ReactElement {
  return (
    <ul className="emojis">
      {emojis.map(([emoji, name], index) => (
        <li key={index}>
          <span aria-hidden="true">{emoji}</span>
          <span>{name}</span>
        </li>
      ))}
    </ul>
  );
}

function Body({ step, model }: { readonly step: ComparisonStep; readonly model: ComparisonModel }): ReactElement {
  const { t } = useWords();
  if (step.step === "asked" && step.byMe) return <Loading label={t("compare.asked")} />;
  if (step.step === "asked") {
    return (
      <>
        <p>{t("compare.incoming")}</p>
        <div className="actions">
          <Button look="secondary" onClick={model.close}>
            {t("compare.refuse")}
          </Button>
          <Button onClick={model.accept}>{t("compare.accept")}</Button>
        </div>
      </>
    );
  }
  if (step.step === "compare") {
    return (
      <>
        <p>{t("compare.question")}</p>
        <Symbols emojis={step.emojis} />
        <div className="actions">
          <Button look="secondary" onClick={model.different}>
            {t("compare.different")}
          </Button>
          <Button onClick={model.same}>{t("compare.same")}</Button>
        </div>
      </>
    );
  }
  if (step.step === "done" || step.step === "cancelled") {
    return (
      <>
        <Note tone={step.step === "done" ? "success" : "warning"}>
          {t(step.step === "done" ? "compare.done" : "compare.cancelled")}
        </Note>
        <div className="actions">
          <Button onClick={model.close}>{t(step.step === "done" ? "common.continue" : "common.close")}</Button>
        </div>
      </>
    );
  }
  return <Loading label={t(step.step === "waiting" ? "compare.waiting" : "compare.preparing")} />;
}

export function CompareDialog({ model }: { readonly model: ComparisonModel }): ReactElement {
  const step = useObservable(model.state);
  const { t } = useWords();
  return (
    <Dialog title={t("compare.title")} closeLabel={t("common.close")} onClose={model.close} role="alertdialog">
      <Body step={step} model={model} />
    </Dialog>
  );
}
