import { type DragEvent, type ReactElement, useState } from "react";
import { Avatar } from "../design/avatar";
import { Button, IconButton } from "../design/button";
import { Icon } from "../design/icons";
import { Badge, Empty, Note } from "../design/notes";
import type { ConversationModel } from "../view-models/conversation";
import type { HomeModel } from "../view-models/home";
import type { RoomSummary } from "../view-models/types";
import { Composer } from "./composer";
import { useObservable, useWords } from "./hooks";
import { Classification } from "./keeping";
import { roomName } from "./room-name";
import { Timeline } from "./timeline";
import { Trust } from "./trust";
import { Replaced } from "./upgrade";
import "./conversation.css";

interface PaneProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly conversation: ConversationModel;
}

function Head({ home, room }: Omit<PaneProps, "conversation">): ReactElement {
  const words = useWords();
  const { t } = words;
  const name = roomName(room, words);
  const under = room.kind === "direct" ? (room.peer?.administration ?? "") : room.topic || t(`kind.${room.kind}`);
  return (
    <header className="pane-head">
      <IconButton icon="back" label={t("common.back")} className="icon-button back" onClick={home.openNothing} />
      <Avatar id={room.peer?.id ?? room.id} name={name} {...(room.kind === "direct" ? {} : { shape: "room" })} />
      <div className="pane-title">
        <h1>{name}</h1>
        {under !== "" && <p>{under}</p>}
      </div>
      <div className="trust">
        <Trust room={room} />
      </div>
      {room.invitation === null && (
        <IconButton
          icon="search"
          label={t("search.here")}
          onClick={() => home.searchMessages(room.id)}
          data-testid="search-here"
        />
      )}
      {room.invitation === null && (
        <IconButton
          icon="people"
          label={t("conversation.details")}
          aria-expanded={home.state.get().details}
          onClick={home.toggleDetails}
          data-testid="details"
        />
      )}
    </header>
  );
}

function Invitation({ home, room }: Omit<PaneProps, "conversation">): ReactElement {
  const words = useWords();
  const { t } = words;
  const from = room.invitation?.from;
  const who = from === undefined ? "" : from.name;
  const body =
    room.kind === "direct"
      ? t("invitation.direct", { name: who })
      : t("invitation.room", { room: roomName(room, words) });
  return (
    <div className="pane-empty">
      <Empty icon="chat" title={t("invitation.title", { name: who })}>
        <p>
          {body} {from?.administration !== "" && <Badge>{from?.administration}</Badge>}{" "}
          {from?.external === true && <Badge tone="warning">{t("badge.external")}</Badge>}
        </p>
        <div className="actions">
          <Button look="secondary" onClick={() => void home.leave(room.id)}>
            {t("invitation.refuse")}
          </Button>
          <Button onClick={() => void home.accept(room.id)}>{t("invitation.accept")}</Button>
        </div>
      </Empty>
    </div>
  );
}

/** In place of the composer: what is written before somebody arrives could never be read by her. */
function Awaited({ address }: { readonly address: string }): ReactElement {
  const { t } = useWords();
  return (
    <section className="composer-closed" aria-label={t("awaited.title", { address })} data-testid="awaited">
      <strong>{t("awaited.title", { address })}</strong>
      <p>{t("awaited.body")}</p>
    </section>
  );
}

/** Nothing hides what is written here from the server: said for as long as one writes. */
function ClearBanner(): ReactElement {
  const { t } = useWords();
  return (
    <p className="clear-banner" data-testid="clear-banner">
      <Icon name="unlock" size="small" />
      {t("room.clearBanner")}
    </p>
  );
}

/** Files may be dropped anywhere on the conversation. */
function useDrop(onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes("Files");
  return {
    "data-over": over ? "" : undefined,
    onDragOver: (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
}

function Foot({ home, room, conversation }: PaneProps): ReactElement {
  const state = useObservable(conversation.state);
  if (room.closed) return <Replaced home={home} room={room} conversation={conversation} />;
  if (room.awaited !== "") return <Awaited address={room.awaited} />;
  return <Composer room={room} conversation={conversation} state={state} />;
}

export function ConversationPane({ home, room, conversation }: PaneProps): ReactElement {
  const state = useObservable(conversation.state);
  const homeState = useObservable(home.state);
  const { say } = useWords();
  const drop = useDrop((files) => void conversation.attach(files));
  if (room.invitation !== null) {
    return (
      <div className="conversation">
        <Head home={home} room={room} />
        {homeState.error !== null && <Note tone="error">{say(homeState.error)}</Note>}
        <Invitation home={home} room={room} />
      </div>
    );
  }
  return (
    <div className="conversation" {...drop}>
      <div>
        <Classification room={room} />
        <Head home={home} room={room} />
        {room.kind === "private" && !room.closed && <ClearBanner />}
      </div>
      <Timeline home={home} room={room} conversation={conversation} state={state} />
      <Foot home={home} room={room} conversation={conversation} />
    </div>
  );
}
