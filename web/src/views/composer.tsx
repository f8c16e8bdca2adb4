import { type ClipboardEvent, type KeyboardEvent, type ReactElement, useEffect, useLayoutEffect, useRef } from "react";
import { IconButton } from "../design/button";
import { Icon } from "../design/icons";
import { Note } from "../design/notes";
import type { ConversationModel, ConversationState, Upload } from "../view-models/conversation";
import type { RoomSummary } from "../view-models/types";
import { useWords } from "./hooks";
import { roomName } from "./room-name";

interface ComposerProps {
  readonly room: RoomSummary;
  readonly conversation: ConversationModel;
  readonly state: ConversationState;
}

const MAX_HEIGHT_PX = 180;

function Context({ conversation, state }: Omit<ComposerProps, "room">): ReactElement | null {
  const { t } = useWords();
  const { replyTo, editing } = state;
  if (replyTo === null && editing === null) return null;
  const title = editing !== null ? t("composer.editing") : t("composer.replyingTo", { name: replyTo?.sender.name ?? "" });
  return (
    <div className="composer-context">
      <Icon name={editing !== null ? "edit" : "reply"} />
      <div>
        <strong>{title}</strong>
        <span>{(editing ?? replyTo)?.text}</span>
      </div>
      <IconButton icon="close" size="small" label={t("composer.stop")} onClick={conversation.stopReply} />
    </div>
  );
}

function UploadView({ upload }: { readonly upload: Upload }): ReactElement {
  const { t, say } = useWords();
  if (upload.error !== null) {
    return (
      <li className="upload">
        <Note tone="error">{t("common.named", { name: upload.name, text: say(upload.error) })}</Note>
        <IconButton icon="close" size="small" label={t("common.close")} onClick={upload.cancel} />
      </li>
    );
  }
  const percent = Math.round(upload.share * 100);
  const label = t("composer.uploading", { name: upload.name, percent });
  return (
    <li className="upload">
      <progress value={upload.share} max={1} aria-label={label} />
      <span>{label}</span>
      <IconButton icon="close" size="small" label={t("common.cancel")} onClick={upload.cancel} />
    </li>
  );
}

function AttachButton({ conversation }: { readonly conversation: ConversationModel }): ReactElement {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="attach" label={t("composer.attach")} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="attach"
        onChange={(event) => {
          void conversation.attach([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </>
  );
}

/** Grows with the text, up to a limit. */
function useGrowing(text: string): React.RefObject<HTMLTextAreaElement | null> {
  const ref = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = ref.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, MAX_HEIGHT_PX)}px`;
  }, [text]);
  return ref;
}

function keyHandler(conversation: ConversationModel, state: ConversationState) {
  return (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void conversation.send();
    }
    if (event.key === "Escape") conversation.stopReply();
    if (event.key === "ArrowUp" && state.draft === "") {
      event.preventDefault();
      conversation.editLast();
    }
  };
}

export function Composer({ room, conversation, state }: ComposerProps): ReactElement {
  const words = useWords();
  const { t, say } = words;
  const area = useGrowing(state.draft);
  const target = state.replyTo?.key ?? state.editing?.key ?? "";
  useEffect(() => {
    area.current?.focus();
  }, [area, target, conversation]);
  const paste = (event: ClipboardEvent): void => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    void conversation.attach(files);
  };
  if (!state.canSend) {
    return (
      <div className="composer-closed">
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        <p>{t("composer.readOnly")}</p>
      </div>
    );
  }
  return (
    <div className="composer">
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      {state.uploads.length > 0 && (
        <ul>
          {state.uploads.map((upload) => (
            <UploadView key={upload.id} upload={upload} />
          ))}
        </ul>
      )}
      <Context conversation={conversation} state={state} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void conversation.send();
        }}
      >
        <AttachButton conversation={conversation} />
        <textarea
          ref={area}
          rows={1}
          value={state.draft}
          placeholder={t("composer.placeholder", { name: roomName(room, words) })}
          aria-label={t("composer.label")}
          data-testid="composer"
          onChange={(event) => conversation.write(event.target.value)}
          onKeyDown={keyHandler(conversation, state)}
          onPaste={paste}
        />
        <button
          type="submit"
          className="icon-button send"
          aria-label={t("composer.send")}
          title={t("composer.send")}
          aria-disabled={state.draft.trim() === "" || undefined}
          data-testid="send"
        >
          <Icon name="send" />
        </button>
      </form>
    </div>
  );
}
