"""Sending and redacting over HTTP."""

import asyncio
from pathlib import Path

import pytest

from tests.support.hall import open_hall
from tests.support.paths import quote


def test_a_repeated_transaction_is_one_message(tmp_path: Path) -> None:
    """The same transaction id of the same device answers the same event, even after memory is lost."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            path = f"/rooms/{quote(room_id)}/send/m.room.message/repeated"
            body = {"msgtype": "m.text", "body": "once"}
            twice = await asyncio.gather(*(camille.ask("PUT", path, body) for _ in range(2)))
            hall.house.world.live.transactions._answers.clear()
            third = await camille.ask("PUT", path, body)
            assert twice[0] == twice[1] == third
            other = await hall.another_device(camille)
            assert await other.ask("PUT", path, body) != third
            page = await camille.ask("GET", f"/rooms/{quote(room_id)}/messages?dir=b&limit=3")
            assert [e["unsigned"].get("transaction_id") for e in page["chunk"][:2]] == [None, "repeated"]

    asyncio.run(story())


@pytest.mark.parametrize("version", [str(number) for number in range(1, 13)])
def test_a_redacted_message_is_gone(tmp_path: Path, version: str) -> None:
    """In every room version redaction erases the content from answers and from the database."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room(room_version=version)
            event_id = await camille.send(room_id, "a-word-to-forget")
            redaction = await camille.redact(room_id, event_id)
            event = await camille.ask("GET", f"/rooms/{quote(room_id)}/event/{quote(event_id)}")
            assert event["content"] == {}
            because = event["unsigned"]["redacted_because"]
            assert (because["event_id"], because["content"]["redacts"]) == (redaction, event_id)
        kept = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*") if "wal" not in file.name)
        assert b"a-word-to-forget" not in kept

    asyncio.run(story())


def test_only_those_with_power_redact_others(tmp_path: Path) -> None:
    """A member redacts their own words; those of others take the level."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            hers, his = await camille.send(room_id, "hers"), await dominique.send(room_id, "his")
            path = f"/rooms/{quote(room_id)}/redact/{{}}/a"
            refused = await dominique.call("PUT", path.format(quote(hers)), {})
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            await dominique.redact(room_id, his)
            missing = await camille.call("PUT", path.format(quote("$nothing")), {})
            assert (missing.status, missing.body["errcode"]) == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_only_members_speak(tmp_path: Path) -> None:
    """A stranger is refused in a room they are not in, and in one that does not exist; floods of text are too."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, eliott = await hall.enter("camille"), await hall.enter("eliott")
            room_id = await camille.create_room()
            for where in (room_id, "!nowhere:test.example.fr"):
                path = f"/rooms/{quote(where)}/send/m.room.message/a"
                reply = await eliott.call("PUT", path, {"msgtype": "m.text", "body": "hello"})
                assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            path = f"/rooms/{quote(room_id)}/send/m.room.message/b"
            reply = await camille.call("PUT", path, {"msgtype": "m.text", "body": "x" * 66_000})
            assert (reply.status, reply.body["errcode"]) == (413, "M_TOO_LARGE")

    asyncio.run(story())
