"""The e-mail domains of administrations. What cannot be undone asks once more who one is."""

from typing import Any

from tchap.api.admin.administrations import BASE, domain_body
from tchap.api.http import Request
from tchap.api.parse import need_int, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.policy.administrations import Act
from tchap.services import administrations_admin as desk
from tchap.services.interactive_auth import AuthAttempt, check_auth, flows_again, require
from tchap.services.world import World
from tchap.storage.administrations import ACTIVE, SUSPENDED


async def add(world: World, request: Request) -> dict[str, Any]:
    domain = need_str(request.json(), "domain")
    of = request.params["administrationId"]
    return domain_body(await desk.add_domain(world, request.requester, of, domain))


async def set_status(world: World, request: Request) -> dict[str, Any]:
    """`status` active takes agents, and ends a closing; suspended takes none."""
    status = need_str(request.json(), "status")
    if status not in (ACTIVE, SUSPENDED):
        raise InvalidParam("The status is active or suspended.", "Le statut est active ou suspended.")
    write = desk.reopen_domain if status == ACTIVE else desk.suspend_domain
    return domain_body(await write(world, request.requester, await _domain(world, request, Act.SUSPEND_DOMAIN)))


async def move(world: World, request: Request) -> dict[str, Any]:
    """`to` is the id of the administration that gets the domain and its agents."""
    to = need_str(request.json(), "to")
    domain = await _domain(world, request, Act.MOVE_DOMAIN)
    await _prove(world, request, f"move_domain {domain} {to}")
    return domain_body(await desk.move_domain(world, request.requester, domain, to))


async def rename(world: World, request: Request) -> dict[str, Any]:
    """`to` is the new name; the addresses of all accounts change with it."""
    to = need_str(request.json(), "to")
    domain = await _domain(world, request, Act.RENAME_DOMAIN)
    await _prove(world, request, f"rename_domain {domain} {to}")
    return domain_body(await desk.rename_domain(world, request.requester, domain, to))


async def close(world: World, request: Request) -> dict[str, Any]:
    """Accounts are warned now and once more, and closed at `closes_ts`, in ms since 1970."""
    closes_ts = need_int(request.json(), "closes_ts", 0, limits.MAX_AUDIT_ID)
    domain = await _domain(world, request, Act.CLOSE_DOMAIN)
    await _prove(world, request, f"close_domain {domain} {closes_ts}")
    return domain_body(await desk.close_domain(world, request.requester, domain, closes_ts))


async def _domain(world: World, request: Request, act: Act) -> str:
    """The domain of the path, which is of the administration of the path."""
    of = request.params["administrationId"]
    return (await desk.check_domain(world, request.requester, act, (request.params["domain"], of))).domain


async def _prove(world: World, request: Request, operation: str) -> None:
    """What was proven for one act is worth nothing for another."""
    requester, auth = request.requester, check_auth(request.json().get("auth"))
    attempt = AuthAttempt(requester.instance, requester, auth, {}, operation)
    await require(world, attempt, await flows_again(world, requester))


_DOMAINS = f"{BASE}/{{administrationId}}/domains"
_ONE = f"{_DOMAINS}/{{domain}}"

ROUTES = (
    Route("POST", _DOMAINS, add),
    Route("PUT", _ONE, set_status),
    Route("POST", f"{_ONE}/move", move),
    Route("POST", f"{_ONE}/rename", rename),
    Route("POST", f"{_ONE}/close", close),
)
