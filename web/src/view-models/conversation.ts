/** One open conversation: its messages, its composer, who is typing. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import { decryptAgain } from "../matrix/encryption";
import { mayInvite } from "../matrix/invitations";
import { fetchFile, sendFile } from "../matrix/media";
import * as people from "../matrix/people";
import * as rooms from "../matrix/rooms";
import * as sending from "../matrix/send";
import * as timeline from "../matrix/timeline";
import type { MediaInfo, Member, Message } from "../matrix/types";
import { phraseOf } from "./errors";
import { gather, Observable } from "./observable";

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly share: number;
  readonly error: Phrase | null;
  readonly cancel: () => void;
}

export interface ConversationState {
  readonly messages: readonly Message[];
  readonly members: readonly Member[];
  readonly typing: readonly string[];
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** The person reads an old passage: there is more between it and now. */
  readonly hasNewer: boolean;
  /** A message to go to, once for each new value. */
  readonly target: { readonly eventId: string } | null;
  readonly canSend: boolean;
  readonly canDeleteOthers: boolean;
  readonly canInvite: boolean;
  readonly draft: string;
  readonly replyTo: Message | null;
  readonly editing: Message | null;
  readonly uploads: readonly Upload[];
  readonly error: Phrase | null;
}

const REDRAW_MS = 40;
const TYPING_EVERY_MS = 8_000;
/** Drafts live as long as the page, per room. */
const drafts = new Map<string, string>();

export class ConversationModel {
  readonly state: Observable<ConversationState>;
  readonly roomId: string;
  readonly #account: Account;
  readonly #stops: (() => void)[];
  #typingSaid = 0;
  #uploads = 0;
  /** A message of the old passage that is read; null up to now. */
  #anchor: string | null = null;
  #isFilled = false;

  constructor(account: Account, roomId: string) {
    this.#account = account;
    this.roomId = roomId;
    this.state = new Observable<ConversationState>({
      messages: [],
      members: [],
      typing: [],
      hasOlder: false,
      loadingOlder: false,
      hasNewer: false,
      target: null,
      canSend: true,
      canDeleteOthers: false,
      canInvite: false,
      draft: drafts.get(roomId) ?? "",
      replyTo: null,
      editing: null,
      uploads: [],
      error: null,
    });
    const redraw = gather(() => this.#read(), REDRAW_MS);
    const typing = gather(() => this.state.update({ typing: rooms.listTyping(account, roomId) }), REDRAW_MS);
    this.#stops = [
      redraw.stop,
      typing.stop,
      timeline.watchMessages(account, roomId, redraw.call),
      rooms.watchRooms(account, redraw.call),
      rooms.watchTyping(account, typing.call),
    ];
    this.#read();
    void timeline.loadMembers(account, roomId).then(redraw.call, () => undefined);
  }

