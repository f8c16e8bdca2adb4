"""An administration that joins, for programs: the same steps as the page `/ouvrir`. Our own.

The code and its attempt are as in `…/email/requestToken`; what answers is led by the request's own secret, given as
`Authorization: Bearer`.
"""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, maybe_strs, need_int, need_str
from tchap.api.routing import Route
from tchap.policy.administrations import MAX_HEADCOUNT
from tchap.policy.domain_requests import Description, State, challenge_names, challenge_text
from tchap.services import domain_requests as requests
from tchap.services.domain_proofs import addressees_of, ask_by_mail, begin_watching, check_dns
from tchap.services.emails import CodeRequest, submit_code
from tchap.services.world import World
from tchap.storage.domain_requests import DomainRequest


async def ask_code(world: World, request: Request) -> dict[str, Any]:
    """`email`, `client_secret` and `send_attempt`; answers `sid`."""
    body = request.json()
    asked = CodeRequest(
        requests.PURPOSE,
        need_str(body, "email"),
        need_str(body, "client_secret"),
        need_int(body, "send_attempt", 0, 2**53),
        None,
        None,
    )
    return {"sid": await requests.request_onboarding_code(world, asked)}


async def begin(world: World, request: Request) -> dict[str, Any]:
    """`sid`, `client_secret`, and `code` unless the mail's link was opened; answers the request with its `token`."""
    body = request.json()
    sid, secret, code = need_str(body, "sid"), need_str(body, "client_secret"), maybe_str(body, "code")
    if code is not None:
        await submit_code(world, sid, secret, code)
    own, token = await requests.begin(world, sid, secret)
    return _show(world, own) | {"token": token}


async def get(world: World, request: Request) -> dict[str, Any]:
    return _show(world, await _own(world, request))


async def describe(world: World, request: Request) -> dict[str, Any]:
    """`name`, `kind`, `siren`, `headcount`, `contact`, `delegates`, `accept_terms`; from then on the DNS is watched."""
    own, body = await _own(world, request), request.json()
    given = Description(
        need_str(body, "name"),
        need_str(body, "kind"),
        maybe_str(body, "siren"),
        need_int(body, "headcount", 1, MAX_HEADCOUNT),
        maybe_str(body, "contact") or own.requester,
        tuple(maybe_strs(body, "delegates")) or (own.requester,),
    )
    described = await requests.describe(world, own, given, maybe_bool(body, "accept_terms"))
    return _show(world, await begin_watching(world, described))


async def check(world: World, request: Request) -> dict[str, Any]:
    """Looks at the DNS now: `proven`, and else `seen`, the records of ours with other texts."""
    checked = await check_dns(world, await _own(world, request))
    return _show(world, checked.request) | {"proven": checked.is_proven, "seen": list(checked.seen)}


async def mail(world: World, request: Request) -> dict[str, Any]:
    """`to` is one of the request's `addressees`."""
    return _show(world, await ask_by_mail(world, await _own(world, request), need_str(request.json(), "to")))


async def withdraw(world: World, request: Request) -> dict[str, Any]:
    return _show(world, await requests.withdraw(world, await _own(world, request)))


async def _own(world: World, request: Request) -> DomainRequest:
    return await requests.get_own(world, request.params["requestId"], request.access_token(in_query=False) or "")


def _show(world: World, own: DomainRequest) -> dict[str, Any]:
    """The request as its requester sees it; what does not apply is left out."""
    shown: dict[str, Any] = {
        "request_id": own.request_id,
        "domain": own.domain,
        "requester": own.requester,
        "state": own.state,
        "known": bool(own.facts.get("known")),
        "name": own.name,
        "kind": own.kind,
        "siren": own.siren,
        "headcount": own.headcount,
        "contact": own.contact,
        "delegates": list(own.delegates),
        "reason": own.reason,
        "created_ts": own.created_ts,
        "changed_ts": own.changed_ts,
    }
    if own.state == State.PROVING:
        shown["dns"] = {"names": list(challenge_names(own.domain)), "text": challenge_text(own.challenge)}
        shown["addressees"] = addressees_of(world, own.domain)
        shown["mailed_to"] = own.proof_email
        shown["next_check_ts"] = own.next_check_ts
        shown["expires_ts"] = own.expires_ts
    return {name: value for name, value in shown.items() if value is not None}


_BASE = "/_tchap/v1/domain_requests"
_ONE = f"{_BASE}/{{requestId}}"

ROUTES = (
    Route("POST", f"{_BASE}/code", ask_code, auth="none", limit="mail"),
    Route("POST", _BASE, begin, auth="none", limit="login"),
    Route("GET", _ONE, get, auth="none", limit="identity"),
    Route("PUT", _ONE, describe, auth="none", limit="identity"),
    Route("DELETE", _ONE, withdraw, auth="none", limit="identity"),
    Route("POST", f"{_ONE}/check", check, auth="none", limit="identity"),
    Route("POST", f"{_ONE}/mail", mail, auth="none", limit="mail"),
)
