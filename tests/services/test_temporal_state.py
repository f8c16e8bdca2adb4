"""The temporal state of a room is the fold of its events, whatever people do and whichever commits fail."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tchap.base.errors import MatrixError
from tchap.storage.events import find_event
from tchap.storage.jobs import Tx
from tchap.storage.room_state import find_state_at
from tests.support.hall import Resident, open_hall
from tests.support.paths import quote
from tests.support.stalled_store import StalledStore

EXAMPLES = 10
ACTIONS = ("join", "join", "leave", "invite", "kick", "ban", "topic", "name", "nickname", "message")
Step = tuple[str, int, int]
step = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), st.integers(0, 2))


async def take(people: list[Resident], room_id: str, act: Step) -> None:
    """One step; it may be refused, and its commit may be broken."""
    kind, who, other = act
    actor, path = people[who], f"/rooms/{quote(room_id)}"
    try:
        if kind in ("join", "leave"):
            await actor.attempt("POST", f"{path}/{kind}", {})
        elif kind in ("invite", "kick", "ban"):
            await actor.attempt("POST", f"{path}/{kind}", {"user_id": people[other].user_id})
        elif kind == "nickname":
            content = {"membership": "join", "displayname": f"Nom {other}"}
            await actor.set_state(room_id, "m.room.member", content, actor.user_id)
        elif kind == "message":
            await actor.send(room_id, "Bonjour")
        else:
            await actor.set_state(room_id, f"m.room.{kind}", {kind: f"Eau {other}"})
    except MatrixError:
        pass


async def check_fold(store: Any, room_id: str) -> None:
    """At every position the rows that hold are what the events up to it make."""
    state: dict[tuple[str, str], str] = {}
    members: dict[str, tuple[str, str]] = {}
    for position, kind, key, event_id in await store.read(_find_events, room_id):
        if key is not None:
            state[(kind, key)] = event_id
        if kind == "m.room.member":
            members[key] = (event_id, (await store.read(_find_content, event_id))["membership"])
        rows = await store.read(find_state_at, room_id, position)
        assert len(rows) == len(state)
        assert {(row.type, row.state_key): row.event_id for row in rows} == state
        held = await store.read(_find_members_at, room_id, position)
        assert len(held) == len(members)
        assert {user_id: (event_id, membership) for user_id, event_id, membership in held} == members
    assert sorted(await store.read(_find_current, room_id)) == sorted(state)
    assert sorted(await store.read(_find_current_members, room_id)) == sorted(members)


async def _find_events(tx: Tx, room_id: str) -> list[Any]:
    return await tx.all(
        "SELECT position, type, state_key, event_id FROM events WHERE room_id = $1 ORDER BY position", room_id
    )


async def _find_content(tx: Tx, event_id: str) -> Any:
    stored = await find_event(tx, event_id)
    assert stored is not None
    return stored.client()["content"]


async def _find_members_at(tx: Tx, room_id: str, position: int) -> list[Any]:
    return await tx.all(
        """SELECT user_id, event_id, membership FROM memberships
           WHERE room_id = $1 AND from_position <= $2 AND (to_position IS NULL OR to_position > $2)""",
        room_id,
        position,
    )


async def _find_current(tx: Tx, room_id: str) -> list[Any]:
    return await tx.all("SELECT type, state_key FROM room_state WHERE room_id = $1 AND to_position IS NULL", room_id)


async def _find_current_members(tx: Tx, room_id: str) -> list[Any]:
    rows = await tx.all("SELECT user_id FROM memberships WHERE room_id = $1 AND to_position IS NULL", room_id)
    return [row[0] for row in rows]


async def tell(folder: Path, bursts: list[list[Step]], broken: set[int]) -> None:
    """Each burst is taken at once, then the next."""
    async with open_hall(folder) as hall:
        people = [await hall.enter(name) for name in ("camille", "zoe", "karim")]
        room_id = await people[0].create_room(preset="public_chat", topic="Eau", invite=[people[1].user_id])
        store = StalledStore(hall.house.world.store)
        store.broken = broken
        hall.house.world.store = store  # type: ignore[assignment]
        for burst in bursts:
            await asyncio.gather(*(take(people, room_id, act) for act in burst))
        hall.house.world.store = store.inner
        await check_fold(store.inner, room_id)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(step, min_size=1, max_size=4), max_size=8), st.sets(st.integers(0, 12), max_size=3))
def test_the_temporal_state_is_the_fold_of_the_events(bursts: list[list[Step]], broken: set[int]) -> None:
    """One row holds per key at every position, and it names the last event of the key."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder), bursts, broken))
