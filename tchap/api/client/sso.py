"""`/login/sso/redirect`: an application that knows no OAuth brings a person here, and takes a login token back.

Source: client-server API, "SSO client login/authentication".
"""

from html import escape
from typing import Any
from urllib.parse import urlencode

from tchap.api.http import Request, Response
from tchap.api.public.browser import (
    SIGN_IN,
    Page,
    check_rate,
    find_session,
    go_to_sign_in,
    link_to,
    read_form,
    shown,
    token_field,
)
from tchap.api.public.pages import page, said
from tchap.api.public.proconnect_ways import way_to_proconnect
from tchap.api.routing import Handler, Route
from tchap.base import limits
from tchap.base.errors import InvalidParam, MissingParam, NotFound
from tchap.protocol.oauth_clients import form_target
from tchap.protocol.sso import check_redirect, site_of, with_login_token
from tchap.services.browser_sessions import BrowserSession
from tchap.services.login import create_login_token
from tchap.services.proconnect import is_offered
from tchap.services.world import World

REDIRECT = "/_matrix/client/v3/login/sso/redirect"
TO_PROVIDER = f"{REDIRECT}/{{idpId}}"
PROVIDER = "proconnect"
_LIMIT = "page"


async def show(world: World, request: Request) -> Response:
    """The sign-in, then the question whether this application may come in ("Security considerations")."""
    redirect, provider = _redirect_of(request), _provider_of(world, request)
    session = await find_session(world, request)
    if session is not None:
        return _ask(world, request, session, redirect)
    here = _here(request)
    if provider is not None:
        return _redirected(way_to_proconnect(request, here, request.text("login_hint") or ""))
    create = request.text("action") == "register"
    response = go_to_sign_in(request, here, login_hint=request.text("login_hint") or "", create=create)
    return _redirected(dict(response.headers)["Location"])


async def allow(world: World, request: Request) -> Response:
    redirect, _ = _redirect_of(request), _provider_of(world, request)
    read_form(world, request)
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, _here(request))
    token = await create_login_token(world, session.user_id)
    return _redirected(with_login_token(redirect, token))


def _redirect_of(request: Request) -> str:
    """M_MISSING_PARAM, M_INVALID_PARAM: nobody is sent to an address that is not one."""
    redirect = request.text("redirectUrl")
    if not redirect:
        raise MissingParam("redirectUrl")
    try:
        if len(redirect) > limits.MAX_SSO_REDIRECT:
            raise ValueError("too long")
        check_redirect(redirect)
    except ValueError as error:
        raise InvalidParam(
            "The application asks to send you to an address that cannot be used.",
            "L'application demande de vous envoyer à une adresse inutilisable.",
        ) from error
    return redirect


def _provider_of(world: World, request: Request) -> str | None:
    asked = request.params.get("idpId")
    if asked is not None and (asked != PROVIDER or not is_offered(world)):
        raise NotFound("This identity provider is not known here.", "Ce fournisseur d'identité n'est pas connu ici.")
    return asked


def _here(request: Request) -> str:
    """This very request, to come back to; what is asked only once does not come along."""
    asked = {name: request.text(name) or "" for name in ("redirectUrl", "lang")}
    path = f"{REDIRECT}/{PROVIDER}" if "idpId" in request.params else REDIRECT
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"


def _ask(world: World, request: Request, session: BrowserSession, redirect: str) -> Response:
    site = f"<strong>{escape(site_of(redirect))}</strong>"
    asks = said(
        request,
        "Une application demande à entrer dans votre compte Tchap, lire vos messages et en envoyer en votre nom."
        " Elle se trouve à l'adresse :",
        "An application asks to enter your Tchap account, read your messages and send some in your name. It is at:",
    )
    account = said(request, "Votre compte :", "Your account:")
    change = said(request, "Ce n'est pas moi : changer de compte", "This is not me: change account")
    advice = said(
        request,
        "N'acceptez que si vous venez de vous connecter avec cette application et lui faites confiance.",
        "Accept only if you have just signed in with this application and trust it.",
    )
    other = escape(link_to(request, SIGN_IN, _here(request)), quote=True)
    button = said(request, "Autoriser", "Allow")
    body = (
        f"<p>{asks} {site}</p><p>{account} <strong>{escape(session.user_id)}</strong><br>"
        f'<a href="{other}">{change}</a></p><p>{advice}</p>'
        f'<form method="post">{token_field(world, request)}<button class="main">{button}</button></form>'
    )
    response = page(request, said(request, "Autoriser une application", "Allow an application"), body)
    # Browsers hold `form-action` against the redirection that answers a form, too.
    policy = f"form-action 'self' {form_target(redirect)}"
    response.headers = [(name, value.replace("form-action 'self'", policy)) for name, value in response.headers]
    return response


def _redirected(address: str) -> Response:
    headers = [("Location", address), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
    return Response(302, b"", "text/plain", headers)


def _for_browsers(handler: Page) -> Handler:
    """A person reads refusals on a page; a program is told them in JSON, as everywhere in this API."""
    as_page = shown(handler, _LIMIT)

    async def show_or_tell(world: World, request: Request) -> Response | dict[str, Any] | list[Any]:
        if "text/html" in request.headers.get("accept", ""):
            return await as_page(world, request)
        check_rate(world, request, _LIMIT)
        return await handler(world, request)

    return show_or_tell


ROUTES = (
    Route("GET", REDIRECT, _for_browsers(show), auth="none"),
    Route("POST", REDIRECT, _for_browsers(allow), auth="none"),
    Route("GET", TO_PROVIDER, _for_browsers(show), auth="none"),
    Route("POST", TO_PROVIDER, _for_browsers(allow), auth="none"),
)
