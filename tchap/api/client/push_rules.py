"""Push rules: /pushrules."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base.errors import BadJson, MissingParam, NotFound
from tchap.services.push_rules import (
    Place,
    get_rule,
    list_rules,
    remove_rule,
    set_actions,
    set_enabled,
    set_rule,
)
from tchap.services.world import World

ALL = "/_matrix/client/v3/pushrules/"
RULE = "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}"


async def get_all(world: World, request: Request) -> dict[str, Any]:
    return {"global": await list_rules(world, request.requester.user_id)}


async def get_global(world: World, request: Request) -> dict[str, Any]:
    return await list_rules(world, request.requester.user_id)


async def get_one(world: World, request: Request) -> dict[str, Any]:
    return await get_rule(world, request.requester.user_id, request.params["kind"], request.params["ruleId"])


async def put_one(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    if "actions" not in body:
        raise MissingParam("actions")
    place = Place(request.text("before"), request.text("after"))
    rule = (request.params["ruleId"], body)
    await set_rule(world, request.requester, request.params["kind"], rule, place)
    return {}


async def delete_one(world: World, request: Request) -> dict[str, Any]:
    await remove_rule(world, request.requester, request.params["kind"], request.params["ruleId"])
    return {}


async def get_part(world: World, request: Request) -> dict[str, Any]:
    """One attribute of a rule: ``enabled`` or ``actions``."""
    attribute = _attribute(request)
    rule = await get_rule(world, request.requester.user_id, request.params["kind"], request.params["ruleId"])
    return {attribute: rule[attribute]}


async def put_part(world: World, request: Request) -> dict[str, Any]:
    attribute, body = _attribute(request), request.json()
    if attribute not in body:
        raise MissingParam(attribute)
    target = (request.params["kind"], request.params["ruleId"])
    if attribute == "actions":
        await set_actions(world, request.requester, *target, body["actions"])
        return {}
    if not isinstance(body["enabled"], bool):
        raise BadJson("The field 'enabled' must be a boolean.", "Le champ « enabled » n'a pas le bon type.")
    await set_enabled(world, request.requester, *target, body["enabled"])
    return {}


def _attribute(request: Request) -> str:
    attribute = request.params["attribute"]
    if attribute not in ("enabled", "actions"):
        raise NotFound("A push rule has no such attribute.", "Une règle n'a pas cet attribut.")
    return attribute


ROUTES = (
    Route("GET", ALL, get_all),
    Route("GET", ALL.rstrip("/"), get_all),
    Route("GET", ALL + "global/", get_global),
    Route("GET", ALL + "global", get_global),
    Route("GET", RULE, get_one),
    Route("PUT", RULE, put_one),
    Route("DELETE", RULE, delete_one),
    Route("GET", RULE + "/{attribute}", get_part),
    Route("PUT", RULE + "/{attribute}", put_part),
)
