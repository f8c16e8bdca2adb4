"""Hearing of threads written in since the last sliding sync, in all one's rooms (MSC4360)."""

import asyncio
from typing import Any

import httpx

from tests.support.engines import Tell
from tests.support.hall import Hall, Resident
from tests.support.house import SOON_S, Reply, until_polling
from tests.support.measure import MeasuredStore, Roads
from tests.support.paths import quote

Threads = dict[str, dict[str, Any]]
UNSTABLE = "/_matrix/client/unstable"
SYNC = f"{UNSTABLE}/org.matrix.simplified_msc3575/sync"
EXTENSION = "io.element.msc4360.threads"


async def slide(who: Resident, pos: str | None = None, timeline: int | None = None, **wanted: Any) -> Any:
    """A sync with the extension alone, or with a list of all rooms and their last events."""
    query = f"?timeout={wanted.pop('timeout_ms', 0)}" + (f"&pos={pos}" if pos else "")
    body: dict[str, Any] = {"extensions": {EXTENSION: {"enabled": True, **wanted}}}
    if timeline is not None:
        body["lists"] = {"all": {"ranges": [[0, 99]], "timeline_limit": timeline, "required_state": []}}
    return await who.hall.house.ask("POST", SYNC + query, body, who.token)


def updates(answer: Any) -> Threads:
    found: Threads = answer["extensions"].get(EXTENSION, {}).get("updates", {})
    return found


async def ask_page(who: Resident, **query: str | int) -> Reply:
    path = f"{UNSTABLE}/io.element.msc4360/thread_updates?{httpx.QueryParams(query)}"
    return await who.hall.house.call("GET", path, None, who.token)


async def page(who: Resident, **query: str | int) -> Any:
    reply = await ask_page(who, dir="b", **query)
    assert reply.status == 200, reply.body
    return reply.body


