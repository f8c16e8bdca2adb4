"""Messages go when their time is over, and the log says by which rule."""

from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services import retention
from tchap.services.retention import forget_words
from tchap.storage.database import Tx
from tests.api.retention.talk import CLEAR, CONFIG, DAY_S, FORUM, SECRET, WORDS, Talk
from tests.api.test_media import get
from tests.support.accounts import V3, person
from tests.support.house import open_house
from tests.support.paths import quote

pytestmark = pytest.mark.anyio


async def _find_text(tx: Tx, words: tuple[str, ...]) -> list[str]:
    """The tables in which one of the words is written."""
    found = []
    for (table,) in await tx.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = await tx.all(f'SELECT * FROM "{table}"')
        text = b" ".join(
            each if isinstance(each, bytes) else str(each).encode() for row in rows for each in row if each is not None
        )
        found += [f"{table}: {word}" for word in words if word.encode() in text]
    return found


async def test_a_forum_forgets(talk: Talk) -> None:
    """After ninety days nothing of a message, its edit, its answer in a thread or its file is found by any road."""
    room = await talk.room(FORUM)
    file = await talk.file()
    sent = await talk.say(room, WORDS[0])
    edit = {"msgtype": "m.text", "body": WORDS[1], "m.new_content": {"msgtype": "m.text", "body": WORDS[1]}}
    await talk.say(room, {**edit, "m.relates_to": {"rel_type": "m.replace", "event_id": sent}})
    thread = {"rel_type": "m.thread", "event_id": sent}
    await talk.say(room, {"msgtype": "m.text", "body": WORDS[2], "m.relates_to": thread}, who=talk.bob)
    shown = await talk.say(room, {"msgtype": "m.image", "body": WORDS[3], "url": file})
    search = {"search_categories": {"room_events": {"search_term": WORDS[1]}}}
    token = (await talk.house.ask("GET", f"{V3}/sync", None, talk.ada.token))["next_batch"]
    assert (await talk.house.ask("POST", f"{V3}/search", search, talk.ada.token))["search_categories"]["room_events"][
        "count"
    ]
    thumbnail = f"/_matrix/client/v1/media/thumbnail/{file.removeprefix('mxc://')}?width=32&height=32"
    assert (await get(talk.house, talk.ada, thumbnail)).status_code == 200
    assert talk.blobs() == 2
    assert await talk.wait(89) == 0
    assert await talk.is_there(file)
    late = await talk.say(room, "frais", who=talk.bob)
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": sent, "key": "👍"}}
    await talk.say(room, reaction, "m.reaction")

    assert await talk.wait(1.5) == 5
    assert [event["event_id"] for event in await talk.page(room)] == [late]
    for road in (f"event/{quote(sent)}", f"context/{quote(shown)}", f"event/{quote(shown)}"):
        assert (await talk.house.call("GET", f"{V3}/rooms/{quote(room)}/{road}", None, talk.ada.token)).status == 404
    assert (await talk.house.ask("GET", f"/_matrix/client/v1/rooms/{quote(room)}/threads", None, talk.ada.token))[
        "chunk"
    ] == []
    found = await talk.house.ask("POST", f"{V3}/search", search, talk.ada.token)
    assert not found["search_categories"]["room_events"]["count"]
    for since in ("", f"?since={token}"):
        synced = await talk.house.ask("GET", f"{V3}/sync{since}", None, talk.bob.token if not since else talk.ada.token)
        assert not any(word in str(synced) for word in WORDS)
    assert not await talk.is_there(file)
    assert (await get(talk.house, talk.ada, thumbnail)).status_code == 404
    assert talk.blobs() == 0
    await forget_words(talk.house.world)
    assert await talk.house.world.store.read(_find_text, WORDS) == []
    log = await talk.log()
    assert {(each["what"], each["rule"], each["lifetime_ms"]) for each in log} == {
        ("media", "retention", 90 * DAY_S * 1000),
        ("messages", "retention", 90 * DAY_S * 1000),
    }
    proof = next(each for each in log if each["what"] == "media")
    assert (proof["media"], proof["event_id"], proof["room_id"]) == (file, shown, room)
    assert not any(word in str(log) for word in WORDS)


