import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.events import (
    BadEvent,
    EventFields,
    EventTooLarge,
    build_event,
    check_size,
    client_format,
    content_hash,
    event_id_of,
    has_right_hash,
    parse_pdu,
    redact,
    sign_event,
    signers_due,
    stripped_format,
)
from tchap.protocol.redaction import redact_content
from tchap.protocol.room_versions import ROOM_VERSIONS, find_room_version
from tchap.protocol.signing import parse_signing_key, verify_json

from .rooms import ALICE, ALL_VERSIONS, ROOM_ID, new_room

KEY = parse_signing_key("a_clef", b"k" * 32)
SERVER = "prefecture.example.fr"


def fields(**more: Any) -> EventFields:
    base: dict[str, Any] = {
        "room_id": ROOM_ID,
        "type": "m.room.message",
        "sender": ALICE,
        "content": {"msgtype": "m.text", "body": "Réunion à 14 h"},
        "origin_server_ts": 1_700_000_000_000,
        "depth": 12,
        "event_id": f"$0:{SERVER}",
    }
    return EventFields(**base | more)


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_what_is_built_can_be_read(version: str) -> None:
    """A built event, signed and sent, is read as the same event on the other side."""
    law = ROOM_VERSIONS[version]
    built = build_event(law, fields(prev_events=("$a",), auth_events=("$b", "$c"), state_key=""))
    sent = json.loads(json.dumps(sign_event(law, built.pdu, SERVER, KEY)))
    event = parse_pdu(law, sent)
    assert (event.event_id, event.content, event.prev_events) == (built.event.event_id, built.event.content, ("$a",))
    assert event.auth_events == ("$b", "$c")
    assert has_right_hash(law, sent)
    verify_json(redact(law, sent), SERVER, {KEY.key_id: KEY.public})
    check_size(law, sent)


def test_ids_by_version() -> None:
    """Ids are given, then a hash, then a URL-safe hash."""
    assert build_event(ROOM_VERSIONS["2"], fields()).event.event_id == f"$0:{SERVER}"
    old, new = (build_event(ROOM_VERSIONS[each], fields()).event.event_id for each in ("3", "4"))
    assert old.replace("/", "_").replace("+", "-") == new
    assert len(new) == 44


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_create_event_names_a_version_12_room(version: str) -> None:
    """Until version 11 a room id is given; from 12 on it is the create event's id, which itself carries none."""
    room = new_room(version)
    create = room.state[("m.room.create", "")]
    if version == "12":
        assert room.room_id == "!" + create.event_id[1:] == create.room_id
        built = build_event(room.version, fields(type="m.room.create", state_key="", content={}, room_id=""))
        assert "room_id" not in built.pdu
    else:
        assert room.room_id == ROOM_ID


def test_redactions_say_their_target_where_the_version_wants_it() -> None:
    """`redacts` is a top-level key until version 10 and a key of the content from 11; clients find it at both."""
    for version in ("10", "11"):
        built = build_event(ROOM_VERSIONS[version], fields(type="m.room.redaction", content={}, redacts="$cible"))
        assert ("redacts" in built.pdu) == (version == "10")
        assert ("redacts" in built.pdu["content"]) == (version == "11")
        shown = client_format(built.event)
        assert shown["redacts"] == shown["content"]["redacts"] == built.event.redacts == "$cible"


def test_only_redactions_redact() -> None:
    """A message whose content has a `redacts` key redacts nothing."""
    assert build_event(ROOM_VERSIONS["11"], fields(content={"redacts": "$x"})).event.redacts is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.m", max_size=4), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    ["m.room.member", "m.room.create", "m.room.power_levels", "m.room.aliases", "m.room.redaction", "m.room.join_rules"]
)
KEYS = st.sampled_from(
    ["membership", "creator", "join_rule", "allow", "aliases", "redacts", "third_party_invite", "users", "invite", "x"]
)
PDUS = st.fixed_dictionaries(
    {
        "type": TYPES,
        "content": st.dictionaries(KEYS, JSON, max_size=6),
        "sender": st.just(ALICE),
        "depth": st.integers(1, 9),
        "hashes": st.just({"sha256": "x"}),
        "auth_events": st.just([]),
        "prev_events": st.just([]),
        "origin_server_ts": st.just(1),
        "room_id": st.just(ROOM_ID),
    },
    optional={"origin": st.just("a.fr"), "membership": st.just("join"), "prev_state": st.just([]), "redacts": JSON},
)


@given(st.sampled_from(ALL_VERSIONS), PDUS)
def test_redacting_twice_changes_nothing(version: str, pdu: dict[str, Any]) -> None:
    """A redacted event is its own redaction, and the original is left as it was."""
    law, before = ROOM_VERSIONS[version], json.dumps(pdu)
    once = redact(law, pdu)
    assert redact(law, once) == once
    assert json.dumps(pdu) == before


