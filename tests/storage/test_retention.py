"""Messages leave every table, and files leave with the last of their events, on both engines."""

import asyncio
from dataclasses import replace

import pytest

from tchap.base import limits
from tchap.protocol.identifiers import MediaUri
from tchap.protocol.stored_event import GONE, IN_TIMELINE, StoredEvent
from tchap.storage import deletions, media, media_links, retention, search
from tchap.storage.database import Store, Tx
from tchap.storage.delayed_events import CANCELLED, DelayedEvent, End, add_delayed, set_ended
from tchap.storage.events import add_events, find_event, find_events
from tchap.storage.media import Media
from tchap.storage.media_links import REDACTION, RETENTION, Cause
from tchap.storage.memberships import Membership, set_memberships
from tchap.storage.profiles import Profile, set_profile
from tchap.storage.rooms import RoomRow, add_room, find_last_places

pytestmark = pytest.mark.anyio
HOUSE = "un.example.fr"
ROOM, OTHER = "!salon:un.example.fr", "!autre:un.example.fr"
ADA, BOB = f"@ada:{HOUSE}", f"@bob:{HOUSE}"
DAY = 24 * 3600 * 1000
NOW = 1000 * DAY


def event(name: str, place: int, days_old: float, **fields: object) -> StoredEvent:
    """A message of so many days, at that place and position."""
    plain = StoredEvent(
        event_id=f"${name}",
        room_id=ROOM,
        position=place,
        ordering=place,
        depth=place,
        type="m.room.message",
        state_key=None,
        sender=ADA,
        origin_server_ts=int(NOW - days_old * DAY),
        relates_to=None,
        rel_type=None,
        thread_id=None,
        redacted_by=None,
        status=IN_TIMELINE,
        txn_device=None,
        txn_id=None,
        client_json=b'{"content":{"body":"mots"}}',
        graph_json=b"{}",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


async def _fill(tx: Tx, lifetime_ms: int, *events: StoredEvent) -> None:
    for room_id in (ROOM, OTHER):
        await add_room(tx, RoomRow(room_id, "11", ADA, HOUSE, 0, 1, 1))
    await add_events(tx, events)
    await retention.set_lifetimes(tx, [(ROOM, lifetime_ms), (OTHER, 0)])


async def expired(store: Store, limit: int = 100) -> list[str]:
    return [each.event.event_id for each in (await store.read(retention.find_expired, NOW, limit)).expired]


async def test_a_room_is_emptied_from_its_beginning(store: Store) -> None:
    """Messages past their time up to the first that is not, never state; one dated ahead goes with its neighbours."""
    events = (
        event("create", 1, 50, state_key="", type="m.room.create"),
        event("old", 2, 40),
        event("ahead", 3, -400),
        event("older", 4, 41),
        event("new", 5, 1),
        event("late", 6, 40),
        event("elsewhere", 7, 40, room_id=OTHER),
    )
    await store.write(_fill, 30 * DAY, *events)
    assert await expired(store) == ["$old", "$ahead", "$older"]
    assert await expired(store, 3) == ["$old", "$ahead"]
    assert (await store.read(retention.find_expired, NOW, 9)).upto == {ROOM: 4}
    await store.write(retention.purge_events, [replace(each, client_json=b"{}") for each in events[1:4]])
    assert await expired(store) == []
    await store.write(retention.set_upto, {ROOM: 4})
    assert await store.read(find_event, "$old") is None
    gone = (await store.read(find_events, ["$old"]))["$old"]
    assert (gone.status, gone.position, gone.ordering, gone.client_json) == (GONE, None, None, b"{}")
    await store.write(retention.set_lifetimes, [(ROOM, 0)])
    assert await expired(store) == []
    await store.write(retention.set_lifetimes, [(ROOM, DAY // 2)])
    assert await expired(store) == ["$new", "$late"]


async def test_what_was_just_said_is_never_past(store: Store) -> None:
    """A message sent while the duty looked, or dated by a clock a little ahead, is in its time although nothing younger
    stands before it."""
    created = event("create", 1, 50, state_key="", type="m.room.create")
    await store.write(_fill, 30 * DAY, created, event("old", 2, 40), event("now", 3, -1 / DAY), event("ahead", 4, -1))
    assert await expired(store) == ["$old"]
    await store.write(retention.set_upto, {ROOM: 2})
    look = await store.read(retention.find_expired, NOW, 9)
    assert (look.expired, look.upto) == ([], {})


async def test_a_place_is_given_once(store: Store) -> None:
    """Where the last message goes, the next one still stands above the place it had."""
    message = event("old", 9, 40)
    await store.write(_fill, DAY, event("create", 1, 50, state_key="", type="m.room.create"), message)
    await store.write(retention.purge_events, [message])
    await store.write(retention.set_upto, {ROOM: 9})
    assert (await store.read(find_last_places, ROOM))[:2] == (9, 1)


async def test_edits_and_reactions_follow(store: Store) -> None:
    """They go with what they are about; an answer in a thread has a time of its own."""
    young = [
        event(kind, place, 1, relates_to="$old", rel_type=kind)
        for place, kind in enumerate(("m.replace", "m.annotation", "m.thread", "m.reference"), 3)
    ]
    await store.write(_fill, 30 * DAY, event("old", 2, 40), *young)
    found = await store.read(retention.find_followers, ["$old"], 9)
    assert {each.event_id for each in found} == {"$m.replace", "$m.annotation"}
    assert len(await store.read(retention.find_followers, ["$old"], 1)) == 1


async def test_a_long_room_costs_no_more_than_a_batch(store: Store) -> None:
    """Of thousands of messages past their time, a look reads those it may take and no others."""
    await store.write(_fill, 30 * DAY, *(event(f"e{place}", place, 40) for place in range(1, 3_001)))
    async with asyncio.timeout(2):
        for _ in range(3):
            assert await expired(store, 200) == [f"$e{place}" for place in range(1, 201)]


async def _upload(tx: Tx, media_id: str, user_id: str = ADA, created_ts: int = 5) -> None:
    await media.add_media(tx, Media(HOUSE, media_id, user_id, created_ts, 3, "text/plain", None, f"blob-{media_id}"))


async def _join(tx: Tx, user_id: str, room_id: str, position: int) -> None:
    await set_memberships(tx, [Membership(user_id, room_id, "join", "$in", user_id, position, None, None)])


def files(*names: str) -> list[MediaUri]:
    return [MediaUri(HOUSE, name) for name in names]


async def doomed(store: Store) -> list[tuple[str, str, str | None]]:
    return [(each.media_id, each.rule, each.event_id) for each in await store.read(media_links.find_doomed, 10)]


async def test_a_file_goes_with_its_last_event(store: Store) -> None:
    """Forwarded by who is in a room that has it, it waits for both; declared by a stranger, it is not theirs."""
    await store.write(_upload, "m1")
    await store.write(_join, BOB, ROOM, 3)
    first, second = event("first", 1, 1), event("second", 2, 1, sender=BOB, room_id=OTHER)
    forged = event("forged", 3, 1, sender=f"@eve:{HOUSE}", room_id=OTHER)
    for each in (first, second, forged, first):
        await store.write(media_links.add_links, each, files("m1", "nowhere"))
    await store.write(media_links.doom_media_of, {"$forged": None}, Cause(REDACTION, NOW))
    await store.write(media_links.doom_media_of, {"$first": None}, Cause(REDACTION, NOW))
    assert await doomed(store) == []
    await store.write(media_links.doom_media_of, {"$second": DAY}, Cause(RETENTION, NOW))
    assert await doomed(store) == [("m1", RETENTION, "$second")]
    assert await store.read(media.find_media, HOUSE, "m1") is None
    waiting = await store.read(media_links.find_doomed, 10)
    # Two processes that removed the same bytes write one proof.
    for _ in range(2):
        await store.write(deletions.end_deletions, waiting, NOW)
    assert await doomed(store) == []
    (proof,) = await store.read(deletions.find_deletions, 2**62, 10)
    assert (proof.media_id, proof.rule, proof.lifetime_ms, proof.room_id, proof.amount) == (
        "m1",
        RETENTION,
        DAY,
        OTHER,
        3,
    )


async def undeclared(store: Store) -> list[str]:
    """Dooms what nothing declares of the files older than a day; which they were."""
    before = await doomed(store)
    found, after = await store.read(media_links.find_undeclared, NOW - DAY, (0, ""))
    assert after is None
    await store.write(media_links.doom_undeclared, found, DAY, NOW)
    return [each[0] for each in await doomed(store) if each not in before]


async def test_files_are_looked_at_a_few_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are in use, one read goes no further than it may, and the next goes on where it ended."""
    monkeypatch.setattr(limits, "UNDECLARED_BATCH", 3)
    names = [f"m{number}" for number in range(7)]
    for number, name in enumerate(names):
        await store.write(_upload, name, ADA, 5 + number // 2)
    await store.write(media_links.add_links, event("one", 1, 1), files(*names[:5]))
    pages, after = [], (0, "")
    while after is not None:
        found, after = await store.read(media_links.find_undeclared, NOW, after)
        pages.append([each.media_id for each in found])
    assert pages == [[], ["m5"], ["m6"]]


async def test_files_in_use_stay(store: Store) -> None:
    """A picture of a profile, one of the uploader's own collections, what is to be sent later, and those of previews
    are left alone."""
    for name in ("face", "pack", "preview", "lone", "sign", "young", "later", "sealed"):
        await store.write(_upload, name, "" if name == "preview" else ADA, NOW if name == "young" else 5)
    for number, (media_id, content) in enumerate((("", b'{"url":"mxc://un/later"}'), ("mxc://un/sealed", b"{}"))):
        later = DelayedEvent(f"d{number}", ADA, "D", "", None, ROOM, "m.image", None, content, None, 1, 1, 2)
        await store.write(add_delayed, replace(later, media=media_id))
    await store.write(set_profile, Profile(ADA, None, f"mxc://{HOUSE}/face", {"x": f"mxc://{HOUSE}/pack"}))
    await store.write(_fill, DAY, event("state", 7, 1, state_key="", type="m.room.avatar"))
    await store.write(media_links.keep_links, [("$state", ROOM, MediaUri(HOUSE, "sign"))])
    await store.write(media_links.add_links, event("one", 1, 1), files("face", "pack", "sign", "later", "sealed"))
    await store.write(media_links.doom_media_of, {"$one": None}, Cause(REDACTION, NOW))
    assert await doomed(store) == []
    assert await undeclared(store) == ["lone"]
    assert await doomed(store) == [("lone", "undeclared", None)]
    await store.write(set_ended, "d0", End(CANCELLED, "action", NOW))
    assert await undeclared(store) == ["later"]
    assert [media_id for media_id, _, _ in await doomed(store)] == ["later", "lone"]


async def test_words_made_before_a_purge_are_not_indexed_after_it(store: Store) -> None:
    """The index reads a message, and while its words are made the message goes: none of them is kept."""
    old, young = event("old", 2, 40), event("young", 3, 1)
    await store.write(_fill, 30 * DAY, event("create", 1, 50, state_key="", type="m.room.create"), old, young)
    rooms = await store.read(search.find_progress, [ROOM])
    entries = [search.Entry(place, f"${name}", ROOM, ADA, "m.room.message", False, None, "mots")
               for name, place in (("old", 2), ("young", 3))]  # fmt: skip
    await store.write(retention.purge_events, [old])
    await store.write(search.set_entries, rooms, entries, [])
    assert await store.read(_indexed) == ["$young"]


async def _indexed(tx: Tx) -> list[str]:
    return [row[0] for row in await tx.all("SELECT event_id FROM search_entries")]


async def test_the_search_index_is_rewritten(store: Store) -> None:
    """Piece by piece, until nothing is left to do."""
    for _ in range(10):
        if not await store.write(search.tidy_index):
            return
    pytest.fail("the index is never tidy")
