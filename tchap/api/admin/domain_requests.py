"""The queue of administrations that would join, and what is decided on them. Our own."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Handler, Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.policy.domain_requests import ACTS, State
from tchap.services import domain_decisions as decisions
from tchap.services.world import World
from tchap.storage.domain_requests import DomainRequest


async def list_requests(world: World, request: Request) -> dict[str, Any]:
    """`state` may be repeated; without it, those that wait. `next` is the `from` of the following page."""
    states = tuple(map(_state, request.texts("state"))) or (State.WAITING,)
    limit = request.number("limit", limits.DEFAULT_DOMAIN_REQUESTS, 1, limits.MAX_DOMAIN_REQUESTS_PAGE)
    after = _read_place(request.text("from") or "0_")
    found = await decisions.list_requests(world, request.requester, states, (after, limit + 1))
    body: dict[str, Any] = {"requests": [_show(each) for each in found[:limit]]}
    if len(found) > limit:
        body["next"] = f"{found[limit - 1].created_ts}_{found[limit - 1].request_id}"
    return body


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError as error:
        known = ", ".join(each.value for each in State)
        raise InvalidParam(
            f"The state of a request is one of {known}.", f"L'état d'une demande est l'un de : {known}."
        ) from error


def _read_place(text: str) -> tuple[int, str]:
    moment, _, request_id = text.partition("_")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= len(str(limits.MAX_TIMESTAMP))):
        raise InvalidParam("This is not the place of a page.", "Cette page n'existe pas.")
    return int(moment), request_id


async def get_request(world: World, request: Request) -> dict[str, Any]:
    """Everything about one request, and what the lists and the DNS say at this moment under `now`."""
    found = await decisions.get_request(world, request.requester, request.params["requestId"])
    return _show(found) | {"now": await decisions.study_now(world, found)}


def _decide(act: str) -> Handler:
    async def decide(world: World, request: Request) -> dict[str, Any]:
        """`reason` is told to the requester, and needed to refuse or suspend."""
        reason = (maybe_str(request.json(), "reason") or "").strip()
        if len(reason) > limits.MAX_DECISION_REASON:
            raise InvalidParam("The reason is too long.", "Le motif est trop long.")
        wish = decisions.Wish(act, reason)
        return _show(await decisions.decide(world, request.requester, request.params["requestId"], wish))

    return decide


def _show(found: DomainRequest) -> dict[str, Any]:
    """The request; what there is not is left out, and so are the hashes of its secrets."""
    names = (
        *("request_id", "domain", "requester", "name", "kind", "siren", "headcount", "contact", "terms_version"),
        *("proof_way", "proof_email", "proven_ts", "checks", "facts", "administration_id"),
        *("decided_by", "decided_ts", "reason", "created_ts", "changed_ts"),
    )
    shown = {name: getattr(found, name) for name in names}
    shown |= {"state": found.state, "delegates": list(found.delegates)}
    return {name: value for name, value in shown.items() if value is not None}


_BASE = "/_tchap/admin/v1/domain_requests"

ROUTES = (
    Route("GET", _BASE, list_requests),
    Route("GET", f"{_BASE}/{{requestId}}", get_request),
    *(Route("POST", f"{_BASE}/{{requestId}}/{act}", _decide(act)) for act in ACTS),
)
