/**
 * Inviting people into a room: one found by name, one address, or a pasted list; and what became of each.
 *
 * A room closed to people from outside is opened first, after a question, since nobody can take it back.
 */
import type { Phrase } from "../i18n/keys";
import { openToExternals, readAccess } from "../matrix/access";
import type { Account } from "../matrix/account";
import { vouchUntil } from "../matrix/externals";
import * as invitations from "../matrix/invitations";
import { isExternal, parsePerson } from "../matrix/names";
import { invite } from "../matrix/rooms";
import { type Invitee, keyOf, parseList } from "./addresses";
import { eveningOf } from "./end-day";
import { isRefusal, phraseOf, waitOf } from "./errors";
import { Observable } from "./observable";

export interface Outcome {
  readonly invitee: Invitee;
  /** The person's name, or the address as it was written. */
  readonly label: string;
  readonly result: "invited" | "refused";
  /** Of somebody invited: her stay could not be given the end that was chosen. */
  readonly why: Phrase | null;
}

export interface InviteState {
  /** The pasted list; what was refused or not tried stays in it. */
  readonly list: string;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly outcomes: readonly Outcome[];
  /** Whom the room would have to be opened for, and whether the person may open it. */
  readonly asking: { readonly externals: readonly string[]; readonly others: number } | null;
  /** The day on which the access of the guests from outside ends; "" for the usual time. */
  readonly endDay: string;
  /** Addresses from outside just invited. */
  readonly hosted: readonly string[];
  /** The evening until which one vouches for them all, as was chosen (milliseconds); null where it is still to be said. */
  readonly hostedUntil: number | null;
  readonly error: Phrase | null;
}

/** Somebody to invite, and what is known of her. */
interface Guest {
  readonly invitee: Invitee;
  readonly label: string;
  readonly external: boolean;
}

const NOBODY_HOSTED = { hosted: [], hostedUntil: null };
/** A server that asks to wait is obeyed, but not for ever. */
const MAX_TRIES = 4;
const MAX_WAIT_S = 60;

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

export class InviteModel {
  readonly state = new Observable<InviteState>({
    list: "",
    progress: null,
    outcomes: [],
    asking: null,
    endDay: "",
    ...NOBODY_HOSTED,
    error: null,
  });
  readonly #account: Account;
  readonly #roomId: string;
  #guests: readonly Guest[] = [];
  #isCancelled = false;

  constructor(account: Account, roomId: string) {
    this.#account = account;
    this.#roomId = roomId;
  }

  readonly chooseEnd = (endDay: string): void => this.state.update({ endDay });
  readonly write = (list: string): void => this.state.update({ list });

  readonly inviteOne = (invitee: Invitee, label: string): Promise<void> => this.#invite([invitee], label);

  readonly inviteList = async (): Promise<void> => {
    const { invitees, unread } = parseList(this.state.get().list);
    if (invitees.length === 0 && unread.length === 0) return this.state.update({ error: { key: "invite.listEmpty" } });
    if (invitees.length > 0) {
      await this.#invite(invitees);
      // Nobody was looked up: the whole list is still there, and that comes first.
      if (this.state.get().error !== null) return;
    }
    // What names nobody is not lost: it stays in the field, to be corrected.
    if (unread.length > 0) this.state.update({ error: { key: "invite.unread", params: { text: unread.join(", ") } } });
  };

  async #invite(invitees: readonly Invitee[], label = ""): Promise<void> {
    if (this.state.get().progress !== null) return;
    this.#isCancelled = false;
    this.state.update({ progress: { done: 0, total: invitees.length }, outcomes: [], asking: null, endDay: "", ...NOBODY_HOSTED, error: null });
    try {
      const guests: Guest[] = [];
      for (const invitee of invitees) guests.push(await this.#look(invitee, label));
      this.#guests = guests;
    } catch (error) {
      return this.state.update({ progress: null, error: phraseOf(error) });
    }
    await this.#askOrSend();
  }

  async #look(invitee: Invitee, label: string): Promise<Guest> {
    const shown = invitee.kind === "email" ? invitee.address : parsePerson(invitee.id, null).name;
    const external =
      invitee.kind === "email"
        ? await invitations.isExternalAddress(this.#account, invitee.address)
        : isExternal(invitee.id);
    return { invitee, label: label || shown, external };
  }

