"""Files go with the last message that bears them, redacted or past its time, and the log proves it."""

from pathlib import Path

import pytest

from tchap.base import limits
from tchap.services.media import blob_key
from tchap.services.media_deletions import delete_some
from tchap.storage import media
from tests.api.retention.talk import CLEAR, CONFIG, DAY_S, SECRET, Talk
from tests.support.accounts import V3, person
from tests.support.house import open_house
from tests.support.paths import quote

pytestmark = pytest.mark.anyio


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


async def test_a_deleted_message_takes_the_files_of_its_edits_along(talk: Talk) -> None:
    """A caption was mended, then the message deleted: its file goes, and so does one that the edit put in its place."""
    room, other = await talk.room(SECRET), await talk.room(CLEAR)
    same, newer, kept = [await talk.file() for _ in range(3)]
    sent = await talk.seal(room, same)
    relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": sent}, "ciphertext": "…"}
    for borne, who in (((same, newer, kept), talk.ada), ((), talk.bob)):
        await talk.say(room, relation, "m.room.encrypted", media=borne, who=who)
    await talk.seal(other, kept)
    await talk.redact(room, sent)
    await talk.wait(0)
    assert [await talk.is_there(each) for each in (same, newer, kept)] == [False, False, True]


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
    """Where the deployment names it, files that nothing declared go at that age; those in use, or of a message that is
    to be sent later, do not."""
    async with open_house(tmp_path, f"{CONFIG}[media]\nundeclared_lifetime_days = 10\n") as house:
        talk = Talk(
            house,
            await person(house, "ada.moreau@prefecture.example.fr"),
            await person(house, "bob.petit@hopital.example.fr"),
        )
        room = await talk.room(SECRET)
        silent, declared, face, later = [await talk.file() for _ in range(4)]
        await talk.seal(room, declared)
        delayed = (
            f"send/m.room.encrypted/l?fr.tchap.attach_media={quote(later)}&org.matrix.msc4140.delay={20 * DAY_S}000"
        )
        await house.ask("PUT", f"{V3}/rooms/{quote(room)}/{delayed}", {"ciphertext": "…"}, talk.ada.token)
        await house.ask(
            "PUT", f"{V3}/profile/{quote(talk.ada.user_id)}/avatar_url", {"avatar_url": face}, talk.ada.token
        )
        await talk.wait(9)
        assert await talk.is_there(silent)
        young = await talk.file()
        await talk.wait(2)
        assert [await talk.is_there(each) for each in (declared, face, young, later)] == [True] * 4
        assert not await talk.is_there(silent)
        proof = next(each for each in await talk.log() if each["what"] == "media")
        assert (proof["rule"], proof["lifetime_ms"], proof["media"]) == ("undeclared", 10 * DAY_S * 1000, silent)


async def test_a_crash_forgets_no_file(talk: Talk) -> None:
    """Bytes that could not be removed stay in the queue, out of everybody's reach, until they are; others go."""
    room, world = await talk.room(SECRET), talk.house.world
    stuck, other = await talk.file(), await talk.file()
    row = await world.store.read(media.find_media, *stuck.removeprefix("mxc://").split("/"))
    assert row is not None
    for file in (stuck, other):
        await talk.redact(room, await talk.seal(room, file))
        assert not await talk.is_there(file)
    assert talk.blobs() == 2
    remove = world.media.remove

    async def fail(key: str) -> None:
        if key == blob_key(row.blob_name or ""):
            raise OSError("no such disk")
        await remove(key)

    world.media.remove = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no such disk"):
        await delete_some(world)
    assert talk.blobs() == 1
    assert [each["media"] for each in await talk.log()] == [other]
    world.media.remove = remove  # type: ignore[method-assign]
    assert await delete_some(world) == 1
    assert talk.blobs() == 0
    assert [(each["rule"], each["media"]) for each in await talk.log()] == [("redaction", stuck), ("redaction", other)]


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
