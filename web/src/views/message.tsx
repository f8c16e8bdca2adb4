import { type ReactElement, type ReactNode, useState } from "react";
import { Button, IconButton } from "../design/button";
import { Dialog } from "../design/dialog";
import { Icon } from "../design/icons";
import { type Action, ActionMenu } from "../design/menu";
import { isInside, toPieces } from "../view-models/links";
import type { Message, Reaction } from "../view-models/types";
import { useWords } from "./hooks";
import { MediaView } from "./media";
import type { TimelineProps } from "./props";

const EMOJIS = ["👍", "❤️", "😄", "🎉", "👀", "🙏"] as const;

interface MessageProps extends TimelineProps {
  readonly message: Message;
}

const OUTSIDE = { target: "_blank", rel: "noreferrer noopener" };

function Linked({ text, origin }: { readonly text: string; readonly origin: string }): ReactElement {
  return (
    <>
      {toPieces(text).map((piece, index) =>
        piece.href === null ? (
          <span key={index}>{piece.text}</span>
        ) : (
          <a key={index} href={piece.href} {...(isInside(piece.href, origin) ? {} : OUTSIDE)}>
            {piece.text}
          </a>
        ),
      )}
    </>
  );
}

function Unreadable({ message, home, conversation }: MessageProps): ReactElement {
  const { t } = useWords();
  const reason = message.reason ?? "unknown";
  const verify = reason === "not-verified";
  return (
    <div className="unreadable">
      <Icon name="lock" size="small" />
      <span>
        {t("unreadable.title")}, {t(`unreadable.${reason}`)}
      </span>
      {reason !== "before-joining" && (
        <Button look="quiet" size="small" onClick={verify ? home.unlock : conversation.retryReading}>
          {t(verify ? "unreadable.verify" : "unreadable.retry")}
        </Button>
      )}
    </div>
  );
}

function Quote({ message }: { readonly message: Message }): ReactElement | null {
  const { t } = useWords();
  const { replyTo } = message;
  if (replyTo === null || message.kind === "deleted") return null;
  return (
    <blockquote className="quote">
      <strong>{t("message.inReplyTo", { name: replyTo.from })}</strong>
      <span>{replyTo.text}</span>
    </blockquote>
  );
}

function Content(props: MessageProps): ReactNode {
  const { message, conversation } = props;
  const { t } = useWords();
  if (message.kind === "deleted") return <span className="deleted">{t("message.deleted")}</span>;
  if (message.kind === "unreadable") return <Unreadable {...props} />;
  if (message.media !== null) return <MediaView media={message.media} kind={message.kind} conversation={conversation} />;
  return <Linked text={message.text} origin={props.home.origin} />;
}

function ReactionButton({ reaction, onPress }: { readonly reaction: Reaction; readonly onPress: () => void }): ReactElement {
  const { count, list } = useWords();
  const names = list(reaction.people);
  const label = count("message.reaction", reaction.count, { emoji: reaction.key, names });
  return (
    <button
      type="button"
      className="reaction"
      aria-pressed={reaction.mineEventId !== null}
      aria-label={label}
      title={label}
      onClick={onPress}
    >
      <span aria-hidden="true">{reaction.key}</span>
      <span aria-hidden="true">{reaction.count}</span>
    </button>
  );
}

function Reactions({ message, conversation }: MessageProps): ReactElement | null {
  if (message.reactions.length === 0) return null;
  return (
    <div className="reactions">
      {message.reactions.map((reaction) => (
        <ReactionButton
          key={reaction.key}
          reaction={reaction}
          onPress={() => void conversation.react(message, reaction.key)}
        />
      ))}
    </div>
  );
}

function SendState({ message, conversation }: MessageProps): ReactElement | null {
  const { t } = useWords();
  if (message.state === "sent") return null;
  if (message.state === "sending") return <span className="send-state">{t("message.sending")}</span>;
  return (
    <span className="send-state" data-failed={message.state === "failed" ? "" : undefined} role="status">
      <Icon name={message.state === "failed" ? "warning" : "clock"} size="small" />
      {t(`message.${message.state}`)}
      <Button look="quiet" size="small" onClick={() => void conversation.sendAgain(message)}>
        {t("message.sendAgain")}
      </Button>
      <Button look="quiet" size="small" onClick={() => conversation.discard(message)}>
        {t("message.discard")}
      </Button>
    </span>
  );
}

