/** Where a link leads who is not in its room. */
import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Empty, Loading, Note } from "../design/notes";
import type { EntryModel, EntryState } from "../view-models/entry";
import type { HomeModel } from "../view-models/home";
import { useObservable, useWords } from "./hooks";
import { PaneHead } from "./pane-head";
import { roomName } from "./room-name";

interface EntryProps {
  readonly home: HomeModel;
  readonly entry: EntryModel;
}

function Door({ entry, state }: { readonly entry: EntryModel; readonly state: EntryState }): ReactElement {
  const words = useWords();
  const { t, count, say } = words;
  const { door, status, error } = state;
  if (status === "looking") return <Loading label={t("common.loading")} />;
  if (status === "away") {
    return (
      <Empty icon="offline" title={t("entry.invites")}>
        {error !== null && <Note tone="error">{say(error)}</Note>}
        <Button onClick={() => void entry.look()}>{t("common.retry")}</Button>
      </Empty>
    );
  }
  if (status !== "open" || door === null) {
    const guest = status === "guest";
    return (
      <Empty icon="lock" title={t(guest ? "entry.guestTitle" : "entry.shutTitle")}>
        <p>{t(guest ? "entry.guestBody" : "entry.shutBody")}</p>
      </Empty>
    );
  }
  return (
    <Empty icon="chat" title={roomName(door, words)}>
      {door.topic !== "" && <p>{door.topic}</p>}
      <p className="hint">{count("entry.members", door.members)}</p>
      <p>{t("entry.body")}</p>
      {error !== null && <Note tone="error">{say(error)}</Note>}
      <Button busy={state.busy} onClick={() => void entry.enter()}>
        {t("entry.join")}
      </Button>
    </Empty>
  );
}

export function EntryPane({ home, entry }: EntryProps): ReactElement {
  const { t } = useWords();
  const state = useObservable(entry.state);
  return (
    <div className="page" data-testid="entry" data-status={state.status}>
      <PaneHead home={home} title={t("entry.invites")} />
      <Door entry={entry} state={state} />
    </div>
  );
}
