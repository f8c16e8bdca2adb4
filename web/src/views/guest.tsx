/** What a guest from outside meets: who invited, where, and what is kept for agents. */
import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Icon } from "../design/icons";
import { Badge, Empty } from "../design/notes";
import type { RoomSummary } from "../view-models/types";
import { useWords } from "./hooks";
import type { HomeProps } from "./props";
import { PaneHead } from "./pane-head";
import { roomName } from "./room-name";
import { Sponsors } from "./sponsors";
import "./rooms.css";

function Invitation({ home, room }: Pick<HomeProps, "home"> & { readonly room: RoomSummary }): ReactElement {
  const words = useWords();
  const { t } = words;
  const from = room.invitation?.from;
  return (
    <li className="guest-invitation">
      <span className="member-text">
        <strong>{t("guest.invitedBy", { name: from?.name ?? "", room: roomName(room, words) })}</strong>
        {from !== undefined && from.administration !== "" && <span className="hint">{from.administration}</span>}
      </span>
      {from?.external === true && <Badge tone="warning">{t("badge.external")}</Badge>}
      <Button look="secondary" size="small" onClick={() => home.openRoom(room.id)}>
        {t("forums.open")}
      </Button>
    </li>
  );
}

function YourRooms({ home, state }: HomeProps): ReactElement {
  const words = useWords();
  const { t } = words;
  const listed = state.rooms.filter((room) => !room.replaced);
  const invitations = listed.filter((room) => room.invitation !== null);
  const joined = listed.filter((room) => room.invitation === null);
  return (
    <>
      {listed.length === 0 && <p>{t("guest.emptyBody")}</p>}
      {invitations.length > 0 && (
        <ul>
          {invitations.map((room) => (
            <Invitation key={room.id} home={home} room={room} />
          ))}
        </ul>
      )}
      {joined.length > 0 && (
        <p>
          {t("common.named", { name: t("guest.yourRooms"), text: words.list(joined.map((room) => roomName(room, words))) })}
        </p>
      )}
    </>
  );
}

/** The first screen of somebody who was invited from outside the administrations. */
export function GuestWelcome(props: HomeProps): ReactElement {
  const { t } = useWords();
  return (
    <div className="page" data-testid="guest-welcome">
      <div className="page-body guest">
        <h1>{t("guest.title")}</h1>
        <p>
          {t("guest.body")} <Badge tone="warning">{t("badge.external")}</Badge>
        </p>
        <YourRooms {...props} />
        <Sponsors home={props.home} />
        <div className="guest-rights">
          <section>
            <h2>
              <Icon name="check" />
              {t("guest.may")}
            </h2>
            <ul>
              <li>{t("guest.may1")}</li>
              <li>{t("guest.may2")}</li>
            </ul>
          </section>
          <section>
            <h2>
              <Icon name="lock" />
              {t("guest.mayNot")}
            </h2>
            <ul>
              <li>{t("guest.mayNot1")}</li>
              <li>{t("guest.mayNot2")}</li>
              <li>{t("guest.mayNot3")}</li>
            </ul>
          </section>
        </div>
        <p className="hint">{t("guest.help")}</p>
      </div>
    </div>
  );
}

/** In place of the public rooms, for whoever came there by an old link. */
export function NoForums({ home }: Pick<HomeProps, "home">): ReactElement {
  const { t } = useWords();
  return (
    <div className="page">
      <PaneHead home={home} title={t("forums.title")} />
      <Empty icon="public" title={t("guest.forumsTitle")}>
        <p>{t("guest.help")}</p>
        <Button look="secondary" onClick={home.openNothing}>
          {t("common.back")}
        </Button>
      </Empty>
    </div>
  );
}
