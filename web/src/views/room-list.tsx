import type { ReactElement } from "react";
import { Avatar } from "../design/avatar";
import { Button, IconButton } from "../design/button";
import { Icon, type IconName } from "../design/icons";
import { ActionMenu } from "../design/menu";
import { Badge, Empty, Loading } from "../design/notes";
import type { Translator } from "../i18n/translate";
import type { RoomSummary } from "../view-models/types";
import { Brand } from "./gate";
import { useWords } from "./hooks";
import type { HomeProps } from "./props";
import { roomName } from "./room-name";

function lastLine(room: RoomSummary, words: Translator): string {
  const { t } = words;
  if (room.invitation !== null) return t("rooms.invited", { name: room.invitation.from.name });
  const last = room.lastText;
  if (last === null) return room.topic;
  const said = {
    text: last.text,
    file: t("rooms.last.file", { name: last.text }),
    image: t("rooms.last.image"),
    deleted: t("rooms.last.deleted"),
    unreadable: t("rooms.last.unreadable"),
  }[last.kind];
  if (last.mine) return t("rooms.last.you", { text: said });
  return room.kind === "direct" ? said : t("common.named", { name: last.from, text: said });
}

function shortTime(time: number, words: Translator): string {
  if (time <= 0) return "";
  const today = new Date().setHours(0, 0, 0, 0);
  if (time >= today) return words.time(time);
  if (time >= today - 86_400_000) return words.t("conversation.yesterday");
  return new Intl.DateTimeFormat(words.language, { day: "numeric", month: "short" }).format(time);
}

const KIND_ICON: Partial<Record<RoomSummary["kind"], IconName>> = { secure: "lock", private: "unlock", public: "public" };

function Counts({ room }: { readonly room: RoomSummary }): ReactElement | null {
  const { count } = useWords();
  if (room.unread === 0) return null;
  const urgent = room.highlights > 0;
  const label = urgent ? count("rooms.mentions", room.highlights) : count("rooms.unread", room.unread);
  return (
    <>
      <span className="count" data-urgent={urgent ? "" : undefined} data-testid="unread" aria-hidden="true">
        {room.unread > 99 ? "99+" : room.unread}
      </span>
      <span className="hidden">, {label}</span>
    </>
  );
}

interface RowProps {
  readonly room: RoomSummary;
  readonly chosen: boolean;
  readonly onOpen: () => void;
}

function Row({ room, chosen, onOpen }: RowProps): ReactElement {
  const words = useWords();
  const name = roomName(room, words);
  const kindIcon = KIND_ICON[room.kind];
  return (
    <li>
      <button
        type="button"
        className="room"
        data-testid="room-item"
        data-room={room.id}
        data-unread={room.unread > 0 || room.invitation !== null ? "" : undefined}
        aria-current={chosen ? "page" : undefined}
        onClick={onOpen}
      >
        <Avatar id={room.peer?.id ?? room.id} name={name} {...(room.kind === "direct" ? {} : { shape: "room" })} />
        <span className="room-text">
          <span className="room-top">
            <span className="room-name">
              <span>{name}</span>
              {kindIcon !== undefined && (
                <>
                  <Icon name={kindIcon} size="small" />
                  <span className="hidden">, {words.t(`kind.${room.kind}`)}</span>
                </>
              )}
            </span>
            <span className="room-time">{shortTime(room.lastTime, words)}</span>
          </span>
          <span className="room-bottom">
            <span className="room-last">{lastLine(room, words)}</span>
            {room.externals && (
              <Badge tone="warning">{words.t(room.peer?.external === true ? "badge.external" : "badge.externals")}</Badge>
            )}
            <Counts room={room} />
          </span>
        </span>
      </button>
    </li>
  );
}

function Rooms({ home, state }: HomeProps): ReactElement {
  const { t } = useWords();
  const chosen = state.place.name === "room" ? state.place.roomId : "";
  if (!state.loaded) return <Loading label={t("common.loading")} />;
  const listed = state.rooms.filter((room) => !room.replaced);
  if (listed.length === 0 && home.isGuest) {
    return (
      <Empty icon="chat" title={t("guest.emptyTitle")}>
        <p>{t("guest.emptyBody")}</p>
      </Empty>
    );
  }
  if (listed.length === 0) {
    return (
      <Empty icon="chat" title={t("rooms.empty.title")}>
        <p>{t("rooms.empty.body")}</p>
        <Button size="small" onClick={home.findPeople}>
          {t("rooms.newDirect")}
        </Button>
        <Button look="quiet" size="small" onClick={home.openForums}>
          {t("rooms.forums")}
        </Button>
      </Empty>
    );
  }
  const invitations = listed.filter((room) => room.invitation !== null);
  const joined = listed.filter((room) => room.invitation === null);
  const row = (room: RoomSummary): ReactElement => (
    <Row key={room.id} room={room} chosen={room.id === chosen} onOpen={() => home.openRoom(room.id)} />
  );
  return (
    <>
      {invitations.length > 0 && (
        <>
          <h2 className="list-title">{t("rooms.invitations")}</h2>
          <ul>{invitations.map(row)}</ul>
          {joined.length > 0 && <h2 className="list-title">{t("rooms.title")}</h2>}
        </>
      )}
      <ul aria-label={t("rooms.list")}>{joined.map(row)}</ul>
    </>
  );
}

export function RoomList({ home, state }: HomeProps): ReactElement {
  const { t } = useWords();
  const { place } = state;
  return (
    <nav className="pane-list" aria-label={t("rooms.title")}>
      {place.name === "none" && <h1 className="hidden">{t("rooms.title")}</h1>}
      <header>
        <Brand />
        {!home.isGuest && (
          <ActionMenu
            label={t("rooms.new")}
            icon="plus"
            testId="new"
            actions={[
              { id: "direct", label: t("rooms.newDirect"), icon: "edit", run: home.findPeople },
              { id: "room", label: t("rooms.newRoom"), icon: "people", run: home.newRoom },
              { id: "forums", label: t("rooms.forums"), icon: "public", run: home.openForums },
            ]}
          />
        )}
      </header>
      <button type="button" className="search-button" onClick={home.openPalette} data-testid="palette">
        <Icon name="search" />
        <span>{t("rooms.search")}</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <div className="rooms" data-testid="room-list">
        <Rooms home={home} state={state} />
      </div>
      <footer>
        {home.isGuest ? (
          <button type="button" className="foot-button" onClick={home.openNothing} data-testid="guest-rights">
            <Icon name="outside" />
            {t("guest.foot")}
          </button>
        ) : (
          <button
            type="button"
            className="foot-button"
            aria-current={place.name === "forums" ? "page" : undefined}
            onClick={home.openForums}
            data-testid="forums"
          >
            <Icon name="public" />
            {t("rooms.forums")}
          </button>
        )}
        <IconButton
          icon="settings"
          label={t("rooms.settings")}
          aria-current={place.name === "settings" ? "page" : undefined}
          onClick={home.openSettings}
          data-testid="settings"
        />
      </footer>
    </nav>
  );
}
