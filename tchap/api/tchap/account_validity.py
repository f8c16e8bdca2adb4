"""The term of an account, as today's clients and the administrators' bot know it.

The link of the mail renews when it is opened, which is today's wire format. A scanner of mails that opens links so
renews an account nobody asked it to: what that is worth is written in docs/decisions/0009-account-life.md.
"""

from typing import Any

from tchap.api.http import Request, Response
from tchap.api.parse import maybe_flag, maybe_int, need_str
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services.renewals import RENEW_PATH, Order, Renewal, renew_by_link, send_renewal_mail, set_term
from tchap.services.world import World


async def send_mail(world: World, request: Request) -> dict[str, Any]:
    """Sends the mail that renews the account, expired or not."""
    await send_renewal_mail(world, request.requester.user_id)
    return {}


async def renew(world: World, request: Request) -> Response:
    """Opening the link renews. Asking for its headers alone, as some scanners do, does not."""
    if request.method == "HEAD":
        return page(request, *_said(request, Renewal.DONE_BEFORE))
    outcome = await renew_by_link(world, request.text("token") or "")
    is_good = outcome in (Renewal.DONE, Renewal.DONE_BEFORE)
    return page(request, *_said(request, outcome), 200 if is_good else 400)


def _said(request: Request, outcome: Renewal) -> tuple[str, str]:
    """The title and the body of the page."""
    title_fr, title_en, fr, en = _WORDS[outcome]
    return said(request, title_fr, title_en), f'<p role="status">{said(request, fr, en)}</p>'


_WORDS = {
    Renewal.DONE: (
        "Votre compte est renouvelé",
        "Your account is renewed",
        "Merci. Vous pouvez fermer cette page et revenir à Tchap.",
        "Thank you. You may close this page and go back to Tchap.",
    ),
    Renewal.DONE_BEFORE: (
        "Votre compte est déjà renouvelé",
        "Your account is renewed already",
        "Ce lien a déjà servi : il n'y a rien de plus à faire.",
        "This link was used already: there is nothing more to do.",
    ),
    Renewal.UNKNOWN: (
        "Lien non valable",
        "Invalid link",
        "Ce lien n'est pas valable. Ouvrez Tchap et demandez un nouveau courriel, ou prenez le lien du dernier reçu.",
        "This link is not valid. Open Tchap and ask for a new mail, or take the link of the last one you received.",
    ),
    Renewal.NOT_AUTHORISED: (
        "Votre compte n'est pas renouvelé",
        "Your account is not renewed",
        "Le domaine de votre adresse n'est plus autorisé ici. L'assistance de votre administration peut vous aider.",
        "The domain of your address is no longer authorised here. Your administration's support can help.",
    ),
}


async def administer(world: World, request: Request) -> dict[str, Any]:
    """An administrator sets when an account expires (a period from now where nothing is said), and whether it is
    written to about that."""
    body = request.json()
    asked = maybe_int(body, "expiration_ts", 0, limits.MAX_TERM_TS)
    order = Order(asked, maybe_flag(body, "enable_renewal_emails"))
    return {"expiration_ts": await set_term(world, request.requester, need_str(body, "user_id"), order)}


_UNSTABLE = "/_matrix/client/unstable/account_validity"
_SYNAPSE = "/_synapse/client/email_account_validity"

ROUTES = (
    Route("POST", f"{_SYNAPSE}/send_mail", send_mail, auth="expired_ok"),
    Route("POST", f"{_UNSTABLE}/send_mail", send_mail, auth="expired_ok"),
    Route("GET", RENEW_PATH, renew, auth="none", limit="identity"),
    Route("GET", f"{_UNSTABLE}/renew", renew, auth="none", limit="identity"),
    Route("POST", f"{_SYNAPSE}/admin", administer),
    Route("POST", "/_synapse/admin/v1/account_validity/validity", administer),
)