  readonly stop = (): void => {
    for (const stop of this.#stops) stop();
    this.#sayTyping(false);
  };

  #read(): void {
    const { roomId } = this;
    this.state.update({
      messages: timeline.listMessages(this.#account, roomId, this.#anchor),
      members: people.listMembers(this.#account, roomId),
      hasOlder: timeline.hasOlder(this.#account, roomId, this.#anchor),
      hasNewer: timeline.hasNewer(this.#account, roomId, this.#anchor),
      canSend: rooms.canSend(this.#account, roomId),
      canDeleteOthers: timeline.canDeleteOthers(this.#account, roomId),
      canInvite: mayInvite(this.#account, roomId),
    });
    this.#fillScreen();
  }

  /** A short sync may bring only a few lines: fetch a page, once, as soon as the room is known. */
  #fillScreen(): void {
    const { messages, hasOlder } = this.state.get();
    if (this.#isFilled || messages.length === 0) return;
    this.#isFilled = true;
    if (messages.length < 15 && hasOlder) void this.loadOlder();
  }

  async #load(job: () => Promise<unknown>): Promise<void> {
    if (this.state.get().loadingOlder) return;
    this.state.update({ loadingOlder: true });
    await job().catch(() => undefined);
    this.#read();
    this.state.update({ loadingOlder: false });
  }

  readonly loadOlder = (): Promise<void> =>
    this.#load(() => timeline.loadOlder(this.#account, this.roomId, this.#anchor));

  readonly loadNewer = async (): Promise<void> => {
    const anchor = this.#anchor;
    if (anchor !== null) await this.#load(() => timeline.loadNewer(this.#account, this.roomId, anchor));
  };

  /** Shows a message in its place, however old it is. */
  readonly goTo = async (eventId: string): Promise<void> => {
    const isAtHand = timeline.isAtHand(this.#account, this.roomId, eventId);
    if (!isAtHand) {
      const search = timeline.findMessage(this.#account, this.roomId, eventId);
      if (!(await search.catch(() => false))) return this.state.update({ error: { key: "search.gone" } });
    }
    this.#anchor = isAtHand ? null : eventId;
    this.#read();
    this.state.update({ target: { eventId }, error: null });
  };

  /** Back from an old passage to the last messages. */
  readonly goLive = (): void => {
    this.#anchor = null;
    this.state.update({ target: null });
    this.#read();
  };

  async #act(job: () => Promise<unknown>): Promise<void> {
    try {
      this.state.update({ error: null });
      await job();
    } catch (error) {
      // A message that failed shows its own state in the timeline; the rest is said under the composer.
      this.#read();
      const shown = this.state.get().messages.some((message) => message.state === "failed" || message.state === "waiting");
      const phrase = phraseOf(error);
      // A refusal has a reason, which its mark on the message does not tell.
      if (!shown || phrase.key === "error.said") this.state.update({ error: phrase });
    }
  }

  readonly write = (draft: string): void => {
    this.state.update({ draft });
    if (this.state.get().editing === null) drafts.set(this.roomId, draft);
    this.#sayTyping(draft !== "");
  };

  #sayTyping(typing: boolean): void {
    const now = Date.now();
    if (typing && now - this.#typingSaid < TYPING_EVERY_MS) return;
    if (!typing && this.#typingSaid === 0) return;
    this.#typingSaid = typing ? now : 0;
    void rooms.sendTyping(this.#account, this.roomId, typing).catch(() => undefined);
  }

  readonly send = (): Promise<void> => {
    const { draft, replyTo, editing } = this.state.get();
    const text = draft.trim();
    if (text === "") return Promise.resolve();
    this.state.update({ draft: "", replyTo: null, editing: null });
    drafts.delete(this.roomId);
    this.#sayTyping(false);
    if (editing !== null) {
      return this.#act(() => sending.sendEdit(this.#account, this.roomId, editing.eventId, text));
    }
    return this.#act(() => sending.sendText(this.#account, this.roomId, text, replyTo?.eventId ?? null));
  };

  readonly reply = (message: Message): void => this.state.update({ replyTo: message, editing: null });
  readonly edit = (message: Message): void =>
    this.state.update({ editing: message, replyTo: null, draft: message.text });
  readonly stopReply = (): void => {
    const { editing } = this.state.get();
    this.state.update({ replyTo: null, editing: null, ...(editing === null ? {} : { draft: "" }) });
  };

  /** Up arrow in an empty composer: correct one's last message. */
  readonly editLast = (): void => {
    const last = this.state.get().messages.findLast((message) => message.mine && message.kind === "text");
    if (last !== undefined && last.state === "sent") this.edit(last);
  };

  readonly react = (message: Message, key: string): Promise<void> => {
    const mine = message.reactions.find((reaction) => reaction.key === key)?.mineEventId ?? null;
    return this.#act(() =>
      mine === null
        ? sending.sendReaction(this.#account, this.roomId, message.eventId, key)
        : sending.redact(this.#account, this.roomId, mine),
    );
  };

  readonly remove = (message: Message): Promise<void> =>
    this.#act(() => sending.redact(this.#account, this.roomId, message.eventId));

  readonly sendAgain = (message: Message): Promise<void> =>
    this.#act(() => timeline.retryMessage(this.#account, this.roomId, message.key));

  readonly discard = (message: Message): void => timeline.discardMessage(this.#account, this.roomId, message.key);

  readonly retryReading = (): void => void decryptAgain(this.#account, this.roomId).then(() => this.#read());

  /** Files may be dropped where nothing is to be written: nothing comes of it. */
  readonly attach = async (files: readonly File[]): Promise<void> => {
    if (!this.state.get().canSend) return;
    for (const file of files) await this.#attachOne(file);
  };

  async #attachOne(file: File): Promise<void> {
    this.#uploads += 1;
    const id = this.#uploads;
    const abort = new AbortController();
    const close = (): void => this.#changeUpload(id, null);
    const cancel = (): void => {
      abort.abort();
      close();
    };
    const upload: Upload = { id, name: file.name, share: 0, error: null, cancel };
    this.state.update({ uploads: [...this.state.get().uploads, upload] });
    try {
      const onProgress = (share: number): void => this.#changeUpload(id, { share });
      await sendFile(this.#account, this.roomId, { file, onProgress, signal: abort.signal });
      close();
    } catch (error) {
      if (!abort.signal.aborted) this.#changeUpload(id, { error: phraseOf(error) });
    }
  }

  #changeUpload(id: number, change: Partial<Upload> | null): void {
    const uploads = this.state.get().uploads.flatMap((upload) => {
      if (upload.id !== id) return [upload];
      return change === null ? [] : [{ ...upload, ...change }];
    });
    this.state.update({ uploads });
  }

  readonly openFile = (media: MediaInfo): Promise<Blob> => fetchFile(this.#account, media);

  /** The end of an old passage is not the end of what there is to read. */
  readonly markRead = (): void => {
    if (!this.state.get().hasNewer) void timeline.markRead(this.#account, this.roomId).catch(() => undefined);
  };
}
