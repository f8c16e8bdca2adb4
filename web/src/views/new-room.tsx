import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Check, Choices, Field } from "../design/field";
import { Note } from "../design/notes";
import type { NewRoomModel } from "../view-models/new-room";
import type { NewRoom } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

interface NewRoomProps {
  readonly model: NewRoomModel;
  readonly onClose: () => void;
}

interface WishProps {
  readonly wish: NewRoom;
  readonly onChange: (change: Partial<NewRoom>) => void;
}

const EMPTY: NewRoom = { name: "", topic: "", kind: "secure", externals: false, domainOnly: false };

function Kind({ wish, onChange }: WishProps): ReactElement {
  const { t } = useWords();
  const options = (["secure", "private", "public"] as const).map((value) => {
    return { value, label: t(`room.${value}`), hint: t(`room.${value}Hint`) };
  });
  return (
    <>
      <Choices
        legend={t("room.kind")}
        value={wish.kind}
        options={options}
        // What one kind offers is not what another does: nothing is carried over unseen.
        onChange={(kind) => onChange({ kind, externals: false, domainOnly: false })}
      />
      {wish.kind === "public" ? (
        <Check checked={wish.domainOnly} onChange={(domainOnly) => onChange({ domainOnly })} testId="domain-only">
          {t("room.domainOnly")}
          <span className="hint">{t("room.domainOnlyHint")}</span>
        </Check>
      ) : (
        <Check checked={wish.externals} onChange={(externals) => onChange({ externals })} testId="externals">
          {t("room.externals")}
          <span className="hint">{t("room.externalsHint")}</span>
        </Check>
      )}
    </>
  );
}

export function NewRoomDialog({ model, onClose }: NewRoomProps): ReactElement {
  const { t, say } = useWords();
  const state = useObservable(model.state);
  const [wish, setWish] = useState(EMPTY);
  const change = (part: Partial<NewRoom>): void => setWish({ ...wish, ...part });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.create(wish);
  };
  return (
    <Dialog title={t("room.title")} closeLabel={t("common.close")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        <Field
          label={t("room.name")}
          value={wish.name}
          onText={(name) => change({ name })}
          autoFocus
          maxLength={120}
          testId="room-name"
        />
        <Field label={t("room.topic")} value={wish.topic} onText={(topic) => change({ topic })} maxLength={300} />
        <Kind wish={wish} onChange={change} />
        <div className="actions">
          <Button look="secondary" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" busy={state.busy}>
            {t("room.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
