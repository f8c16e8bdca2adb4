import { type ReactElement, type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button, IconButton } from "../design/button";
import { Avatar } from "../design/avatar";
import { Badge } from "../design/notes";
import type { Translator } from "../i18n/translate";
import type { ConversationModel, ConversationState } from "../view-models/conversation";
import { type Day, type Group, toDays } from "../view-models/days";
import type { HomeModel } from "../view-models/home";
import type { Message, RoomSummary } from "../view-models/types";
import { useWords } from "./hooks";
import { MessageView } from "./message";
import type { TimelineProps } from "./props";
import { Before } from "./upgrade";
import { roomName } from "./room-name";

const NEAR_PX = 80;

function dayName(start: number, words: Translator): string {
  const today = new Date().setHours(0, 0, 0, 0);
  if (start === today) return words.t("conversation.today");
  if (start === new Date(today - 43_200_000).setHours(0, 0, 0, 0)) return words.t("conversation.yesterday");
  return words.day(start);
}

const AFTER_DIALOG_MS = 150;

function findLine(box: HTMLElement, eventId: string): HTMLElement | null {
  return box.querySelector<HTMLElement>(`[data-event="${CSS.escape(eventId)}"]`);
}

/** A window that closes gives focus back to where it was: the message takes it after that. */
function focusSoon(line: HTMLElement): void {
  setTimeout(() => line.focus({ preventScroll: true }), AFTER_DIALOG_MS);
}

/** Stays at the end while the reader is there; keeps the reader's line when older messages come above. */
function useScroll(state: ConversationState, onEnd: () => void): [RefObject<HTMLDivElement | null>, boolean, () => void] {
  const { messages, target, hasNewer } = state;
  const ref = useRef<HTMLDivElement>(null);
  const before = useRef({ first: "", height: 0, atEnd: true });
  const [atEnd, setAtEnd] = useState(true);
  const reached = useRef<ConversationState["target"]>(null);
  const first = messages[0]?.key ?? "";
  const goDown = useCallback(() => {
    const box = ref.current;
    before.current = { ...before.current, atEnd: true };
    if (box !== null) box.scrollTop = box.scrollHeight;
  }, []);
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return;
    const seen = before.current;
    const found = target === null || reached.current === target ? null : findLine(box, target.eventId);
    if (found !== null) {
      reached.current = target;
      before.current = { first, height: box.scrollHeight, atEnd: false };
      found.scrollIntoView({ block: "center" });
      focusSoon(found);
      return;
    }
    if (hasNewer && seen.first === first) {
      before.current = { first, height: box.scrollHeight, atEnd: false };
      return;
    }
    if (seen.atEnd) box.scrollTop = box.scrollHeight;
    else if (seen.first !== first && seen.height > 0) box.scrollTop += box.scrollHeight - seen.height;
    before.current = { first, height: box.scrollHeight, atEnd: seen.atEnd };
    if (seen.atEnd) onEnd();
  }, [messages, first, target, hasNewer, onEnd]);
  useEffect(() => {
    const box = ref.current;
    if (box === null) return undefined;
    const look = (): void => {
      const end = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      before.current = { ...before.current, height: box.scrollHeight, atEnd: end };
      setAtEnd(end);
      if (end) onEnd();
    };
    // A picture that opens, or a keyboard that comes up, must not push the last message away.
    const resized = new ResizeObserver(() => {
      if (before.current.atEnd) goDown();
    });
    resized.observe(box);
    if (box.firstElementChild !== null) resized.observe(box.firstElementChild);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, [onEnd, goDown]);
  return [ref, atEnd, goDown];
}

/** Says incoming messages to a screen reader, once each, without reading the history aloud. */
function Announcer({ messages }: { readonly messages: readonly Message[] }): ReactElement {
  const { t } = useWords();
  const [opened] = useState(() => Date.now());
  const last = messages.at(-1);
  const isNew = last !== undefined && !last.mine && last.kind === "text" && last.time > opened;
  return (
    <div className="hidden" aria-live="polite" data-testid="announcer">
      {isNew && t("conversation.newMessage", { name: last.sender.name, text: last.text })}
    </div>
  );
}

/** Between two people, who made the room and who was invited goes without saying. */
const UNSAID_IN_DIRECT = new Set(["created", "invited", "joined"]);

