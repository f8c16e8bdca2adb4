"""`/account/proconnect`: to ProConnect, the agents' identity provider, back, and out."""

from html import escape
from urllib.parse import urlencode

from tchap.api.errors import status_of
from tchap.api.http import Request, Response
from tchap.api.public.browser import (
    ACCOUNT,
    SIGN_IN,
    browser_tokens,
    continue_of,
    form_token,
    go_on,
    language_of,
    link_to,
    read_form,
    sentence_of,
    session_cookie,
    shown,
    with_session,
    without_session,
)
from tchap.api.public.origin import base_url
from tchap.api.public.pages import page, said
from tchap.api.public.proconnect_ways import PROCONNECT, is_again, way_to_proconnect
from tchap.api.routing import Route
from tchap.base.errors import MatrixError
from tchap.services import proconnect
from tchap.services.proconnect import Beginning, Return
from tchap.services.world import World

CALLBACK = f"{PROCONNECT}/callback"
SIGN_OUT = f"{PROCONNECT}/sign-out"
SIGNED_OUT = f"{PROCONNECT}/signed-out"


async def begin(world: World, request: Request) -> Response:
    beginning = Beginning(
        f"{base_url(world, request)}{CALLBACK}",
        continue_of(request),
        form_token(world, request),
        request.text("login_hint") or "",
        is_again(request),
    )
    return go_on(await proconnect.begin_sign_in(world, beginning))


async def come_back(world: World, request: Request) -> Response:
    came = Return(
        request.text("state") or "",
        request.text("code") or "",
        request.text("error") or "",
        request.text("iss"),
        browser_tokens(world, request),
        session_cookie(world, request),
        request.host_instance,
    )
    try:
        entered = await proconnect.finish_sign_in(world, came)
    except MatrixError as error:
        return _refused(world, request, error)
    return with_session(go_on(entered.continue_to), world, entered.cookie)


def _refused(world: World, request: Request, error: MatrixError) -> Response:
    """Why not, who may come in, and by which other door (RGAA: an error says what to do next)."""
    continue_to = str(error.extra.get("continue_to", ACCOUNT))
    title = said(request, "Vous n'êtes pas connecté", "You are not signed in")
    who = said(request, "Qui peut entrer ?", "Who may come in?")
    agents = said(
        request,
        "Les agents des administrations ouvertes à ce service, reconnues au domaine de leur adresse professionnelle.",
        "Agents of the administrations open to this service, known by the domain of their professional address.",
    )
    guests = said(
        request,
        "Les invités externes qu'un agent a conviés à un salon ; ils entrent avec leur adresse et un mot de passe.",
        "Guests whom an agent has invited to a room; they come in with their address and a password.",
    )
    body = f'<p role="alert">{sentence_of(request, error)}</p><h2>{who}</h2><ul><li>{agents}</li><li>{guests}</li></ul>'
    return page(request, title, f"{body}{_other_ways(world, request, continue_to)}", status_of(error))


def _other_ways(world: World, request: Request, continue_to: str) -> str:
    again = said(request, "Recommencer avec ProConnect", "Begin again with ProConnect")
    other = said(request, "Se connecter autrement", "Sign in another way")
    form = world.settings.request_form
    ways = [
        (way_to_proconnect(request, continue_to, again=True), again),
        (link_to(request, SIGN_IN, continue_to), other),
        (form, said(request, "Demander l'ouverture d'une administration", "Ask for an administration to be opened")),
    ]
    links = "".join(f'<li><a href="{escape(href, quote=True)}">{words}</a></li>' for href, words in ways if href)
    return f'<ul class="ways">{links}</ul>'


async def sign_out(world: World, request: Request) -> Response:
    read_form(world, request)
    return await sign_out_everywhere(world, request)


async def sign_out_everywhere(world: World, request: Request) -> Response:
    """Ends our browser session, then leads the browser to the provider so that it ends its own.

    The way there is no redirection: a form's answer may not redirect to another site (CSP Level 3, "form-action").
    """
    return_uri = f"{base_url(world, request)}{SIGNED_OUT}"
    address = await proconnect.sign_out(world, session_cookie(world, request) or "", return_uri)
    if address is None:
        return without_session(go_on(_signed_out(request)), world)
    words = said(request, "Terminer la déconnexion de ProConnect", "Finish signing out of ProConnect")
    link = f'<p><a class="button" href="{escape(address, quote=True)}">{words}</a></p>'
    response = page(request, said(request, "Déconnexion en cours", "Signing you out"), link)
    response.headers.append(("Refresh", f"0;url={address}"))
    return without_session(response, world)


def _signed_out(request: Request) -> str:
    query = urlencode(language_of(request))
    return f"{SIGNED_OUT}?{query}" if query else SIGNED_OUT


async def signed_out(_world: World, request: Request) -> Response:
    """Where the provider sends back to: nothing is done here, so that nothing need be proven."""
    title = said(request, "Vous êtes déconnecté", "You are signed out")
    words = said(request, "Se connecter", "Sign in")
    href = escape(link_to(request, SIGN_IN, ACCOUNT), quote=True)
    return page(request, title, f'<p><a class="button" href="{href}">{words}</a></p>')


ROUTES = (
    Route("GET", PROCONNECT, shown(begin, "page"), auth="none"),
    Route("GET", CALLBACK, shown(come_back, "page"), auth="none"),
    Route("POST", SIGN_OUT, shown(sign_out, "page"), auth="none"),
    Route("GET", SIGNED_OUT, shown(signed_out, "page"), auth="none"),
)
