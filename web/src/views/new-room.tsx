import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Choices, Field } from "../design/field";
import { Note } from "../design/notes";
import type { NewRoomModel } from "../view-models/new-room";
import { useObservable, useWords } from "./hooks";

interface NewRoomProps {
  readonly model: NewRoomModel;
  readonly onClose: () => void;
}

export function NewRoomDialog({ model, onClose }: NewRoomProps): ReactElement {
  const { t, say } = useWords();
  const state = useObservable(model.state);
  const [name, setName] = useState("");
  const [topic, setTopic] = useState("");
  const [kind, setKind] = useState<"secure" | "public">("secure");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.create(name, topic, kind);
  };
  const options = [
    { value: "secure", label: t("room.secure"), hint: t("room.secureHint") },
    { value: "public", label: t("room.public"), hint: t("room.publicHint") },
  ] as const;
  return (
    <Dialog title={t("room.title")} closeLabel={t("common.close")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        <Field label={t("room.name")} value={name} onText={setName} autoFocus maxLength={120} testId="room-name" />
        <Field label={t("room.topic")} value={topic} onText={setTopic} maxLength={300} />
        <Choices legend={t("room.kind")} value={kind} options={options} onChange={setKind} />
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
