"""Administrations as operators and delegates keep them. Our own: the specification says nothing of it.

Whoever looks after nothing, or not after this one, is answered 403 M_FORBIDDEN in one sentence, whether it exists or
not.
"""

from typing import Any

from tchap.api.admin.users import acts_body, audit_page_of
from tchap.api.http import Request
from tchap.api.parse import maybe_flag, maybe_int, maybe_str, maybe_strs, need_bool, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.policy.administrations import MAX_HEADCOUNT
from tchap.services import administrations_admin as desk
from tchap.services.administration_jobs import Change, NewAdministration
from tchap.services.administrations_admin import Opening, Shown
from tchap.services.emails import read_email
from tchap.services.world import World
from tchap.storage.administration_people import Agent
from tchap.storage.administration_walks import Walk
from tchap.storage.administrations import Administration, Domain
from tchap.storage.delegates import Delegate


async def list_all(world: World, request: Request) -> dict[str, Any]:
    """Those one looks after, by name; `search` is words of the name, `from` the `next` of the page before."""
    limit = request.number("limit", limits.DEFAULT_ADMINISTRATIONS_PAGE, 1, limits.MAX_ADMINISTRATIONS_PAGE)
    page = (request.text("from", "") or "", limit)
    found = await desk.find_administrations(world, request.requester, request.text("search", "") or "", page)
    body: dict[str, Any] = {
        "administrations": [
            {**administration_body(each), "people": found.people.get(each.administration_id, 0)} for each in found.found
        ]
    }
    return body if found.next_from is None else {**body, "next": found.next_from}


async def create(world: World, request: Request) -> dict[str, Any]:
    """`name` and `instance` at least; a delegate names a `parent_id`, and neither instance nor domains."""
    body = request.json()
    new = NewAdministration(
        need_str(body, "name"),
        maybe_str(body, "label") or "",
        maybe_str(body, "instance") or "",
        maybe_str(body, "kind") or "other",
        maybe_str(body, "parent_id"),
        maybe_str(body, "siren"),
        maybe_int(body, "headcount", 0, MAX_HEADCOUNT),
        maybe_str(body, "contact"),
    )
    wish = Opening(new, maybe_strs(body, "domains"), maybe_strs(body, "delegates"))
    return administration_body(await desk.create_administration(world, request.requester, wish))


async def show(world: World, request: Request) -> dict[str, Any]:
    return _shown(await desk.show_administration(world, request.requester, _id(request)))


async def change(world: World, request: Request) -> dict[str, Any]:
    """Fields that are not named stay; an empty text, or 0, takes away what may be missing."""
    body = request.json()
    wanted = Change(
        name=maybe_str(body, "name"),
        label=maybe_str(body, "label"),
        instance=maybe_str(body, "instance"),
        kind=maybe_str(body, "kind"),
        parent_id=maybe_str(body, "parent_id"),
        siren=maybe_str(body, "siren"),
        headcount=maybe_int(body, "headcount", 0, MAX_HEADCOUNT),
        contact=maybe_str(body, "contact"),
        refuses_clear=maybe_flag(body, "refuses_clear"),
        requires_mfa=maybe_flag(body, "requires_mfa"),
    )
    return administration_body(await desk.change_administration(world, request.requester, _id(request), wanted))


async def suspend(world: World, request: Request) -> dict[str, Any]:
    """While `suspended` the administration opens no new account."""
    wanted = need_bool(request.json(), "suspended")
    return administration_body(await desk.set_suspended(world, request.requester, _id(request), wanted))


async def list_delegates(world: World, request: Request) -> dict[str, Any]:
    shown = await desk.show_administration(world, request.requester, _id(request))
    return {"delegates": [_delegate(each) for each in shown.delegates]}


async def name_delegate(world: World, request: Request) -> dict[str, Any]:
    """Names the owner of `email`, who needs no account yet."""
    email = need_str(request.json(), "email")
    return _delegate(await desk.name_delegate(world, request.requester, _id(request), email))


