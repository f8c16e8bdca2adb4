"""Push gateways that refuse, fail, are away, or say when to come back."""

import pytest

from tchap.base import limits
from tests.support.gateway import Gateway
from tests.support.hall import Hall
from tests.support.push import later, ledger, outcomes, set_pusher, two_in_a_room, work

pytestmark = pytest.mark.anyio


async def test_a_rejected_pushkey_ends_its_pusher(hall: Hall, gateway: Gateway) -> None:
    """A pushkey the gateway gives back is never called again, and its pusher is gone; others stay."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway, "old")
    await set_pusher(bob, gateway, "new")
    gateway.rejected = ["old"]
    await alice.send(room_id, "un")
    await work(hall)
    assert len(gateway.take()) == 2
    await alice.send(room_id, "deux")
    await work(hall)
    assert [each["devices"][0]["pushkey"] for each in gateway.take()] == ["new"]
    assert [each["pushkey"] for each in (await bob.ask("GET", "/pushers"))["pushers"]] == ["new"]
    assert sorted(await outcomes(bob)) == ["rejected", "sent", "sent"]


async def test_a_gateway_that_fails_is_tried_again_later_and_later(hall: Hall, gateway: Gateway) -> None:
    """Errors are retried with growing pauses; nothing is lost while the gateway is away for a short time."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    gateway.statuses = [500, 502, 503]
    first = await alice.send(room_id, "un")
    await work(hall)
    second = await alice.send(room_id, "deux")
    await work(hall)
    assert gateway.event_ids() == [first], "a new message does not hurry a gateway that fails"
    await later(hall, 1)
    await later(hall, 1)
    assert gateway.event_ids() == [first, first]
    await later(hall, 1)
    assert gateway.event_ids() == [first] * 3
    await later(hall, 4)
    assert gateway.event_ids() == [first] * 4 + [second]
    assert [(each["attempts"], each["outcome"]) for each in (await ledger(bob))["deliveries"]] == [
        (1, "sent"),
        (4, "sent"),
    ]


async def test_a_long_absence_leaves_the_newest_alone(hall: Hall, gateway: Gateway) -> None:
    """A gateway that comes back after long is told of the newest message only; a day later of nothing."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    gateway.good = 500
    for number in range(5):
        await alice.send(room_id, str(number))
    await work(hall)
    await later(hall, limits.PUSH_FRESH_MS / 1000 + 1)
    newest = await alice.send(room_id, "le dernier")
    await later(hall, limits.PUSH_MAX_RETRY_MS / 1000)
    gateway.take()
    gateway.good = 200
    await later(hall, limits.PUSH_MAX_RETRY_MS / 1000 + 1)
    assert gateway.event_ids() == [newest]
    assert await outcomes(bob) == ["sent", *["collapsed"] * 5]
    gateway.good = 500
    await alice.send(room_id, "perdu")
    await work(hall)
    await later(hall, limits.PUSH_GIVE_UP_MS / 1000 + 1)
    assert (await outcomes(bob))[0] == "failed"


async def test_a_retry_after_is_respected(hall: Hall, gateway: Gateway) -> None:
    """A gateway that says when to come back is not called before."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    gateway.statuses, gateway.headers = [429], {"Retry-After": "60"}
    await alice.send(room_id, "un")
    await work(hall)
    await later(hall, 50)
    assert len(gateway.pushed) == 1
    await later(hall, 11)
    assert len(gateway.pushed) == 2


async def test_an_answer_that_cannot_be_read_is_an_answer(hall: Hall, gateway: Gateway) -> None:
    """Whatever a gateway says with a 200, the notification was taken."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    gateway.rejected = {"not": "a list"}  # type: ignore[assignment]
    await alice.send(room_id, "un")
    await work(hall)
    assert await outcomes(bob) == ["sent"]
