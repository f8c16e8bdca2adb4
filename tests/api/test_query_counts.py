"""The number of statements of an answer follows neither the rooms of an account nor the members of a room."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_sliding_sync import ALL_EXTENSIONS, EVERYTHING, slide
from tests.support.counting import count_statements
from tests.support.engines import ENGINES, Engines
from tests.support.hall import Hall, Resident
from tests.support.paths import quote

pytestmark = pytest.mark.anyio
FEW_ROOMS, MANY_ROOMS = 3, 40
FEW_MEMBERS, MANY_MEMBERS = 3, 60
# More than a timeline shows: how the room began asks for more statements, and is told in the small one only.
WORDS = 11
LAZY = {"room": {"state": {"lazy_load_members": True}}}
LAZY_LIST = {"ranges": [[0, 99]], "timeline_limit": 1, "required_state": [["m.room.member", "$LAZY"], ["*", "*"]]}
Step = Callable[[str | None], Awaitable[Any]]


@pytest.fixture(scope="module", params=ENGINES)
async def hall(request: pytest.FixtureRequest, engines: Engines, tmp_path_factory: Any) -> AsyncIterator[Hall]:
    folder: Path = tmp_path_factory.mktemp("hall")
    async with engines.open_hall(request.param, folder) as hall:
        yield hall


@pytest.fixture(scope="module")
async def accounts(hall: Hall) -> list[tuple[Resident, Resident, list[str]]]:
    """Somebody in few rooms and somebody in many, each with another who speaks there."""
    return [await an_account(hall, f"compte{rooms}", rooms) for rooms in (FEW_ROOMS, MANY_ROOMS)]


async def an_account(hall: Hall, name: str, rooms: int) -> tuple[Resident, Resident, list[str]]:
    resident, speaker = await hall.enter(name), await hall.enter(f"voix-{name}")
    made = [await resident.create_room(preset="public_chat") for _ in range(rooms)]
    for room_id in made:
        await speaker.join(room_id)
    return resident, speaker, made


async def speak(speaker: Resident, rooms: list[str]) -> None:
    for number, room_id in enumerate(rooms):
        event_id = await speaker.send(room_id, "bonjour")
        await speaker.read(room_id, event_id)
        if number % 2:
            await speaker.set_state(
                room_id, "m.room.member", {"membership": "join", "displayname": "V"}, speaker.user_id
            )


async def counts_of(resident: Resident, speaker: Resident, rooms: list[str], step: Step) -> list[int]:
    """Statements of an initial answer, of one with news in every room, of one with a message, of one with nothing."""
    counts = []
    token = None

    async def one() -> None:
        nonlocal token
        with count_statements(resident.hall.house.world) as count:
            token = await step(token)
        counts.append(count.statements)

    await one()
    await speak(speaker, rooms)
    await one()
    await speaker.send(rooms[0], "encore")
    await one()
    await one()
    return counts


@pytest.mark.parametrize("filter", [{}, LAZY], ids=["all", "lazy"])
async def test_sync_costs_the_same_in_few_rooms_and_many(hall: Hall, accounts: Any, filter: Any) -> None:
    """Initial and incremental /sync: the same number of statements; one message or nothing new costs none."""
    found = []
    for resident, speaker, rooms in accounts:

        async def step(token: str | None, resident: Resident = resident) -> str:
            return str((await resident.sync(token, filter=filter))["next_batch"])

        found.append(await counts_of(resident, speaker, rooms, step))
    assert found[0] == found[1]
    assert found[0][2:] == [0, 0]


@pytest.mark.parametrize("window", [EVERYTHING, LAZY_LIST], ids=["all", "lazy"])
async def test_sliding_sync_costs_the_same_in_few_rooms_and_many(hall: Hall, accounts: Any, window: Any) -> None:
    """Initial and incremental sliding sync: the same number of statements, the more so when there is less to say."""
    found = []
    for resident, speaker, rooms in accounts:

        async def step(token: str | None, resident: Resident = resident) -> str:
            body = await slide(resident, token, lists={"all": window}, extensions=ALL_EXTENSIONS)
            return str(body["pos"])

        found.append(await counts_of(resident, speaker, rooms, step))
    assert found[0] == found[1]
    assert found[0][3] <= found[0][2] <= found[0][1]


@pytest.mark.parametrize("what", ["members", "joined_members", "members?membership=join", "state", "messages?dir=b"])
async def test_lists_cost_the_same_with_few_members_and_many(hall: Hall, crowds: Any, what: str) -> None:
    """The members and the state of a room take a fixed number of statements."""
    found, sizes = [], []
    for resident, room_id in crowds:
        with count_statements(hall.house.world) as count:
            body = await resident.ask("GET", f"/rooms/{quote(room_id)}/{what}")
        found.append(count.statements)
        if "members" in what:
            sizes.append(len(body.get("chunk", body.get("joined"))))
    assert found[0] == found[1]
    assert sizes in ([], [FEW_MEMBERS, MANY_MEMBERS])


@pytest.fixture(scope="module")
async def crowds(hall: Hall) -> list[tuple[Resident, str]]:
    """A room of few members and one of many, each with one of them."""
    found = []
    people = [await hall.enter(f"foule{number}") for number in range(MANY_MEMBERS)]
    for size in (FEW_MEMBERS, MANY_MEMBERS):
        room_id = await people[0].create_room(preset="public_chat")
        await asyncio.gather(*(each.join(room_id) for each in people[1:size]))
        for number in range(WORDS):
            await people[0].send(room_id, f"mot {number}")
        found.append((people[0], room_id))
    return found


async def test_a_crowded_room_costs_sync_no_more(hall: Hall, crowds: Any) -> None:
    """The rooms of few and of many members are synced with as many statements, at first and after a word in them."""
    found = []
    # The very first answers of all also learn what the person follows, and whether messages wait.
    await crowds[0][0].sync((await crowds[0][0].sync())["next_batch"])
    for resident, room_id in crowds:
        wanted = {"room": {"rooms": [room_id]}}
        subscription = {room_id: {"timeline_limit": 5, "required_state": [["*", "*"]]}}
        token, pos = None, None
        for _ in range(2):
            with count_statements(hall.house.world) as count:
                token = (await resident.sync(token, filter=wanted))["next_batch"]
                pos = (await slide(resident, pos, room_subscriptions=subscription, conn_id=room_id[1:9]))["pos"]
            found.append(count.statements)
            await resident.set_state(room_id, "m.room.topic", {"topic": "un sujet"})
    assert found[:2] == found[2:]
