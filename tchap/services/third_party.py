"""Looking up the places and people of other networks, which application services know.

Source: client-server API, "Third-party networks"; application-service API, "Third-party networks".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlencode

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import NotFound
from tchap.protocol.appservices import AppService
from tchap.services.appservice_calls import Call, call_service
from tchap.services.world import World
from tchap.storage.accounts import find_known
from tchap.storage.aliases import find_alias

_PREFIX = "/_matrix/app/v1/thirdparty"
Fields = Sequence[tuple[str, str]]
Kind = Literal["location", "user"]
# Application-service API, "Location" and "User": what each thing must have; `fields` is an object, the others text.
_NAME_OF: dict[str, str] = {"location": "alias", "user": "userid"}
_LISTS = ("user_fields", "location_fields")


async def find_protocols(world: World) -> dict[str, Any]:
    """What each protocol is, by its name; those whose service does not answer are left out."""
    names = sorted({name for service in world.appservices.all for name in service.protocols})
    found = await asyncio.gather(*(_find_protocol(world, name) for name in names))
    return {name: facts for name, facts in zip(names, found, strict=True) if facts is not None}


async def get_protocol(world: World, name: str) -> dict[str, Any]:
    """What one protocol is, or M_NOT_FOUND."""
    facts = await _find_protocol(world, name)
    if facts is None:
        raise _unknown_protocol()
    return facts


async def _find_protocol(world: World, name: str) -> dict[str, Any] | None:
    """The first service's description, with the instances of them all."""
    services = _services_of(world, name)
    answers = await _ask_all(world, services, f"/protocol/{quote(name, safe='')}")
    known = [(service, facts) for service, facts in zip(services, answers, strict=True) if _is_protocol(facts)]
    if not known:
        return None
    instances = [instance for service, facts in known for instance in _instances(service, facts)]
    return {**known[0][1], "instances": instances}


def _is_protocol(facts: Any) -> bool:
    """Whether clients may be shown this ("Protocol")."""
    return (
        isinstance(facts, dict)
        and all(isinstance(facts.get(name), list) for name in _LISTS)
        and isinstance(facts.get("field_types"), dict)
        and isinstance(facts.get("icon"), str)
    )


def _instances(service: AppService, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """ "The instances are modified by the homeserver … to include an `instance_id`": which directory of rooms it is."""
    written = facts.get("instances")
    for each in written if isinstance(written, list) else ():
        if isinstance(each, dict) and isinstance(each.get("network_id"), str):
            yield {**each, "instance_id": f"{service.id}|{each['network_id']}"}


async def find_in_network(world: World, kind: Kind, protocol: str, fields: Fields) -> list[dict[str, Any]]:
    """Places (`location`) or people (`user`) of one network; M_NOT_FOUND for an unknown network, and for no result."""
    services = _services_of(world, protocol)
    if not services:
        raise _unknown_protocol()
    path = f"/{kind}/{quote(protocol, safe='')}?{urlencode(fields, quote_via=quote)}"
    found = _things(kind, await _ask_all(world, services, path))
    if not found:
        raise NotFound("Nothing was found there.", "Rien n'a été trouvé.")
    return found


async def find_abroad(world: World, kind: Kind, name: str) -> list[dict[str, Any]]:
    """What an alias or a user id stands for in other networks; M_NOT_FOUND where nobody knows it, we included."""
    path = f"/{kind}?{urlencode(((_NAME_OF[kind], name),), quote_via=quote)}"
    found = _things(kind, await _ask_all(world, _services_of(world, None), path))
    if not found and not await _is_ours(world, kind, name):
        raise NotFound("This is not known here.", "Ceci n'est pas connu ici.")
    return found


async def _is_ours(world: World, kind: Kind, name: str) -> bool:
    if kind == "user":
        return bool(await world.store.read(find_known, [name]))
    return await world.store.read(find_alias, name) is not None


def _things(kind: Kind, answers: Sequence[Any]) -> list[dict[str, Any]]:
    """The things of all the answers, each once; what is none is left out."""
    found: list[dict[str, Any]] = []
    for answer in answers:
        for thing in answer if isinstance(answer, list) else ():
            if _is_thing(kind, thing) and thing not in found and len(found) < limits.MAX_THIRD_PARTY:
                found.append(thing)
    return found


def _is_thing(kind: Kind, thing: Any) -> bool:
    return (
        isinstance(thing, dict)
        and isinstance(thing.get(_NAME_OF[kind]), str)
        and isinstance(thing.get("protocol"), str)
        and isinstance(thing.get("fields"), dict)
    )


def _unknown_protocol() -> NotFound:
    return NotFound("This protocol is not known here.", "Ce protocole n'est pas connu ici.")


def _services_of(world: World, protocol: str | None) -> list[AppService]:
    return [
        service
        for service in world.appservices.all
        if service.url and service.protocols and (protocol is None or protocol in service.protocols)
    ]


async def _ask_all(world: World, services: list[AppService], path: str) -> list[Any]:
    return list(await asyncio.gather(*(_ask(world, service, path) for service in services)))


async def _ask(world: World, service: AppService, path: str) -> object:
    """What the service answers, None where it does not, in the time somebody waits for a search."""
    try:
        async with asyncio.timeout(limits.THIRD_PARTY_TIMEOUT_S):
            answer = await call_service(world, service, Call("GET", _PREFIX + path))
    except TimeoutError:
        return None
    if answer is None or not answer.is_success:
        return None
    try:
        return decode_json(answer.body)
    except ValueError:
        return None
