"""What operators do to accounts, and the trace it leaves. Our own: the specification says nothing of it."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, maybe_strs, need_bool, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services import account_moves, admins, reactivation
from tchap.services.world import World
from tchap.storage.audit import AdminAct
from tchap.storage.devices import Device


async def show(world: World, request: Request) -> dict[str, Any]:
    """The account, its addresses and its devices; times in milliseconds since 1970."""
    person = await admins.get_person(world, request.requester, request.params["userId"])
    account = person.account
    return {
        "user_id": account.user_id,
        "created_ts": account.created_ts,
        "admin": account.is_admin,
        "locked_ts": account.locked_ts,
        "suspended_ts": account.suspended_ts,
        "expires_ts": account.expires_ts,
        "emails": [each.email for each in person.emails],
        "devices": [_device(each) for each in person.devices],
    }


async def list_devices(world: World, request: Request) -> dict[str, Any]:
    person = await admins.get_person(world, request.requester, request.params["userId"])
    return {"devices": [_device(each) for each in person.devices]}


def _device(device: Device) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "display_name": device.display_name,
        "created_ts": device.created_ts,
        "last_seen_ts": device.last_seen_ts,
        "last_seen_ip": device.last_seen_ip,
    }


async def sign_out(world: World, request: Request) -> dict[str, Any]:
    """Ends the devices of `device_ids`, or all of them where the body names none; answers which ended."""
    body = request.json()
    asked = maybe_strs(body, "device_ids") if "device_ids" in body else None
    user_id = request.params["userId"]
    return {"device_ids": await admins.end_sessions(world, request.requester, user_id, asked)}


async def deactivate(world: World, request: Request) -> dict[str, Any]:
    erase = maybe_bool(request.json(), "erase")
    await admins.close_account(world, request.requester, request.params["userId"], erase)
    return {}


async def reactivate(world: World, request: Request) -> dict[str, Any]:
    """Opens a closed account again, for `email` or the address it had; answers the address."""
    asked = maybe_str(request.json(), "email")
    email = await reactivation.reactivate(world, request.requester, request.params["userId"], asked)
    return {"user_id": request.params["userId"], "email": email}


async def replace_email(world: World, request: Request) -> dict[str, Any]:
    """Gives the account another address, in place of all it had."""
    asked = need_str(request.json(), "email")
    return {"email": await account_moves.replace_address(world, request.requester, request.params["userId"], asked)}


async def name_admin(world: World, request: Request) -> dict[str, Any]:
    wanted = need_bool(request.json(), "admin")
    await admins.name_admin(world, request.requester, request.params["userId"], wanted)
    return {"admin": wanted}


async def list_acts(world: World, request: Request) -> dict[str, Any]:
    """What administrators did, the newest first; `before` is the `next` of the page before."""
    before, limit = audit_page_of(request)
    return acts_body(await admins.find_acts(world, request.requester, before, limit), limit)


def audit_page_of(request: Request) -> tuple[int, int]:
    """The act before which a page of the audit begins, and how many it has at the most."""
    limit = request.number("limit", limits.DEFAULT_AUDIT_PAGE, 1, limits.MAX_AUDIT_PAGE)
    return request.number("before", limits.MAX_AUDIT_ID, 0, limits.MAX_AUDIT_ID), limit


def acts_body(found: list[tuple[int, AdminAct]], limit: int) -> dict[str, Any]:
    """A page of the audit; `next` where it is full."""
    body: dict[str, Any] = {"acts": [_act(*each) for each in found]}
    return {**body, "next": found[-1][0]} if len(found) == limit else body


def _act(act_id: int, act: AdminAct) -> dict[str, Any]:
    """One line of the audit, with the administration it concerns where there is one."""
    body = {
        "id": act_id,
        "admin": act.admin,
        "act": act.act,
        "target": act.target,
        "detail": act.detail,
        "done_ts": act.done_ts,
    }
    return body if act.administration_id is None else {**body, "administration_id": act.administration_id}


_BASE = "/_tchap/admin/v1"
_USER = f"{_BASE}/users/{{userId}}"

ROUTES = (
    Route("GET", _USER, show),
    Route("GET", f"{_USER}/devices", list_devices),
    Route("POST", f"{_USER}/sign_out", sign_out),
    Route("POST", f"{_USER}/deactivate", deactivate),
    Route("POST", f"{_USER}/reactivate", reactivate),
    Route("PUT", f"{_USER}/email", replace_email),
    Route("PUT", f"{_USER}/admin", name_admin),
    Route("GET", f"{_BASE}/audit", list_acts),
)