async def answer(who: Resident, room_id: str, root: str, body: str = "oui") -> str:
    content = {"msgtype": "m.text", "body": body, "m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    return await who.send(room_id, content)


async def set_stage(hall: Hall) -> tuple[Resident, Resident, str, str]:
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat")
    await zoe.join(room_id)
    return camille, zoe, room_id, await camille.send(room_id, "Un fil")


def test_a_device_hears_of_the_threads_it_missed(tell: Tell) -> None:
    """Each once, with its root, its last message and the way to the others; the same again if it asks again."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        quiet = await camille.send(room_id, "Un autre")
        await answer(camille, room_id, quiet)
        before = (await slide(zoe))["pos"]
        assert EXTENSION not in (await slide(zoe, before, include_roots=True))["extensions"]
        first = await answer(camille, room_id, root, "un")
        second = await answer(camille, room_id, root, "deux")
        for _ in range(2):
            now = await slide(zoe, before, include_roots=True)
            assert {room: list(threads) for room, threads in updates(now).items()} == {room_id: [root]}
            told = updates(now)[room_id][root]
            thread = told["thread_root"]["unsigned"]["m.relations"]["m.thread"]
            assert told["thread_root"]["event_id"] == root
            assert (thread["latest_event"]["event_id"], thread["count"]) == (second, 2)
            path = f"/_matrix/client/v1/rooms/{quote(room_id)}/relations/{quote(root)}/m.thread"
            rest = await hall.house.ask("GET", f"{path}?dir=b&from={told['prev_batch']}", None, zoe.token)
            assert [event["event_id"] for event in rest["chunk"]] == [first]
        last = await answer(camille, room_id, quiet)
        alone = updates(await slide(zoe, now["pos"], include_roots=True))[room_id][quiet]
        assert alone["thread_root"]["unsigned"]["m.relations"]["m.thread"]["latest_event"]["event_id"] == last
        assert "prev_batch" not in alone

    tell(story)


def test_what_the_timeline_tells_is_not_told_twice(tell: Tell) -> None:
    """Without roots a thread is named only where some message of it was cut off; with them it always is."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        other = await camille.send(room_id, "Un autre")
        start = await slide(zoe, timeline=2)
        await answer(camille, room_id, root)
        whole = await slide(zoe, start["pos"], timeline=2)
        assert whole["rooms"][room_id]["timeline"]
        assert EXTENSION not in whole["extensions"]
        assert updates(await slide(zoe, start["pos"], timeline=2, include_roots=True)).keys() == {room_id}
        await answer(camille, room_id, other)
        await answer(camille, room_id, root)
        await answer(camille, room_id, root)
        cut = await slide(zoe, whole["pos"], timeline=2)
        assert updates(cut) == {room_id: {other: {}}}
        await answer(camille, room_id, root)
        await answer(camille, room_id, other)
        await answer(camille, room_id, other)
        partly = await slide(zoe, cut["pos"], timeline=1)
        assert updates(partly)[room_id].keys() == {root, other}
        assert "prev_batch" in updates(partly)[room_id][other]

    tell(story)


def test_a_waiting_device_hears_at_once(tell: Tell) -> None:
    """Of a thread in a room that is in none of its lists; who does not ask hears nothing and waits on."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        before = (await slide(zoe))["pos"]
        waiting = asyncio.create_task(slide(zoe, before, timeout_ms=20_000))
        await until_polling(hall.house)
        await answer(camille, room_id, root)
        assert updates(await asyncio.wait_for(waiting, SOON_S)) == {room_id: {root: {}}}
        for off in ({"enabled": False}, {}):
            body = {"extensions": {EXTENSION: off}}
            silent = await hall.house.ask("POST", f"{SYNC}?pos={before}", body, zoe.token)
            assert silent["extensions"] == {}
        for wrong in ({"enabled": True, "limit": 0}, {"enabled": True, "include_roots": "oui"}):
            body = {"extensions": {EXTENSION: wrong}}
            assert (await hall.house.call("POST", SYNC, body, zoe.token)).status == 400

    tell(story)


def test_what_has_no_room_is_read_backwards(tell: Tell) -> None:
    """Page by page over all rooms, each thread once whatever is said meanwhile, down to where the device was."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        elsewhere = await camille.create_room(preset="public_chat")
        await zoe.join(elsewhere)
        await answer(camille, room_id, root)
        before = (await slide(zoe))["pos"]
        places = [elsewhere if number % 2 else room_id for number in range(7)]
        roots = [await camille.send(place, "Un fil") for place in places]
        for place, each in zip(places, roots, strict=True):
            await answer(camille, place, each)
        now = await slide(zoe, before, limit=2)
        assert updates(now) == {room_id: {roots[6]: {}}, elsewhere: {roots[5]: {}}}
        await answer(camille, places[0], roots[0])
        token = now["extensions"][EXTENSION]["prev_batch"]
        one = await page(zoe, **{"from": token, "to": before, "limit": 3})
        assert {each for threads in one["chunk"].values() for each in threads} == set(roots[2:5])
        assert one["chunk"][room_id][roots[4]]["thread_root"]["event_id"] == roots[4]
        two = await page(zoe, **{"from": one["next_batch"], "to": before, "limit": 3, "include_roots": "false"})
        assert two == {"chunk": {room_id: {roots[0]: {}}, elsewhere: {roots[1]: {}}}}
        everything = await page(zoe)
        assert {each for threads in everything["chunk"].values() for each in threads} == {root, *roots}
        assert await page(await hall.enter("ines")) == {"chunk": {}}

    tell(story)


def test_bad_pages_are_refused(tell: Tell) -> None:
    """A direction is needed and there is one; tokens are ours; a limit is at least one; and one is signed in."""

    async def story(hall: Hall) -> None:
        zoe = await hall.enter("zoe")
        bad: tuple[dict[str, str | int], ...] = (
            {},
            {"dir": "f"},
            {"dir": "b", "from": "x"},
            {"dir": "b", "from": "5"},
            {"dir": "b", "to": "x"},
            {"dir": "b", "limit": 0},
            {"dir": "b", "include_roots": "oui"},
        )
        for query in bad:
            assert (await ask_page(zoe, **query)).status == 400, query
        path = f"{UNSTABLE}/io.element.msc4360/thread_updates?dir=b"
        assert (await hall.house.call("GET", path)).status == 401

    tell(story)


def test_only_what_one_may_and_wants_to_see_counts(tell: Tell) -> None:
    """Not rooms one left, not people one ignores, not what was redacted; an ignored person's root has no words."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        ines = await hall.enter("ines")
        closed = await camille.create_room()
        await answer(camille, closed, await camille.send(closed, "Entre nous"))
        left = await camille.create_room(preset="public_chat")
        await zoe.join(left)
        await answer(camille, left, await camille.send(left, "Avant"))
        await zoe.leave(left)
        await ines.join(room_id)
        theirs = await ines.send(room_id, "Bruit")
        await answer(ines, room_id, root)
        await answer(camille, room_id, theirs)
        gone = await camille.send(room_id, "Repenti")
        await camille.redact(room_id, await answer(camille, room_id, gone))
        await answer(camille, room_id, "$nothing")
        assert updates(await slide(zoe)).keys() == {room_id}
        assert updates(await slide(zoe))[room_id].keys() == {root, theirs}
        ignored = {"ignored_users": {ines.user_id: {}}}
        await zoe.ask("PUT", f"/user/{quote(zoe.user_id)}/account_data/m.ignored_user_list", ignored)
        told = updates(await slide(zoe, include_roots=True))
        assert {room: set(threads) for room, threads in told.items()} == {room_id: {theirs}}
        assert told[room_id][theirs]["thread_root"]["content"] == {}
        assert (await page(zoe))["chunk"][room_id][theirs]["thread_root"]["content"] == {}

    tell(story)


def test_history_one_may_not_see_stays_hidden(tell: Tell) -> None:
    """What was said in one's absence is not told of, what was said before and after is; nor is a hidden root."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        await camille.set_state(room_id, "m.room.history_visibility", {"history_visibility": "joined"})
        during = await camille.send(room_id, "Pendant")
        seen = await answer(camille, room_id, root, "vu")
        await zoe.leave(room_id)
        hidden = await camille.send(room_id, "Caché")
        for each in (root, during, hidden):
            await answer(camille, room_id, each, "caché")
        await zoe.join(room_id)
        told = updates(await slide(zoe))
        assert told == {room_id: {root: {}}}
        await answer(camille, room_id, hidden, "après")
        later = updates(await slide(zoe, include_roots=True))[room_id]
        assert list(later) == [hidden, root]
        assert "thread_root" not in later[hidden]
        assert "caché" not in str(later)
        place = await page(zoe, limit=1, include_roots="false")
        assert place["chunk"] == {room_id: {hidden: {}}}
        path = f"/_matrix/client/v1/rooms/{quote(room_id)}/relations/{quote(root)}?dir=b"
        assert [event["event_id"] for event in (await hall.house.ask("GET", path, None, zoe.token))["chunk"]] == [seen]

    tell(story)


def test_more_rooms_and_threads_take_no_more_queries(tell: Tell) -> None:
    """One query more than without the extension where nothing was said, else always as many."""

    async def story(hall: Hall) -> None:
        camille, zoe, room_id, root = await set_stage(hall)
        before = (await slide(zoe))["pos"]

        async def count(pos: str, enabled: bool = True) -> int:
            world, roads = hall.house.world, Roads()
            plain = world.store
            body = {"extensions": {EXTENSION: {"enabled": enabled, "include_roots": True}}}
            # Whoever joined a room since has its rooms read anew, once.
            await hall.house.ask("POST", f"{SYNC}?pos={pos}", body, zoe.token)
            world.store = MeasuredStore(plain, roads)  # type: ignore[assignment]
            try:
                await hall.house.ask("POST", f"{SYNC}?pos={pos}", body, zoe.token)
            finally:
                world.store = plain
            return len(roads.taken)

        idle = (await count(before, False), await count(before))
        assert idle[1] <= idle[0] + 1
        await answer(camille, room_id, root)
        one = await count(before)
        for _ in range(3):
            other = await camille.create_room(preset="public_chat")
            await zoe.join(other)
            for _ in range(2):
                await answer(camille, other, await camille.send(other, "Un fil"))
        assert await count(before) == one

    tell(story)
