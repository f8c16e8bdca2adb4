/** Who may come into the room, in its details. */
import { type ReactElement, useEffect, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Check, Field } from "../design/field";
import { Note } from "../design/notes";
import { AccessModel, type AccessState } from "../view-models/access";
import type { HomeModel } from "../view-models/home";
import type { RoomSummary } from "../view-models/types";
import { CopyButton } from "./copy";
import { useObservable, useWords } from "./hooks";
import "./rooms.css";

interface AccessProps {
  readonly model: AccessModel;
  readonly state: AccessState;
}

function OpenDialog({ model, state, onClose }: AccessProps & { readonly onClose: () => void }): ReactElement {
  const { t, say } = useWords();
  const open = async (): Promise<void> => {
    if (await model.openToExternals()) onClose();
  };
  return (
    <Dialog title={t("access.openTitle")} closeLabel={t("common.close")} onClose={onClose} role="alertdialog">
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      <p>{t("access.openBody")}</p>
      <div className="actions">
        <Button look="secondary" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button busy={state.busy} onClick={() => void open()}>
          {t("access.openConfirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function ByLink({ model, state }: AccessProps): ReactElement | null {
  const { t } = useWords();
  if (!state.maySetLink && state.link === "") return null;
  return (
    <>
      {state.maySetLink && (
        <Check checked={state.isLinkOn} onChange={(on) => void model.setLink(on)} testId="link-access">
          {t("access.link")}
          <span className="hint">{t("access.linkHint")}</span>
        </Check>
      )}
      {state.link !== "" && (
        <>
          <Field label={t("access.linkLabel")} value={state.link} readOnly onText={() => undefined} testId="room-link" />
          <CopyButton text={state.link} label={t("access.copy")} />
          {state.maySetLink && <p className="hint">{t("access.linkOff")}</p>}
        </>
      )}
    </>
  );
}

export function AccessSection({ home, room }: { readonly home: HomeModel; readonly room: RoomSummary }): ReactElement {
  const { t, say } = useWords();
  const [model] = useState(() => new AccessModel(home.account, room.id, home.origin));
  const [asking, setAsking] = useState(false);
  const state = useObservable(model.state);
  useEffect(() => model.watch(), [model]);
  return (
    <section className="access" data-testid="access">
      <h3>{t("access.title")}</h3>
      <p className="hint">{t(room.kind === "public" ? "access.public" : state.isOpen ? "access.open" : "access.invited")}</p>
      {state.error !== null && !asking && <Note tone="error">{say(state.error)}</Note>}
      {state.mayOpen && (
        <Button look="secondary" size="small" onClick={() => setAsking(true)}>
          {t("access.openAction")}
        </Button>
      )}
      <ByLink model={model} state={state} />
      {asking && <OpenDialog model={model} state={state} onClose={() => setAsking(false)} />}
    </section>
  );
}
