"""The law of rooms as rows: the rooms of Tchap's clients, what somebody does in them, and what becomes of it.

The same rows are asked of the law alone (`tests/policy/test_rooms.py`) and of the server over HTTP
(`tests/api/test_room_law.py`). Roles stand for people: `<guest>` in a content is the id of whoever plays the guest.
"""

from dataclasses import dataclass, field
from typing import Any

ACCESS_RULES = "im.vector.room.access_rules"
ENCRYPTION = "m.room.encryption"
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
MEMBER, LEVELS, JOIN_RULES = "m.room.member", "m.room.power_levels", "m.room.join_rules"
# Jean makes every room. Marie is in it, Hélène is not; Zoé and Luc are guests of the administrations.
ADMIN, AGENT, OTHER, GUEST, STRANGER = "admin", "agent", "other", "guest", "stranger"
AGENTS, GUESTS = (ADMIN, AGENT, OTHER), (GUEST, STRANGER)

Json = dict[str, Any]


def state(kind: str, content: Json) -> Json:
    return {"type": kind, "state_key": "", "content": content}


def rules(rule: str, visibility: str = "private", clear: bool = False) -> Json:
    return {"rule": rule, "visibility": visibility, "force_unencrypted_at_creation": clear}


# The bodies of `createRoom` as the clients of 2026 send them.
_INVITED = state("m.room.history_visibility", {"history_visibility": "invited"})
_INVITE_ONLY = state(JOIN_RULES, {"join_rule": "invite"})
_FORBIDDEN = state("m.room.guest_access", {"guest_access": "forbidden"})
_ENCRYPTED = state(ENCRYPTION, MEGOLM)


def private(rule: str = "restricted", clear: bool = False, **more: Any) -> Json:
    """A private room: secured, or in clear."""
    sealed = [] if clear else [_ENCRYPTED]
    asked = [state(ACCESS_RULES, rules(rule, clear=clear)), _INVITED, _INVITE_ONLY, _FORBIDDEN, *sealed]
    return {"visibility": "private", "preset": "private_chat", "name": "Crise", "initial_state": asked, **more}


PUBLIC: Json = {
    "visibility": "public",
    "preset": "public_chat",
    "name": "Forum",
    "initial_state": [
        state(ACCESS_RULES, rules("restricted", "public")),
        state("m.room.history_visibility", {"history_visibility": "shared"}),
        state(JOIN_RULES, {"join_rule": "public"}),
        _FORBIDDEN,
    ],
}
DIRECT: Json = {
    "visibility": "private",
    "preset": "trusted_private_chat",
    "is_direct": True,
    "initial_state": [state(ACCESS_RULES, {"rule": "direct"}), _INVITED, _FORBIDDEN, _ENCRYPTED],
}
SPACE: Json = {
    "visibility": "private",
    "preset": "private_chat",
    "name": "Service",
    "creation_content": {"type": "m.space"},
    "initial_state": [state(ACCESS_RULES, rules("restricted")), _INVITE_ONLY],
}


@dataclass(frozen=True)
class Scene:
    """A room: how it is made, who is in it, who is only invited, what Jean then sets, and who left."""

    body: Json
    members: tuple[str, ...] = (AGENT,)
    invited: tuple[str, ...] = ()
    then: tuple[tuple[str, Json], ...] = ()
    left: tuple[str, ...] = ()


_LINK = ((JOIN_RULES, {"join_rule": "public"}),)
_LAX = {"state_default": 0, "invite": 0, "kick": 0, "events": {"m.room.name": 0, "m.call.member": 0}}
SCENES = {
    "private": Scene(private()),
    "clear": Scene(private(clear=True)),
    "open": Scene(private("unrestricted"), (AGENT, GUEST)),
    "open_clear": Scene(private("unrestricted", clear=True), (AGENT, GUEST)),
    "lax": Scene(private("unrestricted"), (AGENT, GUEST), then=((LEVELS, _LAX),)),
    "open_invited": Scene(private("unrestricted"), invited=(GUEST,)),
    "open_link": Scene(private("unrestricted"), then=_LINK),
    "link": Scene(private(), then=_LINK),
    "public": Scene(PUBLIC),
    "limited": Scene({**PUBLIC, "creation_content": {"m.federate": False}}),
    "direct": Scene(DIRECT),
    "direct_alone": Scene(DIRECT, members=()),
    "direct_left": Scene(DIRECT, left=(AGENT,)),
    "space": Scene(SPACE),
    "crowned": Scene(private(), then=((LEVELS, {"users_default": 100}),)),
}


