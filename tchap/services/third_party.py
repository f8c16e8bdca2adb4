"""Looking up the places and people of other networks, which application services know.

Source: client-server API, "Third-party networks"; application-service API, "Third-party networks".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from tchap.base.encoding import decode_json
from tchap.base.errors import NotFound
from tchap.protocol.appservices import AppService
from tchap.services.appservice_calls import Call, call_service
from tchap.services.world import World

_PREFIX = "/_matrix/app/v1/thirdparty"
Fields = Sequence[tuple[str, str]]


async def find_protocols(world: World) -> dict[str, Any]:
    """What each protocol is, by its name; those whose service does not answer are left out."""
    names = sorted({name for service in world.appservices.all for name in service.protocols})
    found = await asyncio.gather(*(_find_protocol(world, name) for name in names))
    return {name: facts for name, facts in zip(names, found, strict=True) if facts is not None}


async def get_protocol(world: World, name: str) -> dict[str, Any]:
    """What one protocol is, or M_NOT_FOUND."""
    facts = await _find_protocol(world, name)
    if facts is None:
        raise NotFound("This protocol is not known here.", "Ce protocole n'est pas connu ici.")
    return facts


async def _find_protocol(world: World, name: str) -> dict[str, Any] | None:
    """The first service's description, with the instances of them all."""
    answers = await _ask_all(world, _services_of(world, name), f"/protocol/{quote(name, safe='')}")
    objects = [answer for answer in answers if isinstance(answer, dict)]
    if not objects:
        return None
    instances = [each for answer in objects for each in answer.get("instances") or ()]
    return {**objects[0], "instances": instances}


async def find_things(world: World, kind: str, protocol: str | None, fields: Fields) -> list[Any]:
    """Places (`location`) or people (`user`) of one network, or of all of them; M_NOT_FOUND for an unknown network."""
    services = _services_of(world, protocol)
    if protocol is not None and not services:
        raise NotFound("This protocol is not known here.", "Ce protocole n'est pas connu ici.")
    path = f"/{kind}" if protocol is None else f"/{kind}/{quote(protocol, safe='')}"
    answers = await _ask_all(world, services, f"{path}?{urlencode(fields, quote_via=quote)}")
    return [thing for answer in answers if isinstance(answer, list) for thing in answer]


def _services_of(world: World, protocol: str | None) -> list[AppService]:
    return [
        service
        for service in world.appservices.all
        if service.url and service.protocols and (protocol is None or protocol in service.protocols)
    ]


async def _ask_all(world: World, services: list[AppService], path: str) -> list[object]:
    return list(await asyncio.gather(*(_ask(world, service, path) for service in services)))


async def _ask(world: World, service: AppService, path: str) -> object:
    answer = await call_service(world, service, Call("GET", _PREFIX + path))
    if answer is None or not answer.is_success:
        return None
    try:
        return decode_json(answer.body)
    except ValueError:
        return None