async def test_the_file_of_the_database_keeps_nothing(tmp_path: Path) -> None:
    """What was erased is overwritten in SQLite's own file too."""
    async with open_house(tmp_path, CONFIG) as house:
        talk = Talk(
            house,
            await person(house, "ada.moreau@prefecture.example.fr"),
            await person(house, "bob.petit@hopital.example.fr"),
        )
        room = await talk.room(FORUM)
        for _ in range(20):
            await talk.say(room, f"{WORDS[0]} {'a' * 500}")
        await talk.wait(91)
    assert b"zythumi" not in (tmp_path / "tchap.db").read_bytes()


async def test_a_quiet_room_lives_on(tmp_path: Path) -> None:
    """Where every message is gone a restarted server builds on, gives no place twice and counts nothing as unread."""
    async with open_house(tmp_path, CONFIG) as house:
        talk = Talk(
            house,
            await person(house, "ada.moreau@prefecture.example.fr"),
            await person(house, "bob.petit@hopital.example.fr"),
        )
        for version in ("1", "11"):
            room = await talk.room({**FORUM, "room_version": version})
            for number in range(5):
                await talk.say(room, f"{WORDS[0]} {number}", who=talk.bob)
        page = f"{V3}/rooms/{quote(room)}/messages?dir=b&limit=2"
        token = (await house.ask("GET", page, None, talk.ada.token))["end"]
        assert await talk.wait(91) == 10
    async with open_house(tmp_path, CONFIG) as house:
        talk.house = house
        house.clock.move(91 * DAY_S)
        joined_rooms = (await house.ask("GET", f"{V3}/joined_rooms", None, talk.ada.token))["joined_rooms"]
        for room_id in sorted(joined_rooms, key=room.__eq__):
            sent = await talk.say(room_id, "reprise", who=talk.bob)
            assert [event["event_id"] for event in await talk.page(room_id)] == [sent]
            synced = await house.ask("GET", f"{V3}/sync", None, talk.ada.token)
            joined = synced["rooms"]["join"][room_id]
            assert joined["unread_notifications"]["notification_count"] == 1
            assert joined["timeline"]["events"][-1]["event_id"] == sent
        forwards = f"{V3}/rooms/{quote(room)}/messages?dir=f&limit=50&from={token}"
        after = (await house.ask("GET", forwards, None, talk.ada.token))["chunk"]
        assert [event["event_id"] for event in after if event["type"] == "m.room.message"] == [sent]


@pytest.mark.parametrize(
    ("options", "content", "status"),
    [
        (FORUM, {"max_lifetime": 90 * DAY_S * 1000}, 200),
        (FORUM, {"max_lifetime": DAY_S * 1000}, 200),
        (FORUM, {"max_lifetime": 90 * DAY_S * 1000 + 1}, 403),
        (FORUM, {}, 403),
        (FORUM, {"max_lifetime": "trois mois"}, 400),
        (CLEAR, {"max_lifetime": 365 * DAY_S * 1000}, 200),
        (CLEAR, {"max_lifetime": 366 * DAY_S * 1000}, 403),
        (SECRET, {}, 200),
        (SECRET, {"min_lifetime": 10, "max_lifetime": 9}, 400),
    ],
)
async def test_what_a_room_may_say(talk: Talk, options: dict[str, Any], content: dict[str, Any], status: int) -> None:
    """The same law holds when a room is made and later, and only its administrators may change it."""
    room = await talk.room(options)
    assert (await talk.state(room, "m.room.retention", content)).status == status
    assert (await talk.state(room, "m.room.retention", content, who=talk.bob)).status in (
        403,
        status if status == 400 else 403,
    )
    asked = [*options.get("initial_state", []), {"type": "m.room.retention", "state_key": "", "content": content}]
    made = await talk.house.call("POST", f"{V3}/createRoom", {**options, "initial_state": asked}, talk.ada.token)
    assert made.status == status


