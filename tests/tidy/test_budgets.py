"""The roads from a request to its rows stay short, counted on the stack of the real application."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.app import build_live
from tests.support.accounts import Person, person, register
from tests.support.house import House, open_house
from tests.support.measure import MeasuredStore, Roads

V3 = "/_matrix/client/v3"
MAX_ROOMS = 4
MAX_SEND_DEPTH = 12
MAX_SYNC_DEPTH = 14
MAX_REGISTER_DEPTH = 10
CAMILLE = "camille.durand@prefecture.example.fr"
ZOE = "zoe.petit@hopital.example.fr"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@contextlib.contextmanager
def measuring(house: House, roads: Roads) -> Iterator[None]:
    plain = house.world.store
    house.world.store = MeasuredStore(plain, roads)  # type: ignore[assignment]
    try:
        yield
    finally:
        house.world.store = plain


def forget(house: House) -> None:
    """As after a restart: what is only remembered is read again, which is the longest road."""
    house.world.live = build_live(house.world.settings, house.clock)


def check_budget(roads: Roads, max_depth: int) -> None:
    assert roads.taken
    assert roads.deepest.depth <= max_depth, "\n".join(roads.deepest.frames)
    assert len(roads.rooms) <= MAX_ROOMS, roads.rooms


async def open_room(house: House, email: str) -> tuple[Person, str]:
    agent = await person(house, email)
    answer = await house.ask("POST", f"{V3}/createRoom", {"name": "Crise de l'eau"}, agent.token)
    return agent, answer["room_id"]


@pytest.mark.anyio
async def test_the_road_of_a_send_is_short(house: House) -> None:
    """Sending crosses at most four rooms and twelve frames, in a hot room and in one nobody remembers."""
    agent, room_id = await open_room(house, CAMILLE)
    path = f"{V3}/rooms/{quote(room_id)}/send/m.room.encrypted"
    roads = Roads()
    with measuring(house, roads):
        for number in range(2):
            await house.ask("PUT", f"{path}/{number}", {"ciphertext": "…"}, agent.token)
            forget(house)
        await house.ask("PUT", f"{path}/2", {"ciphertext": "…"}, agent.token)
    check_budget(roads, MAX_SEND_DEPTH)


@pytest.mark.anyio
async def test_the_road_of_a_sync_is_short(house: House) -> None:
    """Syncing crosses at most four rooms and fourteen frames: the first time, with news, and after a restart."""
    agent, room_id = await open_room(house, CAMILLE)
    path = f"{V3}/rooms/{quote(room_id)}/send/m.room.encrypted"
    roads = Roads()
    since = ""
    for number in range(3):
        with measuring(house, roads):
            synced = await house.ask("GET", f"{V3}/sync{since}", None, agent.token)
        since = f"?since={synced['next_batch']}"
        await house.ask("PUT", f"{path}/{number}", {"ciphertext": "…"}, agent.token)
        if number == 1:
            forget(house)
    check_budget(roads, MAX_SYNC_DEPTH)


@pytest.mark.anyio
async def test_the_road_of_a_registration_is_short(house: House) -> None:
    """Registering crosses at most four rooms and ten frames, from the code asked for to the first session."""
    roads = Roads()
    with measuring(house, roads):
        await register(house, ZOE)
    check_budget(roads, MAX_REGISTER_DEPTH)