@dataclass(frozen=True)
class Row:
    """In a scene somebody sets a state event, which is answered so. Levels are written over those of the scene."""

    scene: str
    who: str
    kind: str
    content: Json
    key: str = ""
    status: int = 200


def _entering(scene: str, who: str, target: str, membership: str, status: int = 200) -> Row:
    return Row(scene, who, MEMBER, {"membership": membership}, f"<{target}>", status)


_RULES = [
    Row("private", ADMIN, ACCESS_RULES, rules("unrestricted")),
    Row("clear", ADMIN, ACCESS_RULES, rules("unrestricted", clear=True)),
    Row("link", ADMIN, ACCESS_RULES, rules("unrestricted")),
    Row("private", ADMIN, ACCESS_RULES, rules("restricted")),
    Row("private", ADMIN, ACCESS_RULES, rules("direct"), status=403),
    Row("private", ADMIN, ACCESS_RULES, rules("ouvert"), status=403),
    Row("private", ADMIN, ACCESS_RULES, {"visibility": "private"}, status=403),
    Row("private", ADMIN, ACCESS_RULES, rules("restricted", "public"), status=403),
    Row("private", ADMIN, ACCESS_RULES, rules("restricted", clear=True), status=403),
    Row("private", ADMIN, ACCESS_RULES, rules("unrestricted", "public"), status=403),
    Row("clear", ADMIN, ACCESS_RULES, rules("restricted"), status=403),
    Row("open", ADMIN, ACCESS_RULES, rules("restricted"), status=403),
    Row("open", ADMIN, ACCESS_RULES, rules("direct"), status=403),
    Row("public", ADMIN, ACCESS_RULES, rules("unrestricted", "public"), status=403),
    Row("public", ADMIN, ACCESS_RULES, rules("restricted", "private"), status=403),
    Row("direct", ADMIN, ACCESS_RULES, rules("restricted"), status=403),
    Row("direct", ADMIN, ACCESS_RULES, rules("unrestricted"), status=403),
    Row("space", ADMIN, ACCESS_RULES, rules("unrestricted"), status=403),
    Row("crowned", ADMIN, ACCESS_RULES, rules("unrestricted"), status=403),
]
_LEVELS = [
    Row("private", ADMIN, LEVELS, {"users": {"<agent>": 100}}),
    Row("private", ADMIN, LEVELS, {"users_default": 100}),
    Row("private", ADMIN, LEVELS, {"users": {"<stranger>": 50}}, status=403),
    Row("open", ADMIN, LEVELS, {"users": {"<agent>": 50}}),
    Row("open", ADMIN, LEVELS, {"users": {"<guest>": 0}}),
    Row("open", ADMIN, LEVELS, {"users": {"<guest>": 50}}, status=403),
    Row("open", ADMIN, LEVELS, {"users": {"<guest>": 100}}, status=403),
    Row("open", ADMIN, LEVELS, {"users": {"<guest>": -1}}, status=403),
    Row("open", ADMIN, LEVELS, {"users_default": 50}, status=403),
    Row("open", ADMIN, LEVELS, {"users_default": -10}, status=403),
]
_ENTRIES = [
    _entering("private", ADMIN, OTHER, "invite"),
    _entering("private", ADMIN, STRANGER, "invite", 403),
    _entering("clear", ADMIN, STRANGER, "invite", 403),
    _entering("link", ADMIN, STRANGER, "invite", 403),
    _entering("link", OTHER, OTHER, "join"),
    _entering("link", STRANGER, STRANGER, "join", 403),
    _entering("open", ADMIN, STRANGER, "invite"),
    _entering("open", STRANGER, STRANGER, "join", 403),
    _entering("open", STRANGER, STRANGER, "knock", 403),
    _entering("open", GUEST, GUEST, "leave"),
    _entering("open_invited", GUEST, GUEST, "join"),
    _entering("open_invited", GUEST, GUEST, "leave"),
    _entering("open_link", OTHER, OTHER, "join"),
    _entering("open_link", STRANGER, STRANGER, "join", 403),
    _entering("public", OTHER, OTHER, "join"),
    _entering("public", STRANGER, STRANGER, "join", 403),
    _entering("public", ADMIN, STRANGER, "invite", 403),
    _entering("space", ADMIN, OTHER, "invite"),
    _entering("space", ADMIN, STRANGER, "invite", 403),
    _entering("direct", ADMIN, OTHER, "invite", 403),
    _entering("direct", AGENT, OTHER, "invite", 403),
    _entering("direct", ADMIN, STRANGER, "invite", 403),
    _entering("direct", ADMIN, OTHER, "ban", 403),
    _entering("direct", AGENT, AGENT, "leave"),
    _entering("direct_alone", ADMIN, OTHER, "invite"),
    _entering("direct_alone", ADMIN, STRANGER, "invite", 403),
    _entering("direct_left", ADMIN, AGENT, "invite"),
    _entering("direct_left", ADMIN, OTHER, "invite", 403),
]
_ACTS_OF_GUESTS = [
    Row("lax", GUEST, "m.room.name", {"name": "À nous"}, status=403),
    Row("lax", AGENT, "m.room.name", {"name": "À nous"}),
    Row("lax", GUEST, JOIN_RULES, {"join_rule": "public"}, status=403),
    Row("lax", GUEST, "m.room.pinned_events", {"pinned": []}, status=403),
    Row("lax", GUEST, "m.room.third_party_invite", {"display_name": "x"}, "jeton", 403),
    Row("lax", GUEST, "m.call.member", {"memberships": []}, "<guest>"),
    _entering("lax", GUEST, OTHER, "invite", 403),
    _entering("lax", GUEST, STRANGER, "invite", 403),
    _entering("lax", AGENT, STRANGER, "invite"),
    _entering("lax", GUEST, AGENT, "leave", 403),
]
_STATES = [
    Row("private", ADMIN, ENCRYPTION, {**MEGOLM, "rotation_period_msgs": 50}),
    Row("private", ADMIN, ENCRYPTION, {}, status=403),
    Row("public", ADMIN, ENCRYPTION, MEGOLM, status=403),
    Row("limited", ADMIN, ENCRYPTION, MEGOLM, status=403),
    Row("clear", ADMIN, ENCRYPTION, MEGOLM, status=403),
    Row("open_clear", ADMIN, ENCRYPTION, MEGOLM, status=403),
    Row("private", ADMIN, JOIN_RULES, {"join_rule": "public"}),
    Row("private", ADMIN, JOIN_RULES, {"join_rule": "knock"}),
    Row("link", ADMIN, JOIN_RULES, {"join_rule": "invite"}),
    Row("open", ADMIN, JOIN_RULES, {"join_rule": "public"}),
    Row("direct", ADMIN, JOIN_RULES, {"join_rule": "public"}, status=403),
    Row("direct", AGENT, JOIN_RULES, {"join_rule": "public"}, status=403),
    Row("public", ADMIN, JOIN_RULES, {"join_rule": "invite"}, status=403),
    Row("public", ADMIN, JOIN_RULES, {"join_rule": "restricted", "allow": []}, status=403),
    Row("public", ADMIN, JOIN_RULES, {"join_rule": "knock"}, status=403),
    Row("public", ADMIN, JOIN_RULES, {"join_rule": "public", "note": "x"}),
    Row("private", ADMIN, "m.room.guest_access", {"guest_access": "can_join"}, status=403),
    Row("public", ADMIN, "m.room.guest_access", {"guest_access": "can_join"}, status=403),
    Row("link", ADMIN, "m.room.guest_access", {}, status=403),
    Row("private", ADMIN, "m.room.guest_access", {"guest_access": "forbidden", "note": "x"}),
    Row("direct", ADMIN, "m.room.name", {"name": "Nous"}, status=403),
    Row("direct", AGENT, "m.room.topic", {"topic": "Nous"}, status=403),
    Row("direct", ADMIN, "m.room.avatar", {"url": "mxc://agent.example/x"}, status=403),
    Row("private", ADMIN, "m.room.name", {"name": "Nous"}),
    Row("private", ADMIN, "m.room.topic", {"topic": "Nous"}),
    Row("private", ADMIN, "m.room.avatar", {"url": "mxc://agent.example/x"}),
    Row("public", ADMIN, "m.room.history_visibility", {"history_visibility": "world_readable"}),
    Row("private", ADMIN, "m.room.message", {"msgtype": "m.text", "body": "En clair"}, "a", 403),
    Row("public", ADMIN, "m.room.message", {"msgtype": "m.text", "body": "Pour toujours"}, status=403),
    Row("lax", AGENT, "m.poll.start", {"m.poll": {}}, status=403),
]
ROWS = [*_RULES, *_LEVELS, *_ENTRIES, *_ACTS_OF_GUESTS, *_STATES]