  async #askOrSend(): Promise<void> {
    const { isOpen, mayOpen } = readAccess(this.#account, this.#roomId);
    const externals = this.#guests.filter(({ external }) => external);
    if (externals.length > 0 && !isOpen && mayOpen) {
      const others = this.#guests.length - externals.length;
      return this.state.update({ progress: null, asking: { externals: externals.map(({ label }) => label), others } });
    }
    await this.#send(this.#guests);
  }

  readonly openAndInvite = async (): Promise<void> => {
    this.state.update({ asking: null, progress: { done: 0, total: this.#guests.length } });
    try {
      await openToExternals(this.#account, this.#roomId);
    } catch (error) {
      return this.state.update({ progress: null, error: phraseOf(error) });
    }
    await this.#send(this.#guests);
  };

  readonly inviteOthers = async (): Promise<void> => {
    this.state.update({ asking: null });
    await this.#send(this.#guests.filter(({ external }) => !external));
  };

  readonly stopAsking = (): void => this.state.update({ asking: null });
  readonly cancel = (): void => void (this.#isCancelled = true);

  async #send(guests: readonly Guest[]): Promise<void> {
    for (const [done, guest] of guests.entries()) {
      if (this.#isCancelled) break;
      this.state.update({ progress: { done, total: guests.length } });
      const outcome = await this.#sendOne(guest);
      this.state.update({ outcomes: [...this.state.get().outcomes, outcome] });
    }
    this.#keepTheRest();
    const { outcomes, hostedUntil } = this.state.get();
    const isMissed = outcomes.some(({ result, why }) => result === "invited" && why !== null);
    this.state.update({ progress: null, hostedUntil: isMissed ? null : hostedUntil });
  }

  /** Gives everybody just invited from outside the end that was chosen. */
  readonly setEnd = async (): Promise<void> => {
    const { endDay, hosted, progress } = this.state.get();
    const evening = eveningOf(endDay);
    if (progress !== null) return;
    if (evening === null) return this.state.update({ error: { key: "guests.noDay" } });
    this.state.update({ progress: { done: 0, total: 1 }, error: null });
    try {
      for (const address of hosted) await vouchUntil(this.#account, address, evening);
      this.state.update({ hostedUntil: evening });
    } catch (error) {
      this.state.update({ error: phraseOf(error) });
    } finally {
      this.state.update({ progress: null });
    }
  };

  /** Inviting vouches for the usual time; what was chosen instead comes after. What prevented it, if anything did. */
  async #host(address: string): Promise<Phrase | null> {
    const evening = eveningOf(this.state.get().endDay);
    this.state.update({ hosted: [...this.state.get().hosted, address] });
    if (evening === null) return null;
    try {
      await vouchUntil(this.#account, address, evening);
      this.state.update({ hostedUntil: evening });
      return null;
    } catch (error) {
      return phraseOf(error);
    }
  }

  #useless(invitee: Invitee): Phrase | null {
    const standing = invitee.kind === "person" ? invitations.standingOf(this.#account, this.#roomId, invitee.id) : null;
    return standing === null ? null : { key: standing === "join" ? "invite.already" : "invite.banned" };
  }

  async #sendOne(guest: Guest, tries = 1): Promise<Outcome> {
    const { invitee, label, external } = guest;
    const why = this.#useless(invitee);
    if (why !== null) return { invitee, label, result: "refused", why };
    try {
      if (invitee.kind === "email") await invitations.inviteByEmail(this.#account, this.#roomId, invitee.address);
      else await invite(this.#account, this.#roomId, invitee.id);
      const isHosted = external && invitee.kind === "email";
      return { invitee, label, result: "invited", why: isHosted ? await this.#host(invitee.address) : null };
    } catch (error) {
      const wait = waitOf(error);
      const again = isRefusal(error, "M_LIMIT_EXCEEDED") && tries < MAX_TRIES && wait <= MAX_WAIT_S && !this.#isCancelled;
      if (!again) return { invitee, label, result: "refused", why: phraseOf(error) };
      await pause(wait);
      return this.#sendOne(guest, tries + 1);
    }
  }

  /** The list keeps whoever was not invited. */
  #keepTheRest(): void {
    const { list, outcomes } = this.state.get();
    if (list === "") return;
    const invited = new Set(outcomes.filter(({ result }) => result === "invited").map(({ invitee }) => keyOf(invitee)));
    const { invitees, unread } = parseList(list);
    const left = invitees.map(keyOf).filter((key) => !invited.has(key));
    this.state.update({ list: [...unread, ...left].join("\n") });
  }
}
