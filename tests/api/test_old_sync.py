"""The state and the stream of events as clients of before /sync ask for them."""

import asyncio
from typing import Any

import httpx
import pytest

from tchap.base import limits
from tests.support.engines import Tell
from tests.support.hall import Hall, Resident
from tests.support.house import SOON_S, until_polling
from tests.support.paths import quote


async def listen(who: Resident, since: str = "", timeout_ms: int = 0, room_id: str = "") -> dict[str, Any]:
    """One answer of the stream."""
    query = {"timeout": str(timeout_ms), "from": since, "room_id": room_id}
    params = httpx.QueryParams({name: value for name, value in query.items() if value})
    found: dict[str, Any] = await who.ask("GET", f"/events?{params}")
    return found


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_id"] for event in events]


def test_the_snapshot_shows_every_room(tell: Tell) -> None:
    """Joined rooms with their messages and state, invitations with their event, left rooms when they are asked for."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(visibility="public", preset="public_chat", name="Forum")
        sent = [await camille.send(room_id, f"bonjour {number}") for number in range(5)]
        await camille.ask("PUT", f"/user/{quote(camille.user_id)}/rooms/{quote(room_id)}/tags/m.favourite", {})
        await camille.ask("PUT", f"/user/{quote(camille.user_id)}/account_data/fr.example.choice", {"a": 1})
        invited = await dominique.create_room(invite=[camille.user_id])
        left = await dominique.create_room(preset="public_chat")
        await camille.join(left)
        await camille.leave(left)
        after = await dominique.send(left, "après")
        found = await camille.ask("GET", "/initialSync?limit=3")
        assert found["presence"] == []
        assert {"type": "fr.example.choice", "content": {"a": 1}} in found["account_data"]
        rooms = {room["room_id"]: room for room in found["rooms"]}
        assert set(rooms) == {room_id, invited}
        shown = rooms[room_id]
        assert (shown["membership"], shown["visibility"]) == ("join", "public")
        assert ids(shown["messages"]["chunk"]) == sent[2:]
        assert {"m.room.create", "m.room.name", "m.room.member"} <= {event["type"] for event in shown["state"]}
        assert [each["type"] for each in shown["account_data"]] == ["m.tag"]
        assert rooms[invited]["membership"] == "invite"
        assert rooms[invited]["invite"]["content"]["membership"] == "invite"
        assert rooms[invited]["invite"]["sender"] == dominique.user_id
        path = f"/rooms/{quote(room_id)}/messages?dir=b&limit=2&from={shown['messages']['start']}"
        assert ids((await camille.ask("GET", path))["chunk"]) == [sent[1], sent[0]]
        everything = await camille.ask("GET", "/initialSync?archived=true&limit=50")
        archived = next(room for room in everything["rooms"] if room["room_id"] == left)
        assert archived["membership"] == "leave"
        assert archived["messages"]["chunk"][-1]["state_key"] == camille.user_id
        assert after not in ids(archived["messages"]["chunk"])
        assert (await hall.house.call("GET", "/_matrix/client/v3/initialSync")).status == 401

    tell(story)


def test_the_stream_goes_on_from_the_snapshot(tell: Tell) -> None:
    """Everything that happens where one is comes once and in order: messages, arrivals, one's own coming and going."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(preset="public_chat")
        token = (await camille.ask("GET", "/initialSync"))["end"]
        assert await listen(camille, token) == {"start": token, "end": token, "chunk": []}
        sent = await camille.send(room_id, "bonjour")
        await dominique.join(room_id)
        other = await dominique.create_room(preset="public_chat", invite=[camille.user_id])
        hidden = await dominique.send(other, "avant")
        first = await listen(camille, token)
        assert first["chunk"][0]["event_id"] == sent
        assert [event["type"] for event in first["chunk"]] == ["m.room.message", "m.room.member", "m.room.member"]
        assert first["chunk"][2]["content"]["membership"] == "invite"
        await camille.join(other)
        seen = await dominique.send(other, "pendant")
        await camille.ask("PUT", f"/profile/{quote(camille.user_id)}/displayname", {"displayname": "Camille"})
        await camille.leave(other)
        gone = await dominique.send(other, "après")
        rest = await listen(camille, first["end"])
        assert len(set(ids(rest["chunk"]))) == len(rest["chunk"])
        assert seen in ids(rest["chunk"])
        assert not {hidden, gone} & set(ids(rest["chunk"]))
        there = [event for event in rest["chunk"] if event["room_id"] == other]
        own = [event["content"]["membership"] for event in there if event.get("state_key") == camille.user_id]
        assert own == ["join", "join", "leave"]
        assert (await listen(camille, rest["end"]))["chunk"] == []
        assert (await camille.sync(rest["end"]))["next_batch"]

    tell(story)


