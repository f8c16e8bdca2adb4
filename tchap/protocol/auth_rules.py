"""Whether an event may enter a room: the authorisation rules of room versions 1 to 12.

Source: "Authorisation rules" of the room versions; server-server API, "Auth events selection". Rule numbers are those
of version 11. Version 12 puts its rule 2 before them; versions 1 to 5 have the rule of `m.room.aliases` as their
fourth, and versions 1 and 2 that of redactions at the end.
"""

from collections.abc import Collection, Iterable

from tchap.protocol.auth_context import (
    CREATE,
    JOIN_RULES,
    NO_FACTS,
    POWER_LEVELS,
    AuthContext,
    AuthFacts,
    AuthRefused,
    StateKey,
    StateMap,
    membership_in,
    refuse,
)
from tchap.protocol.auth_levels import check_levels
from tchap.protocol.auth_membership import check_member
from tchap.protocol.events import Event, room_id_of_create
from tchap.protocol.identifiers import is_user_id, server_of
from tchap.protocol.power_levels import PowerLevels, StateFact, power_levels_of
from tchap.protocol.room_versions import ROOM_VERSIONS, RoomVersion

__all__ = [
    "AuthFacts",
    "AuthRefused",
    "StateKey",
    "StateMap",
    "auth_types_for",
    "check_auth",
    "check_auth_events",
    "check_may_redact",
    "is_allowed",
]


def auth_types_for(version: RoomVersion, event: Event) -> set[StateKey]:
    """The state that judges an event: the keys whose events become its `auth_events` (where the state has them)."""
    if event.type == "m.room.create":
        return set()
    types = {POWER_LEVELS, ("m.room.member", event.sender)}
    if not version.room_id_is_hash:  # version 12: the room id implies the create event
        types.add(CREATE)
    if event.type == "m.room.member" and event.state_key is not None:
        types |= _auth_types_for_member(version, event, event.state_key)
    return types


def _auth_types_for_member(version: RoomVersion, event: Event, target: str) -> set[StateKey]:
    types = {("m.room.member", target)}
    membership = event.content.get("membership")
    if membership in ("join", "invite", "knock"):
        types.add(JOIN_RULES)
    if membership == "invite" and (token := _invite_token(event.content.get("third_party_invite"))) is not None:
        types.add(("m.room.third_party_invite", token))
    authoriser = event.content.get("join_authorised_via_users_server")
    if membership == "join" and version.allows_restricted and isinstance(authoriser, str):
        types.add(("m.room.member", authoriser))
    return types


def _invite_token(invite: object) -> str | None:
    signed = invite.get("signed") if isinstance(invite, dict) else None
    token = signed.get("token") if isinstance(signed, dict) else None
    return token if isinstance(token, str) else None


def check_auth(version: RoomVersion, event: Event, state: StateMap, facts: AuthFacts = NO_FACTS) -> None:
    """Judges an event against a state (of its auth events, before it, or current). Raises AuthRefused.

    `state` holds at least what `auth_types_for` names, and the create event in every version.
    """
    if event.type == "m.room.create":
        _check_create(version, event)
        return
    create = state.get(CREATE)
    if create is None:  # 2.4
        refuse("2.4", "the room has no create event")
    if version.room_id_is_hash and event.room_id != room_id_of_create(create.event_id):  # version 12, rule 2
        refuse("2", "the room id is not that of the create event")
    # 3: a room may be kept to its creator's server name.
    if create.content.get("m.federate") is False and server_of(event.sender) != server_of(create.sender):
        refuse("3", "the room is limited to its creator's server")
    if event.type == "m.room.aliases" and version.special_aliases:
        _check_aliases(event)
        return
    levels = power_levels_of(version, create, state.get(POWER_LEVELS))
    if event.type == "m.room.member":  # 4
        check_member(AuthContext(version, event, state, facts, create, levels))
        return
    if membership_in(state, event.sender) != "join":  # 5
        refuse("5", "the sender is not in the room")
    _check_sending(version, event, state, (create, levels))


def is_allowed(version: RoomVersion, event: Event, state: StateMap, facts: AuthFacts = NO_FACTS) -> bool:
    """As `check_auth`, answered by yes or no."""
    try:
        check_auth(version, event, state, facts)
    except AuthRefused:
        return False
    return True


