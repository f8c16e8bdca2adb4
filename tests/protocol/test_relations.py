from typing import Any

import pytest

from tchap.protocol.events import Event
from tchap.protocol.relations import (
    BadEdit,
    Relation,
    check_edit,
    find_latest_edit,
    find_relation,
    find_reply,
    find_thread,
    may_root_thread,
)

from .rooms import ALICE, BOB, ROOM_ID


def message(event_id: str, **more: Any) -> Event:
    content = more.pop("content", {"body": "bonjour"})
    lawful: dict[str, Any] = {"room_id": ROOM_ID, "type": "m.room.message", "sender": ALICE}
    return Event(event_id=event_id, content=content, **lawful | more)


def edit(event_id: str, target: str = "$a", **more: Any) -> Event:
    content: dict[str, Any] = {"m.relates_to": {"rel_type": "m.replace", "event_id": target}}
    if more.pop("has_content", True):
        content["m.new_content"] = {"body": "bonsoir"}
    return message(event_id, content=content, **more)


@pytest.mark.parametrize(
    ("stated", "relation"),
    [
        ({"rel_type": "m.annotation", "event_id": "$a", "key": "👍"}, Relation("m.annotation", "$a", "👍")),
        ({"rel_type": "m.thread", "event_id": "$a"}, Relation("m.thread", "$a")),
        ({"rel_type": "m.thread", "event_id": "$a", "key": 3}, Relation("m.thread", "$a")),
        ({"m.in_reply_to": {"event_id": "$a"}}, None),
        ({"rel_type": "m.thread"}, None),
        ({"rel_type": "m.thread", "event_id": ""}, None),
        ({"rel_type": 1, "event_id": "$a"}, None),
        ({"rel_type": "x" * 256, "event_id": "$a"}, None),
        ([], None),
        (None, None),
    ],
)
def test_relations_as_stated(stated: object, relation: Relation | None) -> None:
    """A relation has a type and a target; what is malformed is no relation."""
    assert find_relation({"m.relates_to": stated}) == relation
    assert may_root_thread({"m.relates_to": stated}) == (relation is None)


def test_replies() -> None:
    """A rich reply is told from the fallback a thread carries for old clients."""
    reply = {"m.in_reply_to": {"event_id": "$a"}}
    assert find_reply({"m.relates_to": reply}) == "$a"
    assert find_reply({"m.relates_to": {**reply, "rel_type": "m.thread", "event_id": "$r"}}) == "$a"
    assert find_reply({"m.relates_to": {**reply, "is_falling_back": True}}) is None
    assert find_reply({}) is find_reply({"m.relates_to": {"m.in_reply_to": "$a"}}) is None


def test_threads_are_found_within_three_hops() -> None:
    """A reaction to an answer is in its thread; one to the root is in the main timeline; loops end."""
    known = {
        "$answer": Relation("m.thread", "$root"),
        "$edit": Relation("m.replace", "$answer"),
        "$reaction": Relation("m.annotation", "$edit"),
        "$far": Relation("m.reference", "$reaction"),
        "$loop": Relation("m.reference", "$loop"),
    }
    assert [find_thread(known[each], known) for each in ("$answer", "$edit", "$reaction")] == ["$root"] * 3
    assert find_thread(Relation("m.annotation", "$root"), known) is find_thread(None, known) is None
    assert find_thread(known["$loop"], known) is None
    assert find_thread(Relation("m.reference", "$far"), known) is None


@pytest.mark.parametrize(
    ("original", "replacement"),
    [
        (message("$a"), edit("$b", sender=BOB)),
        (message("$a"), edit("$b", room_id="!autre:a.fr")),
        (message("$a"), edit("$b", type="m.sticker")),
        (message("$a"), edit("$b", state_key="")),
        (message("$a", state_key=""), edit("$b")),
        (message("$a"), edit("$b", target="$c")),
        (message("$a"), edit("$b", has_content=False)),
        (message("$a"), message("$b")),
        (edit("$a", target="$z"), edit("$b")),
    ],
)
def test_unlawful_edits(original: Event, replacement: Event) -> None:
    """An edit that breaks any rule is ignored."""
    with pytest.raises(BadEdit):
        check_edit(original, replacement)
    assert find_latest_edit(original, [replacement]) is None


def test_the_latest_edit_counts() -> None:
    """The latest by time, then by id, counts; an encrypted edit hides its content."""
    edits = [edit("$b", origin_server_ts=5), edit("$d", origin_server_ts=9), edit("$c", origin_server_ts=9)]
    assert find_latest_edit(message("$a"), edits) == edits[1]
    assert find_latest_edit(message("$a"), []) is None
    check_edit(message("$a", type="m.room.encrypted"), edit("$b", type="m.room.encrypted", has_content=False))
