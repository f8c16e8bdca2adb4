"""The ways from our pages to ProConnect."""

from html import escape

from tchap.api.http import Request
from tchap.api.public.browser import continue_of, link_to
from tchap.api.public.pages import page_language, said
from tchap.services.proconnect import is_offered
from tchap.services.terms import policies
from tchap.services.world import World

PROCONNECT = "/account/proconnect"
_AGAIN = "again"


def way_to_proconnect(request: Request, continue_to: str, login_hint: str = "", again: bool = False) -> str:
    """The path of the button; `again` has the provider see the person now."""
    path = link_to(request, PROCONNECT, continue_to, login_hint)
    return f"{path}{'&' if '?' in path else '?'}{_AGAIN}=1" if again else path


def is_again(request: Request) -> bool:
    return request.text(_AGAIN) == "1"


def proconnect_first(world: World, request: Request, login_hint: str) -> str:
    """The button above the sign-in form, whom it is for, and what the first use accepts; empty without a provider."""
    if not is_offered(world):
        return ""
    words = said(request, "S'identifier avec ProConnect", "Sign in with ProConnect")
    who = said(
        request,
        "Pour les agents des administrations ouvertes à ce service. La première fois, votre compte est créé et vous"
        " acceptez les",
        "For agents of the administrations open to this service. The first time, your account is made and you accept"
        " the",
    )
    href = escape(way_to_proconnect(request, continue_of(request), login_hint), quote=True)
    other = said(request, "ou, avec un mot de passe", "or, with a password")
    return (
        f'<p><a class="button main" href="{href}">{words}</a></p><p class="hint">{who} {_terms(world, request)}.</p>'
        f'<p class="or">{other}</p>'
    )


def proconnect_again(request: Request) -> str:
    """The button where a person who came by ProConnect must prove again who she is."""
    words = said(request, "S'identifier de nouveau avec ProConnect", "Sign in again with ProConnect")
    href = escape(way_to_proconnect(request, continue_of(request), again=True), quote=True)
    return f'<p><a class="button main" href="{href}">{words}</a></p>'


def _terms(world: World, request: Request) -> str:
    language = page_language(request)
    return ", ".join(
        f'<a href="{escape(policy[language]["url"], quote=True)}">{escape(policy[language]["name"].lower())}</a>'
        for policy in policies(world)["policies"].values()
    )
