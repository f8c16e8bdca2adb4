/** Plain values handed to the view-models. Nothing here holds an object of the SDK. */

/** "secure": private and encrypted. "private": invite only, not encrypted. "public": every agent can read. */
export type RoomKind = "direct" | "secure" | "private" | "public";

export interface Person {
  readonly id: string;
  /** The name without the administration: "Jeanne Martin". */
  readonly name: string;
  /** The bracket of the display name, or "". */
  readonly administration: string;
  readonly external: boolean;
}

/** Somebody the directory finds, with what it says of her post. */
export interface FoundPerson extends Person {
  readonly unit: string;
  readonly post: string;
}

export interface RoomSummary {
  readonly id: string;
  /** "" when nothing names the room. */
  readonly name: string;
  readonly topic: string;
  readonly kind: RoomKind;
  readonly encrypted: boolean;
  /** Somebody from outside the administrations can read. */
  readonly externals: boolean;
  readonly invitation: { readonly from: Person } | null;
  readonly unread: number;
  readonly highlights: number;
  readonly lastText: LastText | null;
  readonly lastTime: number;
  readonly memberCount: number;
  /** Another room has taken this one's place. */
  readonly closed: boolean;
  /** The person is in the room that has taken this one's place: it is no longer listed. */
  readonly replaced: boolean;
  /** The room whose place this one took, when it can still be read. */
  readonly predecessor: string | null;
  /** How many days messages are kept; null: for ever. */
  readonly lifetime: number | null;
  /** The words shown at the top of the conversation; "" for none. */
  readonly classification: string;
  /** In a direct message: the other person. */
  readonly peer: Person | null;
  /** In a direct message that waits for somebody without an account: her address; else "". */
  readonly awaited: string;
}

export interface LastText {
  readonly kind: "text" | "file" | "image" | "unreadable" | "deleted";
  readonly text: string;
  readonly from: string;
  readonly mine: boolean;
}

export type UnreadableReason = "not-verified" | "before-joining" | "missing-keys" | "sender-untrusted" | "unknown";

export interface MediaInfo {
  readonly mxc: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly width: number;
  readonly height: number;
  /** The key of an encrypted file (spec: client-server API, "Sending encrypted attachments"); null in clear rooms. */
  readonly key: EncryptedFile | null;
}

export interface EncryptedFile {
  readonly url: string;
  readonly key: JsonWebKey;
  readonly iv: string;
  readonly hashes: { readonly sha256: string };
  readonly v: string;
}

export interface Reaction {
  readonly key: string;
  readonly count: number;
  readonly mineEventId: string | null;
  readonly people: readonly string[];
}

export type MessageKind = "text" | "file" | "image" | "deleted" | "unreadable" | "membership" | "other";

export interface Message {
  /** Stable through the local echo and the server's answer. */
  readonly key: string;
  readonly eventId: string;
  readonly sender: Person;
  readonly mine: boolean;
  readonly time: number;
  readonly kind: MessageKind;
  readonly text: string;
  readonly edited: boolean;
  readonly replyTo: { readonly eventId: string; readonly from: string; readonly text: string } | null;
  readonly reactions: readonly Reaction[];
  readonly state: "sent" | "sending" | "waiting" | "failed";
  readonly media: MediaInfo | null;
  readonly reason: UnreadableReason | null;
  /** For kind "membership": who did what to whom. */
  readonly membership: MembershipChange | null;
  readonly readBy: readonly string[];
}

export interface MembershipChange {
  readonly change: "joined" | "left" | "invited" | "removed" | "banned" | "renamed-room" | "created" | "opened" | "link-on" | "link-off";
  readonly subject: string;
  readonly by: string;
  readonly detail: string;
}

export type Role = "admin" | "moderator" | "member";

export interface Member extends Person {
  readonly membership: "join" | "invite";
  readonly role: Role;
}

/** What one may do to a member. */
export interface MemberActs {
  /** The other roles one may give her. */
  readonly roles: readonly Role[];
  readonly mayRemove: boolean;
  readonly mayBan: boolean;
}

/** Somebody invited by e-mail who has not answered. */
export interface PendingInvitation {
  readonly token: string;
  /** As the room shows the address: "ca...@pr...". */
  readonly shown: string;
  /** The whole address, to who sent the invitation from here; else "". */
  readonly address: string;
  readonly by: Person;
  readonly isMine: boolean;
  readonly isExpired: boolean;
}

/** A room seen from outside. */
export interface RoomDoor {
  readonly roomId: string;
  readonly via: readonly string[];
  readonly name: string;
  readonly topic: string;
  readonly members: number;
  /** The person is in the room already, or invited. */
  readonly isIn: boolean;
  /** One may come in without an invitation. */
  readonly opens: boolean;
  readonly encrypted: boolean;
}

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly lastSeen: number;
  readonly current: boolean;
  readonly verified: boolean;
}

export interface Forum {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  readonly members: number;
  readonly readable: boolean;
  readonly joined: boolean;
  readonly server: string;
}

export type Connection = "starting" | "online" | "offline";

/** Somebody from outside whom the person vouches for. */
export interface ExternalGuest {
  readonly email: string;
  readonly endTime: number;
  /** "invited" until she has an account; "ended" once the person vouches no more. */
  readonly state: "invited" | "active" | "ended";
}

/** An agent who vouches for the person, a guest from outside. */
export interface Sponsor {
  readonly person: Person;
  readonly endTime: number;
}
