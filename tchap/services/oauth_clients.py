"""Applications that may ask people for their account: registering, finding and forgetting them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.protocol.oauth import OAuthError
from tchap.protocol.oauth_clients import ClientMetadata, client_id_of, parse_client_metadata
from tchap.services.world import World
from tchap.storage import oauth
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application."""

    client_id: str
    metadata: ClientMetadata

    def name_in(self, language: str) -> str:
        """What it calls itself, else the host that answers for it."""
        return self.metadata.find_text("client_name", language) or self.metadata.host


async def register_client(world: World, body: Mapping[str, Any]) -> Client:
    """Keeps the application, or finds the same one again; OAuthError where its metadata are not lawful.

    Source: client-server API, "Dynamic client registration flow".
    """
    metadata = parse_client_metadata(body)
    client = Client(client_id_of(metadata), metadata)
    await world.store.write(_register, client.client_id, encode_json(metadata.json), world.clock.now_ms())
    return client


async def find_client(world: World, client_id: str) -> Client | None:
    kept = await world.store.read(oauth.find_client, client_id)
    return None if kept is None else _client(client_id, kept)


async def get_client(world: World, client_id: str) -> Client:
    """OAuthError `invalid_client` for an unknown one (RFC 6749, section 5.2)."""
    client = await find_client(world, client_id)
    if client is None:
        raise OAuthError("invalid_client", "This application is not registered here.")
    return client


async def sweep(world: World) -> None:
    """Forgets codes and device grants whose time is over, and applications nobody uses."""
    await world.store.write(_sweep, world.clock.now_ms())


async def keep_tidy(world: World) -> None:
    """Sweeps for ever, hour after hour: the duty."""
    while True:
        await sweep(world)
        await world.clock.sleep(limits.OAUTH_SWEEP_S)


async def _register(tx: Tx, client_id: str, metadata: bytes, now_ms: int) -> None:
    if not await oauth.add_client(tx, client_id, metadata, now_ms):
        return
    # Anybody may register: the table has a bound, and those nobody signed in with give way.
    crowd = await oauth.count_clients(tx) - limits.MAX_OAUTH_CLIENTS
    if crowd > 0:
        await oauth.remove_idle_clients(tx, now_ms, crowd)


async def _sweep(tx: Tx, now_ms: int) -> None:
    await oauth.remove_old_grants(tx, now_ms, now_ms - limits.SPENT_CODE_MS)
    await oauth.remove_idle_clients(tx, now_ms - limits.UNUSED_CLIENT_MS, limits.MAX_OAUTH_CLIENTS)


def _client(client_id: str, kept: bytes) -> Client:
    body = decode_json(kept)
    return Client(client_id, parse_client_metadata(body if isinstance(body, dict) else {}))
