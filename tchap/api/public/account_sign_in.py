"""`/account/sign-in`: a person signs in with the browser; `/account/prove`: and proves it again, later."""

from tchap.api.errors import status_of
from tchap.api.http import Request, Response
from tchap.api.public.browser import (
    FORGOTTEN,
    PROVE,
    SIGN_IN,
    SIGN_UP,
    check_rate,
    continue_of,
    find_session,
    go_on,
    go_to_sign_in,
    read_form,
    sentence_of,
    shown,
    with_session,
)
from tchap.api.public.email_steps import EXPIRED, browser_of, expired_page, sign_in_link
from tchap.api.public.forms import WHOLE, Field, Form, render
from tchap.api.public.pages import page, said
from tchap.api.public.proconnect_ways import proconnect_again, proconnect_first
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.services.browser_sessions import How
from tchap.services.browser_sign_in import prove_again, sign_in
from tchap.services.proconnect import is_offered
from tchap.services.world import World

_MXID = "mxid:"


async def show(world: World, request: Request) -> Response:
    return _sign_in_page(world, request, hint_of(request), {}, 200)


def hint_of(request: Request) -> str:
    """Who is expected, as the field shows it: a bare address, or `mxid:` and a user id (MSC4198)."""
    return (request.text("login_hint") or "").removeprefix(_MXID)[: limits.MAX_ID_BYTES]


async def submit(world: World, request: Request) -> Response:
    continue_to, fields = continue_of(request), read_form(world, request)
    user, password = fields.get("user", ""), fields.get("password", "")
    problems = _missing(request, user, password)
    if problems:
        return _sign_in_page(world, request, user, problems, 400)
    try:
        check_rate(world, request, "login")
        cookie = await sign_in(world, user, password, browser_of(world, request))
    except MatrixError as error:
        if error.errcode == EXPIRED:
            return expired_page(world, request)
        return _sign_in_page(world, request, user, {WHOLE: sentence_of(request, error)}, status_of(error))
    return with_session(go_on(continue_to), world, cookie)


def _missing(request: Request, user: str, password: str) -> dict[str, str]:
    problems = {}
    if not user.strip():
        problems["user"] = said(request, "Saisissez votre adresse professionnelle.", "Type your professional address.")
    if not password:
        problems["password"] = said(request, "Saisissez votre mot de passe.", "Type your password.")
    return problems


def _sign_in_page(world: World, request: Request, user: str, problems: dict[str, str], status: int) -> Response:
    continue_of(request)
    name = Field(
        "user", said(request, "Adresse professionnelle", "Professional e-mail address"), "user", user, "username"
    )
    form = Form((name, _password(request)), said(request, "Se connecter", "Sign in"), {}, problems)
    body = proconnect_first(world, request, user) + render(world, request, form)
    body += sign_in_link(request, FORGOTTEN, said(request, "Mot de passe oublié", "Forgotten password"))
    if world.settings.registration.enabled:
        body += sign_in_link(request, SIGN_UP, said(request, "Créer un compte", "Create an account"))
    return page(request, said(request, "Se connecter", "Sign in"), body, status)


def _password(request: Request) -> Field:
    return Field("password", said(request, "Mot de passe", "Password"), "password", "", "current-password")


async def show_proof(world: World, request: Request) -> Response:
    """Asks once more, in the way the session was opened."""
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, continue_of(request))
    return _proof_page(world, request, session.how, {}, 200)


async def submit_proof(world: World, request: Request) -> Response:
    continue_to, fields = continue_of(request), read_form(world, request)
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, continue_to)
    try:
        check_rate(world, request, "login")
        await prove_again(world, session, fields.get("password", ""))
    except MatrixError as error:
        return _proof_page(world, request, session.how, {"password": sentence_of(request, error)}, status_of(error))
    return go_on(continue_to)


def _proof_page(world: World, request: Request, how: How, problems: dict[str, str], status: int) -> Response:
    why = said(
        request,
        "Ce que vous allez faire touche à la sécurité de votre compte.",
        "What you are about to do concerns the security of your account.",
    )
    form = Form((_password(request),), said(request, "Continuer", "Continue"), {}, problems)
    by_provider = how == "proconnect" and is_offered(world)
    way = proconnect_again(request) if by_provider else render(world, request, form)
    other = sign_in_link(request, SIGN_IN, said(request, "Ce n'est pas mon compte", "This is not my account"))
    title = said(request, "Confirmer que c'est vous", "Confirm it is you")
    return page(request, title, f"<p>{why}</p>{way}{other}", status)


ROUTES = (
    Route("GET", SIGN_IN, shown(show, "page"), auth="none"),
    Route("POST", SIGN_IN, shown(submit, "page"), auth="none"),
    Route("GET", PROVE, shown(show_proof, "page"), auth="none"),
    Route("POST", PROVE, shown(submit_proof, "page"), auth="none"),
)
