"""The one door by which events enter a room, when things go wrong at it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tchap.app import build_live
from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.live.rooms import LiveRoom
from tchap.services.live_rooms import find_live_room
from tchap.services.messages import MessageWish, send_event
from tchap.storage.jobs import Tx
from tests.support.hall import Hall, Resident, open_hall
from tests.support.stalled_store import Broken, StalledStore

TEXT = MessageWish("m.room.message", {"msgtype": "m.text", "body": "Bonjour"})


@dataclass(slots=True)
class Stage:
    """A room, its owner, the store under the test's hand, and what the notifier was told of the room."""

    hall: Hall
    store: StalledStore
    owner: Resident
    room_id: str
    told: list[int] = field(default_factory=list)

    @property
    def rooms(self) -> Any:
        return self.hall.house.world.live.rooms

    async def live(self) -> LiveRoom:
        room = await find_live_room(self.hall.house.world, self.room_id)
        assert room is not None
        return room

    def send(self, text: str) -> asyncio.Task[str]:
        return asyncio.create_task(self.owner.send(self.room_id, text))

    async def query(self, sql: str, *params: Any) -> list[Any]:
        async def job(tx: Tx) -> list[Any]:
            return await tx.all(sql, *params)

        return list(await self.hall.house.world.store.read(job))

    async def bodies(self) -> list[str]:
        rows = await self.query(
            "SELECT event_id FROM events WHERE room_id = $1 AND type = 'm.room.message' ORDER BY ordering",
            self.room_id,
        )
        return [row[0] for row in rows]

    async def check_whole(self) -> None:
        """What memory holds of the room is what the disk holds, and every event has its own place."""
        remembered = await self.live()
        assert remembered.committing == 0
        self.rooms.drop(remembered)
        loaded = await self.live()
        assert loaded is not remembered
        assert facts(remembered) == facts(loaded)
        places = [row[0] for row in await self.query("SELECT ordering FROM events WHERE room_id = $1", self.room_id)]
        assert len(places) == len(set(places))


def facts(room: LiveRoom) -> dict[str, Any]:
    return {
        "state": {key: event.event_id for key, event in room.state.items()},
        "joined": room.joined,
        "extremities": room.extremities,
        "places": (room.depth, room.last_ordering, room.revision, room.last_position),
        "recent": [(each.event_id, each.position, each.ordering, each.client_json) for each in room.recent],
    }


def listen(stage: Stage) -> None:
    """Every telling is checked against the disk's own knowledge: nothing is told before its commit."""
    notifier, plain = stage.hall.house.world.live.notifier, stage.hall.house.world.live.notifier.tell

    def tell(position: int, rooms: Any = (), users: Any = ()) -> None:
        assert position <= stage.store.inner.committed_position()
        stage.told.append(position)
        plain(position, rooms, users)

    notifier.tell = tell  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    async with open_hall(folder) as hall:
        store = StalledStore(hall.house.world.store)
        owner = await hall.enter("camille")
        room_id = await owner.create_room(preset="public_chat")
        await owner.send(room_id, "Premier")
        hall.house.world.store = store  # type: ignore[assignment]
        stage = Stage(hall, store, owner, room_id)
        listen(stage)
        try:
            yield stage
        finally:
            store.release()
            hall.house.world.store = store.inner


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def settle() -> None:
    """Everything that can run without the disk has run."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_failed_commit_fails_its_caller_alone(stage: Stage) -> None:
    """Appends built on one that fails are built again on the true room, which memory and disk agree upon."""
    before = await stage.bodies()
    stage.store.broken = {1}
    stage.store.stall()
    sends = [stage.send(f"message {number}") for number in range(4)]
    await settle()
    renamed = asyncio.create_task(stage.owner.set_state(stage.room_id, "m.room.topic", {"topic": "L'eau"}))
    await settle()
    assert stage.told == []
    stage.store.release()
    answers = await asyncio.gather(*sends, renamed, return_exceptions=True)
    assert isinstance(answers[1], Broken)
    kept = [answer for number, answer in enumerate(answers) if number != 1]
    assert all(isinstance(answer, str) for answer in kept)
    assert sorted(await stage.bodies()) == sorted([*before, *map(str, kept[:3])])
    assert len(stage.told) == 4
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_failed_state_event_leaves_no_trace(stage: Stage) -> None:
    """A join that is not stored is not in memory either, nor is what the joined person sent on the strength of it."""
    guest = await stage.hall.enter("zoe")
    stage.store.writes, stage.store.broken = 0, {0}
    stage.store.stall()
    join = asyncio.create_task(guest.call("POST", f"/rooms/{stage.room_id}/join", {}))
    await stage.store.is_waiting.wait()
    spoken = asyncio.create_task(guest.send(stage.room_id, "Me voici"))
    await settle()
    stage.store.release()
    answers = await asyncio.gather(join, spoken, return_exceptions=True)
    assert isinstance(answers[0], Broken) or answers[0].status >= 400
    assert isinstance(answers[1], MatrixError)
    assert answers[1].errcode == "M_FORBIDDEN"
    assert guest.user_id not in (await stage.live()).joined
    await stage.check_whole()


@pytest.mark.anyio
async def test_an_append_that_plans_while_its_ground_fails_is_planned_again(stage: Stage) -> None:
    """The revision alone would accept it, for the room has meanwhile come to the same number another way."""
    root = (await stage.bodies())[0]
    reply = {"msgtype": "m.text", "body": "?", "m.relates_to": {"rel_type": "m.reference", "event_id": root}}
    room = await stage.live()
    room.recent.clear()
    plain, gate = stage.store.inner.read, asyncio.Event()

    async def slow_read(job: Any, *args: Any) -> Any:
        answer = await plain(job, *args)
        if job.__name__ == "find_event":
            await gate.wait()
        return answer

    stage.store.broken = {0}
    stage.store.read = slow_read  # type: ignore[method-assign]
    stage.store.stall()
    failing = stage.send("perdu")
    await settle()
    planning = asyncio.create_task(stage.owner.send(stage.room_id, reply))
    await settle()
    stage.store.release()
    with pytest.raises(Broken):
        await failing
    other = await stage.send("entre-temps")
    gate.set()
    answer = await planning
    assert (await stage.bodies())[-2:] == [other, answer]
    assert (await stage.live()).extremities == (answer,)
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_room_forgotten_during_a_commit_is_found_out(stage: Stage) -> None:
    """An append built on a copy loaded before the commit is refused by the revision and built again."""
    stage.store.stall()
    first = stage.send("un")
    await settle()
    stage.rooms.drop(await stage.live())
    assert (await stage.live()).last_ordering < 10**6
    second = stage.send("deux")
    await settle()
    stage.store.release()
    answers = [await first, await second]
    assert (await stage.bodies())[-2:] == answers
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_room_is_not_evicted_during_a_commit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a copy loaded meanwhile would never hear of the event, and syncs served from it would miss it."""
    other = await stage.owner.create_room()
    monkeypatch.setattr(limits, "MAX_LIVE_ROOMS", 1)
    await stage.check_whole()
    stage.store.stall()
    first = stage.send("un")
    await settle()
    await find_live_room(stage.hall.house.world, other)
    await find_live_room(stage.hall.house.world, stage.room_id)
    stage.store.release()
    sent = await first
    assert (await stage.live()).recent[-1].event_id == sent
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_caller_who_goes_away_stops_nothing(stage: Stage) -> None:
    """The event is stored and told once; the same transaction id, tried again meanwhile, is answered with it."""
    world, requester = stage.hall.house.world, stage.owner.requester
    before = len(await stage.bodies())
    stage.store.stall()
    first = asyncio.create_task(send_event(world, requester, stage.room_id, TEXT, "same"))
    await settle()
    again = asyncio.create_task(send_event(world, requester, stage.room_id, TEXT, "same"))
    impatient = asyncio.create_task(send_event(world, requester, stage.room_id, TEXT, "same"))
    await settle()
    impatient.cancel()
    await settle()
    first.cancel()
    await settle()
    stage.store.release()
    sent = await again
    assert first.cancelled()
    assert (await stage.bodies())[before:] == [sent]
    assert len(stage.told) == 1
    assert (await stage.live()).extremities == (sent,)
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_refused_transaction_is_refused_to_all_who_repeat_it(stage: Stage) -> None:
    """A repetition that waited for a failed first attempt is an attempt of its own."""
    guest = await stage.hall.enter("zoe")
    world = stage.hall.house.world
    sends = [send_event(world, guest.requester, stage.room_id, TEXT, "same") for _ in range(3)]
    answers = await asyncio.gather(*sends, return_exceptions=True)
    assert [getattr(answer, "errcode", answer) for answer in answers] == ["M_FORBIDDEN"] * 3


