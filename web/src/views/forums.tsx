import type { ReactElement } from "react";
import { Avatar } from "../design/avatar";
import { Button } from "../design/button";
import { Field } from "../design/field";
import { Empty, Loading, Note } from "../design/notes";
import type { ForumsModel, ForumsState } from "../view-models/forums";
import type { HomeModel } from "../view-models/home";
import type { Forum, Message } from "../view-models/types";
import { useObservable, useWords } from "./hooks";
import { PaneHead } from "./pane-head";

interface ForumsProps {
  readonly home: HomeModel;
  readonly forums: ForumsModel;
}

function ForumActions({ home, forums, forum }: ForumsProps & { readonly forum: Forum }): ReactElement {
  const { t } = useWords();
  if (forum.joined) {
    return (
      <Button look="secondary" size="small" onClick={() => home.openRoom(forum.id)}>
        {t("forums.open")}
      </Button>
    );
  }
  return (
    <>
      {forum.readable && (
        <Button look="quiet" size="small" onClick={() => void forums.read(forum)}>
          {t("forums.read")}
        </Button>
      )}
      <Button look="secondary" size="small" onClick={() => void home.join(forum.id, forum.server)}>
        {t("forums.join")}
      </Button>
    </>
  );
}

function ForumRow(props: ForumsProps & { readonly forum: Forum }): ReactElement {
  const { t, count } = useWords();
  const { forum } = props;
  return (
    <li className="forum" data-testid="forum">
      <Avatar id={forum.id} name={forum.name} shape="room" />
      <div className="forum-text">
        <strong>{forum.name || t("rooms.unnamed")}</strong>
        {forum.topic !== "" && <span>{forum.topic}</span>}
        <span className="hint">{count("forums.members", forum.members)}</span>
      </div>
      <div className="forum-actions">
        <ForumActions {...props} />
      </div>
    </li>
  );
}

function List({ home, forums, state }: ForumsProps & { readonly state: ForumsState }): ReactElement {
  const { t, say } = useWords();
  if (state.error !== null) {
    return (
      <>
        <Note tone="error">{say(state.error)}</Note>
        <Button look="secondary" onClick={forums.retry}>
          {t("common.retry")}
        </Button>
      </>
    );
  }
  if (state.loading && state.forums.length === 0) return <Loading label={t("common.loading")} />;
  if (state.forums.length === 0 && state.term !== "") return <p>{t("forums.none", { term: state.term })}</p>;
  if (state.forums.length === 0) {
    return (
      <Empty icon="public" title={t("forums.empty.title")}>
        <p>{t("forums.empty.body")}</p>
        <Button onClick={home.newRoom}>{t("rooms.newRoom")}</Button>
      </Empty>
    );
  }
  return (
    <ul className="forums" aria-busy={state.loading}>
      {state.forums.map((forum) => (
        <ForumRow key={forum.id} home={home} forums={forums} forum={forum} />
      ))}
    </ul>
  );
}

function PreviewMessages({ messages }: { readonly messages: readonly Message[] }): ReactElement {
  const { t, time, day } = useWords();
  if (messages.length === 0) return <p className="hint">{t("forums.noMessages")}</p>;
  return (
    <ol className="preview">
      {messages.map((message) => (
        <li key={message.key}>
          <div className="group-name">
            {message.sender.name}
            {message.sender.administration !== "" && <span> — {message.sender.administration}</span>}
            <time className="hint" dateTime={new Date(message.time).toISOString()}>
              {day(message.time)}, {time(message.time)}
            </time>
          </div>
          <p>{message.text}</p>
        </li>
      ))}
    </ol>
  );
}

function Preview({ home, forums, state }: ForumsProps & { readonly state: ForumsState }): ReactElement | null {
  const { t } = useWords();
  const forum = state.reading;
  if (forum === null) return null;
  return (
    <section className="page-body" aria-label={t("forums.preview", { name: forum.name })} data-testid="forum-preview">
      <div className="preview-head">
        <Button look="quiet" size="small" onClick={forums.closePreview}>
          {t("forums.backToList")}
        </Button>
        <Button size="small" onClick={() => void home.join(forum.id, forum.server)}>
          {t("forums.join")}
        </Button>
      </div>
      <h2>{forum.name}</h2>
      {forum.topic !== "" && <p>{forum.topic}</p>}
      {state.previewLoading && <Loading label={t("common.loading")} />}
      {!state.previewLoading && state.preview === null && <Note tone="info">{t("forums.noPreview")}</Note>}
      {state.preview !== null && <PreviewMessages messages={state.preview} />}
    </section>
  );
}

export function ForumsPane({ home, forums }: ForumsProps): ReactElement {
  const { t, say } = useWords();
  const state = useObservable(forums.state);
  const { error } = useObservable(home.state);
  return (
    <div className="page">
      <PaneHead home={home} title={t("forums.title")} />
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {state.reading === null ? (
        <div className="page-body">
          <Field
            label={t("forums.search")}
            hideLabel
            placeholder={t("forums.search")}
            icon="search"
            type="search"
            value={state.term}
            onText={forums.search}
          />
          <List home={home} forums={forums} state={state} />
        </div>
      ) : (
        <Preview home={home} forums={forums} state={state} />
      )}
    </div>
  );
}
