"""What is kept of sign-ins by ProConnect, on both engines."""

import asyncio
from pathlib import Path

import pytest

from tchap.storage import proconnect, validity
from tchap.storage.database import Store, Tx
from tchap.storage.proconnect import Link, PendingSignIn
from tests.support.proconnect import JEAN, JEAN_ID, open_desk, run_provider

pytestmark = pytest.mark.anyio

LINK = Link("https://pc.example", "sub-1", "@a:one.example", "a@one.example", "jean martin", None, 1, 1)
OURS = (b"browser today", b"browser")


def pending(number: int, expires_ts: int = 100) -> PendingSignIn:
    key = number.to_bytes(32, "big")
    return PendingSignIn(key, b"browser", "nonce", "verifier", "https://here/cb", "/account", expires_ts)


async def test_a_link_keeps_when_it_was_made_and_follows_what_is_said(store: Store) -> None:
    """A second sign-in changes what was said and when she was seen, not the link's beginning."""
    later = Link("https://pc.example", "sub-1", "@b:one.example", "b@one.example", None, "13002526500013", 9, 9)
    await store.write(proconnect.set_link, LINK)
    await store.write(proconnect.set_link, later)
    found = await store.read(proconnect.find_link, "https://pc.example", "sub-1")
    assert found is not None
    assert (found.user_id, found.email, found.names, found.created_ts, found.last_seen_ts) == (
        "@b:one.example",
        "b@one.example",
        None,
        1,
        9,
    )
    assert await store.read(proconnect.find_link, "https://other.example", "sub-1") is None
    assert await store.read(proconnect.find_links_of, "https://pc.example", "@b:one.example") == [found]
    await store.write(proconnect.remove_links_of, "@b:one.example")
    assert await store.read(proconnect.find_links_of, "https://pc.example", "@b:one.example") == []


async def test_a_sign_in_is_used_up_by_its_browser_alone(store: Store) -> None:
    """Another browser uses nothing up; the right one does, once and in time."""
    for number in (1, 2):
        await store.write(proconnect.add_sign_in, pending(number), 0, 10)
    assert await store.write(proconnect.remove_sign_in, pending(1).state_hash, (b"another", b"yet another"), 1) is None
    assert await store.write(proconnect.remove_sign_in, pending(1).state_hash, OURS, 1) == pending(1)
    assert await store.write(proconnect.remove_sign_in, pending(1).state_hash, OURS, 1) is None
    assert await store.write(proconnect.remove_sign_in, pending(2).state_hash, OURS, 100) is None


async def count_sign_ins(tx: Tx) -> int:
    row = await tx.one("SELECT COUNT(*) FROM proconnect_sign_ins")
    return int(row[0]) if row is not None else 0


async def test_sign_ins_under_way_are_bounded(store: Store) -> None:
    """Those that are over go, and of too many the oldest."""
    for number in range(20):
        await store.write(proconnect.add_sign_in, pending(number), 0, 5)
    assert await store.read(count_sign_ins) <= 6
    assert await store.write(proconnect.remove_sign_in, pending(0).state_hash, OURS, 1) is None
    assert await store.write(proconnect.remove_sign_in, pending(19).state_hash, OURS, 1) == pending(19)
    await store.write(proconnect.add_sign_in, pending(50, 300), 200, 5)
    assert await store.read(count_sign_ins) == 1


async def add_account(tx: Tx, user_id: str, expires_ts: int | None) -> None:
    await tx.run(
        "INSERT INTO accounts (user_id, instance, created_ts, expires_ts) VALUES ($1, 'one.example', 0, $2)",
        user_id,
        expires_ts,
    )
    for device, seen_ts in (("A", 3), ("B", 7)):
        await tx.run(
            "INSERT INTO devices (user_id, device_id, created_ts, last_seen_ts) VALUES ($1, $2, 0, $3)",
            user_id,
            device,
            seen_ts,
        )


async def test_a_term_is_only_ever_pushed_back(store: Store) -> None:
    """Renewing lengthens a term, never shortens one, and gives none to who has none."""
    await store.write(add_account, "@a:one.example", 10)
    await store.write(add_account, "@b:one.example", None)
    for user_id in ("@a:one.example", "@b:one.example"):
        for expires_ts in (20, 5):
            await store.write(validity.set_renewed, user_id, expires_ts, 1)
    assert await store.read(proconnect.find_use, "@a:one.example") == (20, 7)
    assert await store.read(proconnect.find_use, "@b:one.example") == (None, 7)
    assert await store.read(proconnect.find_use, "@c:one.example") == (None, None)


async def test_an_id_token_is_taken_out_once(store: Store) -> None:
    """It is there for the one sign-out, and goes when its session is over."""
    await store.write(proconnect.set_id_token, b"cookie", "first", 0, 10)
    await store.write(proconnect.set_id_token, b"cookie", "second", 0, 10)
    await store.write(proconnect.set_id_token, b"old", "old", 0, 5)
    await store.write(proconnect.set_id_token, b"other", "third", 6, 16)
    assert await store.write(proconnect.remove_id_token, b"cookie") == "second"
    assert await store.write(proconnect.remove_id_token, b"cookie") is None
    assert await store.write(proconnect.remove_id_token, b"old") is None


async def test_people_come_in_on_each_engine(tmp_path: Path, store_url: str) -> None:
    """Two tabs at once, another `sub`, a changed address and a sign-out: the same on both engines."""
    with run_provider() as provider:
        async with open_desk(tmp_path, provider, first=f'store_url = "{store_url}"\n') as desk:
            backs = []
            for _ in range(2):
                await desk.begin()
                backs.append(await provider.identify(desk.away, "jean-1"))
            answers = await asyncio.gather(*(desk.browser.http.get(back) for back in backs))
            assert [answer.status_code for answer in answers] == [303, 303]
            provider.set_person("jean-2", email=JEAN)
            await desk.enter("jean-2")
            provider.set_person("jean-2", email="j.martin@hopital.example.fr")
            await desk.enter("jean-2")
            assert await desk.user_id() == JEAN_ID
            await desk.browser.open("/account?action=sign_out")
            assert "id_token_hint=" in (await desk.browser.submit()).headers["refresh"]
            assert await desk.session() is None
