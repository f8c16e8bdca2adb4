"""Making rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tchap.base import limits
from tchap.base.errors import BadJson, InvalidParam, MatrixError
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.decisions import Decision, Freedom, Refused
from tchap.policy.room_levels import decide_first_levels, default_power_levels
from tchap.policy.rooms import (
    ACCESS_RULES,
    ENCRYPTION,
    ENCRYPTION_CONTENT,
    SPACE,
    RoomWish,
    access_rules_content,
    decide_creation,
    default_history_visibility,
    must_encrypt,
)
from tchap.protocol.events import BadEvent, EventFields, EventTooLarge, build_event, room_id_of_create
from tchap.protocol.identifiers import is_user_id
from tchap.protocol.room_versions import RoomVersion, find_room_version
from tchap.services.appservices import check_alias_free
from tchap.services.invite_permissions import check_willing
from tchap.services.memberships import check_exists, shown_fields, shown_profile
from tchap.services.retention_law import retention_at_creation
from tchap.services.room_law import check_decision, check_settable, freedom_of, is_external
from tchap.services.timeline import Draft, open_room
from tchap.services.timeline_writes import AliasTaken, Birth
from tchap.services.world import World
from tchap.storage.accounts import find_known
from tchap.storage.aliases import Alias, find_alias
from tchap.storage.profiles import find_profiles
from tchap.storage.rooms import RoomRow

NONCE = "fr.tchap.nonce"
_NONCE_LETTERS = 18
PRESETS = ("private_chat", "trusted_private_chat", "public_chat")


@dataclass(frozen=True, slots=True)
class InitialState:
    type: str
    state_key: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RoomRequest:
    """What `POST /createRoom` may ask for; ``visibility`` is "public", "private" or not said."""

    preset: str | None = None
    visibility: str | None = None
    name: str | None = None
    topic: str | None = None
    alias_localpart: str | None = None
    invite: tuple[str, ...] = ()
    version: str | None = None
    creation_content: dict[str, Any] = field(default_factory=dict)
    initial_state: tuple[InitialState, ...] = ()
    is_direct: bool = False
    power_levels: dict[str, Any] = field(default_factory=dict)

    @property
    def chosen_preset(self) -> str:
        """Client-server API, `POST /createRoom`: without a preset, the visibility decides."""
        return self.preset or ("public_chat" if self.is_published else "private_chat")

    @property
    def is_published(self) -> bool:
        return self.visibility == "public"

    @property
    def is_public(self) -> bool:
        """Whether Tchap holds it for a public room: as its visibility says, or else its preset."""
        return self.is_published or (self.visibility is None and self.preset == "public_chat")

    def initial(self, kind: str) -> dict[str, Any] | None:
        """The content an initial state event asks for under the empty key."""
        return next((each.content for each in self.initial_state if (each.type, each.state_key) == (kind, "")), None)


async def create_room(world: World, requester: Requester, wish: RoomRequest) -> str:
    """Makes a room with all its first events in one commit; answers its id."""
    version = get_version(wish.version or world.settings.rooms.default_version)
    law, freedom = _wish_of(world, requester, wish), freedom_of(world, requester)
    if not world.settings.test_profile:
        _check_creation(decide_creation(law), freedom)
    alias = await _reserve_alias(world, requester, wish)
    _check_initial_state(requester, wish, alias)
    await _check_crowd(world, wish.invite)
    room_id, create = first_event(world, requester, wish, version)
    drafts = [create, *await _drafts(world, requester, wish, (version, law, alias))]
    room = LiveRoom(room_id=room_id, version=version, state={})
    drafts += await _invitations(world, requester, wish)
    drafts = [replace(draft, freedom=freedom) for draft in drafts]
    row = RoomRow(room_id, version.name, requester.user_id, requester.instance, int(wish.is_published), _now(world), 1)
    birth = Birth(row, None if alias is None else Alias(alias, room_id, requester.user_id))
    try:
        await open_room(world, room, birth, drafts)
    except AliasTaken as error:
        raise _alias_taken() from error
    return room_id


def _check_creation(decision: Decision, freedom: Freedom) -> None:
    """Those who run the server stand above the law, but nobody makes a room that contradicts itself."""
    if isinstance(decision, Refused) and (decision.is_malformed or not freedom.is_above_law):
        check_decision(decision)


def _check_initial_state(requester: Requester, wish: RoomRequest, alias: str | None) -> None:
    """What is set as state at creation passes the same doors as state set later."""
    if any(each.type == "m.room.member" for each in wish.initial_state):
        raise InvalidParam("Use 'invite' to bring people in.", "Utilisez « invite » pour inviter des personnes.")
    for each in wish.initial_state:
        check_settable(requester.instance, (each.type, each.state_key), each.content)
    content = wish.initial("m.room.canonical_alias") or {}
    others = content.get("alt_aliases")
    for name in (content.get("alias"), *(others if isinstance(others, list) else ())):
        # No alias leads to a room that is not there yet, but the one it is made under.
        if name is not None and name != alias:
            raise MatrixError(
                "M_BAD_ALIAS", "This alias does not lead to the room.", "Cette adresse ne mène pas à ce salon."
            )


async def _check_crowd(world: World, user_ids: Sequence[str]) -> None:
    if len(user_ids) > limits.MAX_CREATION_INVITES:
        raise InvalidParam(
            f"A room is made with at most {limits.MAX_CREATION_INVITES} invitations.",
            f"Un salon se crée avec {limits.MAX_CREATION_INVITES} invitations au plus.",
        )
    known = await world.store.read(find_known, list(user_ids))
    for user_id in user_ids:
        if user_id not in known:
            await check_exists(world, user_id)
    await check_willing(world, user_ids)


def _now(world: World) -> int:
    return world.clock.now_ms()


def get_version(name: str) -> RoomVersion:
    """The room version of that name, or M_UNSUPPORTED_ROOM_VERSION."""
    version = find_room_version(name)
    if version is None:
        raise MatrixError(
            "M_UNSUPPORTED_ROOM_VERSION", "This room version is not known.", "Cette version de salon n'est pas connue."
        )
    return version


def _wish_of(world: World, requester: Requester, wish: RoomRequest) -> RoomWish:
    return RoomWish(
        creator_is_external=is_external(world, requester.user_id),
        is_public=wish.is_public,
        is_direct=wish.is_direct,
        preset=wish.chosen_preset,
        access_rules=wish.initial(ACCESS_RULES),
        is_space=wish.creation_content.get("type") == SPACE,
    )


async def _reserve_alias(world: World, requester: Requester, wish: RoomRequest) -> str | None:
    if wish.alias_localpart is None:
        return None
    alias = f"#{wish.alias_localpart}:{requester.instance}"
    if ":" in wish.alias_localpart or not wish.alias_localpart or len(alias.encode()) > 255 or "\0" in alias:
        raise MatrixError("M_INVALID_PARAM", "This alias cannot be.", "Cette adresse n'est pas possible.")
    check_alias_free(world, requester, alias)
    if await world.store.read(find_alias, alias) is not None:
        raise _alias_taken()
    return alias


def _alias_taken() -> MatrixError:
    return MatrixError("M_ROOM_IN_USE", "This alias is taken.", "Cette adresse est déjà prise.")


def _asked_creators(content: dict[str, Any]) -> list[str]:
    """The `additional_creators` asked for: user ids, or M_BAD_JSON."""
    asked = content.get("additional_creators", [])
    if not isinstance(asked, list) or not all(is_user_id(each) for each in asked):
        raise BadJson("The additional creators must be user ids.")
    return asked


def first_event(world: World, requester: Requester, wish: RoomRequest, version: RoomVersion) -> tuple[str, Draft]:
    """The id of a room to be and its create event."""
    content = {**wish.creation_content, "room_version": version.name}
    content.pop("creator", None)
    if version.creator_in_content:
        content["creator"] = requester.user_id
    if version.creators_reign and wish.chosen_preset == "trusted_private_chat" and wish.invite:
        # Room version 12: the preset makes the invited people creators too.
        content["additional_creators"] = sorted({*_asked_creators(content), *_trusted(world, wish)})
    if version.room_id_is_hash:
        # The id is drawn from this event alone: two rooms made alike in one millisecond would be one.
        content[NONCE] = world.entropy.letters(_NONCE_LETTERS)
    now = world.clock.now_ms()
    create = Draft("m.room.create", requester.user_id, content, state_key="", origin_server_ts=now)
    if not version.room_id_is_hash:
        return f"!{world.entropy.letters(18)}:{requester.instance}", create
    fields = EventFields(
        room_id="",
        type=create.type,
        sender=create.sender,
        content=content,
        origin_server_ts=now,
        depth=1,
        state_key="",
    )
    try:
        return room_id_of_create(build_event(version, fields).event.event_id), create
    except EventTooLarge as error:
        raise MatrixError("M_TOO_LARGE", f"The event is too large: {error}.", "La demande est trop longue.") from error
    except BadEvent as error:
        raise BadJson(f"This cannot be an event: {error}.") from error


async def _drafts(
    world: World, requester: Requester, wish: RoomRequest, facts: tuple[RoomVersion, RoomWish, str | None]
) -> list[Draft]:
    """The first events in the order the specification gives (`POST /createRoom`)."""
    version, law, alias = facts
    me = requester.user_id
    member = {**await shown_profile(world, me), "membership": "join"}
    # The access rules stand before what is judged by them; the creator needs no levels yet to set them.
    states: dict[tuple[str, str], dict[str, Any]] = {} if world.settings.test_profile else {(ACCESS_RULES, ""): {}}
    states["m.room.power_levels", ""] = _power_levels(world, wish, law, _first_levels(world, me, wish, version))
    if alias is not None:
        states["m.room.canonical_alias", ""] = {"alias": alias}
    states |= _preset_states(world, wish, law)
    for each in wish.initial_state:
        states[each.type, each.state_key] = each.content
    if wish.name is not None:
        states["m.room.name", ""] = {"name": wish.name}
    if wish.topic is not None:
        # Room versions' "m.room.topic": the plain text stands in both forms.
        blocks = {"m.text": [{"body": wish.topic, "mimetype": "text/plain"}]}
        states["m.room.topic", ""] = {"topic": wish.topic, "m.topic": blocks}
    if not world.settings.test_profile:
        states |= _lawful_states(law)
        states |= retention_at_creation(world, states, law.is_space)
        rule = str(states[ACCESS_RULES, ""]["rule"])
        _check_creation(
            decide_first_levels(version, law, rule, states["m.room.power_levels", ""]), freedom_of(world, requester)
        )
    states.pop(("m.room.create", ""), None)
    states.pop(("m.room.member", me), None)
    drafts = [Draft(kind, me, content, state_key=key) for (kind, key), content in states.items()]
    return [Draft("m.room.member", me, member, state_key=me), *drafts]


def _first_levels(world: World, me: str, wish: RoomRequest, version: RoomVersion) -> dict[str, int]:
    """Room version 12: creators are above the levels and may not be named in them."""
    if version.creators_reign:
        return {}
    trusted = _trusted(world, wish) if wish.chosen_preset == "trusted_private_chat" else []
    return {me: 100, **dict.fromkeys(trusted, 100)}


def _trusted(world: World, wish: RoomRequest) -> list[str]:
    """Those invited whom the preset may make administrators: a guest never is."""
    return [user_id for user_id in wish.invite if not is_external(world, user_id)]


def _power_levels(world: World, wish: RoomRequest, law: RoomWish, users: dict[str, int]) -> dict[str, Any]:
    if world.settings.test_profile:
        levels = _plain_power_levels(users, 150 if _reigns(world, wish) else 100)
    else:
        levels = default_power_levels(law, users)
    return {**levels, **wish.power_levels}


def _reigns(world: World, wish: RoomRequest) -> bool:
    return get_version(wish.version or world.settings.rooms.default_version).creators_reign


def _plain_power_levels(users: dict[str, int], tombstone: int) -> dict[str, Any]:
    return {
        "users": users,
        "users_default": 0,
        "events_default": 0,
        "state_default": 50,
        "invite": 0,
        "kick": 50,
        "ban": 50,
        "redact": 50,
        "historical": 100,
        "events": {
            "m.room.name": 50,
            "m.room.avatar": 50,
            "m.room.canonical_alias": 50,
            "m.room.power_levels": 100,
            "m.room.history_visibility": 100,
            "m.room.encryption": 100,
            "m.room.server_acl": 100,
            "m.room.tombstone": tombstone,
        },
    }


def _preset_states(world: World, wish: RoomRequest, law: RoomWish) -> dict[tuple[str, str], dict[str, Any]]:
    """Client-server API, `POST /createRoom`, "preset"."""
    preset = wish.chosen_preset
    visibility = "shared" if world.settings.test_profile else default_history_visibility(law)
    guests = "forbidden" if preset == "public_chat" or not world.settings.test_profile else "can_join"
    return {
        ("m.room.join_rules", ""): {"join_rule": "public" if preset == "public_chat" else "invite"},
        ("m.room.history_visibility", ""): {"history_visibility": visibility},
        ("m.room.guest_access", ""): {"guest_access": guests},
    }


def _lawful_states(law: RoomWish) -> dict[tuple[str, str], dict[str, Any]]:
    """What the server adds whatever was asked."""
    states: dict[tuple[str, str], dict[str, Any]] = {
        (ACCESS_RULES, ""): access_rules_content(law),
        ("m.room.guest_access", ""): {"guest_access": "forbidden"},
    }
    if must_encrypt(law):
        states[ENCRYPTION, ""] = ENCRYPTION_CONTENT
    return states


async def _invitations(world: World, requester: Requester, wish: RoomRequest) -> list[Draft]:
    found = []
    known = await world.store.read(find_profiles, list(wish.invite))
    for user_id in dict.fromkeys(wish.invite):
        profile = shown_fields(known[user_id]) if user_id in known else {}
        content: dict[str, Any] = {**profile, "membership": "invite"}
        if wish.is_direct:
            content["is_direct"] = True
        found.append(Draft("m.room.member", requester.user_id, content, state_key=user_id))
    return found
