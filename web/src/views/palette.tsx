import { type KeyboardEvent, type ReactElement, useId, useState } from "react";
import { Avatar } from "../design/avatar";
import { Dialog } from "../design/dialog";
import { Icon, type IconName } from "../design/icons";
import { Note } from "../design/notes";
import type { Translator } from "../i18n/translate";
import type { HomeModel, HomeState } from "../view-models/home";
import type { PeopleModel } from "../view-models/people";
import { matchesAll } from "../view-models/search";
import { useObservable, useWords } from "./hooks";
import { PersonText } from "./people";
import { roomName } from "./room-name";

interface PaletteProps {
  readonly home: HomeModel;
  readonly state: HomeState;
  readonly people: PeopleModel;
}

interface Item {
  readonly id: string;
  readonly section: "rooms" | "people" | "actions";
  readonly draw: ReactElement;
  readonly run: () => void;
}

const MAX_ROOMS = 7;
/** What a guest from outside may not do. */
const FOR_AGENTS: readonly string[] = ["new-direct", "new-room", "forums"];

function roomItems({ home, state }: PaletteProps, term: string, words: Translator): Item[] {
  const found = state.rooms.filter((room) => !room.replaced && matchesAll(`${roomName(room, words)} ${room.topic}`, term));
  return found.slice(0, MAX_ROOMS).map((room) => {
    const name = roomName(room, words);
    const shape = room.kind === "direct" ? {} : ({ shape: "room" } as const);
    const draw = (
      <>
        <Avatar id={room.peer?.id ?? room.id} name={name} size="small" {...shape} />
        <span className="member-text">
          <span>{name}</span>
          <span className="hint">{room.peer?.administration || words.t(`kind.${room.kind}`)}</span>
        </span>
      </>
    );
    return { id: `room-${room.id}`, section: "rooms", draw, run: () => home.openRoom(room.id) };
  });
}

function actionItems(home: HomeModel, term: string, words: Translator): Item[] {
  const search = term.trim() === "" ? words.t("search.title") : words.t("palette.messages", { term: term.trim() });
  const actions: [string, IconName, string, () => void][] = [
    ["messages", "search", search, () => home.searchMessages(null, term.trim())],
    ["new-direct", "edit", words.t("rooms.newDirect"), home.findPeople],
    ["new-room", "people", words.t("rooms.newRoom"), home.newRoom],
    ["forums", "public", words.t("rooms.forums"), home.openForums],
    ["settings", "settings", words.t("rooms.settings"), home.openSettings],
  ];
  const reserved = home.isGuest ? FOR_AGENTS : [];
  return actions
    .filter(([id]) => !reserved.includes(id))
    .filter(([id, , label]) => id === "messages" || matchesAll(label, term))
    .map(([id, icon, label, run]) => {
      const draw = (
        <>
          <Icon name={icon} />
          <span className="member-text">{label}</span>
        </>
      );
      return { id, section: "actions", draw, run };
    });
}

function usePaletteItems(props: PaletteProps): Item[] {
  const { people } = props;
  const words = useWords();
  const found = useObservable(people.state);
  const persons: Item[] = found.results.map((person) => ({
    id: `person-${person.id}`,
    section: "people",
    draw: <PersonText person={person} />,
    run: () => void people.open(person),
  }));
  return [...roomItems(props, found.term, words), ...persons, ...actionItems(props.home, found.term, words)];
}

interface OptionsProps {
  readonly items: readonly Item[];
  readonly chosen: number;
  readonly listId: string;
  readonly run: (item: Item) => void;
}

function Options({ items, chosen, listId, run }: OptionsProps): ReactElement {
  const { t } = useWords();
  return (
    <ul id={listId} role="listbox" aria-label={t("palette.title")} className="results">
      {items.map((item, index) => (
        <li
          key={item.id}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === chosen}
          className="result"
          data-section={index === 0 || items[index - 1]?.section !== item.section ? t(`palette.${item.section}`) : undefined}
          data-testid={item.section === "people" ? "people-result" : "palette-option"}
          onClick={() => run(item)}
        >
          {item.draw}
        </li>
      ))}
    </ul>
  );
}

/** One field for people, rooms and actions (the pattern "combobox with listbox" of ARIA). */
export function Palette(props: PaletteProps): ReactElement {
  const { home, people } = props;
  const { t, say } = useWords();
  const { term, searching, error } = useObservable(people.state);
  const items = usePaletteItems(props);
  const [wanted, setWanted] = useState(0);
  const chosen = Math.min(wanted, items.length - 1);
  const listId = useId();
  const run = (item: Item): void => {
    if (item.section !== "people") home.closeDialog();
    item.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const item = items[chosen];
    if (step !== undefined && items.length > 0) {
      event.preventDefault();
      setWanted((chosen + step + items.length) % items.length);
    } else if (event.key === "Enter" && item !== undefined) {
      event.preventDefault();
      run(item);
    }
  };
  return (
    <Dialog title={t("palette.title")} closeLabel={t("common.close")} onClose={home.closeDialog}>
      <div className="input-wrap">
        <Icon name="search" />
        <input
          className="input"
          role="combobox"
          aria-label={t("palette.label")}
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={items.length > 0 ? `${listId}-${chosen}` : undefined}
          placeholder={t("palette.label")}
          autoComplete="off"
          autoFocus
          value={term}
          data-testid="palette-search"
          onChange={(event) => {
            setWanted(0);
            people.search(event.target.value);
          }}
          onKeyDown={onKey}
        />
      </div>
      {error !== null && <Note tone="error">{say(error)}</Note>}
      <Options items={items} chosen={chosen} listId={listId} run={run} />
      {items.length === 0 && !searching && <p className="hint">{t("palette.none")}</p>}
    </Dialog>
  );
}
