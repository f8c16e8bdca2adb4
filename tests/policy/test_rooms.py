"""The law of rooms, row by row: what may be made, entered, set and shown, by whom; what a partner's events become."""

from typing import Any

import pytest

from tchap.policy.decisions import ALLOWED, Origin, Refused, Road, SoftFailed, judge_origin
from tchap.policy.room_entry import PENDING, decide_entry
from tchap.policy.room_events import (
    CLEAR_TEXT_TYPES,
    decide_clear_text,
    decide_event,
    decide_received,
    decide_redaction,
)
from tchap.policy.room_levels import decide_first_levels, default_power_levels
from tchap.policy.rooms import (
    RoomView,
    RoomWish,
    access_rules_content,
    decide_creation,
    decide_publication,
    default_history_visibility,
    is_external,
    must_encrypt,
)
from tchap.protocol.events import Event
from tchap.protocol.room_versions import ROOM_VERSIONS
from tests.protocol.rooms import Room
from tests.support.room_rows import (
    ACCESS_RULES,
    ADMIN,
    DIRECT,
    ENCRYPTION,
    GUEST,
    JOIN_RULES,
    LEVELS,
    MAKINGS,
    MEGOLM,
    MEMBER,
    PUBLIC,
    ROWS,
    SCENES,
    SPACE,
    Json,
    Making,
    Row,
    Scene,
    fill,
    over,
    private,
    rules,
    state,
)

VERSIONS = ("11", "12")
IDS = {
    "admin": "@jean.martin:agent.prefectures.tchap.example.fr",
    "agent": "@marie.durand:agent.prefectures.tchap.example.fr",
    "other": "@helene.lefevre:agent.sante.tchap.example.fr",
    "guest": "@zoe.petit:agent.externe.tchap.example.fr",
    "stranger": "@luc.blanc:agent.externe.tchap.example.fr",
}
OF_PARTNERS = {name: f"@{name}:agent.partenaire.example" for name in ("admin", "agent", "other")} | {
    name: f"@{name}:e.partenaire.example" for name in ("guest", "stranger")
}


def wish_of(body: Json, who: str = ADMIN) -> RoomWish:
    """A body of `createRoom` as the law looks at it."""
    content = next(
        (each["content"] for each in body.get("initial_state", ())[::-1] if each["type"] == ACCESS_RULES), None
    )
    return RoomWish(
        creator_is_external=who == GUEST,
        is_public=body.get("visibility") == "public",
        is_direct=body.get("is_direct", False),
        preset=body.get("preset", "private_chat"),
        access_rules=content,
        is_space=body.get("creation_content", {}).get("type") == "m.space",
    )


def build(scene: Scene, version: str, ids: dict[str, str]) -> Room:
    """The scene as the law sees it once it is made."""
    room, wish, jean = Room(ROOM_VERSIONS[version]), wish_of(scene.body), ids["admin"]
    create = room.set(jean, "m.room.create", {"room_version": version, **scene.body.get("creation_content", {})})
    room.room_id = create.room_id
    room.member(jean, jean, "join", displayname="Jean Martin [Préfecture]")
    reigns = room.version.creators_reign
    trusted = scene.members if wish.preset == "trusted_private_chat" else ()
    users = {} if reigns else {jean: 100, **{ids[each]: 100 for each in trusted}}
    room.set(jean, ACCESS_RULES, access_rules_content(wish))
    room.set(jean, LEVELS, default_power_levels(wish, users))
    room.set(jean, JOIN_RULES, {"join_rule": "public" if wish.is_public else "invite"})
    if must_encrypt(wish):
        room.set(jean, ENCRYPTION, MEGOLM)
    for each in scene.members:
        room.member(ids[each], ids[each], "join")
    for each in scene.invited:
        room.member(jean, ids[each], "invite")
    for each in scene.left:
        room.member(ids[each], ids[each], "leave")
    for kind, content in scene.then:
        room.set(jean, kind, over(room.state[LEVELS, ""].content, content) if kind == LEVELS else content)
    return room


def view_of(name: str, version: str = "11") -> RoomView:
    return view(build(SCENES[name], version, IDS))


def view(room: Room) -> RoomView:
    return RoomView(room.version, room.state)


def ask(row: Row, version: str, ids: dict[str, str]) -> tuple[RoomView, Event]:
    """The room of a row and the event that wants to enter it."""
    room = build(SCENES[row.scene], version, ids)
    content = fill(row.content, ids)
    if row.kind == LEVELS:
        content = over(room.state[LEVELS, ""].content, content)
    return view(room), room.make(ids[row.who], row.kind, content, state_key=fill(row.key, ids))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.scene}-{row.who}-{row.kind}-{row.status}")
def test_each_row_is_decided(row: Row, version: str) -> None:
    """What is refused is refused with a sentence in two languages, and the rest is allowed, in versions 11 and 12."""
    decision = decide_event(*ask(row, version, IDS))
    assert isinstance(decision, Refused) == (row.status != 200)
    if isinstance(decision, Refused):
        assert not decision.is_malformed
        assert decision.en.endswith(".")
        assert decision.fr.endswith(".")
        assert decision.en != decision.fr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.scene}-{row.who}-{row.kind}-{row.status}")
