import type { ReactElement } from "react";
import { Check } from "../design/field";
import type { SettingsModel, SettingsState } from "../view-models/settings";
import { useWords } from "./hooks";

interface RedListProps {
  readonly settings: SettingsModel;
  readonly hidden: SettingsState["hidden"];
}

/** Whether one is found in the directory. */
export function RedList({ settings, hidden }: RedListProps): ReactElement | null {
  const { t } = useWords();
  if (hidden === null) return null;
  return (
    <section>
      <h2>{t("redList.title")}</h2>
      <Check checked={hidden} onChange={(wanted) => void settings.hide(wanted)} testId="red-list">
        {t("redList.label")}
        <span className="hint">{t("redList.hint")}</span>
      </Check>
    </section>
  );
}
