"""`/oauth2/authorize`: an application brings a person here, and she lets it into her account, or not.

Source: client-server API, "Authorisation code flow"; RFC 6749, section 4.1; RFC 9700.
"""

from html import escape
from urllib.parse import urlencode

from tchap.api.client.auth_metadata import AUTHORIZE, issuer_of
from tchap.api.http import Request, Response
from tchap.api.public.browser import find_session, go_on, go_to_sign_in, read_form, shown
from tchap.api.public.oauth_consent import ALLOW, ANSWER, answer_form, client_name, consent_body
from tchap.api.public.pages import page, page_language, said
from tchap.api.routing import Route
from tchap.protocol.oauth import AuthorizationRequest, OAuthError
from tchap.protocol.oauth_clients import form_target
from tchap.services.browser_account import get_person
from tchap.services.browser_sessions import BrowserSession
from tchap.services.oauth_authorize import Caller, find_caller, give_code, has_let_in, parse_request
from tchap.services.world import World


async def show(world: World, request: Request) -> Response:
    caller = await find_caller(world, request.query)
    session = await find_session(world, request)
    try:
        wanted = parse_request(caller, request.query)
        if "none" in wanted.prompt:
            # Nobody is let in without being asked, so nothing can be done unseen (RFC 8252, section 8.6).
            raise OAuthError("interaction_required" if session else "login_required", "The person must be asked.")
    except OAuthError as error:
        back = _with_refusal(world, request, caller, error)
        if session is not None and await has_let_in(world, session.user_id, caller.client):
            return go_on(back)
        return _offer_return(request, caller, back)
    if session is None or wanted.prompt & {"create", "login", "select_account"}:
        hint = request.text("login_hint") or ""
        return go_to_sign_in(request, _here(request), login_hint=hint, create="create" in wanted.prompt)
    return await _ask(world, request, caller, session)


async def answer(world: World, request: Request) -> Response:
    form = read_form(world, request)
    caller = await find_caller(world, request.query)
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, _here(request))
    try:
        wanted = parse_request(caller, request.query)
        if form.get(ANSWER) != ALLOW:
            raise OAuthError("access_denied", "The person refused.")
        return await _let_in(world, request, (caller, wanted), session)
    except OAuthError as error:
        return go_on(_with_refusal(world, request, caller, error))


async def _let_in(
    world: World, request: Request, asked: tuple[Caller, AuthorizationRequest], session: BrowserSession
) -> Response:
    caller, wanted = asked
    code = await give_code(world, caller, wanted, session.user_id)
    return go_on(caller.back.with_answer({"code": code, "iss": issuer_of(world, request)}))


def _with_refusal(world: World, request: Request, caller: Caller, error: OAuthError) -> str:
    told = {"error": error.code, "error_description": error.description, "iss": issuer_of(world, request)}
    return caller.back.with_answer(told)


def _offer_return(request: Request, caller: Caller, back: str) -> Response:
    """The refusal, as a link that names where it leads.

    Anybody may register an application: to send a browser on to it unasked would lend our address to any site
    (RFC 9700, section 4.11.2).
    """
    name, host = client_name(request, caller.client), escape(caller.client.metadata.host)
    title = said(request, "Demande incorrecte", "Wrong request")
    why = said(
        request,
        f"L'application {name} a fait une demande qui ne peut pas aboutir.",
        f"The application {name} made a request that leads nowhere.",
    )
    lead = said(request, "Revenir à l'application, sur", "Go back to the application, on")
    return page(request, title, f'<p>{why}</p><p><a href="{escape(back)}" rel="noreferrer">{lead} {host}</a></p>', 400)


async def _ask(world: World, request: Request, caller: Caller, session: BrowserSession) -> Response:
    name = client_name(request, caller.client)
    title = f"Autoriser {name}" if page_language(request) == "fr" else f"Allow {name}"
    body = consent_body(request, caller.client, await get_person(world, session), _here(request))
    after = said(
        request,
        "Votre réponse vous ramène à l'application.",
        "Your answer takes you back to the application.",
    )
    response = page(request, title, f"{body}{answer_form(world, request, {})}<p>{after}</p>")
    return _may_lead_to(response, caller.back.redirect_uri)


def _may_lead_to(response: Response, redirect_uri: str) -> Response:
    """Browsers hold `form-action` against the redirection that answers a form, too."""
    response.headers = [
        (name, value.replace("form-action 'self'", f"form-action 'self' {form_target(redirect_uri)}"))
        for name, value in response.headers
    ]
    return response


def _here(request: Request) -> str:
    """This very request, once its wish for another sign-in is granted."""
    rest = [(name, value) for name, values in request.query.items() for value in values if name != "prompt"]
    return f"{AUTHORIZE}?{urlencode(rest)}"


ROUTES = (
    Route("GET", AUTHORIZE, shown(show, "oauth"), auth="none"),
    Route("POST", AUTHORIZE, shown(answer, "oauth"), auth="none"),
)
