"""What a room's history is read with, on both engines."""

from dataclasses import replace

import pytest

from tchap.protocol.stored_event import StoredEvent
from tchap.storage import relations
from tchap.storage.database import Store, Tx
from tchap.storage.events import add_events, find_place, find_position_of_place
from tchap.storage.relations import RelationQuery, ThreadQuery, ThreadSummary
from tchap.storage.room_state import StateRow, find_member_events_at, find_state_events_at, set_states
from tchap.storage.sync import find_at_places

pytestmark = pytest.mark.anyio
ROOM = "!salon:test.example.fr"
CAMILLE, DOMINIQUE = "@camille:test.example.fr", "@dominique:test.example.fr"


def _event(number: int, sender: str = CAMILLE, relation: tuple[str, str] | None = None) -> StoredEvent:
    rel_type, parent = relation or (None, None)
    return StoredEvent(
        event_id=f"${number}",
        room_id=ROOM,
        position=number * 10,
        ordering=number,
        depth=number,
        type="m.room.message",
        state_key=None,
        sender=sender,
        origin_server_ts=number,
        relates_to=parent,
        rel_type=rel_type,
        thread_id=None,
        redacted_by=None,
        status=0,
        txn_device=None,
        txn_id=None,
        client_json=b"{}",
        graph_json=b"{}",
    )


async def test_children_of_an_event(store: Store) -> None:
    """Edits, references, threads and children of any kind are found with their bounds."""
    events = [
        _event(1),
        _event(2, relation=("m.replace", "$1")),
        _event(3, relation=("m.replace", "$1")),
        _event(4, DOMINIQUE, ("m.replace", "$1")),
        _event(5, relation=("m.reference", "$1")),
        _event(6, relation=("m.thread", "$1")),
        _event(7, DOMINIQUE, ("m.thread", "$1")),
    ]

    async def read(tx: Tx) -> None:
        assert [e.event_id for e in await relations.find_edits(tx, ["$1"], 5)] == ["$3", "$2"]
        assert await relations.find_references(tx, ["$1"], 5) == [("$1", "$5")]
        everybody = await relations.find_thread_summaries(tx, ["$1"], DOMINIQUE, [])
        assert everybody == [ThreadSummary("$1", 2, 7, True)]
        without = await relations.find_thread_summaries(tx, ["$1"], CAMILLE, [DOMINIQUE])
        assert without == [ThreadSummary("$1", 1, 6, True)]
        assert [e.event_id for e in await find_at_places(tx, [ROOM], [6, 2])] in (["$2", "$6"], ["$6", "$2"])
        query = RelationQuery(ROOM, ("$1",), "m.replace", "", 2, 100, 1, backwards=False)
        assert [e.event_id for e in await relations.find_children(tx, query)] == ["$3"]
        assert await relations.find_child_ids(tx, ROOM, ["$1"], 2) == ["$2", "$3"]
        assert await relations.find_threads(tx, ThreadQuery(ROOM, 100, 5)) == [("$1", 7)]
        assert await relations.find_threads(tx, ThreadQuery(ROOM, 100, 5, "@eliott:test.example.fr")) == []
        assert await relations.has_related(tx, "$1", [DOMINIQUE], ["m.thread"])
        assert not await relations.has_related(tx, "$1", [DOMINIQUE], ["m.reference"])
        assert (await find_place(tx, ROOM, 35), await find_position_of_place(tx, ROOM, 4)) == (3, 40)

    await store.write(add_events, events)
    await store.read(read)


async def test_state_at_a_position(store: Store) -> None:
    """State is found as it was at a position, with all members, some or only them."""

    def member(number: int, user_id: str) -> StoredEvent:
        return replace(_event(number), type="m.room.member", state_key=user_id)

    events = [member(1, CAMILLE), member(2, DOMINIQUE), replace(_event(3), type="m.room.topic", state_key="")]
    rows = [(StateRow(e.type, e.state_key or "", e.event_id), e.position or 0) for e in events]

    async def read(tx: Tx) -> None:
        async def ids(position: int, members: list[str] | None = None) -> set[str]:
            return {e.event_id for e in await find_state_events_at(tx, ROOM, position, members)}

        assert await ids(30) == {"$1", "$2", "$3"}
        assert await ids(20) == {"$1", "$2"}
        assert await ids(30, [DOMINIQUE]) == {"$2", "$3"}
        assert {e.event_id for e in await find_member_events_at(tx, ROOM, 10)} == {"$1"}

    await store.write(add_events, events)
    await store.write(set_states, ROOM, rows)
    await store.read(read)
