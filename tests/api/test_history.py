"""Reading rooms back: pages, context, members, and what is hidden from whom."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.hall import Hall, Resident, open_hall
from tests.support.paths import quote


async def _read_all(reader: Resident, room_id: str, direction: str, limit: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    token = ""
    while True:
        query = f"dir={direction}&limit={limit}" + (f"&from={token}" if token else "")
        page = await reader.ask("GET", f"/rooms/{quote(room_id)}/messages?{query}")
        events += page["chunk"]
        if "end" not in page:
            return events
        token = page["end"]


def _bodies(events: list[dict[str, Any]]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


def test_pages_hold_everything_once_in_both_directions(tmp_path: Path) -> None:
    """Pages of any size, forwards or backwards, together hold every event once, in order."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            for number in range(7):
                await camille.send(room_id, f"message {number}")
            forwards = [event["event_id"] for event in await _read_all(camille, room_id, "f", 3)]
            backwards = [event["event_id"] for event in await _read_all(camille, room_id, "b", 4)]
            assert forwards == backwards[::-1]
            assert len(set(forwards)) == len(forwards)
            assert _bodies(await _read_all(camille, room_id, "f", 100)) == [f"message {n}" for n in range(7)]

    asyncio.run(story())


def test_paging_starts_from_a_sync_token(tmp_path: Path) -> None:
    """A `prev_batch` and a `next_batch` of /sync are places to read from."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            for number in range(5):
                await camille.send(room_id, f"message {number}")
            synced = await camille.sync(filter={"room": {"timeline": {"limit": 2}}})
            before = synced["rooms"]["join"][room_id]["timeline"]["prev_batch"]
            path = f"/rooms/{quote(room_id)}/messages"
            page = await camille.ask("GET", f"{path}?dir=b&from={before}&limit=3")
            assert _bodies(page["chunk"]) == ["message 2", "message 1", "message 0"]
            await camille.send(room_id, "later")
            page = await camille.ask("GET", f"{path}?dir=f&from={synced['next_batch']}")
            assert _bodies(page["chunk"]) == ["later"]

    asyncio.run(story())


async def _room_of_two(hall: Hall, visibility: str) -> tuple[Resident, Resident, str]:
    camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
    rule = {"type": "m.room.history_visibility", "content": {"history_visibility": visibility}}
    room_id = await camille.create_room(initial_state=[rule])
    await camille.send(room_id, "before the invitation")
    await camille.act(room_id, "invite", dominique.user_id)
    await camille.send(room_id, "before the join")
    await dominique.join(room_id)
    await camille.send(room_id, "together")
    return camille, dominique, room_id


def test_history_is_seen_as_its_visibility_says(tmp_path: Path) -> None:
    """A newcomer sees all of a shared history, an invited one from the invitation on, a joined one from the join on."""

    async def story() -> None:
        seen = {}
        for visibility in ("shared", "invited", "joined"):
            async with open_hall(tmp_path / visibility) as hall:
                _, dominique, room_id = await _room_of_two(hall, visibility)
                seen[visibility] = _bodies(await _read_all(dominique, room_id, "f", 2))
        everything = ["before the invitation", "before the join", "together"]
        assert seen == {"shared": everything, "invited": everything[1:], "joined": everything[2:]}

    asyncio.run(story())


def test_those_who_left_see_nothing_later(tmp_path: Path) -> None:
    """Somebody who left reads up to their departure, in pages, state, members and single events; a stranger nothing."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique, room_id = await _room_of_two(hall, "shared")
            await dominique.leave(room_id)
            hidden = await camille.send(room_id, "secret")
            await camille.set_state(room_id, "m.room.topic", {"topic": "secret"})
            assert _bodies(await _read_all(dominique, room_id, "b", 10))[0] == "together"
            base = f"/rooms/{quote(room_id)}"
            assert (await dominique.call("GET", f"{base}/event/{quote(hidden)}")).status == 404
            assert (await dominique.call("GET", f"{base}/context/{quote(hidden)}")).status == 404
            assert (await dominique.call("GET", f"{base}/state/m.room.topic/")).status == 404
            assert (await dominique.call("GET", f"{base}/joined_members")).status == 403
            stranger = await hall.enter("eliott")
            for path in ("/messages?dir=b", "/state", "/members", "/joined_members"):
                reply = await stranger.call("GET", base + path)
                assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            await dominique.ask("POST", f"{base}/forget")
            assert (await dominique.call("GET", f"{base}/messages?dir=b")).status == 403

    asyncio.run(story())


def test_context_surrounds_an_event(tmp_path: Path) -> None:
    """Context gives what stands on both sides, the state, and tokens to go on with."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            sent = [await camille.send(room_id, f"message {number}") for number in range(5)]
            found = await camille.ask("GET", f"/rooms/{quote(room_id)}/context/{quote(sent[2])}?limit=2")
            assert found["event"]["event_id"] == sent[2]
            assert _bodies(found["events_before"]) == ["message 1"]
            assert _bodies(found["events_after"]) == ["message 3"]
            assert {event["type"] for event in found["state"]} >= {"m.room.create", "m.room.member"}
            path = f"/rooms/{quote(room_id)}/messages"
            earlier = await camille.ask("GET", f"{path}?dir=b&limit=1&from={found['start']}")
            later = await camille.ask("GET", f"{path}?dir=f&from={found['end']}")
            assert _bodies(earlier["chunk"]) == ["message 0"]
            assert _bodies(later["chunk"]) == ["message 4"]

    asyncio.run(story())


def test_members_are_filtered(tmp_path: Path) -> None:
    """The members of a room can be asked for by membership, and as they were at a token."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique, room_id = await _room_of_two(hall, "shared")
            token = (await camille.sync())["next_batch"]
            await dominique.leave(room_id)
            path = f"/rooms/{quote(room_id)}/members"

            async def members(query: str) -> set[str]:
                return {e["state_key"] for e in (await camille.ask("GET", path + query))["chunk"]}

            assert await members("?membership=join") == {camille.user_id}
            assert await members("?not_membership=join") == {dominique.user_id}
            assert await members(f"?membership=join&at={token}") == {camille.user_id, dominique.user_id}

    asyncio.run(story())


def test_bad_questions_are_refused(tmp_path: Path) -> None:
    """A missing direction, a foreign token and a broken filter are the caller's errors."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            path = f"/rooms/{quote(await camille.create_room())}/messages"
            for query, errcode in {
                "": "M_MISSING_PARAM",
                "?dir=x": "M_INVALID_PARAM",
                "?dir=b&from=nowhere": "M_INVALID_PARAM",
                "?dir=b&filter=nothing": "M_INVALID_PARAM",
                "?dir=b&limit=-1": "M_INVALID_PARAM",
            }.items():
                reply = await camille.call("GET", path + query)
                assert (reply.status, reply.body["errcode"]) == (400, errcode)

    asyncio.run(story())