function useActions(props: MessageProps, onDelete: () => void): Action[] {
  const { message, conversation, state, home, room } = props;
  const { t } = useWords();
  const actions: Action[] = [];
  const edit = { id: "edit", label: t("message.edit"), icon: "edit", run: () => conversation.edit(message) } as const;
  const copy = (): void => void navigator.clipboard.writeText(message.text).catch(() => undefined);
  if (message.mine && message.kind === "text") actions.push(edit);
  if (message.kind === "text") actions.push({ id: "copy", label: t("message.copy"), icon: "copy", run: copy });
  if (!message.mine) {
    const reported = { kind: "message", roomId: room.id, eventId: message.eventId } as const;
    const subject = { reported, name: message.sender.name, sealed: room.encrypted };
    actions.push({ id: "report", label: t("message.report"), icon: "flag", run: () => home.report(subject) });
  }
  if (message.mine || state.canDeleteOthers) {
    actions.push({ id: "delete", label: t("message.delete"), icon: "trash", danger: true, run: onDelete });
  }
  return actions;
}

function Tools(props: MessageProps & { readonly onDelete: () => void }): ReactElement | null {
  const { message, conversation, onDelete } = props;
  const { t } = useWords();
  const actions = useActions(props, onDelete);
  if (message.state !== "sent" || message.kind === "deleted" || message.kind === "unreadable") return null;
  const reactions = EMOJIS.map((emoji) => ({
    id: emoji,
    label: t("message.reactWith", { emoji }),
    icon: "smile" as const,
    run: () => void conversation.react(message, emoji),
  }));
  return (
    <div className="tools">
      <IconButton icon="reply" size="small" label={t("message.reply")} onClick={() => conversation.reply(message)} />
      <ActionMenu icon="smile" size="small" row label={t("message.react")} actions={reactions} />
      {actions.length > 0 && <ActionMenu icon="more" size="small" label={t("message.actions")} actions={actions} />}
    </div>
  );
}

function DeleteDialog({ onClose, onDelete }: { readonly onClose: () => void; readonly onDelete: () => void }): ReactElement {
  const { t } = useWords();
  return (
    <Dialog title={t("message.deleteTitle")} closeLabel={t("common.close")} onClose={onClose} role="alertdialog">
      <p>{t("message.deleteBody")}</p>
      <div className="actions">
        <Button look="secondary" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button look="danger" onClick={onDelete}>
          {t("message.delete")}
        </Button>
      </div>
    </Dialog>
  );
}

function Foot({ message }: { readonly message: Message }): ReactElement | null {
  const { t, time, list } = useWords();
  const readers = message.readBy;
  return (
    <span className="foot">
      {message.edited && <span>{t("message.edited")}</span>}
      <time dateTime={new Date(message.time).toISOString()}>{time(message.time)}</time>
      {message.mine && readers.length > 0 && (
        <span className="read-by" title={t("conversation.readBy", { names: list(readers) })}>
          <Icon name="checks" size="small" />
          <span className="hidden">{t("conversation.readBy", { names: list(readers) })}</span>
        </span>
      )}
    </span>
  );
}

export function MessageView(props: MessageProps): ReactElement {
  const { message, conversation } = props;
  const [deleting, setDeleting] = useState(false);
  const remove = (): void => {
    setDeleting(false);
    void conversation.remove(message);
  };
  return (
    <li
      className="message"
      data-testid="message"
      data-kind={message.kind}
      data-state={message.state}
      data-event={message.eventId}
      data-found={props.state.target?.eventId === message.eventId ? "" : undefined}
      tabIndex={-1}
    >
      <div className="line">
        <div className="bubble">
          <Quote message={message} />
          <div className="content">
            <Content {...props} />
            <Foot message={message} />
          </div>
        </div>
        <Tools {...props} onDelete={() => setDeleting(true)} />
      </div>
      <Reactions {...props} />
      <SendState {...props} />
      {deleting && <DeleteDialog onClose={() => setDeleting(false)} onDelete={remove} />}
    </li>
  );
}
