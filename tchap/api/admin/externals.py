"""The guests from outside of an administration's agents, for those who look after it. Our own."""

from typing import Any

from tchap.api.admin.administrations import BASE
from tchap.api.http import Request
from tchap.api.parse import need_str
from tchap.api.routing import Route
from tchap.api.tchap.externals import guest_body
from tchap.base import limits
from tchap.services.emails import read_email
from tchap.services.externals_admin import Stay, end_stay_above, find_guests_of_administration
from tchap.services.world import World


async def list_guests(world: World, request: Request) -> dict[str, Any]:
    """In order of address and sponsor; `from` and `from_sponsor` are the last of the page before."""
    limit = request.number("limit", limits.DEFAULT_PEOPLE_PAGE, 1, limits.MAX_PEOPLE_PAGE)
    after = (request.text("from", "") or "", request.text("from_sponsor", "") or "")
    of = request.params["administrationId"]
    found = await find_guests_of_administration(world, request.requester, of, (after, limit))
    return {"guests": [guest_body(world, guest) for guest in found]}


async def end_stay(world: World, request: Request) -> dict[str, Any]:
    """Ends what `sponsor` vouched for; the guest's account ends unless somebody else vouches."""
    body = request.json()
    email = str(read_email(need_str(body, "email")))
    stay = Stay(request.params["administrationId"], email, need_str(body, "sponsor"))
    await end_stay_above(world, request.requester, stay)
    return {}


_GUESTS = f"{BASE}/{{administrationId}}/externals"

ROUTES = (
    Route("GET", _GUESTS, list_guests),
    Route("POST", f"{_GUESTS}/end", end_stay),
)
