"""The page where a person without a password confirms a sensitive act by signing in again with ProConnect.

Source: client-server API, "SSO during User-Interactive Authentication" and its "Security considerations".
"""

from urllib.parse import quote

from tchap.api.http import Request, Response
from tchap.api.public.browser import find_session, read_form, token_field
from tchap.api.public.pages import page, said
from tchap.api.public.proconnect_ways import way_to_proconnect
from tchap.base.errors import Forbidden
from tchap.services.interactive_auth import SSO, complete_sso, is_proven_for
from tchap.services.world import World

PATH = f"/_matrix/client/v3/auth/{SSO}/fallback/web"


async def show_confirmation(world: World, request: Request, session_id: str) -> Response:
    browser = await find_session(world, request)
    if browser is None or not is_proven_for(world, session_id, browser):
        return _sign_in_first(request, session_id)
    question = said(
        request,
        "Si vous ne l'avez pas demandé, fermez cette page : votre compte est peut-être en danger.",
        "If you did not ask for this, close this page: your account may be in danger.",
    )
    button = said(request, "Confirmer", "Confirm")
    body = (
        f"<p>{_what(request)}</p><p>{question}</p>"
        f'<form method="post">{token_field(world, request)}<button class="main">{button}</button></form>'
    )
    return page(request, _title(request), body)


async def confirm(world: World, request: Request, session_id: str) -> None:
    """Marks the stage done; M_FORBIDDEN unless the person has just proven to ProConnect that she is the one."""
    read_form(world, request)
    browser = await find_session(world, request)
    if browser is None or not complete_sso(world, session_id, browser):
        raise Forbidden("Sign in again first.", "Identifiez-vous d'abord de nouveau.")


def _sign_in_first(request: Request, session_id: str) -> Response:
    here = f"{PATH}?session={quote(session_id, safe='')}"
    words = said(request, "S'identifier de nouveau avec ProConnect", "Sign in again with ProConnect")
    warning = said(
        request,
        "Pour le confirmer, identifiez-vous de nouveau. Si vous ne l'avez pas demandé, fermez cette page.",
        "To confirm it, sign in again. If you did not ask for this, close this page.",
    )
    href = way_to_proconnect(request, here, again=True).replace("&", "&amp;")
    body = f'<p>{_what(request)}</p><p>{warning}</p><p><a class="button main" href="{href}">{words}</a></p>'
    return page(request, _title(request), body)


def _title(request: Request) -> str:
    return said(request, "Confirmer que c'est vous", "Confirm it is you")


def _what(request: Request) -> str:
    return said(
        request,
        "Une de vos applications demande à faire un changement important dans votre compte :"
        " retirer un appareil, remplacer vos clés ou fermer le compte.",
        "One of your applications asks to make an important change in your account:"
        " remove a device, replace your keys or close the account.",
    )
