"""Pushers of an invented gateway, and the turns of the duties that call it."""

from typing import Any

from tchap.services.push_decisions import decide_round
from tchap.services.push_delivery import deliver_due
from tests.support.gateway import Gateway
from tests.support.hall import Hall, Resident

LEDGER = "/_tchap/client/v1/push/deliveries"


def pusher(gateway: Gateway, pushkey: str = "phone", **fields: Any) -> dict[str, Any]:
    data = {"url": gateway.notify_url, **fields.pop("data", {})}
    return {
        "kind": "http",
        "app_id": "org.example.app",
        "pushkey": pushkey,
        "app_display_name": "Exemple",
        "device_display_name": "Téléphone",
        "lang": "fr",
        "data": data,
        **fields,
    }


async def set_pusher(who: Resident, gateway: Gateway, pushkey: str = "phone", **fields: Any) -> None:
    assert await who.ask("POST", "/pushers/set", pusher(gateway, pushkey, **fields)) == {}


async def work(hall: Hall) -> None:
    """One turn of both duties."""
    while await decide_round(hall.house.world):
        continue
    await deliver_due(hall.house.world)


async def later(hall: Hall, seconds: float) -> None:
    hall.house.clock.move(seconds)
    await work(hall)


async def two_in_a_room(hall: Hall, **options: Any) -> tuple[Resident, Resident, str]:
    alice, bob = await hall.enter("alice"), await hall.enter("bob")
    room_id = await alice.create_room(preset="public_chat", **options)
    await bob.join(room_id)
    return alice, bob, room_id


async def ledger(who: Resident, query: str = "") -> Any:
    return await who.hall.house.ask("GET", LEDGER + query, token=who.token)


async def outcomes(who: Resident) -> list[str]:
    return [each["outcome"] for each in (await ledger(who))["deliveries"]]
