"""`/account`: a person looks after the account; applications send her here with `?action=` and `?device_id=`.

Source: client-server API, "Account management URL parameters" and "Account management URL actions".
"""

from collections.abc import Awaitable, Callable

from tchap.api.http import Request, Response
from tchap.api.public import account_acts, account_devices
from tchap.api.public.account_links import account_url, here, way_to
from tchap.api.public.browser import (
    ACCOUNT,
    find_session,
    go_on,
    go_to_proof,
    go_to_sign_in,
    read_form,
    shown,
)
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.services.browser_account import ProofNeeded, get_person
from tchap.services.browser_sessions import BrowserSession
from tchap.services.world import World

Fields = dict[str, str]
Show = Callable[[World, Request, BrowserSession], Awaitable[Response]]
Act = Callable[[World, Request, BrowserSession, Fields], Awaitable[Response]]

PROFILE = "org.matrix.profile"
DEVICES = "org.matrix.devices_list"
DEVICE = "org.matrix.device_view"
END_DEVICE = "org.matrix.device_delete"
DEACTIVATE = "org.matrix.account_deactivate"
RESET = "org.matrix.cross_signing_reset"
PASSWORD = "password"
SIGN_OUT = "sign_out"
# What clients sent before these actions had their names (MSC2965, MSC4191).
_FORMER = {"sessions_list": DEVICES, "session_view": DEVICE, "session_end": END_DEVICE}
_NAMESPACE = "org.matrix."


def action_of(request: Request) -> str:
    """The action asked for under its name of today; empty for none."""
    asked = request.text("action") or ""
    bare = asked.removeprefix(_NAMESPACE)
    return _FORMER.get(bare) or (f"{_NAMESPACE}{bare}" if f"{_NAMESPACE}{bare}" in _SHOWN else asked)


async def show(world: World, request: Request) -> Response:
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, here(request), login_hint=request.text("login_hint") or "")
    try:
        return await _SHOWN.get(action_of(request), overview)(world, request, session)
    except ProofNeeded:
        return go_to_proof(request, here(request))


async def act(world: World, request: Request) -> Response:
    fields = read_form(world, request)
    session = await find_session(world, request)
    if session is None:
        return go_to_sign_in(request, here(request))
    done = _DONE.get(action_of(request))
    try:
        return await (done(world, request, session, fields) if done else overview(world, request, session))
    except ProofNeeded:
        return go_to_proof(request, here(request))


async def change_password(_world: World, request: Request) -> Response:
    """Where password managers look for the page ("A Well-Known URL for Changing Passwords", W3C)."""
    return go_on(account_url(request, action=PASSWORD))


async def overview(world: World, request: Request, session: BrowserSession) -> Response:
    person = await get_person(world, session)
    ways = (
        (PROFILE, said(request, "Mon profil", "My profile")),
        (DEVICES, said(request, "Mes appareils", "My devices")),
        (PASSWORD, said(request, "Changer mon mot de passe", "Change my password")),
        (RESET, said(request, "Recommencer la vérification de mes appareils", "Verify my devices from scratch")),
        (DEACTIVATE, said(request, "Fermer mon compte", "Close my account")),
        (SIGN_OUT, said(request, "Déconnecter ce navigateur", "Sign this browser out")),
    )
    links = "".join(f"<li>{way_to(request, words, action=action)}</li>" for action, words in ways)
    who = account_acts.who(person)
    return page(request, said(request, "Mon compte", "My account"), f'<p>{who}</p><ul class="ways">{links}</ul>')


_SHOWN: dict[str, Show] = {
    PROFILE: account_acts.show_profile,
    DEVICES: account_devices.show_devices,
    DEVICE: account_devices.show_device,
    END_DEVICE: account_devices.show_end,
    DEACTIVATE: account_acts.show_deactivation,
    RESET: account_acts.show_reset,
    PASSWORD: account_acts.show_password,
    SIGN_OUT: account_acts.show_sign_out,
}
_DONE: dict[str, Act] = {
    PROFILE: account_acts.change_name,
    DEVICE: account_devices.rename,
    END_DEVICE: account_devices.end,
    DEACTIVATE: account_acts.deactivate,
    RESET: account_acts.allow_reset,
    PASSWORD: account_acts.change_password,
    SIGN_OUT: account_acts.sign_out,
}

ROUTES = (
    Route("GET", ACCOUNT, shown(show, "page"), auth="none"),
    Route("GET", "/.well-known/change-password", shown(change_password, "page"), auth="none"),
    Route("POST", ACCOUNT, shown(act, "page"), auth="none"),
)