function Changes({ group, direct }: { readonly group: Group; readonly direct: boolean }): ReactElement | null {
  const { t } = useWords();
  const said = group.messages.filter(({ membership }) => !direct || !UNSAID_IN_DIRECT.has(membership?.change ?? ""));
  if (said.length === 0) return null;
  return (
    <li className="changes">
      {said.map((message) => {
        const change = message.membership;
        if (change === null) return null;
        const { subject, by, detail } = change;
        return <p key={message.key}>{t(`change.${change.change}`, { subject, by, detail })}</p>;
      })}
    </li>
  );
}

function GroupView({ group, ...props }: TimelineProps & { readonly group: Group }): ReactElement | null {
  const { t } = useWords();
  const first = group.messages[0];
  if (first === undefined) return null;
  if (group.quiet) return <Changes group={group} direct={props.room.kind === "direct"} />;
  const { sender, mine } = first;
  const direct = props.room.kind === "direct";
  return (
    <li className="group" data-mine={mine ? "" : undefined}>
      {!mine && !direct && <Avatar id={sender.id} name={sender.name} size="small" />}
      <div className="group-body">
        <div className={mine || direct ? "hidden" : "group-name"}>
          {mine ? t("common.you") : sender.name}
          {!mine && !direct && sender.administration !== "" && <span> — {sender.administration}</span>}
          {sender.external && <Badge tone="warning">{t("badge.external")}</Badge>}
        </div>
        <ol>
          {group.messages.map((message) => (
            <MessageView key={message.key} message={message} {...props} />
          ))}
        </ol>
      </div>
    </li>
  );
}

function DayView({ day, ...props }: TimelineProps & { readonly day: Day }): ReactElement {
  const words = useWords();
  return (
    <section className="day">
      <h2>
        <span>{dayName(day.start, words)}</span>
      </h2>
      <ol>
        {day.groups.map((group) => (
          <GroupView key={group.key} group={group} {...props} />
        ))}
      </ol>
    </section>
  );
}

interface StartProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly empty: boolean;
}

function Start({ home, room, empty }: StartProps): ReactElement {
  const { t } = useWords();
  const kind = room.encrypted ? "secure" : room.kind === "public" ? "public" : "private";
  return (
    <div className="start">
      <p>{t(`conversation.start.${kind}`)}</p>
      <Before home={home} room={room} />
      {empty && room.awaited === "" && <p>{t("conversation.hello")}</p>}
    </div>
  );
}

function Typing({ names }: { readonly names: readonly string[] }): ReactElement {
  const { count, list } = useWords();
  return (
    <div className="typing" aria-live="off" data-testid="typing">
      {names.length > 0 && count("conversation.typing", names.length, { names: list(names) })}
    </div>
  );
}

function useReading(conversation: ConversationModel): () => void {
  const read = useCallback(() => {
    if (document.visibilityState === "visible") conversation.markRead();
  }, [conversation]);
  useEffect(() => {
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [read]);
  return read;
}

export function Timeline(props: TimelineProps): ReactElement {
  const { room, conversation, state } = props;
  const words = useWords();
  const { t } = words;
  const read = useReading(conversation);
  const [box, atEnd, goDown] = useScroll(state, read);
  const goToEnd = (): void => {
    if (state.hasNewer) conversation.goLive();
    goDown();
  };
  const days = useMemo(() => toDays(state.messages), [state.messages]);
  return (
    <div className="timeline-wrap">
      <div
        ref={box}
        className="timeline"
        role="region"
        aria-label={t("conversation.timeline", { name: roomName(room, words) })}
        tabIndex={0}
        data-testid="timeline"
      >
        <div className="timeline-inner">
          {state.hasOlder ? (
            <Button look="quiet" size="small" busy={state.loadingOlder} onClick={() => void conversation.loadOlder()}>
              {t("conversation.older")}
            </Button>
          ) : (
            <Start home={props.home} room={room} empty={!state.messages.some((message) => message.kind !== "membership")} />
          )}
          {days.map((day) => (
            <DayView key={day.start} day={day} {...props} />
          ))}
          {state.hasNewer && (
            <Button look="quiet" size="small" busy={state.loadingOlder} onClick={() => void conversation.loadNewer()}>
              {t("conversation.newer")}
            </Button>
          )}
        </div>
      </div>
      {(!atEnd || state.hasNewer) && (
        <div className="go-down">
          <IconButton icon="down" label={t("conversation.goDown")} onClick={goToEnd} />
        </div>
      )}
      <Typing names={state.typing} />
      <Announcer messages={state.messages} />
    </div>
  );
}
