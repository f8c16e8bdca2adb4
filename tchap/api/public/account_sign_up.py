"""`/account/sign-up`: an account by e-mail, code, terms and password, for whoever an application sends here.

Source: client-server API, "User registration" of the OAuth 2.0 API (`prompt=create`).
"""

from collections.abc import Mapping
from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.account_sign_in import hint_of
from tchap.api.public.browser import (
    ACCOUNT,
    SIGN_IN,
    SIGN_UP,
    check_rate,
    continue_of,
    go_on,
    link_to,
    read_form,
    sentence_of,
    shown,
    with_session,
)
from tchap.api.public.email_steps import (
    Way,
    address_page,
    browser_of,
    password_fields,
    password_problems,
    problem_of,
    proof_of,
    send_code,
    sign_in_link,
    take_code,
)
from tchap.api.public.forms import Field, Form, render
from tchap.api.public.pages import page, page_language, said
from tchap.api.public.proconnect_ways import proconnect_first
from tchap.api.routing import Route
from tchap.base.errors import Forbidden, MatrixError
from tchap.services import terms
from tchap.services.browser_sign_in import sign_up
from tchap.services.domain_openings import OPEN_PATH
from tchap.services.world import World


def _way(world: World, request: Request) -> Way:
    intro = said(
        request,
        "Votre adresse professionnelle ouvre votre compte. Un code lui sera envoyé.",
        "Your professional address opens your account. A code will be sent to it.",
    )
    known = said(request, "J'ai déjà un compte", "I have an account already")
    return Way(
        "register",
        said(request, "Créer un compte", "Create an account"),
        f"{proconnect_first(world, request, '')}<p>{intro}</p>{sign_in_link(request, SIGN_IN, known)}",
        said(request, "Adresse professionnelle", "Professional e-mail address"),
    )


def _check_enabled(world: World) -> None:
    if not world.settings.registration.enabled:
        raise Forbidden("Accounts are not opened here.", "L'ouverture de compte est fermée.")


async def show(world: World, request: Request) -> Response:
    _check_enabled(world)
    hint = hint_of(request)
    return address_page(world, request, _way(world, request), "" if hint.startswith("@") else hint)


async def submit(world: World, request: Request) -> Response:
    _check_enabled(world)
    continue_of(request)
    fields = read_form(world, request)
    step = fields.get("step")
    if step == "code":
        email = await take_code(world, request, _way(world, request), fields)
        return email if isinstance(email, Response) else _last_page(world, request, fields | {"email": email}, {})
    if step == "finish":
        return await _finish(world, request, fields)
    try:
        return await send_code(world, request, _way(world, request), fields)
    except MatrixError as error:
        return _refusal(world, request, fields.get("email", ""), error)


def _refusal(world: World, request: Request, email: str, error: MatrixError) -> Response:
    """Why this address opens no account, and who can help; other problems are told beside the field."""
    reason = error.extra.get("reason")
    if reason not in ("unknown_domain", "not_invited"):
        return address_page(world, request, _way(world, request), email, sentence_of(request, error))
    why = said(
        request,
        "L'adresse que vous avez saisie n'est celle d'aucune administration inscrite à ce service :",
        "The address you typed belongs to no administration of this service:",
    )
    guest = said(
        request,
        "Vous travaillez avec un agent qui utilise Tchap ? Demandez-lui de vous inviter à un salon : le courriel"
        " d'invitation vous permettra de créer un compte.",
        "Do you work with an agent who uses Tchap? Ask to be invited to a room: the mail of the invitation will let"
        " you create an account.",
    )
    body = f"<p>{why} <strong>{escape(email)}</strong></p>{_request_form(world, request, email)}<p>{guest}</p>"
    body += sign_in_link(request, SIGN_UP, said(request, "Essayer une autre adresse", "Try another address"))
    title = said(request, "Cette adresse n'est pas encore autorisée", "This address is not authorised yet")
    return page(request, title, body, 403)


def _request_form(world: World, request: Request, email: str) -> str:
    form = world.settings.request_form
    if not form:
        ask = said(
            request,
            "Vous êtes agent public ? Demandez à votre administration de faire ajouter votre domaine.",
            "Are you a public agent? Ask your administration to have its domain added.",
        )
        return f"<p>{ask}</p>"
    ask = said(request, "Vous êtes agent public ?", "Are you a public agent?")
    link = said(request, "Demander l'ajout de mon administration", "Ask for my administration to be added")
    if not world.settings.registration.request_form_url:
        # Our own page, on whichever host this one is read.
        form = link_to(request, OPEN_PATH, ACCOUNT, email)
        link = said(request, "Ouvrir Tchap à mon administration", "Open Tchap to my administration")
    return f'<p>{ask} <a href="{escape(form, quote=True)}" rel="noreferrer">{link}</a></p>'


def _last_page(world: World, request: Request, fields: Mapping[str, str], problems: dict[str, str]) -> Response:
    """Terms and password."""
    accept = Field(
        "terms",
        said(request, "J'ai lu et j'accepte les conditions d'utilisation", "I have read and accept the terms of use"),
        "checkbox",
        fields.get("terms", ""),
        hint=_terms_links(world, request),
    )
    form = Form(
        (*password_fields(world, request, fields["email"]), accept),
        said(request, "Créer mon compte", "Create my account"),
        {"step": "finish", "sid": fields.get("sid", ""), "secret": fields.get("secret", "")},
        problems,
    )
    title = said(request, "Choisir un mot de passe", "Choose a password")
    return page(request, title, render(world, request, form), 400 if problems else 200)


def _terms_links(world: World, request: Request) -> str:
    language = page_language(request)
    return ", ".join(
        f'<a href="{escape(policy[language]["url"], quote=True)}" target="_blank" rel="noreferrer">'
        f"{escape(policy[language]['name'])}</a>"
        for policy in terms.policies(world)["policies"].values()
    )


async def _finish(world: World, request: Request, fields: dict[str, str]) -> Response:
    fields = {"email": ""} | fields
    problems = password_problems(request, fields)
    if fields.get("terms") != "yes":
        problems["terms"] = said(
            request,
            "Acceptez les conditions d'utilisation pour créer votre compte.",
            "Accept the terms of use to create your account.",
        )
    if problems:
        return _last_page(world, request, fields, problems)
    try:
        check_rate(world, request, "register")
        cookie = await sign_up(world, proof_of(fields), fields["password"], browser_of(world, request))
    except MatrixError as error:
        return _last_page(world, request, fields, problem_of(request, error))
    return with_session(go_on(continue_of(request)), world, cookie)


ROUTES = (
    Route("GET", SIGN_UP, shown(show, "page"), auth="none"),
    Route("POST", SIGN_UP, shown(submit, "page"), auth="none"),
)