def check_auth_events(
    version: RoomVersion, event: Event, auth_events: Iterable[Event], rejected: Collection[str] = ()
) -> None:
    """Rule 2: an event of another server cites the events it should. Raises AuthRefused.

    `auth_events` are those it cites, `rejected` the ids of those among them that were rejected on receipt.
    """
    if event.type == "m.room.create":
        return
    wanted, seen = auth_types_for(version, event), set[StateKey]()
    for cited in auth_events:
        key = (cited.type, cited.state_key or "")
        if key in seen:  # 2.1
            refuse("2.1", "two auth events are of the same type and state key")
        if key not in wanted or cited.state_key is None:  # 2.2
            refuse("2.2", "an auth event is none of those that judge this event")
        if cited.event_id in rejected:  # 2.3
            refuse("2.3", "an auth event was itself rejected")
        if cited.room_id != event.room_id:  # 2.5
            refuse("2.5", "an auth event is of another room")
        seen.add(key)
    if not version.room_id_is_hash and CREATE not in seen:  # 2.4
        refuse("2.4", "the create event is not among the auth events")


def check_may_redact(levels: PowerLevels, redacter: str, original_sender: str) -> None:
    """Versions 3 and later, "Handling redactions": when a redaction is applied and shown. Raises AuthRefused."""
    if not levels.may(redacter, "redact") and server_of(redacter) != server_of(original_sender):
        refuse("redactions", "the sender may not redact what others sent")


def _check_create(version: RoomVersion, event: Event) -> None:
    """Rule 1."""
    content = event.content
    if event.prev_events:  # 1.1
        refuse("1.1", "a create event follows nothing")
    if not version.room_id_is_hash:
        if server_of(event.room_id) != server_of(event.sender):  # 1.2
            refuse("1.2", "the room id is not of the sender's server")
    elif event.room_id != room_id_of_create(event.event_id):  # version 12, rule 1.2
        refuse("1.2", "a create event carries no room id")
    if "room_version" in content and not _is_known_version(content["room_version"]):  # 1.3
        refuse("1.3", "the room version is unknown")
    if version.creator_in_content and "creator" not in content:  # 1.4 until version 10
        refuse("1.4", "the create event names no creator")
    if version.creators_reign and "additional_creators" in content:  # version 12, rule 1.4
        _check_additional_creators(content["additional_creators"])


def _is_known_version(name: object) -> bool:
    return isinstance(name, str) and name in ROOM_VERSIONS


def _check_additional_creators(creators: object) -> None:
    if not isinstance(creators, list) or not all(is_user_id(creator) for creator in creators):
        refuse("1.4", "additional_creators is not a list of user ids")


def _check_aliases(event: Event) -> None:
    """Versions 1 to 5, rule 4."""
    if event.state_key is None:
        refuse("4.1", "aliases are state")
    if server_of(event.sender) != event.state_key:
        refuse("4.2", "aliases are kept by their own server")


def _check_sending(version: RoomVersion, event: Event, state: StateMap, room: tuple[StateFact, PowerLevels]) -> None:
    """Rules 6 to 10, for a sender known to be joined."""
    create, levels = room
    own = levels.of_user(event.sender)
    if event.type == "m.room.third_party_invite":  # 6
        if own < levels.needed_for("invite"):
            refuse("6.1", "the sender may not invite")
        return
    state_key = event.state_key
    if own < levels.needed_for_event(event.type, state_key is not None):  # 7
        refuse("7", f"the sender may not send {event.type}")
    if state_key is not None and state_key.startswith("@") and state_key != event.sender:  # 8
        refuse("8", "a state key that is a user id is that user's alone")
    if event.type == "m.room.power_levels":  # 9
        check_levels(AuthContext(version, event, state, NO_FACTS, create, levels))
    elif event.type == "m.room.redaction" and version.judges_redactions_in_auth:
        _check_old_redaction(event, levels, own)


def _check_old_redaction(event: Event, levels: PowerLevels, own: int) -> None:
    """Versions 1 and 2, rule 11: by power, or by the domain of the ids."""
    if own < levels.needed_for("redact") and server_of(event.redacts or "") != server_of(event.event_id):
        refuse("11.3", "the sender may not redact what others sent")