def test_a_partner_obeys_the_same_rows(row: Row, version: str) -> None:
    """A handshake of membership is answered; what was done elsewhere already is soft-failed, never refused."""
    room, event = ask(row, version, OF_PARTNERS)
    told, asked = decide_received(room, event, Road.TOLD), decide_received(room, event, Road.ASKED)
    if row.status == 200:
        assert told == asked == ALLOWED
    else:
        assert isinstance(asked, Refused)
        assert told == SoftFailed(asked)


def test_only_what_a_partner_tells_is_soft_failed() -> None:
    """Our own people are always answered."""
    refused = Refused("No.", "Non.")
    assert judge_origin(refused, Origin.LOCAL, Road.TOLD) == refused
    assert judge_origin(refused, Origin.LOCAL, Road.ASKED) == refused
    assert judge_origin(refused, Origin.PARTNER, Road.ASKED) == refused
    assert judge_origin(ALLOWED, Origin.PARTNER, Road.TOLD) == ALLOWED


# What is refused on the way, by the events of the new room: `tests/api/test_room_law.py` has these rows too.
BY_EVENTS = {
    "public, encrypted", "public, by invitation", "direct, open to all", "direct, named", "direct, of three",
    "direct, with a guest", "private, with a guest", "public, with a guest",
}  # fmt: skip


@pytest.mark.parametrize("making", [each for each in MAKINGS if each.name not in BY_EVENTS], ids=lambda each: each.name)
def test_each_room_is_made_or_refused(making: Making) -> None:
    """Contradictions are the request's fault (400); what nobody, or no guest, may make is refused (403)."""
    wish = wish_of(making.body, making.who)
    decision = decide_creation(wish)
    if decision == ALLOWED:
        override = fill(making.body.get("power_level_content_override", {}), IDS)
        levels = {**default_power_levels(wish, {IDS["admin"]: 100}), **override}
        decision = decide_first_levels(ROOM_VERSIONS["11"], wish, str(access_rules_content(wish)["rule"]), levels)
    status = 200 if decision == ALLOWED else 400 if isinstance(decision, Refused) and decision.is_malformed else 403
    assert status == making.status


@pytest.mark.parametrize(
    ("body", "content", "encrypted", "history"),
    [
        ({}, rules("restricted"), True, "invited"),
        (private(), rules("restricted"), True, "invited"),
        (private(clear=True), rules("restricted", clear=True), False, "invited"),
        ({**private(clear=True), "preset": "trusted_private_chat"}, rules("restricted"), True, "invited"),
        (PUBLIC, rules("restricted", "public"), False, "shared"),
        ({"visibility": "public", "preset": "public_chat"}, rules("restricted", "public"), False, "shared"),
        (DIRECT, rules("direct"), True, "invited"),
        ({"is_direct": True}, rules("direct"), True, "invited"),
        (SPACE, rules("restricted"), False, "invited"),
    ],
)
def test_what_the_server_adds(body: Json, content: Json, encrypted: bool, history: str) -> None:
    """The rules are completed; every room is encrypted but public ones, spaces and those made in clear on purpose."""
    wish = wish_of(body)
    assert access_rules_content(wish) == content
    assert must_encrypt(wish) == encrypted
    assert default_history_visibility(wish) == history


@pytest.mark.parametrize(
    ("scene", "is_published"),
    [(name, name in ("public", "limited")) for name in SCENES],
)
def test_only_public_rooms_are_published(scene: str, is_published: bool) -> None:
    """The directory shows what every agent may enter for ever: no room open to guests, direct, private or encrypted."""
    assert (decide_publication(view_of(scene)) == ALLOWED) == is_published


@pytest.mark.parametrize("version", VERSIONS)
def test_rooms_without_rules_keep_guests_out(version: str) -> None:
    """A room of a partner that never heard of access rules is restricted, and public only where it is open in clear."""
    room = Room(ROOM_VERSIONS[version])
    create = room.set(IDS["admin"], "m.room.create", {"room_version": version})
    room.room_id = create.room_id
    assert view(room).rule == "restricted"
    assert not view(room).is_public
    assert isinstance(decide_entry(view(room), IDS["guest"], "invite"), Refused)
    room.set(IDS["admin"], JOIN_RULES, {"join_rule": "public"})
    assert view(room).is_public
    for content, is_allowed in (
        ({"rule": "restricted"}, True), ({"rule": "unrestricted"}, False), ({"rule": "?"}, False),
        (rules("unrestricted", "public"), False), ({"rule": "restricted", "visibility": "secret"}, False),
    ):  # fmt: skip
        event = room.make(IDS["admin"], ACCESS_RULES, content, state_key="")
        assert (decide_event(view(room), event) == ALLOWED) == is_allowed
    room.set(IDS["admin"], ENCRYPTION, MEGOLM)
    assert not view(room).is_public
    for each in ("admin", "agent", "other"):
        room.member(IDS[each], IDS[each], "join")
    event = room.make(IDS["admin"], ACCESS_RULES, {"rule": "direct"}, state_key="")
    assert isinstance(decide_event(view(room), event), Refused)