@pytest.mark.anyio
async def test_a_transaction_is_one_event(stage: Stage) -> None:
    """The same transaction id used at once, and again when memory is gone, gives one event: a reaction too."""
    world, requester = stage.hall.house.world, stage.owner.requester
    before = len(await stage.bodies())
    target = (await stage.bodies())[0]
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": "👍"}}
    for wish in (TEXT, MessageWish("m.reaction", reaction)):
        sends = [send_event(world, requester, stage.room_id, wish, "same") for _ in range(5)]
        answers = set(await asyncio.gather(*sends))
        world.live = build_live(world.settings, world.clock)
        sends = [send_event(world, requester, stage.room_id, wish, "same") for _ in range(5)]
        answers |= set(await asyncio.gather(*sends))
        assert len(answers) == 1
    assert len(await stage.bodies()) == before + 1
    await stage.check_whole()


@pytest.mark.anyio
async def test_of_two_equal_reactions_at_once_one_is_accepted(stage: Stage) -> None:
    """The other is M_DUPLICATE_ANNOTATION, until the first is redacted."""
    target = (await stage.bodies())[0]
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": "👍"}}
    sends = [stage.owner.send(stage.room_id, content, "m.reaction") for _ in range(2)]
    answers = await asyncio.gather(*sends, stage.send("à côté"), return_exceptions=True)
    kept = [answer for answer in answers[:2] if isinstance(answer, str)]
    refused = [answer for answer in answers[:2] if isinstance(answer, MatrixError)]
    assert len(kept) == 1
    assert [answer.errcode for answer in refused] == ["M_DUPLICATE_ANNOTATION"]
    assert isinstance(answers[2], str)
    await stage.owner.redact(stage.room_id, kept[0])
    await stage.owner.send(stage.room_id, content, "m.reaction")
    await stage.check_whole()


@pytest.mark.anyio
async def test_a_message_costs_the_same_whatever_the_members(stage: Stage) -> None:
    """A plain message to a room in memory reads nothing and is one job of five statements."""
    counts = []
    for guests in (0, 8):
        for number in range(guests):
            await (await stage.hall.enter(f"agent{number}")).join(stage.room_id)
        await stage.owner.send(stage.room_id, "Tous en mémoire")
        store = stage.store
        store.reads, store.writes = 0, 0
        store.statements.clear()
        await stage.owner.send(stage.room_id, "Bonjour")
        counts.append((store.reads, store.writes, len(store.statements)))
    assert counts == [(0, 1, 5), (0, 1, 5)], stage.store.statements
