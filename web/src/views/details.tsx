import { type ReactElement, useState } from "react";
import { Button, IconButton } from "../design/button";
import { Dialog } from "../design/dialog";
import { Icon } from "../design/icons";
import { Note } from "../design/notes";
import { saveFile } from "../platform/files";
import type { ConversationModel } from "../view-models/conversation";
import { decideDeparture } from "../view-models/departure";
import type { HomeModel } from "../view-models/home";
import { MembersModel } from "../view-models/members";
import type { Member, RoomSummary } from "../view-models/types";
import { AccessSection } from "./access";
import { useObservable, useWords } from "./hooks";
import { InviteDialog } from "./invite";
import { Keeping } from "./keeping";
import { Members } from "./members";
import { PendingInvitations } from "./pending";
import { roomName } from "./room-name";
import { UpgradeOffer } from "./upgrade";
import { Trust } from "./trust";
import "./rooms.css";

interface DetailsProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly conversation: ConversationModel;
}

interface LeaveProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
  readonly members: readonly Member[];
  readonly onClose: () => void;
}

/** What becomes of the room comes first: a last administrator must not leave it without knowing. */
function LeaveDialog({ home, room, members, onClose }: LeaveProps): ReactElement {
  const { t, list } = useWords();
  const departure = room.kind === "direct" ? ({ kind: "plain" } as const) : decideDeparture(members, home.account.userId);
  return (
    <Dialog title={t("details.leaveTitle")} closeLabel={t("common.close")} onClose={onClose} role="alertdialog">
      {departure.kind === "moderators" && <Note tone="warning">{t("leave.moderators", { names: list(departure.names) })}</Note>}
      {departure.kind === "everybody" && <Note tone="warning">{t("leave.everybody")}</Note>}
      {departure.kind === "nobody" && members.length > 1 && <Note tone="warning">{t("leave.nobody")}</Note>}
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

function RoomFacts({ room }: { readonly room: RoomSummary }): ReactElement {
  const words = useWords();
  return (
    <div className="details-room">
      <h3>{roomName(room, words)}</h3>
      {room.topic !== "" && <p>{room.topic}</p>}
      <p className="hint">{words.t(`kind.${room.kind}`)}</p>
      <div className="trust">
        <Trust room={room} />
      </div>
    </div>
  );
}

/** One line each, as the field for a list of people takes it. */
function ExportMembers({ room, members }: { readonly room: RoomSummary; readonly members: readonly Member[] }): ReactElement {
  const words = useWords();
  const save = (): void => {
    const present = members.filter(({ membership }) => membership === "join").map(({ id }) => `${id}\n`);
    const name = roomName(room, words).replace(/[^\p{L}\p{N}]+/gu, "-");
    saveFile(new Blob(present, { type: "text/plain" }), words.t("invite.exportFile", { room: name }));
  };
  return (
    <Button look="quiet" size="small" onClick={save}>
      {words.t("invite.export")}
    </Button>
  );
}

export function DetailsPane({ home, room, conversation }: DetailsProps): ReactElement {
  const words = useWords();
  const { t } = words;
  const { members, canInvite } = useObservable(conversation.state);
  const { error } = useObservable(home.state);
  const [people] = useState(() => new MembersModel(home.account, room.id));
  const [window, setWindow] = useState<"leave" | "invite" | null>(null);
  const close = (): void => setWindow(null);
  const isRoom = room.kind !== "direct";
  return (
    <aside className="pane-details" aria-label={t("details.title")}>
      {/* Where the pane covers the conversation, that one's h1 is not drawn: a screen reader finds the same one here. */}
      <h1 className="hidden">{roomName(room, words)}</h1>
      <header className="pane-head">
        <h2>{t("details.title")}</h2>
        <IconButton icon="close" label={t("common.close")} onClick={home.toggleDetails} />
      </header>
      <div className="details-body">
        {error !== null && <Note tone="error">{words.say(error)}</Note>}
        <RoomFacts room={room} />
        {isRoom && canInvite && !home.isGuest && (
          <Button look="secondary" wide onClick={() => setWindow("invite")}>
            <Icon name="plus" />
            {t("room.invite")}
          </Button>
        )}
        {isRoom && !home.isGuest && <AccessSection home={home} room={room} />}
        <Members home={home} model={people} members={members} />
        {isRoom && canInvite && !home.isGuest && <PendingInvitations home={home} roomId={room.id} />}
        {isRoom && !home.isGuest && <ExportMembers room={room} members={members} />}
        <Keeping home={home} room={room} />
        {isRoom && <UpgradeOffer home={home} room={room} />}
        <Button look="quiet" onClick={() => setWindow("leave")}>
          {t("details.leave")}
        </Button>
      </div>
      {window === "leave" && <LeaveDialog home={home} room={room} members={members} onClose={close} />}
      {window === "invite" && <InviteDialog home={home} roomId={room.id} onClose={close} />}
    </aside>
  );
}
