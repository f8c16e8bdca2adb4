/** How long the room keeps its messages; the words of its classification. */
import { type FormEvent, type ReactElement, useId, useState } from "react";
import { Button } from "../design/button";
import { Field } from "../design/field";
import { Note } from "../design/notes";
import type { HomeModel } from "../view-models/home";
import { KeepingModel, LIFETIMES, periodOf } from "../view-models/keeping";
import type { RoomSummary } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

interface RoomProps {
  readonly room: RoomSummary;
}

/** At the top of the conversation, for everybody, and said by a screen reader when it changes. */
export function Classification({ room }: RoomProps): ReactElement {
  const { t } = useWords();
  return (
    <div aria-live="polite">
      {room.classification !== "" && (
        <p className="classification" data-testid="classification">
          <span className="hidden">{t("classification.banner")} </span>
          {room.classification}
        </p>
      )}
    </div>
  );
}

function useSentence(): (days: number | null) => string {
  const { t, count } = useWords();
  return (days) => {
    if (days === null) return t("keeping.forever");
    const period = periodOf(days);
    return count(`keeping.after.${period.unit}`, period.count);
  };
}

function LifetimeForm({ room, model }: RoomProps & { readonly model: KeepingModel }): ReactElement {
  const { t, count } = useWords();
  const id = useId();
  const { busy } = useObservable(model.state);
  const [chosen, setChosen] = useState(room.lifetime);
  const offered = LIFETIMES.includes(room.lifetime) ? LIFETIMES : [room.lifetime, ...LIFETIMES];
  const nameOf = (days: number | null): string => {
    if (days === null) return t("keeping.never");
    const period = periodOf(days);
    return count(`keeping.${period.unit}`, period.count);
  };
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void model.keep(chosen);
  };
  return (
    <form className="keeping-form" onSubmit={save}>
      <div className="field">
        <label htmlFor={id}>{t("keeping.label")}</label>
        <select
          id={id}
          className="input"
          value={chosen ?? ""}
          data-testid="keeping-choice"
          onChange={({ target }) => setChosen(target.value === "" ? null : Number(target.value))}
        >
          {offered.map((days) => (
            <option key={days ?? "never"} value={days ?? ""}>
              {nameOf(days)}
            </option>
          ))}
        </select>
      </div>
      <Button type="submit" look="secondary" size="small" busy={busy} disabled={chosen === room.lifetime}>
        {t("keeping.save")}
      </Button>
    </form>
  );
}

function ClassificationForm({ room, model }: RoomProps & { readonly model: KeepingModel }): ReactElement {
  const { t } = useWords();
  const { busy } = useObservable(model.state);
  const [label, setLabel] = useState(room.classification);
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void model.classify(label);
  };
  return (
    <form className="keeping-form" onSubmit={save}>
      <Field
        label={t("classification.label")}
        hint={t("classification.hint")}
        value={label}
        maxLength={60}
        testId="classification-label"
        onText={setLabel}
      />
      <Button type="submit" look="secondary" size="small" busy={busy} disabled={label.trim() === room.classification}>
        {t("classification.save")}
      </Button>
    </form>
  );
}

/** In the details of a room: everybody reads how long messages are kept, its administrators set it. */
export function Keeping({ home, room }: RoomProps & { readonly home: HomeModel }): ReactElement {
  const { t, say } = useWords();
  const sentence = useSentence();
  const [model] = useState(() => new KeepingModel(home.account, room.id));
  const { error, saved } = useObservable(model.state);
  return (
    <section className="keeping" data-testid="keeping">
      <h3>{t("keeping.title")}</h3>
      <p>{sentence(room.lifetime)}</p>
      {room.lifetime !== null && <p className="hint">{t("keeping.others")}</p>}
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {model.rights.lifetime && <LifetimeForm key={room.lifetime} room={room} model={model} />}
      {model.rights.classification && <ClassificationForm key={room.classification} room={room} model={model} />}
      <p role="status" className="hint">
        {saved ? t("keeping.saved") : ""}
      </p>
    </section>
  );
}
