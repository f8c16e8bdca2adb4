import { type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Check } from "../design/field";
import type { RecoveryCode } from "../view-models/types";
import { Title } from "./auth-parts";
import { CopyButton } from "./copy";
import { Gate } from "./gate";
import { useWords } from "./hooks";

interface RecoveryProps {
  readonly code: RecoveryCode;
  readonly onNoted: () => void;
}

export function RecoveryScreen({ code, onNoted }: RecoveryProps): ReactElement {
  const { t, date } = useWords();
  const [noted, setNoted] = useState(false);
  const groups = code.code.split(/\s+/u);
  return (
    <Gate>
      <Title name="recovery">{t("recovery.title")}</Title>
      <p>{t("recovery.body")}</p>
      <div className="stack-s">
        <div className="code" data-testid="recovery-code" role="group" aria-label={t("recovery.label")} translate="no">
          {groups.map((group, index) => (
            <span key={index}>{group} </span>
          ))}
        </div>
        <div className="code-foot">
          <span>{t("recovery.dated", { number: code.number, date: date(code.createdTime) })}</span>
          <CopyButton text={code.code} label={t("common.copy")} />
        </div>
      </div>
      <p>{t("recovery.where")}</p>
      <Check checked={noted} onChange={setNoted} testId="recovery-noted">
        {t("recovery.noted")}
      </Check>
      <Button wide disabled={!noted} onClick={onNoted}>
        {t("recovery.continue")}
      </Button>
    </Gate>
  );
}
