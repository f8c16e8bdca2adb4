import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.filters import ALL, Filter, parse_event_filter, parse_filter, project

from .rooms import ALICE, BOB, CHLOE


def test_no_filter_admits_all() -> None:
    """An empty filter is the one that admits everything."""
    assert parse_filter({}) == ALL == Filter()
    assert ALL.room.timeline.admits("m.room.message", ALICE, {})
    assert ALL.room.admits_room("!a:a.fr")
    assert not ALL.room.timeline.admits_nothing


@pytest.mark.parametrize(
    ("pattern", "event_type", "admitted"),
    [
        ("m.room.message", "m.room.message", True),
        ("m.room.message", "m.room.messages", False),
        ("m.room.*", "m.room.name", True),
        ("m.room.*", "m.reaction", False),
        ("*", "", True),
        ("*.name", "m.room.name", True),
        ("m.*.name", "m..name", True),
        ("m.*.name", "m.name", False),
        ("a*a", "a", False),
        ("M.ROOM.*", "m.room.name", False),
        ("m.room.?ame", "m.room.name", False),
    ],
)
def test_types_with_stars(pattern: str, event_type: str, admitted: bool) -> None:
    """A star stands for any characters, and case matters."""
    assert parse_event_filter({"types": [pattern]}).admits_type(event_type) is admitted
    assert parse_event_filter({"not_types": [pattern]}).admits_type(event_type) is not admitted


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_stars_as_a_regular_expression(pattern: str, event_type: str) -> None:
    """Matching by pieces gives what a regular expression would."""
    wanted = re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), event_type) is not None
    assert parse_event_filter({"types": [pattern]}).admits_type(event_type) is wanted


def test_exclusion_wins() -> None:
    """What is excluded stays out even where it is included."""
    wanted = parse_event_filter(
        {"senders": [ALICE, BOB], "not_senders": [BOB], "types": ["a", "b"], "not_types": ["b"]}
    )
    assert wanted.admits("a", ALICE, {})
    assert not any(wanted.admits(*each, {}) for each in (("a", BOB), ("b", ALICE), ("a", CHLOE), ("c", ALICE)))
    rooms = parse_filter({"room": {"rooms": ["!a:a.fr", "!b:a.fr"], "not_rooms": ["!b:a.fr"]}}).room
    assert [rooms.admits_room(f"!{each}:a.fr") for each in "abc"] == [True, False, False]
    part = parse_event_filter({"rooms": ["!a:a.fr"], "not_rooms": []})
    assert [part.admits_room(f"!{each}:a.fr") for each in "ab"] == [True, False]


def test_links() -> None:
    """`contains_url` is about a `url` that is a text."""
    for wanted in (True, False):
        by_url = parse_event_filter({"contains_url": wanted})
        assert by_url.admits("a", ALICE, {"url": "mxc://a.fr/x"}) is wanted
        assert by_url.admits("a", ALICE, {"url": 3}) is by_url.admits("a", ALICE, {}) is (not wanted)


def test_everything_is_read() -> None:
    """Each field of a filter reaches its place."""
    body: dict[str, Any] = {
        "event_fields": [r"content.m\.relates_to", "type"],
        "event_format": "federation",
        "presence": {"limit": 5},
        "account_data": {"types": []},
        "room": {
            "include_leave": True,
            "state": {"lazy_load_members": True, "include_redundant_members": True},
            "timeline": {"limit": 10**9, "unread_thread_notifications": True},
            "ephemeral": {"related_by_senders": [ALICE], "related_by_rel_types": ["m.thread"]},
            "account_data": {"not_types": ["m.tag"]},
        },
        "unknown": [1],
    }
    wanted = parse_filter(body)
    assert wanted.event_fields == (("content", "m.relates_to"), ("type",))
    assert (wanted.event_format, wanted.presence.limit, wanted.room.include_leave) == ("federation", 5, True)
    assert wanted.account_data.admits_nothing
    assert wanted.room.state.lazy_load_members
    assert wanted.room.state.include_redundant_members
    assert wanted.room.timeline.unread_thread_notifications
    assert wanted.room.timeline.limit == 1000
    assert wanted.room.ephemeral.related_by_senders == {ALICE}
    assert wanted.room.ephemeral.related_by_rel_types == {"m.thread"}
    assert not wanted.room.account_data.admits_type("m.tag")
    assert hash(wanted) == hash(parse_filter(body))


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"room": []},
        {"room": {"timeline": "x"}},
        {"room": {"state": {"limit": "5"}}},
        {"room": {"state": {"limit": -1}}},
        {"room": {"state": {"limit": True}}},
        {"room": {"rooms": "!a:a.fr"}},
        {"room": {"rooms": ["pas une salle"]}},
        {"room": {"include_leave": 1}},
        {"room": {"timeline": {"senders": ["pas une personne"]}}},
        {"room": {"timeline": {"types": [1]}}},
        {"room": {"timeline": {"types": ["x" * 256]}}},
        {"room": {"timeline": {"types": ["x"] * 2001}}},
        {"presence": None},
        {"event_format": "autre"},
        {"event_fields": "type"},
        {"room": {"timeline": {"contains_url": "yes"}}},
    ],
)
def test_malformed_filters(body: object) -> None:
    """A filter of a wrong shape is refused with a sentence."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_filter(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["room", "timeline", "types", "limit", "rooms", "presence"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_a_filter_or_refused(body: object) -> None:
    """Whatever JSON comes, it is parsed or refused, never a crash."""
    try:
        parse_filter(body)
    except ValueError:
        return


def test_chosen_fields() -> None:
    """`event_fields` keeps what is named and leaves the event as it was."""
    event = {"type": "m.room.message", "content": {"body": "a", "m.relates_to": {"rel_type": "x", "event_id": "$a"}}}
    fields = parse_filter({"event_fields": ["type", r"content.m\.relates_to.rel_type", "content.absent"]}).event_fields
    assert project(event, fields) == {"type": "m.room.message", "content": {"m.relates_to": {"rel_type": "x"}}}
    both = parse_filter({"event_fields": ["content", "content.body"]}).event_fields
    assert project(event, both) == {"content": event["content"]}
    assert project(event, None) == event
