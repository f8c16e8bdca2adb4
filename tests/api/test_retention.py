"""Messages go when their time is over, their files go with them, and the log says by which rule."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services.media_deletions import delete_some
from tchap.services.retention import forget_words, retain_round
from tchap.storage import accounts
from tchap.storage.database import Tx
from tests.api.test_media import get, picture, upload
from tests.support.accounts import V3, Person, person
from tests.support.house import House, Reply, open_house
from tests.support.paths import quote

pytestmark = pytest.mark.anyio
DAY_S = 24 * 3600
CONFIG = (
    "[retention]\nclear_default_days = 30\nclear_max_days = 365\nexternal_max_days = 10\nexternal_default_days = 5\n"
)
CLEAR = {"preset": "private_chat", "initial_state": [
    {"type": "im.vector.room.access_rules", "state_key": "", "content": {"force_unencrypted_at_creation": True}}
]}  # fmt: skip
SECRET = {"preset": "private_chat"}
FORUM = {"preset": "public_chat", "visibility": "public", "name": "Forum de l'eau"}
WORDS = ("zythumique", "brimborion", "calembredaine", "sornettique")


@dataclass(slots=True)
class Talk:
    """Two agents in a house, and what they do there."""

    house: House
    ada: Person
    bob: Person
    count: int = 0

    async def room(self, options: dict[str, Any]) -> str:
        made = await self.house.ask(
            "POST", f"{V3}/createRoom", {**options, "invite": [self.bob.user_id]}, self.ada.token
        )
        await self.house.ask("POST", f"{V3}/rooms/{quote(made['room_id'])}/join", {}, self.bob.token)
        return str(made["room_id"])

    async def put(
        self, room_id: str, kind: str, content: object, media: tuple[str, ...] = (), who: Person | None = None
    ) -> Reply:
        self.count += 1
        query = "&".join(f"fr.tchap.attach_media={quote(each)}" for each in media)
        path = f"{V3}/rooms/{quote(room_id)}/send/{kind}/t{self.count}?{query}"
        return await self.house.call("PUT", path, content, (who or self.ada).token)

    async def say(self, room_id: str, content: str | dict[str, Any], kind: str = "m.room.message", **more: Any) -> str:
        body = {"msgtype": "m.text", "body": content} if isinstance(content, str) else content
        reply = await self.put(room_id, kind, body, **more)
        assert reply.status == 200, reply
        return str(reply.body["event_id"])

    async def seal(self, room_id: str, *media: str, who: Person | None = None) -> str:
        """An encrypted message declared with files."""
        return await self.say(room_id, {"ciphertext": "…"}, "m.room.encrypted", media=media, who=who)

    async def state(self, room_id: str, kind: str, content: object, who: Person | None = None) -> Reply:
        return await self.house.call(
            "PUT", f"{V3}/rooms/{quote(room_id)}/state/{kind}/", content, (who or self.ada).token
        )

    async def redact(self, room_id: str, event_id: str) -> None:
        self.count += 1
        path = f"{V3}/rooms/{quote(room_id)}/redact/{quote(event_id)}/t{self.count}"
        await self.house.ask("PUT", path, {}, self.ada.token)

    async def file(self, who: Person | None = None) -> str:
        return "mxc://" + await upload(self.house, who or self.ada, picture(40, 40), "image/jpeg")

    async def page(self, room_id: str) -> list[dict[str, Any]]:
        path = f"{V3}/rooms/{quote(room_id)}/messages?dir=b&limit=100"
        answer: list[dict[str, Any]] = (await self.house.ask("GET", path, None, self.ada.token))["chunk"]
        return [event for event in answer if "state_key" not in event]

    async def wait(self, days: float) -> int:
        """Days go by and the duties do their round; how many messages went."""
        self.house.clock.move(days * DAY_S)
        removed = await retain_round(self.house.world)
        while await delete_some(self.house.world):
            pass
        return removed

    async def is_there(self, address: str) -> bool:
        answer = await get(self.house, self.ada, f"/_matrix/client/v1/media/download/{address.removeprefix('mxc://')}")
        assert answer.status_code in (200, 404)
        return answer.status_code == 200

    def blobs(self) -> int:
        folder = Path(self.house.world.settings.data_dir) / "media"
        return sum(path.is_file() for path in folder.rglob("*")) if folder.exists() else 0

    async def log(self) -> list[dict[str, Any]]:
        await self.house.world.store.write(accounts.set_admin, self.ada.user_id, True)
        answer: list[dict[str, Any]] = (
            await self.house.ask("GET", "/_tchap/admin/v1/deletions", None, self.ada.token)
        )["deletions"]
        return answer


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with open_house(tmp_path, CONFIG) as house:
        ada = await person(house, "ada.moreau@prefecture.example.fr")
        bob = await person(house, "bob.petit@hopital.example.fr")
        yield Talk(house, ada, bob)


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


async def test_files_go_with_encrypted_messages(talk: Talk) -> None:
    """What the sender declares goes with the message; what nobody declares stays, and so do the files of others."""
    room = await talk.room(SECRET)
    assert (await talk.state(room, "m.room.retention", {"max_lifetime": 7 * DAY_S * 1000})).status == 200
    mine, theirs, silent, other = [await talk.file(who) for who in (talk.ada, talk.bob, talk.ada, talk.ada)]
    sent = await talk.seal(room, mine, theirs)
    await talk.seal(room, other)
    assert await talk.wait(6.9) == 0
    await talk.redact(room, sent)
    assert await talk.wait(0) == 0
    assert [await talk.is_there(each) for each in (mine, theirs, silent, other)] == [False, True, True, True]
    assert await talk.wait(0.2) == 2
    assert [await talk.is_there(each) for each in (mine, theirs, silent, other)] == [False, True, True, False]
    assert [(each["rule"], each["media"]) for each in await talk.log() if each["what"] == "media"] == [
        ("retention", other),
        ("redaction", mine),
    ]


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


async def test_a_file_of_two_messages_goes_with_the_last(talk: Talk) -> None:
    """A forwarded file lives as long as one of the messages that bear it; a picture in use is never deleted."""
    first, second = await talk.room(SECRET), await talk.room(CLEAR)
    file, face, sign, pack = [await talk.file() for _ in range(4)]
    sent = await talk.seal(first, file)
    forwarded = await talk.seal(second, file, who=talk.bob)
    await talk.house.ask(
        "PUT", f"{V3}/profile/{quote(talk.ada.user_id)}/avatar_url", {"avatar_url": face}, talk.ada.token
    )
    assert (await talk.state(second, "m.room.avatar", {"url": sign})).status == 200
    own = f"{V3}/user/{quote(talk.ada.user_id)}/account_data/im.ponies.user_emotes"
    await talk.house.ask("PUT", own, {"images": {"oui": {"url": pack}}}, talk.ada.token)
    uses = await talk.seal(first, face, sign, pack)
    await talk.redact(first, sent)
    await talk.redact(first, uses)
    await talk.wait(0)
    assert [await talk.is_there(each) for each in (file, face, sign, pack)] == [True] * 4
    await talk.wait(31)
    assert not await talk.is_there(file)
    assert forwarded in {each.get("event_id") for each in await talk.log()}
    assert [await talk.is_there(each) for each in (face, sign, pack)] == [True] * 3


async def test_nobody_deletes_the_file_of_another(talk: Talk) -> None:
    """Whoever names a file that is not theirs, in a message or as the picture of a room of their own, and then takes
    that back, takes nothing else away, before and after the duty's round."""
    room_id, file = await talk.room(CLEAR), await talk.file(talk.bob)
    await talk.redact(room_id, await talk.seal(room_id, file))
    for days in (0.0, 0.1):
        put = await talk.state(room_id, "m.room.avatar", {"url": file})
        await talk.wait(days)
        await talk.redact(room_id, put.body["event_id"])
        await talk.wait(days)
        assert await talk.is_there(file)