@given(st.sampled_from(ALL_VERSIONS[2:]), PDUS, JSON)
def test_ids_stand_on_what_redaction_keeps(version: str, pdu: dict[str, Any], noise: object) -> None:
    """Neither `unsigned`, nor signatures, nor redaction change an event's id."""
    law = ROOM_VERSIONS[version]
    event_id = event_id_of(law, pdu)
    assert event_id_of(law, {**pdu, "unsigned": {"age": noise}, "signatures": {"a.fr": {"ed25519:1": "x"}}}) == event_id
    assert event_id_of(law, redact(law, pdu)) == event_id


@given(PDUS)
def test_content_hash_covers_everything_else(pdu: dict[str, Any]) -> None:
    """A changed content has another content hash; `unsigned`, signatures and hashes do not count."""
    law = ROOM_VERSIONS["11"]
    hashed = content_hash(law, pdu)
    assert content_hash(law, {**pdu, "unsigned": {}, "signatures": {}, "hashes": {}}) == hashed
    assert content_hash(law, {**pdu, "content": {**pdu["content"], "new": 1}}) != hashed


KEPT = [
    ("1", "m.room.aliases", {"aliases"}),
    ("6", "m.room.aliases", set()),
    ("1", "m.room.member", {"membership"}),
    ("8", "m.room.member", {"membership"}),
    ("9", "m.room.member", {"membership", "join_authorised_via_users_server"}),
    ("11", "m.room.member", {"membership", "join_authorised_via_users_server", "third_party_invite"}),
    ("7", "m.room.join_rules", {"join_rule"}),
    ("8", "m.room.join_rules", {"join_rule", "allow"}),
    ("10", "m.room.power_levels", {"ban", "users"}),
    ("11", "m.room.power_levels", {"ban", "users", "invite"}),
    ("10", "m.room.redaction", set()),
    ("11", "m.room.redaction", {"redacts"}),
    ("10", "m.room.create", {"creator"}),
    ("12", "m.room.history_visibility", {"history_visibility"}),
    ("12", "m.room.message", set()),
]


@pytest.mark.parametrize(("version", "event_type", "kept"), KEPT)
def test_keys_that_survive(version: str, event_type: str, kept: set[str]) -> None:
    """Each version keeps the keys its page lists."""
    names = "aliases membership join_authorised_via_users_server join_rule allow ban users invite redacts creator"
    content: dict[str, Any] = dict.fromkeys((*names.split(), "history_visibility", "body", "notifications"), "x")
    content["third_party_invite"] = {"signed": {"token": "t"}, "display_name": "Élise"}
    left = redact_content(ROOM_VERSIONS[version], event_type, content)
    assert set(left) == kept
    assert left.get("third_party_invite", {"signed": {"token": "t"}}) == {"signed": {"token": "t"}}


def test_create_events_keep_all_since_version_11() -> None:
    """Nothing of a create event is lost from version 11 on, but old top-level keys are."""
    pdu = {"type": "m.room.create", "content": {"m.federate": False, "x": 1}, "origin": "a", "membership": "x"}
    assert redact(ROOM_VERSIONS["11"], pdu) == {"type": "m.room.create", "content": {"m.federate": False, "x": 1}}
    assert redact(ROOM_VERSIONS["10"], pdu) == {**pdu, "content": {}}


def test_size_counts_the_signatures_to_come() -> None:
    """The largest event that can be built is still lawful once signed; one of 65,536 bytes of text is not built."""
    law = ROOM_VERSIONS["11"]

    def body(size: int) -> EventFields:
        return fields(content={"body": "a" * size})

    size = 64_000
    while fits(body(size + 1)):
        size += 1
    signed = sign_event(law, build_event(law, body(size)).pdu, SERVER, KEY)
    check_size(law, signed)
    assert parse_pdu(law, signed).content == {"body": "a" * size}
    with pytest.raises(EventTooLarge):
        check_size(law, {**signed, "content": {"body": "a" * 65_536}})
    with pytest.raises(EventTooLarge):
        parse_pdu(law, {**signed, "content": {"body": "a" * 65_536}})


def fits(wanted: EventFields) -> bool:
    try:
        build_event(ROOM_VERSIONS["11"], wanted)
    except EventTooLarge:
        return False
    return True


