/** How long the room keeps its messages; the words of its classification. */
import { type FormEvent, type ReactElement, useId, useState } from "react";
import { Button } from "../design/button";
import { Field } from "../design/field";
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
  const id = useId();
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
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{t("classification.label")}</label>
      <select
        id={id}
        className="input"
        value={label}
        data-testid="classification-choice"
        onChange={({ target }) => onLabel(target.value)}
      >
        <option value="">{t("classification.none")}</option>
        {listed.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </div>
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
