"""Following threads over HTTP (MSC4306), and hearing of it in sliding sync (MSC4308)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import SOON_S, Reply, until_polling
from tests.support.paths import quote

UNSTABLE = "/_matrix/client/unstable"
EXTENSION = "io.element.msc4308.thread_subscriptions"


async def call(who: Resident, method: str, room_id: str, root: str, body: object = None) -> Reply:
    path = f"{UNSTABLE}/io.element.msc4306/rooms/{quote(room_id)}/thread/{quote(root)}/subscription"
    return await who.hall.house.call(method, path, body, who.token)


async def follow(who: Resident, room_id: str, root: str, cause: str | None = None) -> Reply:
    return await call(who, "PUT", room_id, root, {} if cause is None else {"automatic": cause})


async def reply(who: Resident, room_id: str, root: str) -> str:
    content = {"msgtype": "m.text", "body": "oui", "m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    return await who.send(room_id, content)


async def slide(who: Resident, pos: str | None = None, limit: int = 100, timeout_ms: int = 0) -> Any:
    query = f"?timeout={timeout_ms}" + (f"&pos={pos}" if pos else "")
    body = {"extensions": {EXTENSION: {"enabled": True, "limit": limit}}}
    return await who.hall.house.ask("POST", f"{UNSTABLE}/org.matrix.simplified_msc3575/sync{query}", body, who.token)


async def changes(who: Resident, query: str) -> Any:
    return await who.hall.house.ask(
        "GET", f"{UNSTABLE}/io.element.msc4308/thread_subscriptions?{query}", None, who.token
    )


async def set_stage(hall: Hall) -> tuple[Resident, Resident, str, str]:
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat")
    await zoe.join(room_id)
    return camille, zoe, room_id, await camille.send(room_id, "Un fil")


def test_a_thread_is_followed_and_left(tmp_path: Path) -> None:
    """By hand or by itself; by hand outranks; leaving twice is as leaving once; everybody for themselves."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe, room_id, root = await set_stage(hall)
            cause = await reply(camille, room_id, root)
            assert (await call(zoe, "GET", room_id, root)).status == 404
            assert (await call(zoe, "DELETE", room_id, root)).body == {}
            assert (await follow(zoe, room_id, root, cause)).body == {}
            assert (await call(zoe, "GET", room_id, root)).body == {"automatic": True}
            assert (await follow(zoe, room_id, root)).status == 200
            assert (await follow(zoe, room_id, root, cause)).status == 200
            assert (await call(zoe, "GET", room_id, root)).body == {"automatic": False}
            assert (await call(camille, "GET", room_id, root)).status == 404
            for _ in range(2):
                assert (await call(zoe, "DELETE", room_id, root)).body == {}
            assert (await call(zoe, "GET", room_id, root)).status == 404

    asyncio.run(story())


def test_what_was_left_does_not_come_back_by_itself(tmp_path: Path) -> None:
    """An event from before the leaving is refused as a cause, a later one is not; by hand always goes."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe, room_id, root = await set_stage(hall)
            before = await reply(camille, room_id, root)
            await follow(zoe, room_id, root, before)
            await call(zoe, "DELETE", room_id, root)
            refused = await follow(zoe, room_id, root, before)
            assert refused.status == 409
            assert refused.body["errcode"] == "IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION"
            after = await reply(camille, room_id, root)
            assert (await follow(zoe, room_id, root, after)).status == 200
            await call(zoe, "DELETE", room_id, root)
            assert (await follow(zoe, room_id, root)).status == 200

    asyncio.run(story())


def test_only_threads_one_sees_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that is not there, not in a room of others, not because of an event elsewhere; and not without end."""
    monkeypatch.setattr(limits, "MAX_THREAD_SUBSCRIPTIONS", 1)

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe, room_id, root = await set_stage(hall)
            closed = await camille.create_room()
            hidden = await camille.send(closed, "Entre nous")
            for method in ("PUT", "GET", "DELETE"):
                for where, which in ((room_id, "$nothing"), (closed, hidden), (room_id, hidden)):
                    refused = await call(zoe, method, where, which, {} if method == "PUT" else None)
                    assert (refused.status, refused.body["errcode"]) == (404, "M_NOT_FOUND")
            other = await camille.send(room_id, "Autre chose")
            for cause in (root, other):
                wrong = await follow(zoe, room_id, root, cause)
                assert (wrong.status, wrong.body["errcode"]) == (400, "IO.ELEMENT.MSC4306.M_NOT_IN_THREAD")
            assert (await follow(zoe, room_id, root, "$nothing")).status == 404
            assert (await follow(zoe, room_id, root)).status == 200
            many = await follow(zoe, room_id, other)
            assert (many.status, many.body["errcode"]) == (413, "M_TOO_LARGE")

    asyncio.run(story())


def test_sliding_sync_tells_what_changed(tmp_path: Path) -> None:
    """First all there is, then the changes, at once to a device that waits, and nothing when there is nothing."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe, room_id, root = await set_stage(hall)
            await follow(zoe, room_id, root)
            first = await slide(zoe)
            told = first["extensions"][EXTENSION]
            stamp = told["subscribed"][room_id][root].pop("bump_stamp")
            assert told == {"subscribed": {room_id: {root: {"automatic": False}}}}
            second = await slide(zoe, first["pos"])
            assert EXTENSION not in second["extensions"]
            waiting = asyncio.create_task(slide(zoe, second["pos"], timeout_ms=20_000))
            await until_polling(hall.house)
            await call(zoe, "DELETE", room_id, root)
            third = await asyncio.wait_for(waiting, SOON_S)
            gone = third["extensions"][EXTENSION]["unsubscribed"][room_id][root]["bump_stamp"]
            assert gone > stamp
            assert EXTENSION not in (await slide(camille))["extensions"]

    asyncio.run(story())


def test_what_has_no_room_in_a_sync_is_read_backwards(tmp_path: Path) -> None:
    """The latest changes come with the sync, the others page by page between its tokens, as clients use them."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe, room_id, root = await set_stage(hall)
            await follow(zoe, room_id, root)
            before = (await slide(zoe))["pos"]
            roots = [await camille.send(room_id, f"Fil {number}") for number in range(7)]
            for each in roots:
                await follow(zoe, room_id, each)
            now = await slide(zoe, before, limit=2)
            told = now["extensions"][EXTENSION]
            assert set(told["subscribed"][room_id]) == set(roots[5:])
            span = f"dir=b&to={before}&limit=3"
            page = await changes(zoe, f"{span}&from={told['prev_batch']}")
            assert set(page["subscribed"][room_id]) == set(roots[2:5])
            last = await changes(zoe, f"{span}&from={page['end']}")
            assert set(last["subscribed"][room_id]) == set(roots[:2])
            assert "end" not in last
            everything = await changes(zoe, "dir=b")
            assert set(everything["subscribed"][room_id]) == {root, *roots}
            assert await changes(camille, "dir=b") == {}
            for bad in ("", "dir=f", "dir=b&from=x", "dir=b&limit=0"):
                path = f"{UNSTABLE}/io.element.msc4308/thread_subscriptions?{bad}"
                assert (await hall.house.call("GET", path, token=zoe.token)).status == 400

    asyncio.run(story())
