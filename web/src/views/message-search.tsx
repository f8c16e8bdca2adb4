import { type ReactElement, useEffect } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Choices, Field } from "../design/field";
import { Loading, Note } from "../design/notes";
import type { MessageSearchModel, MessageSearchState } from "../view-models/message-search";
import type { Found } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

interface SearchProps {
  readonly search: MessageSearchModel;
  readonly state: MessageSearchState;
}

const LONGEST = 240;

function Result({ found, named, onOpen }: { readonly found: Found; readonly named: boolean; readonly onOpen: () => void }): ReactElement {
  const { t, day, time } = useWords();
  const { sender } = found;
  return (
    <li>
      <button type="button" className="result" data-testid="search-result" onClick={onOpen}>
        <span className="member-text">
          <span className="hint">
            {named && `${found.roomName || t("rooms.unnamed")} · `}
            {sender.name}
            {sender.administration !== "" && ` — ${sender.administration}`}
          </span>
          <span className="found-text">{found.text.slice(0, LONGEST)}</span>
          <time className="hint" dateTime={new Date(found.time).toISOString()}>
            {day(found.time)}, {time(found.time)}
          </time>
        </span>
      </button>
    </li>
  );
}

/** What was searched, so that nobody takes silence for absence. */
function Reach({ state }: { readonly state: MessageSearchState }): ReactElement {
  const { t, count, date } = useWords();
  const { reach, looked, since } = state;
  if (reach === "server") return <p className="hint">{t("search.reach.server")}</p>;
  if (looked === 0) return <p className="hint">{t(reach === "device" ? "search.reach.nothing" : "search.reach.both.nothing")}</p>;
  return <p className="hint">{count(`search.reach.${reach}`, looked, { date: date(since) })}</p>;
}

function Results({ search, state }: SearchProps): ReactElement {
  const { t, count, say } = useWords();
  const { answered, found, searching, more } = state;
  const named = state.scope === "all";
  return (
    <>
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      <p className="hidden" role="status">
        {answered !== "" && !searching && count("search.results", found.length)}
      </p>
      {answered !== "" && state.error === null && <Reach state={state} />}
      {answered !== "" && found.length === 0 && !searching && <p>{t("search.none", { term: answered })}</p>}
      <ul className="results" aria-label={t("search.title")} aria-busy={searching}>
        {found.map((each) => (
          <Result key={each.eventId} found={each} named={named} onOpen={() => search.open(each)} />
        ))}
      </ul>
      {searching && found.length === 0 && <Loading label={t("common.loading")} />}
      {more !== null && (
        <Button look="secondary" busy={searching} onClick={() => void search.loadMore()}>
          {t(`search.more.${more}`)}
        </Button>
      )}
    </>
  );
}

interface DialogProps {
  readonly search: MessageSearchModel;
  readonly term: string;
  readonly onClose: () => void;
}

export function MessageSearchDialog({ search, term, onClose }: DialogProps): ReactElement {
  const { t } = useWords();
  const state = useObservable(search.state);
  useEffect(() => {
    if (term !== "") search.search(term);
  }, [search, term]);
  const scopes = [
    { value: "room", label: t("search.scope.room") },
    { value: "all", label: t("search.scope.all") },
  ] as const;
  return (
    <Dialog title={t("search.title")} closeLabel={t("common.close")} onClose={onClose}>
      <Field
        label={t("search.label")}
        icon="search"
        type="search"
        autoComplete="off"
        autoFocus
        value={state.term}
        testId="message-search"
        onText={search.search}
      />
      {search.roomId !== null && (
        <Choices legend={t("search.scope")} value={state.scope} options={scopes} onChange={search.setScope} />
      )}
      <Results search={search} state={state} />
    </Dialog>
  );
}
