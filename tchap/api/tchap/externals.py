"""An agent's guests from outside: who they are, until when, prolonged and ended. Our own; times in ms since 1970."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_int
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services import externals
from tchap.services.world import World
from tchap.storage.sponsorships import Guest


async def list_guests(world: World, request: Request) -> dict[str, Any]:
    """The guests of who asks; for a guest, who vouches for them."""
    guests = await externals.find_guests(world, request.requester)
    sponsors = await externals.find_own_sponsors(world, request.requester)
    return {
        "guests": [guest_body(world, guest) for guest in guests],
        "sponsors": [{"user_id": each.sponsor, "ends_ts": each.ends_ts} for each in sponsors],
    }


def guest_body(world: World, guest: Guest) -> dict[str, Any]:
    """`state`: `invited` until they have an account, then `active`; `ended` when nobody of this line vouches."""
    of = guest.sponsorship
    is_over = of.ended_by is not None or of.ends_ts <= world.clock.now_ms()
    state = "ended" if is_over else "active" if guest.user_id else "invited"
    body: dict[str, Any] = {
        "email": of.email,
        "sponsor": of.sponsor,
        "created_ts": of.created_ts,
        "ends_ts": of.ends_ts,
        "state": state,
    }
    return body if guest.user_id is None else {**body, "user_id": guest.user_id}


async def prolong(world: World, request: Request) -> dict[str, Any]:
    """Vouches for the address until `ends_ts`, or as long as is usual."""
    ends_ts = maybe_int(request.json(), "ends_ts", 0, limits.MAX_TIMESTAMP)
    return guest_body(world, await externals.prolong(world, request.requester, request.params["email"], ends_ts))


async def end(world: World, request: Request) -> dict[str, Any]:
    await externals.end_stay(world, request.requester, request.params["email"])
    return {}


async def send_again(world: World, request: Request) -> dict[str, Any]:
    """Sends the invitation that waits for the address again."""
    await externals.send_again(world, request.requester, request.params["email"])
    return {}


_GUESTS = "/_tchap/v1/externals"

ROUTES = (
    Route("GET", _GUESTS, list_guests),
    Route("PUT", f"{_GUESTS}/{{email}}", prolong, limit="invite"),
    Route("DELETE", f"{_GUESTS}/{{email}}", end),
    Route("POST", f"{_GUESTS}/{{email}}/invitation", send_again, limit="invite"),
)
