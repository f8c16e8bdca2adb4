/** The people of a room, their roles, and what one may do to each. */
import type { ReactElement } from "react";
import { Avatar } from "../design/avatar";
import { Button, IconButton } from "../design/button";
import { Dialog } from "../design/dialog";
import { type Action, ActionMenu } from "../design/menu";
import { Badge, Note } from "../design/notes";
import type { Key } from "../i18n/keys";
import type { Translator } from "../i18n/translate";
import type { HomeModel } from "../view-models/home";
import type { MemberAct, MembersModel, MembersState } from "../view-models/members";
import type { Member } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

interface MembersProps {
  readonly home: HomeModel;
  readonly model: MembersModel;
  readonly members: readonly Member[];
}

function actionsOn(member: Member, { home, model, members }: MembersProps, { t }: Translator): Action[] {
  const acts = model.actsOn(member.id);
  const ask = (act: MemberAct) => (): void => model.ask(member, act, members);
  const report = (): void =>
    home.report({ reported: { kind: "person", userId: member.id }, name: member.name, sealed: false });
  const actions: Action[] = acts.roles.map((role) => {
    return { id: role, label: t(`members.role.${role}`), icon: "people", run: ask({ kind: "role", role }) };
  });
  if (acts.mayRemove) actions.push({ id: "remove", label: t("members.remove"), icon: "close", run: ask({ kind: "remove" }) });
  if (acts.mayBan) {
    actions.push({ id: "ban", label: t("members.ban"), icon: "trash", danger: true, run: ask({ kind: "ban" }) });
  }
  if (member.id === home.account.userId) return actions;
  return [...actions, { id: "report", label: t("details.report", { name: member.name }), icon: "flag", run: report }];
}

function Badges({ member }: { readonly member: Member }): ReactElement {
  const { t } = useWords();
  return (
    <>
      {member.external && <Badge tone="warning">{t("badge.external")}</Badge>}
      {member.membership === "invite" && <Badge>{t("details.invited")}</Badge>}
      {member.role === "admin" && <Badge>{t("details.admin")}</Badge>}
      {member.role === "moderator" && <Badge>{t("details.moderator")}</Badge>}
    </>
  );
}

function MemberRow({ member, ...props }: MembersProps & { readonly member: Member }): ReactElement {
  const words = useWords();
  const { t } = words;
  const { home } = props;
  const mine = member.id === home.account.userId;
  const actions = actionsOn(member, props, words);
  return (
    <li className="member" data-testid="member">
      <Avatar id={member.id} name={member.name} size="small" />
      <span className="member-text">
        <span>
          {member.name}
          {mine && <span className="hint"> ({t("common.you")})</span>}
        </span>
        {member.administration !== "" && <span className="hint">{member.administration}</span>}
        <span className="member-badges">
          <Badges member={member} />
        </span>
      </span>
      {!mine && !home.isGuest && !member.external && (
        <IconButton
          icon="chat"
          size="small"
          label={t("details.write", { name: member.name })}
          onClick={() => void home.writeTo(member.id)}
        />
      )}
      {actions.length > 0 && (
        <ActionMenu icon="more" size="small" label={t("details.more", { name: member.name })} actions={actions} />
      )}
    </li>
  );
}

interface Question {
  readonly title: Key;
  readonly body: Key;
  readonly yes: Key;
}

function questionOf(act: MemberAct, mine: boolean): Question {
  if (act.kind === "remove") return { title: "members.removeTitle", body: "members.removeBody", yes: "members.remove" };
  if (act.kind === "ban") return { title: "members.banTitle", body: "members.banBody", yes: "members.ban" };
  if (mine) return { title: "members.selfTitle", body: "members.selfBody", yes: "members.selfConfirm" };
  return { title: "members.adminTitle", body: "members.adminBody", yes: "members.role.admin" };
}

function ActDialog({ home, model, state }: Pick<MembersProps, "home" | "model"> & { readonly state: MembersState }): ReactElement | null {
  const { t, say } = useWords();
  const { asking } = state;
  if (asking === null) return null;
  const { member, act } = asking;
  const question = questionOf(act, member.id === home.account.userId);
  const isGrave = act.kind === "ban";
  return (
    <Dialog title={t(question.title, { name: member.name })} closeLabel={t("common.close")} onClose={model.cancel} role="alertdialog">
      {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
      <p>{t(question.body)}</p>
      <div className="actions">
        <Button look="secondary" onClick={model.cancel}>
          {t("common.cancel")}
        </Button>
        <Button look={isGrave ? "danger" : "primary"} busy={state.busy} onClick={() => void model.confirm()}>
          {t(question.yes)}
        </Button>
      </div>
    </Dialog>
  );
}

export function Members(props: MembersProps): ReactElement {
  const { count, say } = useWords();
  const state = useObservable(props.model.state);
  const { members } = props;
  return (
    <section className="members">
      <h3>{count("details.members", members.filter(({ membership }) => membership === "join").length)}</h3>
      {state.notice !== null && <Note tone="success">{say(state.notice)}</Note>}
      {state.error !== null && state.asking === null && <Note tone="error">{say(state.error)}</Note>}
      <ul>
        {members.map((member) => (
          <MemberRow key={member.id} member={member} {...props} />
        ))}
      </ul>
      <ActDialog home={props.home} model={props.model} state={state} />
    </section>
  );
}