def test_the_second_place_of_a_direct_message_is_kept() -> None:
    """Once an address is invited to a direct message, only who proves to own it takes the second place."""
    room = build(SCENES["direct_alone"], "11", IDS)
    pending = room.make(IDS["admin"], PENDING, {"display_name": "m...@p..."}, state_key="jeton")
    assert decide_event(view(room), pending) == ALLOWED
    room.set(IDS["admin"], PENDING, {"display_name": "m...@p..."}, "jeton")
    again = room.make(IDS["admin"], PENDING, {"display_name": "h...@h..."}, state_key="autre")
    assert isinstance(decide_event(view(room), again), Refused)
    assert decide_event(view(room), room.make(IDS["admin"], PENDING, {}, state_key="jeton")) == ALLOWED
    for proof, is_allowed in (({}, False), ({"third_party_invite": {"signed": {"token": "jeton"}}}, True)):
        content = {"membership": "invite", **proof}
        event = room.make(IDS["admin"], MEMBER, content, state_key=IDS["agent"])
        assert (decide_event(view(room), event) == ALLOWED) == is_allowed
    full = build(SCENES["direct"], "11", IDS)
    late = full.make(IDS["admin"], PENDING, {"display_name": "h...@h..."}, state_key="jeton")
    assert isinstance(decide_event(view(full), late), Refused)


def test_no_guest_is_a_creator() -> None:
    """Room version 12: whoever is named a creator stands above every level."""
    for creators, is_allowed in (([IDS["agent"]], True), ([IDS["agent"], IDS["guest"]], False), ("x", True)):
        room = Room(ROOM_VERSIONS["11"])
        event = room.make(IDS["admin"], "m.room.create", {"additional_creators": creators}, state_key="")
        assert (decide_event(view(room), event) == ALLOWED) == is_allowed
    event = Room(ROOM_VERSIONS["11"]).make(IDS["guest"], "m.room.create", {}, state_key="")
    assert isinstance(decide_event(RoomView(ROOM_VERSIONS["11"], {}), event), Refused)


@pytest.mark.parametrize(
    "kind", [*sorted(CLEAR_TEXT_TYPES), "m.reaction", "m.call.invite", "m.room.encrypted", "m.beacon"]
)
@pytest.mark.parametrize("scene", ["private", "clear", "public"])
def test_words_in_clear_are_refused_where_a_room_is_encrypted(kind: str, scene: str) -> None:
    """Only in encrypted rooms, and only the types of one table: what clients send in clear by design passes."""
    refused = scene == "private" and kind in CLEAR_TEXT_TYPES
    assert isinstance(decide_clear_text(view_of(scene), kind), Refused) == refused


def test_what_a_room_is_cannot_be_redacted() -> None:
    """What a room is made of is never emptied, by name or by the id of the event that holds it."""
    assert isinstance(decide_redaction(ACCESS_RULES, is_state=True), Refused)
    assert isinstance(decide_redaction(ENCRYPTION, is_state=True), Refused)
    assert decide_redaction("m.room.name", is_state=True) == ALLOWED
    assert decide_redaction(ACCESS_RULES, is_state=False) == ALLOWED
    for kind in ("m.room.server_acl", "m.room.retention", "fr.tchap.classification"):
        assert isinstance(decide_redaction(kind, is_state=True), Refused)
    room = build(SCENES["private"], "11", IDS)
    kinds = {ACCESS_RULES: False, ENCRYPTION: False, "m.room.create": False, JOIN_RULES: True}
    for kind, is_allowed in kinds.items():
        target = room.state[kind, ""].event_id
        event = room.make(IDS["admin"], "m.room.redaction", {"redacts": target})
        assert (decide_event(view(room), event) == ALLOWED) == is_allowed


def test_guests_are_known_by_their_server() -> None:
    """As today's clients know them, whichever house their server stands in."""
    names: list[tuple[Any, bool]] = [
        ("@zoe:agent.externe.tchap.example.fr", True), ("@zoe:e.tchap.example.fr", True),
        ("@zoe:agent.sante.tchap.example.fr", False), ("@e.:sante.tchap.example.fr", False),
    ]  # fmt: skip
    assert [is_external(user_id) for user_id, _ in names] == [expected for _, expected in names]


def test_the_state_of_another_key_is_nobodys_law() -> None:
    """Only the empty key counts: what stands under another changes nothing of the room."""
    room = build(SCENES["public"], "11", IDS)
    asked = state(ENCRYPTION, MEGOLM)
    assert decide_event(view(room), room.make(IDS["admin"], asked["type"], asked["content"], state_key="x")) == ALLOWED
