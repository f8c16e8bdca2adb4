import type { ReactElement } from "react";
import { Avatar } from "../design/avatar";
import { Dialog } from "../design/dialog";
import { Field } from "../design/field";
import { Icon } from "../design/icons";
import { Badge, Note } from "../design/notes";
import { isEmail } from "../view-models/addresses";
import type { PeopleModel, PeopleState } from "../view-models/people";
import type { FoundPerson, Person } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

/** Her administration, then her place in it, when the directory says it. */
function placeOf(person: Person & Partial<FoundPerson>): string {
  return [person.administration, person.unit ?? "", person.post ?? ""].filter(Boolean).join(" · ");
}

export function PersonText({ person }: { readonly person: Person & Partial<FoundPerson> }): ReactElement {
  const { t } = useWords();
  const place = placeOf(person);
  return (
    <>
      <Avatar id={person.id} name={person.name} size="small" />
      <span className="member-text">
        <span>{person.name}</span>
        {place !== "" && <span className="hint">{place}</span>}
      </span>
      {person.external && <Badge tone="warning">{t("badge.external")}</Badge>}
    </>
  );
}

interface ResultsProps {
  readonly state: PeopleState;
  readonly onChoose: (person: Person) => void;
  /** A result that is no person of the directory. */
  readonly further?: ReactElement | undefined;
}

function Results({ state, onChoose, further }: ResultsProps): ReactElement {
  const { t, count, say } = useWords();
  const none = state.answered !== "" && state.results.length === 0 && !state.searching && further === undefined;
  return (
    <>
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      <p className="hidden" role="status">
        {state.answered !== "" && !state.searching && count("people.results", state.results.length)}
      </p>
      {none && <p className="hint">{t("people.none", { term: state.answered })}</p>}
      <ul className="results" aria-busy={state.searching}>
        {state.results.map((person) => (
          <li key={person.id}>
            <button type="button" className="result" data-testid="people-result" onClick={() => onChoose(person)}>
              <PersonText person={person} />
            </button>
          </li>
        ))}
        {further !== undefined && <li>{further}</li>}
      </ul>
    </>
  );
}

interface SearchProps {
  readonly people: PeopleModel;
  readonly further?: ReactElement | undefined;
  readonly onChoose: (person: Person) => void;
}

export function PeopleSearch({ people, further, onChoose }: SearchProps): ReactElement {
  const state = useObservable(people.state);
  const { t } = useWords();
  return (
    <>
      <Field
        label={t("people.label")}
        hint={t(state.opening ? "people.opening" : "people.hint")}
        icon="search"
        type="search"
        autoComplete="off"
        autoFocus
        value={state.term}
        testId="people-search"
        onText={people.search}
      />
      <Results state={state} onChoose={onChoose} further={further} />
    </>
  );
}

interface EmailRowProps {
  readonly state: PeopleState;
  readonly label: (address: string) => string;
  readonly onChoose: (address: string) => void;
}

/** What is typed may be an address that nobody of the directory answers to. */
export function emailRow({ state, label, onChoose }: EmailRowProps): ReactElement | undefined {
  const address = state.term.trim().toLowerCase();
  const isUnknown = state.results.length === 0 && !state.searching;
  return isEmail(address) ? (
    <EmailRow isUnknown={isUnknown} label={label(address)} onChoose={() => onChoose(address)} />
  ) : undefined;
}

function EmailRow(props: { readonly isUnknown: boolean; readonly label: string; readonly onChoose: () => void }): ReactElement {
  const { t } = useWords();
  return (
    <button type="button" className="result" data-testid="people-email" onClick={props.onChoose}>
      <Icon name="plus" />
      <span className="member-text">
        <span>{props.label}</span>
        <span className="hint">{t(props.isUnknown ? "invite.emailUnknown" : "invite.emailHint")}</span>
      </span>
    </button>
  );
}

interface PeopleDialogProps {
  readonly people: PeopleModel;
  readonly onClose: () => void;
}

export function PeopleDialog({ people, onClose }: PeopleDialogProps): ReactElement {
  const { t } = useWords();
  const state = useObservable(people.state);
  const label = (address: string): string => t("people.email", { address });
  return (
    <Dialog title={t("people.title")} closeLabel={t("common.close")} onClose={onClose}>
      <PeopleSearch
        people={people}
        further={emailRow({ state, label, onChoose: (address) => void people.openAddress(address) })}
        onChoose={(person) => void people.open(person)}
      />
    </Dialog>
  );
}