async def test_a_repeated_send_declares_once(talk: Talk) -> None:
    """A delayed message takes its files along; too many, or what is no address, is refused."""
    room = await talk.room(SECRET)
    file = await talk.file()
    for wrong in (("https://example.fr/a",), (file,) * (limits.MAX_ATTACHED_MEDIA + 1)):
        assert (await talk.put(room, "m.room.encrypted", {}, wrong)).status == 400
    path = f"{V3}/rooms/{quote(room)}/send/m.room.encrypted/same?fr.tchap.attach_media={quote(file)}"
    for delay in ("", "", "&org.matrix.msc4140.delay=1000"):
        answer = await talk.house.ask("PUT", path + delay, {"ciphertext": "…"}, talk.ada.token)
    later = f"/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{answer['delay_id']}/send"
    await talk.house.ask("POST", later, {}, talk.ada.token)
    first, second = [event["event_id"] for event in await talk.page(room)]
    await talk.redact(room, first)
    await talk.wait(0)
    assert await talk.is_there(file)
    await talk.redact(room, second)
    await talk.wait(0)
    assert not await talk.is_there(file)


async def test_undeclared_files_have_an_age_of_their_own(tmp_path: Path) -> None:
    """Where the deployment names it, files that nothing declared go at that age; those in use do not."""
    async with open_house(tmp_path, f"{CONFIG}[media]\nundeclared_lifetime_days = 10\n") as house:
        talk = Talk(
            house,
            await person(house, "ada.moreau@prefecture.example.fr"),
            await person(house, "bob.petit@hopital.example.fr"),
        )
        room = await talk.room(SECRET)
        silent, declared, face = [await talk.file() for _ in range(3)]
        await talk.seal(room, declared)
        await house.ask(
            "PUT", f"{V3}/profile/{quote(talk.ada.user_id)}/avatar_url", {"avatar_url": face}, talk.ada.token
        )
        await talk.wait(9)
        assert await talk.is_there(silent)
        young = await talk.file()
        await talk.wait(2)
        assert [await talk.is_there(each) for each in (silent, declared, face, young)] == [False, True, True, True]
        proof = next(each for each in await talk.log() if each["what"] == "media")
        assert (proof["rule"], proof["lifetime_ms"], proof["media"]) == ("undeclared", 10 * DAY_S * 1000, silent)


