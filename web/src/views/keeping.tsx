/** How long the room keeps its messages; the words of its classification. */
import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Field, SelectField } from "../design/field";
import { Note } from "../design/notes";
import type { HomeModel } from "../view-models/home";
import { KeepingModel, lifetimeInForce, lifetimesOffered, periodOf } from "../view-models/keeping";
import type { RoomSummary } from "../view-models/types";
import { useObservable, useSurface, useWords } from "./hooks";

const NO_TERM = { usual: 0, longest: 0 };

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

interface FormProps {
  readonly model: KeepingModel;
}

interface LifetimeProps extends FormProps {
  readonly present: number | null;
  readonly offered: readonly (number | null)[];
}

function LifetimeForm({ model, present, offered }: LifetimeProps): ReactElement {
  const { t, count } = useWords();
  const { busy } = useObservable(model.state);
  const [chosen, setChosen] = useState(present);
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
      <SelectField
        label={t("keeping.label")}
        value={String(chosen ?? "")}
        options={offered.map((days) => ({ value: String(days ?? ""), label: nameOf(days) }))}
        testId="keeping-choice"
        onChoose={(days) => setChosen(days === "" ? null : Number(days))}
      />
      <Button type="submit" look="secondary" size="small" busy={busy} disabled={chosen === present}>
        {t("keeping.save")}
      </Button>
    </form>
  );
}

interface LabelProps {
  readonly label: string;
  readonly onLabel: (label: string) => void;
}

/** Where the administration has a list, in its order; what the room says already stays to be seen. */
function LabelChoice({ label, onLabel, listed }: LabelProps & { readonly listed: readonly string[] }): ReactElement {
  const { t } = useWords();
  const options = [{ value: "", label: t("classification.none") }, ...listed.map((each) => ({ value: each, label: each }))];
  return (
    <SelectField
      label={t("classification.label")}
      value={label}
      options={options}
      testId="classification-choice"
      onChoose={onLabel}
    />
  );
}

function LabelField({ label, onLabel }: LabelProps): ReactElement {
  const { t } = useWords();
  return (
    <Field
      label={t("classification.label")}
      hint={t("classification.hint")}
      value={label}
      maxLength={60}
      testId="classification-label"
      onText={onLabel}
    />
  );
}

function ClassificationForm({ room, model }: RoomProps & FormProps): ReactElement {
  const { words, limits } = useSurface();
  const { t } = words;
  const { busy } = useObservable(model.state);
  const [label, setLabel] = useState(room.classification);
  const listed = [...new Set([...limits.classifications, room.classification].filter(Boolean))];
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void model.classify(label);
  };
  return (
    <form className="keeping-form" onSubmit={save}>
      {limits.classifications.length === 0 ? (
        <LabelField label={label} onLabel={setLabel} />
      ) : (
        <LabelChoice label={label} onLabel={setLabel} listed={listed} />
      )}
      <Button type="submit" look="secondary" size="small" busy={busy} disabled={label.trim() === room.classification}>
        {t("classification.save")}
      </Button>
    </form>
  );
}

/** In the details of a room: everybody reads how long messages are kept, its administrators set it. */
export function Keeping({ home, room }: RoomProps & { readonly home: HomeModel }): ReactElement {
  const { words, limits } = useSurface();
  const { t, say } = words;
  const sentence = useSentence();
  const [model] = useState(() => new KeepingModel(home.account, room.id));
  const { error, saved } = useObservable(model.state);
  const term = limits.keeping[model.kind] ?? NO_TERM;
  const present = lifetimeInForce(room.lifetime, term);
  return (
    <section className="keeping" data-testid="keeping">
      <h3>{t("keeping.title")}</h3>
      <p>{sentence(present)}</p>
      {present !== null && <p className="hint">{t("keeping.others")}</p>}
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {model.rights.lifetime && (
        <LifetimeForm key={present} model={model} present={present} offered={lifetimesOffered(present, term)} />
      )}
      {model.rights.classification && <ClassificationForm key={room.classification} room={room} model={model} />}
      <p role="status" className="hint">
        {saved ? t("keeping.saved") : ""}
      </p>
    </section>
  );
}