@dataclass(frozen=True)
class Making:
    """A body of `createRoom`, and its answer."""

    name: str
    body: Json = field(repr=False)
    who: str = ADMIN
    status: int = 200
    errcode: str = ""


def _levels(body: Json, **levels: Any) -> Json:
    return {**body, "power_level_content_override": levels}


def _also(body: Json, *events: Json) -> Json:
    """The body with this initial state instead of its own of the same types."""
    kinds = {each["type"] for each in events}
    return {**body, "initial_state": [*(each for each in body["initial_state"] if each["type"] not in kinds), *events]}


def _bad(name: str, body: Json) -> Making:
    return Making(name, body, status=400, errcode="M_BAD_JSON")


def _no(name: str, body: Json, who: str = ADMIN) -> Making:
    return Making(name, body, who, 403, "M_FORBIDDEN")


_IN_SPACE = state(JOIN_RULES, {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": "!s:x"}]})
LAWFUL = [
    Making("private", private()),
    Making("private, in clear", private(clear=True)),
    Making("private, open", private("unrestricted")),
    Making("private, in clear, open", private("unrestricted", clear=True)),
    Making("public", PUBLIC),
    Making("public, limited to its domain", {**PUBLIC, "creation_content": {"m.federate": False}}),
    Making("direct", {**DIRECT, "invite": ["<agent>"]}),
    Making("space", SPACE),
    Making("private, in a space", _also(private(), _IN_SPACE)),
    Making("private by its preset alone", {"preset": "private_chat"}),
    Making("nothing said", {}),
    Making("direct without rules", {"is_direct": True, "preset": "trusted_private_chat", "invite": ["<agent>"]}),
]
MAKINGS = [
    *LAWFUL,
    *(_no(f"guest: {each.name}", each.body, GUEST) for each in LAWFUL),
    _bad("direct with another rule", _also(DIRECT, state(ACCESS_RULES, {"rule": "restricted"}))),
    _bad("rule of direct messages", _also(private(), state(ACCESS_RULES, {"rule": "direct"}))),
    _bad("unknown rule", _also(private(), state(ACCESS_RULES, {"rule": "ouvert"}))),
    _bad("private said public", _also(private(), state(ACCESS_RULES, rules("restricted", "public")))),
    _bad("public said private", _also(PUBLIC, state(ACCESS_RULES, rules("restricted", "private")))),
    _bad("public and open", _also(PUBLIC, state(ACCESS_RULES, rules("unrestricted", "public")))),
    _bad("public and direct", {"visibility": "public", "is_direct": True}),
    _bad("in clear, badly said", _also(private(), state(ACCESS_RULES, {"force_unencrypted_at_creation": "oui"}))),
    _no("public space", {**SPACE, "visibility": "public", "initial_state": []}),
    _bad("lower invite", _levels(private(), invite=0)),
    _bad("lower state_default", _levels(private(), state_default=50)),
    _bad("lower state_default, public", _levels(PUBLIC, state_default=50)),
    _bad("invite as text", _levels(private(), invite="100")),
    Making("invite for all in public", _levels(PUBLIC, invite=0)),
    Making("higher invite", _levels(private(), invite=100)),
    _bad("all have a level, open", _levels(private("unrestricted"), users_default=50)),
    _bad("a guest moderates", _levels(private("unrestricted"), users={"<guest>": 50})),
    _no("public, encrypted", _also(PUBLIC, state(ENCRYPTION, MEGOLM))),
    _no("public, by invitation", _also(PUBLIC, state(JOIN_RULES, {"join_rule": "invite"}))),
    _no("direct, open to all", _also(DIRECT, state(JOIN_RULES, {"join_rule": "public"}))),
    _no("direct, named", {**DIRECT, "name": "Nous"}),
    _no("direct, of three", {**DIRECT, "invite": ["<agent>", "<other>"]}),
    _no("direct, with a guest", {**DIRECT, "invite": ["<guest>"]}),
    _no("private, with a guest", private(invite=["<guest>"])),
    _no("public, with a guest", {**PUBLIC, "invite": ["<guest>"]}),
    Making("open, with a guest", private("unrestricted", invite=["<guest>", "<agent>"])),
]


def fill(value: Any, ids: dict[str, str]) -> Any:
    """The value with every role replaced by the id of who plays it."""
    if isinstance(value, dict):
        return {fill(key, ids): fill(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [fill(each, ids) for each in value]
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return ids[value[1:-1]]
    return value


def over(levels: Json, content: Json) -> Json:
    """Power levels with the row's written over them, as a client does that read them first."""
    groups = {name: {**levels.get(name, {}), **content.get(name, {})} for name in ("users", "events")}
    return {**levels, **content, **groups}
