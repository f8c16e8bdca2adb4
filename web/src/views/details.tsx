import { type ReactElement, useState } from "react";
import { Avatar } from "../design/avatar";
import { Button, IconButton } from "../design/button";
import { Dialog } from "../design/dialog";
import { Icon } from "../design/icons";
import { ActionMenu } from "../design/menu";
import { Badge } from "../design/notes";
import type { ConversationModel } from "../view-models/conversation";
import type { HomeModel } from "../view-models/home";
import type { Member, RoomSummary } from "../view-models/types";
import { useObservable, useWords } from "./hooks";
import { Keeping } from "./keeping";
import { InviteDialog } from "./people";
import { roomName } from "./room-name";
import { UpgradeOffer } from "./upgrade";
import { Trust } from "./trust";

interface DetailsProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly conversation: ConversationModel;
}

function MemberRow({ member, home }: { readonly member: Member; readonly home: HomeModel }): ReactElement {
  const { t } = useWords();
  const mine = member.id === home.account.userId;
  const report = (): void =>
    home.report({ reported: { kind: "person", userId: member.id }, name: member.name, sealed: false });
  return (
    <li className="member" data-testid="member">
      <Avatar id={member.id} name={member.name} size="small" />
      <span className="member-text">
        <span>
          {member.name}
          {mine && <span className="hint"> ({t("common.you")})</span>}
        </span>
        {member.administration !== "" && <span className="hint">{member.administration}</span>}
      </span>
      {member.external && <Badge tone="warning">{t("badge.external")}</Badge>}
      {member.membership === "invite" && <Badge>{t("details.invited")}</Badge>}
      {member.role === "admin" && <Badge>{t("details.admin")}</Badge>}
      {member.role === "moderator" && <Badge>{t("details.moderator")}</Badge>}
      {!mine && (
        <>
          <IconButton
            icon="chat"
            size="small"
            label={t("details.write", { name: member.name })}
            onClick={() => void home.writeTo(member.id)}
          />
          <ActionMenu
            icon="more"
            size="small"
            label={t("details.more", { name: member.name })}
            actions={[{ id: "report", label: t("details.report", { name: member.name }), icon: "flag", run: report }]}
          />
        </>
      )}
    </li>
  );
}

function LeaveDialog({ home, room, onClose }: Omit<DetailsProps, "conversation"> & { onClose: () => void }): ReactElement {
  const { t } = useWords();
  return (
    <Dialog title={t("details.leaveTitle")} closeLabel={t("common.close")} onClose={onClose} role="alertdialog">
      <p>{t(room.kind === "public" ? "details.leavePublicBody" : "details.leaveBody")}</p>
      <div className="actions">
        <Button look="secondary" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button look="danger" onClick={() => void home.leave(room.id)}>
          {t("details.leave")}
        </Button>
      </div>
    </Dialog>
  );
}

export function DetailsPane({ home, room, conversation }: DetailsProps): ReactElement {
  const words = useWords();
  const { t, count } = words;
  const { members } = useObservable(conversation.state);
  const [window, setWindow] = useState<"leave" | "invite" | null>(null);
  return (
    <aside className="pane-details" aria-label={t("details.title")}>
      {/* Where the pane covers the conversation, that one's h1 is not drawn: a screen reader finds the same one here. */}
      <h1 className="hidden">{roomName(room, words)}</h1>
      <header className="pane-head">
        <h2>{t("details.title")}</h2>
        <IconButton icon="close" label={t("common.close")} onClick={home.toggleDetails} />
      </header>
      <div className="details-body">
        <div className="details-room">
          <h3>{roomName(room, words)}</h3>
          {room.topic !== "" && <p>{room.topic}</p>}
          <div className="trust">
            <Trust room={room} />
          </div>
        </div>
        {room.kind !== "direct" && (
          <Button look="secondary" wide onClick={() => setWindow("invite")}>
            <Icon name="plus" />
            {t("room.invite")}
          </Button>
        )}
        <h3>{count("details.members", members.filter(({ membership }) => membership === "join").length)}</h3>
        <ul>
          {members.map((member) => (
            <MemberRow key={member.id} member={member} home={home} />
          ))}
        </ul>
        <Keeping key={`keeping ${room.id}`} home={home} room={room} />
        {room.kind !== "direct" && <UpgradeOffer key={room.id} home={home} room={room} />}
        <Button look="quiet" onClick={() => setWindow("leave")}>
          {t("details.leave")}
        </Button>
      </div>
      {window === "leave" && <LeaveDialog home={home} room={room} onClose={() => setWindow(null)} />}
      {window === "invite" && (
        <InviteDialog home={home} conversation={conversation} onClose={() => setWindow(null)} />
      )}
    </aside>
  );
}
