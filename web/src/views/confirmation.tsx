import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Note } from "../design/notes";
import type { ConfirmationModel } from "../view-models/confirmation";
import { useObservable, useWords } from "./hooks";

/** For who has no password: the provider is asked again, in another tab. */
export function Confirmation({ model }: { readonly model: ConfirmationModel }): ReactElement | null {
  const { t } = useWords();
  const url = useObservable(model.url);
  if (url === null) return null;
  return (
    <>
      <Note tone="info">
        {t("confirmation.body")}{" "}
        <a href={url} target="_blank" rel="noreferrer">
          {t("confirmation.open")}
        </a>
      </Note>
      <Button look="secondary" onClick={model.confirmed}>
        {t("confirmation.done")}
      </Button>
    </>
  );
}
