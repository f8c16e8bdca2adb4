"""Notices of the server on both engines."""

from dataclasses import replace

import pytest

from tchap.storage import accounts, server_notices
from tchap.storage.accounts import Account
from tchap.storage.database import Store
from tchap.storage.server_notices import SENDING, SENT, WITHDRAWING, Notice

pytestmark = pytest.mark.anyio
NOTICE = Notice(0, "@admin:a.example.fr", "everyone", "", b"{}", True, SENDING, "", 0, 5)


async def test_a_notice_remembers_how_far_it_came(store: Store) -> None:
    """The oldest one at work is next; its progress is kept, and a new stage begins anew."""
    first = await store.write(server_notices.add_notice, NOTICE)
    second = await store.write(server_notices.add_notice, NOTICE)
    await store.write(server_notices.set_progress, first, "@b:a.example.fr", 2)
    found = await store.read(server_notices.find_next_notice)
    assert found == replace(NOTICE, notice_id=first, after_user="@b:a.example.fr", told=2)
    await store.write(server_notices.set_status, first, SENT, 9)
    found = await store.read(server_notices.find_next_notice)
    assert found is not None
    assert found.notice_id == second
    await store.write(server_notices.set_status, first, WITHDRAWING, None)
    found = await store.read(server_notices.find_notice, first)
    assert found == replace(NOTICE, notice_id=first, status=WITHDRAWING, told=2)


async def test_one_person_is_told_before_a_crowd(store: Store) -> None:
    """A notice to one person passes those to many that were written before."""
    await store.write(server_notices.add_notice, NOTICE)
    urgent = await store.write(server_notices.add_notice, replace(NOTICE, audience="user"))
    found = await store.read(server_notices.find_next_notice)
    assert found is not None
    assert found.notice_id == urgent


async def test_people_are_taken_in_order(store: Store) -> None:
    """Living accounts by their ids, or one administration after the other, and who was told by which event."""
    places = {"c": "z", "a": "a", "b": "a", "d": "m", "e": None, "f": "a"}
    for name, of in places.items():
        account = Account(f"@{name}:a.example.fr", "a.example.fr", None, 1, administration_id=of)
        await store.write(accounts.add_account, account)
        await store.write(server_notices.add_told, 7, account.user_id, f"${name}")
    await store.write(accounts.set_deactivated, "@a:a.example.fr", 2, False)
    found = await store.read(server_notices.find_everybody, "@b:a.example.fr", 2)
    assert found == ["@c:a.example.fr", "@d:a.example.fr"]
    after, told = ("", ""), []
    while batch := await store.read(server_notices.find_agents, ("z", "a", "empty"), after, 1):
        told += batch
        after = batch[-1]
    assert told == [("a", "@b:a.example.fr"), ("a", "@f:a.example.fr"), ("z", "@c:a.example.fr")]
    assert await store.read(server_notices.find_told, 7, "@a:a.example.fr", 1) == [("@b:a.example.fr", "$b")]


async def test_notices_are_listed_the_newest_first(store: Store) -> None:
    """All of them, or those for some administrations."""
    ids = [
        await store.write(server_notices.add_notice, replace(NOTICE, administration_id=of)) for of in (None, "a", "b")
    ]
    found = await store.read(server_notices.find_notices, ids[2], 5)
    assert [each.notice_id for each in found] == [ids[1], ids[0]]
    found = await store.read(server_notices.find_notices_for, ("b", "c"), 2**53, 5)
    assert [(each.notice_id, each.administration_id) for each in found] == [(ids[2], "b")]


async def test_there_is_one_room_per_person(store: Store) -> None:
    """Of two rooms made at once the first kept is everybody's answer."""
    assert await store.read(server_notices.find_notice_room, "@a:a.example.fr") is None
    for room in ("!first", "!second"):
        assert await store.write(server_notices.add_notice_room, "@a:a.example.fr", room, 1) == "!first"
    assert await store.read(server_notices.find_notice_room, "@a:a.example.fr") == "!first"
