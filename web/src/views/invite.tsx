/** Inviting people into a room: by name, by e-mail address, by a pasted list. */
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Field, LongField } from "../design/field";
import { Note } from "../design/notes";
import { dayBounds } from "../view-models/end-day";
import type { HomeModel } from "../view-models/home";
import { InviteModel, type InviteState, type Outcome } from "../view-models/invite";
import { PeopleModel } from "../view-models/people";
import { useArrivalFocus, useObservable, useSurface, useWords } from "./hooks";
import { emailRow, PeopleSearch } from "./people";
import "./rooms.css";

interface ModelProps {
  readonly model: InviteModel;
  readonly state: InviteState;
}

/** Until when one vouches for the guests; left empty, it is for the usual time. */
function EndField({ model, state }: ModelProps): ReactElement {
  const { words, limits } = useSurface();
  const { first, last } = dayBounds(Date.now(), limits.guestDays);
  return (
    <Field
      label={words.t("guests.end")}
      hint={words.count("guests.endHint", limits.guestDays.usual)}
      type="date"
      min={first}
      max={last}
      value={state.endDay}
      testId="end-day"
      onText={model.chooseEnd}
    />
  );
}

/** In a room that is open already nothing was asked: the end may be chosen once they are invited. */
function Hosted({ model, state }: ModelProps): ReactElement | null {
  const { t, count, date } = useWords();
  const { hosted, hostedUntil, progress } = state;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.setEnd();
  };
  if (hosted.length === 0 || (hostedUntil === null && progress !== null && progress.total > 1)) return null;
  if (hostedUntil !== null) return <Note tone="info">{count("guests.until", hosted.length, { date: date(hostedUntil) })}</Note>;
  return (
    <form className="stack" data-testid="hosted" onSubmit={submit}>
      <p>{count("guests.vouching", hosted.length)}</p>
      <EndField model={model} state={state} />
      <div className="actions">
        <Button type="submit" look="secondary" disabled={state.endDay === ""} busy={progress !== null}>
          {t("guests.setEnd")}
        </Button>
      </div>
    </form>
  );
}

/** Opening a room is never taken back: it is asked before, with what it means for the others. */
function AskOpen({ model, state }: ModelProps): ReactElement | null {
  const { t, count, list } = useWords();
  const heading = useArrivalFocus("ask-open");
  const { asking } = state;
  if (asking === null) return null;
  const names = list(asking.externals);
  return (
    <section className="stack" data-testid="ask-open">
      <h3 ref={heading} tabIndex={-1}>
        {count("invite.askTitle", asking.externals.length, { names })}
      </h3>
      <Note tone="warning">{t("invite.askBody")}</Note>
      <EndField model={model} state={state} />
      <div className="actions">
        <Button look="secondary" onClick={model.stopAsking}>
          {t("common.cancel")}
        </Button>
        {asking.others > 0 && (
          <Button look="secondary" onClick={() => void model.inviteOthers()}>
            {t("invite.askOthers")}
          </Button>
        )}
        <Button onClick={() => void model.openAndInvite()}>{t("invite.askOpen")}</Button>
      </div>
    </section>
  );
}

function Ended({ result, outcomes }: { readonly result: Outcome["result"]; readonly outcomes: readonly Outcome[] }): ReactElement | null {
  const { t, say, count } = useWords();
  if (outcomes.length === 0) return null;
  return (
    <Note tone={result === "invited" ? "success" : "error"}>
      <strong>{count(`invite.${result}`, outcomes.length)}</strong>
      <ul className="outcomes">
        {outcomes.map(({ label, why }) => (
          <li key={label}>{why === null ? label : t("common.named", { name: label, text: say(why) })}</li>
        ))}
      </ul>
    </Note>
  );
}

function Outcomes({ state }: Pick<ModelProps, "state">): ReactElement {
  const { t, say } = useWords();
  const invited = state.outcomes.filter(({ result }) => result === "invited");
  const refused = state.outcomes.filter(({ result }) => result === "refused");
  return (
    <>
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      <Ended result="invited" outcomes={invited} />
      <Ended result="refused" outcomes={refused} />
      {refused.length > 0 && state.list !== "" && <p className="hint">{t("invite.left")}</p>}
    </>
  );
}

function Progress({ model, state }: ModelProps): ReactElement | null {
  const { t } = useWords();
  const { progress } = state;
  if (progress === null || progress.total < 2) return null;
  return (
    <div className="invite-progress" role="status">
      <progress max={progress.total} value={progress.done} aria-label={t("invite.send")} />
      <span>{t("invite.progress", { done: progress.done, total: progress.total })}</span>
      <Button look="quiet" size="small" onClick={model.cancel}>
        {t("invite.cancel")}
      </Button>
    </div>
  );
}

function ByList({ model, state }: ModelProps): ReactElement {
  const { t } = useWords();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.inviteList();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <LongField
        label={t("invite.list")}
        hint={t("invite.listHint")}
        value={state.list}
        maxLength={60_000}
        testId="invite-list"
        onText={model.write}
      />
      <div className="actions">
        <Button type="submit" busy={state.progress !== null}>
          {t("invite.send")}
        </Button>
      </div>
    </form>
  );
}

function BySearch({ model, people }: { readonly model: InviteModel; readonly people: PeopleModel }): ReactElement {
  const { t } = useWords();
  const state = useObservable(people.state);
  const label = (address: string): string => t("invite.email", { address });
  const invite = (address: string): void => void model.inviteOne({ kind: "email", address }, address);
  return (
    <PeopleSearch
      people={people}
      further={emailRow({ state, label, onChoose: invite })}
      onChoose={(person) => void model.inviteOne({ kind: "person", id: person.id }, person.name)}
    />
  );
}

interface InviteProps {
  readonly home: HomeModel;
  readonly roomId: string;
  readonly onClose: () => void;
}

export function InviteDialog({ home, roomId, onClose }: InviteProps): ReactElement {
  const { t } = useWords();
  const [people] = useState(() => new PeopleModel(home.account, () => undefined));
  const [model] = useState(() => new InviteModel(home.account, roomId));
  const [byList, setByList] = useState(false);
  const state = useObservable(model.state);
  useEffect(() => model.cancel, [model]);
  return (
    <Dialog title={t("room.invite")} closeLabel={t("common.close")} onClose={onClose}>
      <Outcomes state={state} />
      <Progress model={model} state={state} />
      <Hosted model={model} state={state} />
      {state.asking !== null ? (
        <AskOpen model={model} state={state} />
      ) : (
        <>
          {byList ? <ByList model={model} state={state} /> : <BySearch model={model} people={people} />}
          <Button look="quiet" size="small" onClick={() => setByList(!byList)}>
            {t(byList ? "invite.toSearch" : "invite.toList")}
          </Button>
        </>
      )}
    </Dialog>
  );
}
