import { type ReactElement, useState } from "react";
import { Avatar } from "../design/avatar";
import { Dialog } from "../design/dialog";
import { Field } from "../design/field";
import { Badge, Note } from "../design/notes";
import type { Phrase } from "../i18n/keys";
import type { ConversationModel } from "../view-models/conversation";
import { phraseOf } from "../view-models/errors";
import type { HomeModel } from "../view-models/home";
import { PeopleModel, type PeopleState } from "../view-models/people";
import type { Person } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

export function PersonText({ person }: { readonly person: Person }): ReactElement {
  const { t } = useWords();
  return (
    <>
      <Avatar id={person.id} name={person.name} size="small" />
      <span className="member-text">
        <span>{person.name}</span>
        {person.administration !== "" && <span className="hint">{person.administration}</span>}
      </span>
      {person.external && <Badge tone="warning">{t("badge.external")}</Badge>}
    </>
  );
}

interface ResultsProps {
  readonly state: PeopleState;
  readonly onChoose: (person: Person) => void;
}

function Results({ state, onChoose }: ResultsProps): ReactElement {
  const { t, count, say } = useWords();
  const none = state.answered !== "" && state.results.length === 0 && !state.searching;
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
      </ul>
    </>
  );
}

interface SearchProps {
  readonly people: PeopleModel;
  readonly onChoose: (person: Person) => void;
}

function PeopleSearch({ people, onChoose }: SearchProps): ReactElement {
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
      <Results state={state} onChoose={onChoose} />
    </>
  );
}

interface PeopleDialogProps {
  readonly people: PeopleModel;
  readonly onClose: () => void;
}

export function PeopleDialog({ people, onClose }: PeopleDialogProps): ReactElement {
  const { t } = useWords();
  return (
    <Dialog title={t("people.title")} closeLabel={t("common.close")} onClose={onClose}>
      <PeopleSearch people={people} onChoose={(person) => void people.open(person)} />
    </Dialog>
  );
}

interface InviteProps {
  readonly home: HomeModel;
  readonly conversation: ConversationModel;
  readonly onClose: () => void;
}

export function InviteDialog({ home, conversation, onClose }: InviteProps): ReactElement {
  const { t, say } = useWords();
  const [people] = useState(() => new PeopleModel(home.account, () => undefined));
  const [said, setSaid] = useState<{ tone: "success" | "error"; phrase: Phrase } | null>(null);
  const invite = (person: Person): void => {
    conversation.invite(person.id).then(
      () => setSaid({ tone: "success", phrase: { key: "room.inviteDone", params: { name: person.name } } }),
      (error: unknown) => setSaid({ tone: "error", phrase: phraseOf(error) }),
    );
  };
  return (
    <Dialog title={t("room.invite")} closeLabel={t("common.close")} onClose={onClose}>
      {said !== null && <Note tone={said.tone}>{say(said.phrase)}</Note>}
      <PeopleSearch people={people} onChoose={invite} />
    </Dialog>
  );
}
