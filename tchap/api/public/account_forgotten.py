"""`/account/forgotten`: a new password for whoever reads the account's e-mail address."""

from tchap.api.http import Request, Response
from tchap.api.public.account_sign_in import hint_of
from tchap.api.public.browser import (
    FORGOTTEN,
    SIGN_IN,
    check_rate,
    continue_of,
    go_on,
    read_form,
    sentence_of,
    shown,
    with_session,
)
from tchap.api.public.email_steps import (
    EXPIRED,
    Way,
    address_page,
    browser_of,
    expired_page,
    password_fields,
    password_problems,
    problem_of,
    proof_of,
    send_code,
    sign_in_link,
    take_code,
)
from tchap.api.public.forms import Form, render
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.base.errors import MatrixError
from tchap.services.browser_sign_in import reset_password
from tchap.services.world import World


def _way(request: Request) -> Way:
    intro = said(
        request,
        "Saisissez l'adresse de votre compte : un code lui sera envoyé pour choisir un nouveau mot de passe.",
        "Type the address of your account: a code will be sent to it, to choose a new password.",
    )
    back = said(request, "Revenir à la connexion", "Back to sign-in")
    return Way(
        "password",
        said(request, "Mot de passe oublié", "Forgotten password"),
        f"<p>{intro}</p>{sign_in_link(request, SIGN_IN, back)}",
        said(request, "Adresse professionnelle", "Professional e-mail address"),
    )


async def show(world: World, request: Request) -> Response:
    hint = hint_of(request)
    return address_page(world, request, _way(request), "" if hint.startswith("@") else hint)


async def submit(world: World, request: Request) -> Response:
    continue_of(request)
    fields = read_form(world, request)
    step = fields.get("step")
    if step == "code":
        email = await take_code(world, request, _way(request), fields)
        return email if isinstance(email, Response) else _last_page(world, request, fields | {"email": email}, {})
    if step == "finish":
        return await _finish(world, request, {"email": ""} | fields)
    try:
        return await send_code(world, request, _way(request), fields)
    except MatrixError as error:
        return address_page(world, request, _way(request), fields.get("email", ""), sentence_of(request, error))


def _last_page(world: World, request: Request, fields: dict[str, str], problems: dict[str, str]) -> Response:
    ends = said(
        request,
        "Tous vos appareils seront déconnectés. Pour relire vos messages, il vous faudra votre code de récupération.",
        "All your devices will be signed out. To read your messages again you will need your recovery code.",
    )
    form = Form(
        password_fields(world, request, fields["email"]),
        said(request, "Changer mon mot de passe", "Change my password"),
        {"step": "finish", "sid": fields.get("sid", ""), "secret": fields.get("secret", "")},
        problems,
    )
    title = said(request, "Choisir un nouveau mot de passe", "Choose a new password")
    return page(request, title, f"<p>{ends}</p>{render(world, request, form)}", 400 if problems else 200)


async def _finish(world: World, request: Request, fields: dict[str, str]) -> Response:
    problems = password_problems(request, fields)
    if problems:
        return _last_page(world, request, fields, problems)
    try:
        check_rate(world, request, "login")
        cookie = await reset_password(world, proof_of(fields), fields["password"], browser_of(world, request))
    except MatrixError as error:
        if error.errcode == EXPIRED:
            return expired_page(world, request)
        return _last_page(world, request, fields, problem_of(request, error))
    return with_session(go_on(continue_of(request)), world, cookie)


ROUTES = (
    Route("GET", FORGOTTEN, shown(show, "page"), auth="none"),
    Route("POST", FORGOTTEN, shown(submit, "page"), auth="none"),
)