@pytest.mark.parametrize("name", ["type", "state_key", "sender", "room_id"])
def test_fields_end_at_255_bytes(name: str) -> None:
    """Identifiers, types and state keys hold at most 255 bytes, accents counted twice."""
    start = {"type": "", "state_key": "", "sender": "@", "room_id": "!"}[name]
    build_event(ROOM_VERSIONS["10"], fields(**{name: start + "é" * 127}))
    with pytest.raises(EventTooLarge, match=name):
        build_event(ROOM_VERSIONS["10"], fields(**{name: start + "é" * 128}))


@pytest.mark.parametrize(
    ("version", "change"),
    [
        ("11", {"depth": "12"}),
        ("11", {"depth": -1}),
        ("11", {"depth": 2**53}),
        ("1", {"depth": 2**63}),
        ("11", {"depth": True}),
        ("11", {"content": []}),
        ("11", {"content": {"n": 1.5}}),
        ("11", {"content": {"n": 2**53}}),
        ("11", {"sender": None}),
        ("11", {"sender": "alice"}),
        ("11", {"state_key": 3}),
        ("11", {"prev_events": [["$a", {}]]}),
        ("11", {"prev_events": ["$a"] * 21}),
        ("11", {"auth_events": ["$a"] * 11}),
        ("11", {"hashes": "x"}),
        ("11", {"unsigned": 3}),
        ("11", {"origin_server_ts": 1.5}),
        ("2", {"prev_events": ["$a"]}),
        ("2", {"prev_events": [["$a"]]}),
    ],
)
def test_broken_pdus_are_refused(version: str, change: dict[str, Any]) -> None:
    """A PDU of a wrong shape is refused before anything looks at it."""
    law = ROOM_VERSIONS[version]
    pdu = sign_event(law, build_event(law, fields()).pdu, SERVER, KEY)
    parse_pdu(law, pdu)
    with pytest.raises(BadEvent):
        parse_pdu(law, {**pdu, **change})


@pytest.mark.parametrize("name", ["sender", "type", "content", "depth", "hashes", "signatures", "room_id"])
def test_missing_keys_are_refused(name: str) -> None:
    """Every required key is required."""
    pdu = sign_event(ROOM_VERSIONS["11"], build_event(ROOM_VERSIONS["11"], fields()).pdu, SERVER, KEY)
    del pdu[name]
    with pytest.raises(BadEvent, match=name):
        parse_pdu(ROOM_VERSIONS["11"], pdu)


def test_old_rooms_take_numbers_as_they_come() -> None:
    """Until version 5 floats and large integers are lawful in events of others, and never in ours."""
    law = ROOM_VERSIONS["5"]
    pdu = {**sign_event(law, build_event(law, fields()).pdu, SERVER, KEY), "content": {"n": 1.5, "m": 2**60}}
    assert parse_pdu(law, pdu).content == {"n": 1.5, "m": 2**60}
    with pytest.raises(BadEvent):
        build_event(law, fields(content={"n": 1.5}))


def test_who_must_sign() -> None:
    """The sender's server signs; in old rooms that of the id too; for restricted joins that of the authoriser."""
    content = {"membership": "join", "join_authorised_via_users_server": "@b:mairie.example.fr"}
    join = fields(type="m.room.member", content=content, state_key=ALICE, event_id="$0:ailleurs.example.fr")
    due = {version: signers_due(law, build_event(law, join).event) for version, law in ROOM_VERSIONS.items()}
    assert due["1"] == {SERVER, "ailleurs.example.fr"}
    assert due["7"] == {SERVER}
    assert due["11"] == {SERVER, "mairie.example.fr"}


def test_shapes_for_clients() -> None:
    """Clients see an event without its graph; invited people see less still."""
    event = build_event(ROOM_VERSIONS["11"], fields(type="m.room.name", content={"name": "Crue"}, state_key="")).event
    assert client_format(event) == {
        "content": {"name": "Crue"},
        "event_id": event.event_id,
        "origin_server_ts": 1_700_000_000_000,
        "room_id": ROOM_ID,
        "sender": ALICE,
        "state_key": "",
        "type": "m.room.name",
    }
    assert set(stripped_format(event)) == {"content", "sender", "state_key", "type"}


def test_pairs_of_the_first_versions() -> None:
    """In versions 1 and 2 events are cited by id and hash."""
    built = build_event(ROOM_VERSIONS["1"], fields(prev_events=("$a", "$b"), reference_hashes={"$a": "h"}))
    assert built.pdu["prev_events"] == [["$a", {"sha256": "h"}], ["$b", {}]]
    assert built.event.prev_events == ("$a", "$b")


def test_known_versions() -> None:
    """Versions 1 to 12 are known by their names, nothing else is."""
    assert [law.name for law in ROOM_VERSIONS.values()] == [str(number) for number in range(1, 13)]
    assert find_room_version("11") is ROOM_VERSIONS["11"]
    assert find_room_version("13") is find_room_version(11) is None
