"""The pages of what a person does with the account itself: profile, password, verification, closing, leaving."""

from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.account_links import account_url, way_back
from tchap.api.public.browser import SIGN_IN, go_on, link_to, sentence_of, session_cookie, with_session, without_session
from tchap.api.public.email_steps import password_fields, password_problems, problem_of
from tchap.api.public.forms import Field, Form, done, render
from tchap.api.public.pages import page, said
from tchap.api.public.proconnect import sign_out_everywhere
from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.services.browser_account import (
    Person,
    allow_cross_signing_reset,
    check_proven,
    close_account,
    find_rooms_left_alone,
    get_person,
    set_name,
    set_password,
)
from tchap.services.browser_sessions import BrowserSession, end_browser_session, end_browser_sessions_of
from tchap.services.world import World

Fields = dict[str, str]


def who(person: Person) -> str:
    """Whose account this is, as HTML; a user id is shown only to who has no address."""
    name, address = escape(person.name), escape(person.address or person.user_id)
    return f"<strong>{name}</strong><br>{address}" if name else f"<strong>{address}</strong>"


async def show_profile(world: World, request: Request, session: BrowserSession) -> Response:
    return await _profile_page(world, request, session, {})


async def _profile_page(world: World, request: Request, session: BrowserSession, problems: dict[str, str]) -> Response:
    person = await get_person(world, session)
    body = f"<p>{who(person)}</p>"
    if world.settings.test_profile:
        name = Field("name", said(request, "Nom affiché", "Display name"), value=person.name, autocomplete="name")
        body += render(world, request, Form((name,), said(request, "Enregistrer", "Save"), {}, problems))
    else:
        why = said(
            request,
            "Votre nom et votre administration sont tirés de votre adresse professionnelle : personne ne peut ainsi"
            " se faire passer pour vous.",
            "Your name and administration are made from your professional address, so that nobody can pass for you.",
        )
        photo = said(
            request,
            "Votre photo se change dans les paramètres de l'application.",
            "Your picture is changed in the settings of the application.",
        )
        body += f"<p>{why}</p><p>{photo}</p>"
    news = done(said(request, "Votre nom est enregistré.", "Your name is saved.")) if request.text("done") else ""
    title = said(request, "Mon profil", "My profile")
    return page(request, title, f"{news}{body}{way_back(request)}", 400 if problems else 200)


async def change_name(world: World, request: Request, session: BrowserSession, fields: Fields) -> Response:
    try:
        await set_name(world, session, fields.get("name", "").strip())
    except MatrixError as error:
        return await _profile_page(world, request, session, {"name": sentence_of(request, error)})
    return go_on(account_url(request, action="org.matrix.profile", done="1"))


async def show_password(world: World, request: Request, session: BrowserSession) -> Response:
    check_proven(world, session)
    return await _password_page(world, request, session, {})


async def _password_page(world: World, request: Request, session: BrowserSession, problems: dict[str, str]) -> Response:
    person = await get_person(world, session)
    devices = Field(
        "sign_out",
        said(request, "Déconnecter aussi tous mes appareils (facultatif)", "Sign all my devices out too (optional)"),
        "checkbox",
        required=False,
        hint=said(
            request,
            "À cocher si quelqu'un d'autre a pu connaître votre mot de passe.",
            "Tick this if somebody else may have known your password.",
        ),
    )
    form = Form(
        (*password_fields(world, request, person.address or person.user_id), devices),
        said(request, "Changer mon mot de passe", "Change my password"),
        {},
        problems,
    )
    title = said(request, "Changer mon mot de passe", "Change my password")
    news = done(said(request, "Votre mot de passe est changé.", "Your password is changed."))
    none = said(
        request,
        "Votre compte n'a pas de mot de passe : ProConnect vous identifie. Vous pouvez en choisir un.",
        "Your account has no password: ProConnect identifies you. You may choose one.",
    )
    body = news if request.text("done") else "" if person.has_password else f"<p>{none}</p>"
    body += render(world, request, form)
    return page(request, title, f"{body}{way_back(request)}", 400 if problems else 200)


async def change_password(world: World, request: Request, session: BrowserSession, fields: Fields) -> Response:
    problems = password_problems(request, fields)
    if problems:
        return await _password_page(world, request, session, problems)
    try:
        cookie = await set_password(world, session, fields["password"], fields.get("sign_out") == "yes")
    except MatrixError as error:
        return await _password_page(world, request, session, problem_of(request, error))
    return with_session(go_on(account_url(request, action="password", done="1")), world, cookie)


async def show_reset(world: World, request: Request, session: BrowserSession) -> Response:
    """The confirmation of `m.oauth` (client-server API, "OAuth authentication")."""
    check_proven(world, session)
    words = (
        said(
            request,
            "Faites-le seulement si vous n'avez plus ni appareil vérifié, ni code de récupération.",
            "Do this only if you have neither a verified device nor your recovery code left.",
        ),
        said(
            request,
            "Les messages que vous ne pouvez plus lire aujourd'hui le resteront. Vos autres appareils seront à"
            " vérifier de nouveau, et vos correspondants verront que vous avez recommencé.",
            "Messages you cannot read today stay so. Your other devices will have to be verified again, and the people"
            " you write to will see that you started again.",
        ),
        said(
            request,
            "Si vous n'avez rien demandé dans votre application, ne continuez pas.",
            "If you asked for nothing in your application, do not continue.",
        ),
    )
    button = said(request, "Recommencer la vérification", "Start again")
    form = render(world, request, Form((), button, {}, {}, "danger"))
    title = said(request, "Recommencer la vérification de mes appareils", "Verify my devices from scratch")
    return page(request, title, "".join(f"<p>{part}</p>" for part in words) + form + way_back(request))


