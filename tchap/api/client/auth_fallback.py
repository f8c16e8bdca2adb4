"""The web page that does a stage of interactive authentication for clients that cannot.

Source: client-server API, "Fallback" of the User-Interactive Authentication API.
"""

from html import escape
from urllib.parse import parse_qsl

from tchap.api.client.sso_fallback import confirm, show_confirmation
from tchap.api.http import Request, Response
from tchap.api.public.browser import refusal_page
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.base.errors import Forbidden, MatrixError, NotFound
from tchap.services import terms
from tchap.services.emails import CodeRequest, find_proven, request_code, submit_code
from tchap.services.interactive_auth import EMAIL, SSO, TERMS, complete_stage, find_operation
from tchap.services.world import World

# The very words the specification asks for.
_SCRIPT = (
    "if(window.onAuthDone){window.onAuthDone();}"
    "else if(window.opener&&window.opener.postMessage){window.opener.postMessage('authDone','*');}"
)


async def show(world: World, request: Request) -> Response:
    stage, session_id = _stage(world, request)
    if stage == SSO:
        return await show_confirmation(world, request, session_id)
    return _terms_form(world, request) if stage == TERMS else _address_form(request, "")


async def submit(world: World, request: Request) -> Response:
    stage, session_id = _stage(world, request)
    if stage == SSO:
        try:
            await confirm(world, request, session_id)
        except MatrixError as error:
            return refusal_page(request, error)
        return _done(request)
    if stage == TERMS:
        return await _finish(world, request, session_id, TERMS, "")
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
    if "token" not in fields:
        return await _send_code(world, request, fields.get("email", ""))
    purpose = find_operation(world, session_id) or ""
    sid, secret = fields.get("sid", ""), fields.get("secret", "")
    await submit_code(world, sid, secret, fields["token"])
    email = await find_proven(world, sid, secret, purpose)
    if email is None:
        wrong = said(request, "Ce code est incorrect ou expiré.", "This code is wrong or too old.")
        return _code_form(request, (sid, secret), wrong)
    return await _finish(world, request, session_id, EMAIL, email)


def _stage(world: World, request: Request) -> tuple[str, str]:
    """The stage and its session; M_NOT_FOUND for those this page does not do."""
    stage, session_id = request.params["auth"], request.text("session", "") or ""
    if stage not in (EMAIL, TERMS, SSO) or find_operation(world, session_id) is None:
        raise NotFound("There is no such authentication under way.", "Cette authentification n'existe pas.")
    return stage, session_id


async def _finish(world: World, request: Request, session_id: str, stage: str, proof: str) -> Response:
    if not await complete_stage(world, session_id, stage, proof):
        raise Forbidden("This address is not your account's.", "Cette adresse n'est pas celle de votre compte.")
    return _done(request)


def _done(request: Request) -> Response:
    title = said(request, "C'est fait", "Done")
    sentence = said(request, "Vous pouvez fermer cette page.", "You may close this page.")
    return page(request, title, f"<p>{sentence}</p>", script=_SCRIPT)


def _terms_form(world: World, request: Request) -> Response:
    language = "fr" if request.language == "fr" else "en"
    links = "".join(
        f'<li><a href="{escape(policy[language]["url"])}" target="_blank" rel="noreferrer">'
        f"{escape(policy[language]['name'])}</a></li>"
        for policy in terms.policies(world)["policies"].values()
    )
    button = said(request, "J'ai lu et j'accepte", "I have read and accept")
    title = said(request, "Conditions d'utilisation", "Terms of use")
    return page(request, title, f'<ul>{links}</ul><form method="post"><button class="main">{button}</button></form>')


async def _send_code(world: World, request: Request, email: str) -> Response:
    purpose = find_operation(world, request.text("session", "") or "") or ""
    secret = world.entropy.token(16)
    try:
        sid = await request_code(world, CodeRequest(purpose, email, secret, 1, None, request.host_instance))
    except MatrixError as error:
        return _address_form(request, escape(error.fr if request.language == "fr" else error.en))
    return _code_form(request, (sid, secret), "")


def _address_form(request: Request, problem: str) -> Response:
    label = said(request, "Votre adresse professionnelle", "Your professional e-mail address")
    field = '<input id="email" name="email" type="email" autocomplete="email" required'
    return _form(request, (label, "email", field), problem)


def _code_form(request: Request, proof: tuple[str, str], problem: str) -> Response:
    label = said(request, "Le code à six chiffres reçu par courriel", "The six-digit code you were sent")
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in zip(("sid", "secret"), proof, strict=True)
    )
    field = f'{hidden}<input id="token" name="token" inputmode="numeric" autocomplete="one-time-code" required'
    return _form(request, (label, "token", field), problem)


def _form(request: Request, field: tuple[str, str, str], problem: str) -> Response:
    """`field`: its label, its id, and its tag, left open for what describes a problem."""
    label, name, tag = field
    alert = f'<span class="wrong" role="alert" id="problem">{problem}</span>' if problem else ""
    described = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    button = said(request, "Continuer", "Continue")
    title = said(request, "Vérifier votre adresse", "Verify your address")
    body = (
        f'<form method="post" novalidate><div class="field"><label for="{name}">{label}</label>{alert}'
        f'{tag}{described}></div><button class="main">{button}</button></form>'
    )
    return page(request, title, body)


ROUTES = (
    Route("GET", "/_matrix/client/v3/auth/{auth}/fallback/web", show, auth="none", limit="login"),
    Route("POST", "/_matrix/client/v3/auth/{auth}/fallback/web", submit, auth="none", limit="login"),
)
