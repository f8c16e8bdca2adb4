"""Filters that clients keep on the server (client-server API, "Filtering")."""

from __future__ import annotations

from typing import Any

from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam, NotFound
from tchap.protocol.canonical import encode_lenient
from tchap.protocol.filters import ALL, Filter, parse_filter
from tchap.services.world import World
from tchap.storage import filters


async def add_filter(world: World, user_id: str, definition: dict[str, Any]) -> str:
    """Keeps the filter and gives its id. Raises M_INVALID_PARAM for one that cannot be read."""
    _parse(definition)
    encoded = encode_lenient(definition)
    return await world.store.write(filters.add_filter, user_id, encoded)


async def get_filter(world: World, user_id: str, filter_id: str) -> dict[str, Any]:
    stored = await world.store.read(filters.find_filter, user_id, filter_id)
    value = None if stored is None else decode_json(stored)
    if not isinstance(value, dict):
        raise NotFound("There is no such filter.", "Ce filtre n'existe pas.")
    return value


async def load_filter(world: World, user_id: str, text: str | None) -> Filter:
    """The filter of a sync: inline JSON when it begins with a brace, else the id of one that was uploaded."""
    if not text:
        return ALL
    if not text.startswith("{"):
        try:
            return _parse(await get_filter(world, user_id, text))
        except NotFound as error:
            raise InvalidParam("There is no such filter.", "Ce filtre n'existe pas.") from error
    try:
        return _parse(decode_json(text.encode()))
    except ValueError as error:
        raise InvalidParam("The filter is not JSON.", "Le filtre n'est pas du JSON.") from error


def _parse(definition: object) -> Filter:
    try:
        return parse_filter(definition)
    except ValueError as error:
        raise InvalidParam(f"This filter cannot be used: {error}.", "Ce filtre est inutilisable.") from error
