/** In an agent's settings: the guests from outside she vouches for, until when, prolonged or ended. */
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Field } from "../design/field";
import { type Action, ActionMenu } from "../design/menu";
import { Loading, Note } from "../design/notes";
import { dayAfter, dayBounds } from "../view-models/end-day";
import { type GuestsState, GuestsModel, sortGuests } from "../view-models/guests";
import type { HomeModel } from "../view-models/home";
import type { ExternalGuest } from "../view-models/types";
import { useObservable, useSurface, useWords } from "./hooks";
import "./rooms.css";

interface ModelProps {
  readonly model: GuestsModel;
}

interface AskProps extends ModelProps {
  readonly state: GuestsState;
  readonly guest: ExternalGuest;
}

function Refusal({ state }: Pick<AskProps, "state">): ReactElement | null {
  const { say } = useWords();
  return state.error === null ? null : <Note tone="error">{say(state.error)}</Note>;
}

/** The present end is offered first; to somebody whose access is over, the usual time. */
function ProlongDialog({ model, state, guest }: AskProps): ReactElement {
  const { words, limits } = useSurface();
  const { t } = words;
  const bounds = dayBounds(Date.now(), limits.guestDays);
  const isOver = guest.state === "ended";
  const [day, setDay] = useState(isOver ? bounds.usual : dayAfter(guest.endTime, 0));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.prolong(day);
  };
  return (
    <Dialog title={t("guests.prolongTitle")} closeLabel={t("common.close")} onClose={model.stopAsking}>
      <form className="stack" onSubmit={submit}>
        <p>{t("guests.prolongBody", { email: guest.email })}</p>
        {isOver && <Note tone="info">{t("guests.reopenBody")}</Note>}
        <Refusal state={state} />
        <Field
          label={t("guests.day")}
          type="date"
          required
          min={bounds.first}
          max={bounds.last}
          value={day}
          testId="last-day"
          onText={setDay}
        />
        <div className="actions">
          <Button look="secondary" onClick={model.stopAsking}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" busy={state.busy}>
            {t("guests.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What it does to the guest is said before: she is out of every room at once. */
function EndDialog({ model, state, guest }: AskProps): ReactElement {
  const { t } = useWords();
  return (
    <Dialog
      title={t("guests.endTitle", { email: guest.email })}
      closeLabel={t("common.close")}
      role="alertdialog"
      onClose={model.stopAsking}
    >
      <Note tone="warning">{t(guest.state === "invited" ? "guests.endInvited" : "guests.endBody")}</Note>
      <p>{t("guests.endOthers")}</p>
      <Refusal state={state} />
      <div className="actions">
        <Button look="secondary" onClick={model.stopAsking}>
          {t("common.cancel")}
        </Button>
        <Button look="danger" busy={state.busy} onClick={() => void model.end()}>
          {t("guests.endConfirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function useActions(model: GuestsModel, guest: ExternalGuest): Action[] {
  const { t } = useWords();
  const { email, state } = guest;
  const prolong = (): void => model.ask("prolong", guest);
  if (state === "ended") return [{ id: "prolong", label: t("guests.reopen", { email }), icon: "clock", run: prolong }];
  const again: Action = { id: "again", label: t("guests.again", { email }), icon: "send", run: () => void model.sendAgain(guest) };
  return [
    { id: "prolong", label: t("guests.prolong", { email }), icon: "clock", run: prolong },
    ...(state === "invited" ? [again] : []),
    { id: "end", label: t("guests.stop", { email }), icon: "close", danger: true, run: () => model.ask("end", guest) },
  ];
}

function Row({ model, guest }: ModelProps & { readonly guest: ExternalGuest }): ReactElement {
  const { t, date } = useWords();
  const { email, state, endTime } = guest;
  const actions = useActions(model, guest);
  return (
    <li className="member" data-testid="my-guest" data-state={state}>
      <span className="member-text">
        <span>{email}</span>
        {state === "invited" && <span className="hint">{t("guests.state.invited")}</span>}
        <span className="hint">
          {state === "ended" ? t("guests.state.ended") : t("guests.state.active", { date: date(endTime) })}
        </span>
      </span>
      <ActionMenu icon="more" size="small" label={t("guests.more", { email })} actions={actions} />
    </li>
  );
}

function List({ model, guests }: ModelProps & { readonly guests: readonly ExternalGuest[] }): ReactElement {
  const { t, count } = useWords();
  const { present, past } = sortGuests(guests);
  const rows = (some: readonly ExternalGuest[]): ReactElement => (
    <ul>
      {some.map((guest) => (
        <Row key={guest.email} model={model} guest={guest} />
      ))}
    </ul>
  );
  return (
    <>
      {guests.length === 0 && <p>{t("guests.none")}</p>}
      {present.length > 0 && rows(present)}
      {past.length > 0 && (
        <details>
          <summary>{count("guests.past", past.length)}</summary>
          {rows(past)}
        </details>
      )}
    </>
  );
}

export function MyGuests({ home }: { readonly home: HomeModel }): ReactElement {
  const { t, say } = useWords();
  const [model] = useState(() => new GuestsModel(home.account));
  const state = useObservable(model.state);
  useEffect(() => void model.load(), [model]);
  const { guests, asking, notice, failed } = state;
  return (
    <section data-testid="my-guests">
      <h2>{t("guests.title")}</h2>
      <p className="hint">{t("guests.hint")}</p>
      {notice !== null && <Note tone="success">{say(notice)}</Note>}
      {asking === null && <Refusal state={state} />}
      {failed && (
        <>
          <Note tone="error">{t("guests.failed")}</Note>
          <Button look="secondary" onClick={() => void model.load()}>
            {t("common.retry")}
          </Button>
        </>
      )}
      {guests === null && !failed && <Loading label={t("common.loading")} />}
      {guests !== null && <List model={model} guests={guests} />}
      {asking?.act === "prolong" && <ProlongDialog model={model} state={state} guest={asking.guest} />}
      {asking?.act === "end" && <EndDialog model={model} state={state} guest={asking.guest} />}
    </section>
  );
}
