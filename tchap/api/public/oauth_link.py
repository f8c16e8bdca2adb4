"""`/link`: a person types the code that a device without a browser shows her, and lets it into her account, or not.

Source: client-server API, "Device authorisation flow"; RFC 8628, section 3.3.
"""

from html import escape
from urllib.parse import urlencode

from tchap.api.client.auth_metadata import LINK
from tchap.api.http import Request, Response
from tchap.api.public.browser import find_session, go_to_sign_in, read_form, sentence_of, shown
from tchap.api.public.oauth_consent import ALLOW, ANSWER, answer_form, client_name, consent_body
from tchap.api.public.pages import page, page_language, said
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam, MatrixError
from tchap.protocol.oauth import OAuthError
from tchap.services import oauth_devices
from tchap.services.browser_account import get_person
from tchap.services.browser_sessions import BrowserSession
from tchap.services.oauth_devices import Waiting
from tchap.services.world import World

_FIELD = "user_code"


async def show(world: World, request: Request) -> Response:
    typed = request.text(_FIELD) or ""
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, _here(typed))
    if not typed:
        return _code_form(request, typed, "")
    try:
        waiting = await oauth_devices.get_waiting(world, session.user_id, typed)
    except InvalidParam as error:
        return _code_form(request, typed, sentence_of(request, error))
    return await _ask(world, request, waiting, session)


async def answer(world: World, request: Request) -> Response:
    form = read_form(world, request)
    typed = form.get(_FIELD, "")
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, _here(typed))
    waiting = await oauth_devices.get_waiting(world, session.user_id, typed)
    is_allowed = form.get(ANSWER) == ALLOW
    try:
        await oauth_devices.answer(world, session.user_id, waiting, is_allowed)
    except OAuthError as error:
        raise MatrixError(
            "M_INVALID_PARAM", error.description, "L'identifiant de cet appareil est déjà pris."
        ) from error
    return _done(request, is_allowed)


def _code_form(request: Request, typed: str, problem: str) -> Response:
    """`problem` is HTML."""
    title = said(request, "Connecter un appareil", "Sign in a device")
    label = said(request, "Le code affiché par l'appareil", "The code the device shows")
    button = said(request, "Continuer", "Continue")
    alert = f'<p class="problems" role="alert" id="problem">{problem}</p>' if problem else ""
    described = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    body = (
        f'{alert}<form method="get"><div class="field"><label for="{_FIELD}">{label}</label>'
        f'<input id="{_FIELD}" name="{_FIELD}" value="{escape(typed)}" autocomplete="off" autocapitalize="characters"'
        f' spellcheck="false" required{described}></div><button class="main">{button}</button></form>'
    )
    return page(request, title, body, 400 if problem else 200)


async def _ask(world: World, request: Request, waiting: Waiting, session: BrowserSession) -> Response:
    """The code is shown again: a link may have brought the person here, and only she sees the device's own screen
    (RFC 8628, sections 3.3.1 and 5.4)."""
    name = client_name(request, waiting.client)
    title = f"Connecter {name}" if page_language(request) == "fr" else f"Sign in {name}"
    code = said(request, "Code affiché par l'appareil :", "Code the device shows:")
    warning = said(
        request,
        "Vérifiez que l'appareil est devant vous et qu'il affiche ce code. Si quelqu'un vous a envoyé ce lien ou ce "
        "code, refusez : il entrerait dans votre compte.",
        "Check that the device is in front of you and shows this code. If somebody sent you this link or this code, "
        "refuse: they would enter your account.",
    )
    body = (
        f"<p>{code}<br><strong>{escape(waiting.user_code)}</strong></p><p>{warning}</p>"
        f"{consent_body(request, waiting.client, await get_person(world, session), _here(waiting.user_code))}"
        f"{answer_form(world, request, {_FIELD: waiting.user_code})}"
    )
    return page(request, title, body)


def _done(request: Request, is_allowed: bool) -> Response:
    if is_allowed:
        title = said(request, "Appareil connecté", "Device signed in")
        sentence = said(request, "Vous pouvez revenir à l'appareil.", "You may go back to the device.")
    else:
        title = said(request, "Demande refusée", "Request refused")
        sentence = said(request, "L'appareil n'a pas accès à votre compte.", "The device cannot enter your account.")
    return page(request, title, f"<p>{sentence}</p>")


def _here(typed: str) -> str:
    return f"{LINK}?{urlencode({_FIELD: typed})}" if typed else LINK


ROUTES = (
    Route("GET", LINK, shown(show, "oauth"), auth="none"),
    Route("POST", LINK, shown(answer, "oauth"), auth="none"),
)
