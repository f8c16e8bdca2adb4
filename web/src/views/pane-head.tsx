import type { ReactElement } from "react";
import { IconButton } from "../design/button";
import type { HomeModel } from "../view-models/home";
import { useWords } from "./hooks";

/** The title of what fills the middle, and the way back where it hides the list. */
export function PaneHead({ home, title }: { readonly home: HomeModel; readonly title: string }): ReactElement {
  const { t } = useWords();
  return (
    <header className="pane-head">
      <IconButton icon="back" label={t("common.back")} className="icon-button back" onClick={home.openNothing} />
      <div className="pane-title">
        <h1>{title}</h1>
      </div>
    </header>
  );
}
