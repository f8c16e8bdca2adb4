/** Changing somebody's role and putting somebody out, each confirmed first where it cannot simply be undone. */
import type { Phrase } from "../i18n/keys";
import type { Account } from "../matrix/account";
import * as roles from "../matrix/roles";
import type { Member, MemberActs, Role } from "../matrix/types";
import { act } from "./acting";
import { isLastAdministrator } from "./departure";
import { Observable } from "./observable";

export type MemberAct = { readonly kind: "role"; readonly role: Role } | { readonly kind: "remove" | "ban" };

export interface MembersState {
  /** What waits for a yes. */
  readonly asking: { readonly member: Member; readonly act: MemberAct } | null;
  readonly busy: boolean;
  readonly error: Phrase | null;
  readonly notice: Phrase | null;
}

export class MembersModel {
  readonly state = new Observable<MembersState>({ asking: null, busy: false, error: null, notice: null });
  readonly #account: Account;
  readonly #roomId: string;

  constructor(account: Account, roomId: string) {
    this.#account = account;
    this.#roomId = roomId;
  }

  readonly actsOn = (userId: string): MemberActs => roles.readActs(this.#account, this.#roomId, userId);

  /** Giving a role to somebody else is done at once; giving up one's own, or making an equal, is asked. */
  readonly ask = (member: Member, act: MemberAct, members: readonly Member[]): void => {
    const isMe = member.id === this.#account.userId;
    if (isMe && isLastAdministrator(members, member.id)) {
      return this.state.update({ asking: null, notice: null, error: { key: "members.lastAdmin" } });
    }
    this.state.update({ error: null, notice: null });
    if (act.kind === "role" && !isMe && act.role !== "admin") void this.#run(member, act);
    else this.state.update({ asking: { member, act } });
  };

  readonly cancel = (): void => this.state.update({ asking: null, error: null });

  readonly confirm = async (): Promise<void> => {
    const { asking } = this.state.get();
    if (asking !== null) await this.#run(asking.member, asking.act);
  };

  async #run(member: Member, wanted: MemberAct): Promise<void> {
    const isDone = await act(this.state, () => this.#carryOut(member, wanted));
    if (isDone) this.state.update({ asking: null, notice: doneOf(member, wanted) });
  }

  #carryOut({ id }: Member, act: MemberAct): Promise<void> {
    if (act.kind === "role") return roles.setRole(this.#account, this.#roomId, id, act.role);
    const put = act.kind === "remove" ? roles.removeMember : roles.banMember;
    return put(this.#account, this.#roomId, id);
  }
}

function doneOf({ name }: Member, act: MemberAct): Phrase {
  const what = act.kind === "role" ? act.role : act.kind;
  return { key: `members.done.${what}`, params: { name } };
}