async def dismiss_delegate(world: World, request: Request) -> dict[str, Any]:
    await desk.dismiss_delegate(world, request.requester, _id(request), request.params["email"])
    return {}


async def list_people(world: World, request: Request) -> dict[str, Any]:
    """Living accounts, by id; `from` is the `next` of the page before. `email` finds the one that has this address."""
    address = request.text("email")
    if address is not None:
        found = await desk.find_person(world, request.requester, _id(request), read_email(address))
        return {"people": [] if found is None else [_agent(found)]}
    limit = request.number("limit", limits.DEFAULT_PEOPLE_PAGE, 1, limits.MAX_PEOPLE_PAGE)
    page = (request.text("from", "") or "", limit + 1)
    people = await desk.find_people(world, request.requester, _id(request), page)
    body: dict[str, Any] = {"people": [_agent(each) for each in people[:limit]]}
    return {**body, "next": people[limit - 1].user_id} if len(people) > limit else body


async def list_acts(world: World, request: Request) -> dict[str, Any]:
    """What was done to it and to its people, the newest first; `before` is the `next` of the page before."""
    before, limit = audit_page_of(request)
    return acts_body(await desk.find_acts(world, request.requester, _id(request), (before, limit)), limit)


def _id(request: Request) -> str:
    return request.params["administrationId"]


def administration_body(of: Administration) -> dict[str, Any]:
    """The administration; what is not known of it is left out."""
    shown = {
        "administration_id": of.administration_id,
        "name": of.name,
        "label": of.label,
        "instance": of.instance,
        "kind": of.kind,
        "parent_id": of.parent_id,
        "siren": of.siren,
        "headcount": of.headcount,
        "contact": of.contact,
        "status": of.status,
        "refuses_clear": of.refuses_clear,
        "requires_mfa": of.requires_mfa,
        "held": of.is_held or None,
        "created_ts": of.created_ts,
    }
    return {name: value for name, value in shown.items() if value is not None}


def domain_body(domain: Domain) -> dict[str, Any]:
    shown = {
        "domain": domain.domain,
        "administration_id": domain.administration_id,
        "status": domain.status,
        "added_ts": domain.added_ts,
        "closes_ts": domain.closes_ts,
        "held": domain.is_held or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        **administration_body(shown.administration),
        "domains": [domain_body(each) for each in shown.domains],
        "delegates": [_delegate(each) for each in shown.delegates],
        "people": shown.people,
        "under_way": [_walk(each) for each in shown.walks],
    }


def _delegate(delegate: Delegate) -> dict[str, Any]:
    """Without `user_id` while the address has no account."""
    body = {"email": delegate.email, "named_by": delegate.named_by, "named_ts": delegate.named_ts}
    return body if delegate.user_id is None else {**body, "user_id": delegate.user_id}


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "user_id": agent.user_id,
        "email": agent.email,
        "display_name": agent.display_name,
        "created_ts": agent.created_ts,
        "locked_ts": agent.locked_ts,
        "suspended_ts": agent.suspended_ts,
    }


def _walk(walk: Walk) -> dict[str, Any]:
    """What is being done to the accounts, or will be at `due_ts`, and how many it has looked at."""
    return {"act": walk.kind, "domain": walk.domain, "due_ts": walk.due_ts, "done": walk.done}


BASE = "/_tchap/admin/v1/administrations"
_ONE = f"{BASE}/{{administrationId}}"

ROUTES = (
    Route("GET", BASE, list_all),
    Route("POST", BASE, create),
    Route("GET", _ONE, show),
    Route("PUT", _ONE, change),
    Route("PUT", f"{_ONE}/suspended", suspend),
    Route("GET", f"{_ONE}/delegates", list_delegates),
    Route("POST", f"{_ONE}/delegates", name_delegate),
    Route("DELETE", f"{_ONE}/delegates/{{email}}", dismiss_delegate),
    Route("GET", f"{_ONE}/people", list_people),
    Route("GET", f"{_ONE}/audit", list_acts),
)
