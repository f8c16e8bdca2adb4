"""Notifications outlive a gateway that goes away and a server that is killed."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.client import Client
from tests.support.gateway import Gateway, open_gateway
from tests.support.server import free_port, start_server


def pusher(url: str) -> dict[str, Any]:
    return {
        "kind": "http",
        "app_id": "org.example.app",
        "pushkey": "phone",
        "app_display_name": "Exemple",
        "device_display_name": "Téléphone",
        "lang": "fr",
        "data": {"url": url, "format": "event_id_only"},
    }


def arrived(gateway: Gateway, event_ids: list[str]) -> bool:
    return set(event_ids) <= set(gateway.event_ids())


def test_a_gateway_away_and_a_server_killed_lose_nothing(tmp_path: Path) -> None:
    """Messages sent while the gateway is down, and just before a power cut, arrive once each, or twice at most."""
    port = free_port()
    with start_server(tmp_path, "test") as server:
        alice, bob = Client(server.url).register("alice"), Client(server.url).register("bob")
        room_id = alice.create_room(preset="public_chat")
        bob.join(room_id)
        with open_gateway(port) as gateway:
            bob.ask("POST", "/_matrix/client/v3/pushers/set", pusher(gateway.notify_url))
            first = alice.send(room_id, "un", "t1")
            gateway.wait_for(lambda: arrived(gateway, [first]))
        away = [alice.send(room_id, str(number), f"a{number}") for number in range(3)]
        with open_gateway(port) as gateway:
            gateway.wait_for(lambda: arrived(gateway, away))
            assert gateway.event_ids() == away
            sent = [alice.send(room_id, str(number), f"k{number}") for number in range(10)]
            server.kill()
            before = list(gateway.event_ids())
    with open_gateway(port) as gateway, start_server(tmp_path, "test") as server:
        missing = [event_id for event_id in sent if event_id not in before]
        gateway.wait_for(lambda: arrived(gateway, missing), 40)
        last = alice.at(server.url).send(room_id, "fin", "t2")
        gateway.wait_for(lambda: arrived(gateway, [last]), 40)
        counts = Counter([*before, *gateway.event_ids()])
        assert sum(counts.values()) <= len(counts) + 1
        assert max(counts.values()) <= 2