async def test_a_crash_forgets_no_file(talk: Talk) -> None:
    """Bytes that could not be removed stay in the queue, out of everybody's reach, until they are."""
    room = await talk.room(SECRET)
    file = await talk.file()
    await talk.redact(room, await talk.seal(room, file))
    assert not await talk.is_there(file)
    assert talk.blobs() == 1
    plain = talk.house.world.media

    class Broken:
        async def remove_under(self, _key: str) -> None:
            await asyncio.sleep(0)

        async def remove(self, _key: str) -> None:
            raise OSError("no such disk")

    talk.house.world.media = Broken()  # type: ignore[assignment]
    with pytest.raises(OSError, match="no such disk"):
        await delete_some(talk.house.world)
    talk.house.world.media = plain
    assert await talk.log() == []
    assert await delete_some(talk.house.world) == 1
    assert talk.blobs() == 0
    assert [each["rule"] for each in await talk.log()] == ["redaction"]


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


async def test_only_administrators_read_the_log(talk: Talk) -> None:
    """The proof is for administrators, page by page."""
    assert (await talk.house.call("GET", "/_tchap/admin/v1/deletions", None, talk.bob.token)).status == 403
    room = await talk.room(SECRET)
    for _ in range(3):
        await talk.redact(room, await talk.seal(room, await talk.file()))
    await talk.wait(0)
    assert len(await talk.log()) == 3
    path = "/_tchap/admin/v1/deletions?limit=2"
    page = await talk.house.ask("GET", path, None, talk.ada.token)
    rest = await talk.house.ask("GET", f"{path}&from={page['next']}", None, talk.ada.token)
    assert (len(page["deletions"]), len(rest["deletions"]), "next" in rest) == (2, 1, False)


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
