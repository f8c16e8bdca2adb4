"""Notices of the server on both engines."""

from dataclasses import replace

import pytest

from tchap.storage import accounts, server_notices
from tchap.storage.accounts import Account
from tchap.storage.administrations import Administration, add_administration
from tchap.storage.database import Store
from tchap.storage.server_notices import SENDING, SENT, WITHDRAWING, Addressee, Notice

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
    """Living accounts by their ids, with their administrations, and who was told by which event."""
    users = [f"@{name}:a.example.fr" for name in "cab"]
    for user_id in users:
        await store.write(accounts.add_account, Account(user_id, "a.example.fr", None, 1, administration_id="a"))
        await store.write(server_notices.add_told, 7, user_id, f"${user_id[1]}")
    await store.write(add_administration, Administration("a", "Académie", "", "a.example.fr", 1))
    await store.write(accounts.set_deactivated, users[1], 2, False)
    found = await store.read(server_notices.find_addressees, "", 1)
    assert found == [Addressee("@b:a.example.fr", "Académie")]
    found = await store.read(server_notices.find_addressees, "@b:a.example.fr", 5)
    assert [each.user_id for each in found] == ["@c:a.example.fr"]
    assert await store.read(server_notices.find_told, 7, "@a:a.example.fr", 1) == [("@b:a.example.fr", "$b")]


async def test_there_is_one_room_per_person(store: Store) -> None:
    """Of two rooms made at once the first kept is everybody's answer."""
    assert await store.read(server_notices.find_notice_room, "@a:a.example.fr") is None
    for room in ("!first", "!second"):
        assert await store.write(server_notices.add_notice_room, "@a:a.example.fr", room, 1) == "!first"
    assert await store.read(server_notices.find_notice_room, "@a:a.example.fr") == "!first"
