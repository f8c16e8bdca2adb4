"""Pushers come, change hands and go, are tried, and everybody can read what became of their notifications."""

import pytest

from tchap.base import limits
from tchap.services import push_delivery
from tchap.services.push_decisions import decide_round
from tests.support.gateway import Gateway
from tests.support.hall import Hall
from tests.support.push import ledger, outcomes, set_pusher, two_in_a_room, work

pytestmark = pytest.mark.anyio
TRIAL = "/_tchap/client/v1/push/test"


async def test_the_ledger_is_its_owner_s_and_is_forgotten(hall: Hall, gateway: Gateway) -> None:
    """Everybody reads their own deliveries, newest first and in pages; old ones are pruned."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    sent = [await alice.send(room_id, str(number)) for number in range(3)]
    await work(hall)
    first = await ledger(bob, "?limit=2")
    second = await ledger(bob, f"?limit=2&from={first['next_token']}")
    assert [each["event_id"] for each in first["deliveries"] + second["deliveries"]] == sent[::-1]
    assert "next_token" not in second
    assert (await ledger(alice))["deliveries"] == []
    hall.house.clock.move(limits.PUSH_LEDGER_MS / 1000 + 1)
    await hall.house.world.store.write(push_delivery._sweep, hall.house.clock.now_ms())
    assert (await ledger(bob))["deliveries"] == []


async def test_a_button_tries_the_notifications(hall: Hall, gateway: Gateway) -> None:
    """The self-test calls the gateway at once and says what it answered; there must be something to try."""
    bob = await hall.enter("bob")
    house = hall.house
    assert (await house.call("POST", TRIAL, {}, bob.token)).status == 404
    await set_pusher(bob, gateway)
    gateway.statuses = [200, 503]
    good = await house.ask("POST", TRIAL, {}, bob.token)
    assert good["results"][0] == {
        "app_id": "org.example.app",
        "pushkey": "phone",
        "outcome": "sent",
        "answer": "200",
    }
    bad = await house.ask("POST", TRIAL, {"app_id": "org.example.app", "pushkey": "phone"}, bob.token)
    assert [(each["outcome"], each["answer"]) for each in bad["results"]] == [("failed", "503")]
    assert (await house.call("POST", TRIAL, {"pushkey": "another"}, bob.token)).status == 404
    assert [each["kind"] for each in (await ledger(bob))["deliveries"]] == ["test", "test"]


async def test_a_disabled_pusher_is_silent(hall: Hall, gateway: Gateway) -> None:
    """MSC3881: a pusher may be switched off and on again; the list says which device it is of."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway, **{"org.matrix.msc3881.enabled": False})
    (shown,) = (await bob.ask("GET", "/pushers"))["pushers"]
    assert shown["org.matrix.msc3881.enabled"] is False
    assert shown["org.matrix.msc3881.device_id"] == bob.requester.device_id
    await alice.send(room_id, "un")
    await work(hall)
    assert gateway.take() == []
    await set_pusher(bob, gateway, **{"org.matrix.msc3881.enabled": True})
    await alice.send(room_id, "deux")
    await work(hall)
    assert len(gateway.take()) == 1


async def test_a_pushkey_changes_hands_unless_it_is_shared(hall: Hall, gateway: Gateway) -> None:
    """Without `append` the same app and pushkey leave their former owner; with it both keep them."""
    alice, bob = await hall.enter("alice"), await hall.enter("bob")
    await set_pusher(alice, gateway)
    await set_pusher(bob, gateway, append=True)
    assert len((await alice.ask("GET", "/pushers"))["pushers"]) == 1
    await set_pusher(bob, gateway)
    assert (await alice.ask("GET", "/pushers"))["pushers"] == []
    gone = {"kind": None, "app_id": "org.example.app", "pushkey": "phone"}
    assert await bob.ask("POST", "/pushers/set", gone) == {}
    assert (await bob.ask("GET", "/pushers"))["pushers"] == []
    assert await bob.ask("POST", "/pushers/set", gone) == {}


async def test_signing_out_ends_the_device_s_pushers(hall: Hall, gateway: Gateway) -> None:
    """A device that signs out is not called any more, nor are the others after a change of password."""
    bob = await hall.enter("bob")
    phone, tablet = await hall.another_device(bob), await hall.another_device(bob)
    for device, name in ((bob, "pc"), (phone, "phone"), (tablet, "tablet")):
        await set_pusher(device, gateway, name)
    await phone.ask("POST", "/logout", {})
    assert [each["pushkey"] for each in (await bob.ask("GET", "/pushers"))["pushers"]] == ["pc", "tablet"]
    auth = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": bob.user_id},
        "password": "Mot-de-passe-2026",
    }
    await bob.ask("POST", "/account/password", {"new_password": "Autre-mot-2027", "auth": auth})
    assert [each["pushkey"] for each in (await bob.ask("GET", "/pushers"))["pushers"]] == ["pc"]


async def test_what_waits_for_a_pusher_that_went_is_dropped(hall: Hall, gateway: Gateway) -> None:
    """A notification whose pusher was removed meanwhile is never sent."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    await alice.send(room_id, "un")
    await decide_round(hall.house.world)
    await bob.ask("POST", "/pushers/set", {"kind": None, "app_id": "org.example.app", "pushkey": "phone"})
    await work(hall)
    await hall.house.world.store.write(push_delivery._sweep, hall.house.clock.now_ms())
    assert gateway.take() == []
    assert await outcomes(bob) == ["dropped"]