def test_the_stream_waits(tell: Tell) -> None:
    """Without news the answer comes with the first event."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room()
        token = (await listen(camille, timeout_ms=0))["end"]
        waiting = asyncio.create_task(listen(camille, token, 20_000))
        await until_polling(hall.house)
        assert not waiting.done()
        sent = await camille.send(room_id, "bonjour")
        found = await asyncio.wait_for(waiting, SOON_S)
        assert ids(found["chunk"]) == [sent]

    tell(story)


def test_a_long_absence_comes_in_pages(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit in one answer follows in the next, without a hole."""
    monkeypatch.setattr(limits, "MAX_OLD_EVENTS", 2)

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        rooms = [await camille.create_room() for _ in range(2)]
        token = (await listen(camille))["end"]
        sent = [await camille.send(rooms[number % 2], "bonjour") for number in range(5)]
        found: list[str] = []
        for _ in range(3):
            page = await listen(camille, token)
            found, token = found + ids(page["chunk"]), page["end"]
        assert found == sent

    tell(story)


def test_an_open_room_is_looked_into_from_outside(tell: Tell) -> None:
    """Whoever is not in a world-readable room may listen there and see its state; nobody may elsewhere."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        open_ = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
        room_id = await camille.create_room(preset="public_chat", initial_state=[open_])
        closed = await camille.create_room(preset="public_chat")
        token = (await listen(dominique, room_id=room_id))["end"]
        waiting = asyncio.create_task(listen(dominique, token, 20_000, room_id))
        await until_polling(hall.house)
        sent = await camille.send(room_id, "bonjour")
        await camille.send(closed, "entre nous")
        found = await asyncio.wait_for(waiting, SOON_S)
        assert ids(found["chunk"]) == [sent]
        shown = await dominique.ask("GET", f"/rooms/{quote(room_id)}/initialSync")
        assert "membership" not in shown
        assert ids(shown["messages"]["chunk"])[-1] == sent
        for path in (f"/rooms/{quote(closed)}/initialSync", f"/events?timeout=0&room_id={quote(closed)}"):
            refused = await dominique.call("GET", path)
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")

    tell(story)


def test_one_room(tell: Tell) -> None:
    """A member sees the room as it is, whoever left as it was; its tokens go on in the history and in the stream."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(preset="public_chat", topic="avant")
        await dominique.join(room_id)
        sent = [await camille.send(room_id, f"bonjour {number}") for number in range(4)]
        path = f"/rooms/{quote(room_id)}/initialSync?limit=2"
        shown = await dominique.ask("GET", path)
        assert (shown["room_id"], shown["membership"], shown["visibility"]) == (room_id, "join", "private")
        assert ids(shown["messages"]["chunk"]) == sent[2:]
        earlier = f"/rooms/{quote(room_id)}/messages?dir=b&limit=2&from={shown['messages']['start']}"
        assert ids((await dominique.ask("GET", earlier))["chunk"]) == [sent[1], sent[0]]
        new = await camille.send(room_id, "ensuite")
        assert ids((await listen(dominique, shown["messages"]["end"]))["chunk"]) == [new]
        await dominique.leave(room_id)
        await camille.set_state(room_id, "m.room.topic", {"topic": "après"})
        left = await dominique.ask("GET", path)
        assert left["membership"] == "leave"
        assert left["messages"]["chunk"][-1]["state_key"] == dominique.user_id
        topic = next(event for event in left["state"] if event["type"] == "m.room.topic")
        assert topic["content"]["topic"] == "avant"

    tell(story)


def test_one_event_and_bad_tokens(tell: Tell) -> None:
    """An event is found by its id alone, by those who may see it; a token of nobody is refused."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room()
        event_id = await camille.send(room_id, "bonjour")
        assert (await camille.ask("GET", f"/events/{quote(event_id)}"))["content"]["body"] == "bonjour"
        for who, wanted in ((dominique, event_id), (camille, "$nothing")):
            refused = await who.call("GET", f"/events/{quote(wanted)}")
            assert (refused.status, refused.body["errcode"]) == (404, "M_NOT_FOUND")
        for token in ("t4", "x", "s"):
            refused = await camille.call("GET", f"/events?from={token}&timeout=0")
            assert (refused.status, refused.body["errcode"]) == (400, "M_INVALID_PARAM")

    tell(story)


def test_messages_to_devices_are_not_lost(tell: Tell) -> None:
    """A /sync that goes on from a token of the old stream still brings what waits for the device."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        body = {"messages": {camille.user_id: {camille.requester.device_id: {"a": 1}}}}
        await camille.ask("PUT", "/sendToDevice/fr.example.note/1", body)
        token = (await camille.ask("GET", "/initialSync"))["end"]
        token = (await listen(camille, token))["end"]
        assert len((await camille.sync(token))["to_device"]["events"]) == 1

    tell(story)