async def test_a_message_with_many_reactions_goes_in_pieces(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many say something of it, one transaction takes some of them, and the message goes with the last."""
    monkeypatch.setattr(limits, "RETENTION_FOLLOWERS", 2)
    room_id = await talk.room(CLEAR)
    event_id = await talk.say(room_id, "Bonjour")
    for key in ("👍", "👎", "🙂", "❤️", "🎉"):
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        await talk.say(room_id, {"m.relates_to": relation}, "m.reaction")
    await talk.say(room_id, "Au revoir")
    assert await talk.wait(31) == 7
    assert await talk.page(room_id) == []


async def test_each_kind_of_room_has_its_own_term(talk: Talk) -> None:
    """A room opened to externals takes the term of those; an encrypted one keeps everything unless it asks."""
    kinds = {
        name: await talk.room(options) for name, options in (("clear", CLEAR), ("secret", SECRET), ("open", CLEAR))
    }
    rules = {"rule": "unrestricted", "visibility": "private", "force_unencrypted_at_creation": True}
    assert (await talk.state(kinds["open"], "im.vector.room.access_rules", rules)).status == 200
    for room in kinds.values():
        await talk.say(room, {"ciphertext": "…"}, "m.room.encrypted")
    await talk.wait(11)
    assert {name: len(await talk.page(room)) for name, room in kinds.items()} == {"clear": 1, "secret": 1, "open": 0}
    await talk.wait(20)
    assert {name: len(await talk.page(room)) for name, room in kinds.items()} == {"clear": 0, "secret": 1, "open": 0}


async def test_a_report_keeps_its_evidence_until_it_is_closed(talk: Talk) -> None:
    """Those who judge still read what was reported; once they have, nobody does."""
    room = await talk.room(FORUM)
    sent = await talk.say(room, WORDS[0])
    place = f"{V3}/rooms/{quote(room)}/report/{quote(sent)}"
    await talk.house.ask("POST", place, {"reason": "propos déplacés"}, talk.bob.token)
    await talk.log()
    assert await talk.wait(91) == 1
    reports = "/_tchap/admin/v1/reports"
    (report,) = (await talk.house.ask("GET", reports, None, talk.ada.token))["reports"]
    assert WORDS[0] in str(report)
    one = f"{reports}/{report['report_id']}"
    await talk.house.ask("PUT", one, {"state": "closed"}, talk.ada.token)
    await talk.wait(0)
    assert WORDS[0] not in str(await talk.house.ask("GET", one, None, talk.ada.token))


async def test_a_room_is_classified_by_its_administrators(talk: Talk) -> None:
    """One short line of plain text, by those who hold the room, and gone again."""
    room = await talk.room(SECRET)
    for content, status in (
        ({"label": "Diffusion restreinte"}, 200),
        ({"label": "a" * 61}, 400),
        ({"label": "a\u202eb"}, 400),
        ({"label": 1}, 400),
        ({}, 200),
    ):
        assert (await talk.state(room, "fr.tchap.classification", content)).status == status
    denied = await talk.state(room, "fr.tchap.classification", {"label": "Public"}, who=talk.bob)
    assert denied.status == 403


async def test_two_processes_write_one_proof(talk: Talk) -> None:
    """Both may be about to purge the same messages: the second finds nothing left of them, and counts nothing."""
    room, world = await talk.room(CLEAR), talk.house.world
    for word in WORDS:
        await talk.say(room, word)
    assert await talk.wait(0) == 0
    talk.house.clock.move(31 * DAY_S)
    batch = await world.store.read(retention._find_batch, world.clock.now_ms())
    for _ in range(2):
        await retention._purge(world, batch)
    assert [each.get("messages") for each in await talk.log()] == [len(WORDS)]


async def test_a_round_without_news_writes_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rooms there are, those that have not changed are only read."""
    room = await talk.room(FORUM)
    await talk.state(room, "m.room.avatar", {"url": await talk.file()})
    await talk.wait(0)
    written: list[object] = []
    monkeypatch.setattr(retention, "_write_page", lambda *_: written.append(_))
    await talk.wait(0)
    assert written == []
