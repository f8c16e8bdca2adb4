"""What a person reads before an application enters her account: which one, whose account, what it may do."""

from html import escape

from tchap.api.http import Request
from tchap.api.public.browser import SIGN_IN, link_to, token_field
from tchap.api.public.pages import page_language, said
from tchap.services.browser_account import Person
from tchap.services.oauth_clients import Client
from tchap.services.world import World

ANSWER, ALLOW, DENY = "answer", "allow", "deny"


def consent_body(request: Request, client: Client, person: Person, here: str) -> str:
    """Who asks, for which account and for what, as HTML; `here` is the path a change of account comes back to."""
    other = escape(link_to(request, SIGN_IN, here))
    account = said(request, "Votre compte :", "Your account:")
    change = said(request, "Ce n'est pas moi : changer de compte", "This is not me: change account")
    return (
        f"<p>{_who(request, client)}</p>"
        f'<p>{account} <strong>{_account(person)}</strong><br><a href="{other}">{change}</a></p>'
        f"{_rights(request)}"
        f"{_documents(request, client)}"
    )


def answer_form(world: World, request: Request, hidden: dict[str, str]) -> str:
    """The two buttons, as HTML; the form goes back to the address it is shown at."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    allow, deny = said(request, "Autoriser", "Allow"), said(request, "Refuser", "Refuse")
    return (
        f'<form method="post">{token_field(world, request)}{fields}'
        f'<button class="main" name="{ANSWER}" value="{ALLOW}">{allow}</button>'
        f'<button class="main second" name="{ANSWER}" value="{DENY}">{deny}</button></form>'
    )


def client_name(request: Request, client: Client) -> str:
    """The application's name in the reader's language, as plain text."""
    return client.name_in(page_language(request))


def _who(request: Request, client: Client) -> str:
    """The name is only claimed, so the host stands beside it."""
    name, host = f"<strong>{escape(client_name(request, client))}</strong>", escape(client.metadata.host)
    if page_language(request) == "fr":
        return f"L'application {name}, du site <strong>{host}</strong>, demande à entrer dans votre compte Tchap."
    return f"The application {name}, of the site <strong>{host}</strong>, asks to enter your Tchap account."


def _account(person: Person) -> str:
    """As the person knows her account: her name and her address; the id where there is neither."""
    known = ", ".join(part for part in (person.name, person.address) if part)
    return escape(known or person.user_id)


def _rights(request: Request) -> str:
    rights = (
        said(
            request,
            "lire vos messages et en envoyer en votre nom, dans tous vos salons",
            "read your messages and send some in your name, in all your rooms",
        ),
        said(
            request,
            "créer, rejoindre, quitter et gérer des salons",
            "create, join, leave and manage rooms",
        ),
        said(
            request,
            "voir l'annuaire, modifier votre profil et vos réglages",
            "see the directory, change your profile and your settings",
        ),
    )
    title = said(request, "Elle pourra :", "It will be able to:")
    advice = said(
        request,
        "N'acceptez que si vous venez de vous connecter avec cette application et lui faites confiance.",
        "Accept only if you have just signed in with this application and trust it.",
    )
    return f"<p>{title}</p><ul>{''.join(f'<li>{right}</li>' for right in rights)}</ul><p>{advice}</p>"


def _documents(request: Request, client: Client) -> str:
    """Links to what the application says of itself."""
    language = page_language(request)
    kinds = (
        ("tos_uri", said(request, "Conditions d'utilisation de l'application", "Terms of the application")),
        ("policy_uri", said(request, "Données personnelles dans l'application", "Privacy in the application")),
    )
    links = [
        f'<li><a href="{escape(uri)}" rel="noreferrer">{label}</a></li>'
        for name, label in kinds
        if (uri := client.metadata.find_text(name, language)) is not None
    ]
    return f"<ul>{''.join(links)}</ul>" if links else ""