async def allow_reset(world: World, request: Request, session: BrowserSession, _fields: Fields) -> Response:
    await allow_cross_signing_reset(world, session)
    next_step = said(
        request,
        "C'est noté. Revenez à votre application dans les dix minutes : elle termine l'opération.",
        "Noted. Go back to your application within ten minutes: it will finish.",
    )
    title = said(request, "Vous pouvez continuer dans l'application", "You may continue in the application")
    return page(request, title, f"{done(next_step)}{way_back(request)}")


async def show_deactivation(world: World, request: Request, session: BrowserSession) -> Response:
    check_proven(world, session)
    return await _deactivation_page(world, request, session, {})


async def _deactivation_page(
    world: World, request: Request, session: BrowserSession, problems: dict[str, str]
) -> Response:
    person = await get_person(world, session)
    by_fr, by_en = (
        ("avec ProConnect ou par l'assistance de votre administration", "with ProConnect or by your support")
        if world.proconnect is not None
        else ("par l'assistance de votre administration", "by your administration's support")
    )
    effects = (
        said(
            request,
            "Vous quittez tous vos salons. Les autres membres y gardent les messages que vous avez envoyés.",
            "You leave all your rooms. The other members keep the messages you sent there.",
        ),
        said(
            request,
            "Tous vos appareils sont déconnectés, et vous ne pouvez plus lire aucun message.",
            "All your devices are signed out, and you can read no message any more.",
        ),
        said(
            request,
            f"Vous n'êtes plus dans l'annuaire. Ce compte n'est donné à personne d'autre : il ne rouvre que pour vous,"
            f" {by_fr}, sans vos salons ni vos appareils.",
            f"You are no longer in the directory. This account is given to nobody else: it opens again for you alone,"
            f" {by_en}, without your rooms and your devices.",
        ),
    )
    confirm = said(request, "J'ai compris ce que la fermeture entraîne", "I understand what closing does")
    erase = said(
        request, "Effacer aussi mon nom et ma photo (facultatif)", "Erase my name and picture as well (optional)"
    )
    never = said(
        request,
        "Un compte effacé ne rouvre jamais. Votre adresse pourra ouvrir un nouveau compte, vide.",
        "An account that was erased never opens again. Your address may open a new, empty one.",
    )
    fields = (Field("confirm", confirm, "checkbox"), Field("erase", erase, "checkbox", hint=never, required=False))
    button = said(request, "Fermer mon compte", "Close my account")
    form = render(world, request, Form(fields, button, {}, problems, "main danger"))
    alone = _rooms_left_alone(request, await find_rooms_left_alone(world, session))
    body = f"<p>{who(person)}</p>{alone}<ul>{''.join(f'<li>{effect}</li>' for effect in effects)}</ul>{form}"
    title = said(request, "Fermer mon compte", "Close my account")
    return page(request, title, f"{body}{way_back(request)}", 400 if problems else 200)


def _rooms_left_alone(request: Request, names: list[str]) -> str:
    if not names:
        return ""
    words = said(
        request,
        "Personne d'autre n'administre ces salons : ils seront confiés à leurs modérateurs, sinon à leurs membres."
        " Pour choisir vous-même, nommez d'abord quelqu'un dans chacun :",
        "Nobody else administers these rooms: they will be handed to their moderators, or else to their members."
        " To choose yourself, name somebody in each of them first:",
    )
    items = [escape(name) for name in names[: limits.MAX_ROOMS_NAMED]] + ["…"] * (len(names) > limits.MAX_ROOMS_NAMED)
    return f"<p><strong>{words}</strong></p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


async def deactivate(world: World, request: Request, session: BrowserSession, fields: Fields) -> Response:
    check_proven(world, session)
    if fields.get("confirm") != "yes":
        wrong = said(
            request,
            "Cochez cette case si vous voulez vraiment fermer votre compte.",
            "Tick this box if you really want to close your account.",
        )
        return await _deactivation_page(world, request, session, {"confirm": wrong})
    await close_account(world, session, fields.get("erase") == "yes")
    sentence = said(request, "Votre compte est fermé. Au revoir.", "Your account is closed. Goodbye.")
    return without_session(page(request, said(request, "Compte fermé", "Account closed"), done(sentence)), world)


async def show_sign_out(world: World, request: Request, _session: BrowserSession) -> Response:
    what = said(
        request,
        "Ce navigateur n'aura plus accès à ces pages. Vos applications restent connectées.",
        "This browser will have no access to these pages any more. Your applications stay signed in.",
    )
    others = Field(
        "everywhere",
        said(request, "Déconnecter aussi mes autres navigateurs (facultatif)", "Sign my other browsers out (optional)"),
        "checkbox",
        required=False,
    )
    form = Form((others,), said(request, "Déconnecter ce navigateur", "Sign this browser out"), {}, {})
    title = said(request, "Déconnecter ce navigateur", "Sign this browser out")
    return page(request, title, f"<p>{what}</p>{render(world, request, form)}{way_back(request)}")


async def sign_out(world: World, request: Request, session: BrowserSession, fields: Fields) -> Response:
    if fields.get("everywhere") == "yes":
        await end_browser_sessions_of(world, session.user_id)
    if session.how == "proconnect":
        return await sign_out_everywhere(world, request)
    await end_browser_session(world, session_cookie(world, request) or "")
    return without_session(go_on(link_to(request, SIGN_IN, "/account")), world)
