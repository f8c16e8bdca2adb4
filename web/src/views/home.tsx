import { type ReactElement, useEffect } from "react";
import { Button } from "../design/button";
import { Icon } from "../design/icons";
import { Empty } from "../design/notes";
import type { HomeModel, HomeState } from "../view-models/home";
import { CompareDialog } from "./compare";
import { ConversationPane } from "./conversation";
import { DetailsPane } from "./details";
import { EntryPane } from "./entry";
import { ForumsPane } from "./forums";
import { GuestWelcome, NoForums } from "./guest";
import { useObservable, useWords } from "./hooks";
import { MessageSearchDialog } from "./message-search";
import { NewRoomDialog } from "./new-room";
import { Palette } from "./palette";
import { PeopleDialog } from "./people";
import { PaneHead } from "./pane-head";
import type { HomeProps } from "./props";
import { ReportDialog } from "./report";
import { RoomList } from "./room-list";
import { SettingsPane } from "./settings";
import "./home.css";
import "./rooms.css";

function Banner({ home, state }: HomeProps): ReactElement {
  const { t } = useWords();
  const offline = state.connection === "offline";
  return (
    <div className="banners" aria-live="polite">
      {offline && (
        <div className="banner" data-tone="offline" data-testid="offline">
          <Icon name="offline" />
          <span>{t("offline.banner")}</span>
          <Button look="quiet" size="small" onClick={() => void home.retryConnection()}>
            {t("offline.retry")}
          </Button>
        </div>
      )}
      {state.locked && !offline && (
        <div className="banner" data-tone="warning">
          <Icon name="unlock" />
          <span>{t("unlock.banner")}</span>
          <Button look="quiet" size="small" onClick={home.unlock}>
            {t("unlock.bannerAction")}
          </Button>
        </div>
      )}
    </div>
  );
}

function Middle({ home, state }: HomeProps): ReactElement {
  const { t } = useWords();
  const { place } = state;
  if (place.name === "forums" && home.isGuest) return <NoForums home={home} />;
  if (place.name === "entry") return <EntryPane home={home} entry={place.entry} />;
  if (place.name === "forums") return <ForumsPane home={home} forums={place.forums} />;
  if (place.name === "settings") return <SettingsPane home={home} settings={place.settings} />;
  const room = place.name === "room" ? state.rooms.find(({ id }) => id === place.roomId) : undefined;
  if (place.name === "room" && room !== undefined) {
    return <ConversationPane key={room.id} home={home} room={room} conversation={place.conversation} />;
  }
  if (place.name === "room") {
    return (
      <div className="page">
        <PaneHead home={home} title={t("rooms.title")} />
        <Empty icon="lock" title={t("room.goneTitle")}>
          <p>{t("room.goneBody")}</p>
        </Empty>
      </div>
    );
  }
  if (home.isGuest) return <GuestWelcome home={home} state={state} />;
  return (
    <div className="pane-empty">
      <Empty icon="chat" title={t("conversation.none.title")}>
        <p>{t("conversation.none.body")}</p>
      </Empty>
    </div>
  );
}

function Dialogs({ home, state }: HomeProps): ReactElement | null {
  const { dialog } = state;
  if (dialog === null) return null;
  if (dialog.name === "people") return <PeopleDialog people={dialog.people} onClose={home.closeDialog} />;
  if (dialog.name === "palette") return <Palette home={home} state={state} people={dialog.people} />;
  if (dialog.name === "report") return <ReportDialog model={dialog.report} onClose={home.closeDialog} />;
  if (dialog.name === "search") {
    return <MessageSearchDialog search={dialog.search} term={dialog.term} onClose={home.closeDialog} />;
  }
  if (dialog.name === "new-room") return <NewRoomDialog model={dialog.newRoom} onClose={home.closeDialog} />;
  return <CompareDialog model={dialog.comparison} />;
}

/** Ctrl K (or Command K) from anywhere. */
function usePaletteShortcut(home: HomeModel): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      home.openPalette();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [home]);
}

function useNetworkEvents(home: HomeModel): void {
  useEffect(() => {
    const tell = (): void => home.networkChanged(navigator.onLine);
    window.addEventListener("online", tell);
    window.addEventListener("offline", tell);
    return () => {
      window.removeEventListener("online", tell);
      window.removeEventListener("offline", tell);
    };
  }, [home]);
}

/** The number of unread conversations in the tab's title. */
function useTitle(state: HomeState): void {
  const unread = state.rooms.filter((room) => !room.replaced && (room.unread > 0 || room.invitation !== null)).length;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Tchap` : "Tchap";
  }, [unread]);
}

export function HomeScreen({ home }: { readonly home: HomeModel }): ReactElement {
  const state = useObservable(home.state);
  const { t } = useWords();
  usePaletteShortcut(home);
  useNetworkEvents(home);
  useTitle(state);
  const { place } = state;
  const room = place.name === "room" ? state.rooms.find(({ id }) => id === place.roomId) : undefined;
  const details = state.details && place.name === "room" && room !== undefined && room.invitation === null;
  return (
    <div className="home" data-place={place.name} data-details={details ? "" : undefined} data-guest={home.isGuest ? "" : undefined}>
      <a className="skip" href="#main" onClick={(event) => focusMain(event)}>
        {t("app.skip")}
      </a>
      <Banner home={home} state={state} />
      <RoomList home={home} state={state} />
      <main>
        <div id="main" className="pane-middle" tabIndex={-1}>
          <Middle home={home} state={state} />
        </div>
        {details && <DetailsPane key={room.id} home={home} room={room} conversation={place.conversation} />}
      </main>
      <Dialogs home={home} state={state} />
    </div>
  );
}

/** The address keeps the room; only focus moves. */
function focusMain(event: React.MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
