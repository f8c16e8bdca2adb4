"""Signing in by ProConnect, the agents' identity provider: to the provider, back, and out again.

Source: OpenID Connect Core 1.0, section 3.1; RP-Initiated Logout 1.0. ProConnect refuses parameters it does not know,
wants a `state` and a `nonce` of 32 characters or more, and gives its codes 30 seconds.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import structlog

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import Forbidden, MatrixError
from tchap.gateways.oidc import Exchange, OidcGateway, OidcUnreachable
from tchap.policy.emails import parse_email
from tchap.policy.reconciliation import Refusal, Refused
from tchap.protocol.oidc import OidcRefused, Person, Provider, challenge_of, parse_person
from tchap.services.browser_sessions import end_browser_session, open_browser_session
from tchap.services.proconnect_accounts import open_account_of
from tchap.services.refusals import user_locked
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import proconnect as store
from tchap.storage.proconnect import PendingSignIn

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Beginning:
    """A browser about to be sent to the provider; `browser` is a secret it keeps, `continue_to` a path of ours.

    `is_again` asks the provider to see the person now, not to remember her.
    """

    redirect_uri: str
    continue_to: str
    browser: str
    login_hint: str = ""
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """A browser that comes back: the parameters of its address, the secrets it has (before and after somebody signed
    in with it), its former session, the instance named by its Host."""

    state: str
    code: str
    error: str
    issuer: str | None
    browsers: tuple[str, str]
    former: str | None
    served: str | None


@dataclass(frozen=True, slots=True)
class Entered:
    """`cookie` is that of the browser session just opened."""

    user_id: str
    cookie: str
    continue_to: str


def is_offered(world: World, _instance: str = "") -> bool:
    """Whether people may sign in so: every instance for agents is reached by the same provider."""
    return world.proconnect is not None


async def begin_sign_in(world: World, beginning: Beginning) -> str:
    """The provider's address to send the browser to. M_NOT_FOUND, M_CONNECTION_FAILED."""
    provider = await _reach(_gateway(world).get_provider())
    state, nonce, verifier = world.entropy.token(), world.entropy.token(), world.entropy.token()
    now_ms = world.clock.now_ms()
    pending = PendingSignIn(
        hash_token(state),
        hash_token(beginning.browser),
        nonce,
        verifier,
        beginning.redirect_uri,
        beginning.continue_to,
        now_ms + limits.PROCONNECT_SIGN_IN_MS,
    )
    await world.store.write(store.add_sign_in, pending, now_ms, limits.MAX_PROCONNECT_SIGN_INS)
    asked = {"state": state, **_request(world, provider, pending, beginning)}
    return _with_query(provider.authorization_endpoint, asked)


def _request(world: World, provider: Provider, pending: PendingSignIn, beginning: Beginning) -> dict[str, str]:
    """The parameters of the authorization request, none more than needed: one it does not know is an error."""
    settings = world.settings.proconnect
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": pending.redirect_uri,
        "scope": " ".join(settings.scopes),
        "nonce": pending.nonce,
    }
    hint = _hint(beginning.login_hint)
    if hint:
        asked["login_hint"] = hint
    if beginning.is_again:
        asked["prompt"] = "login"
    if settings.mfa_administrations:
        # Told only to those who ask (ProConnect, "claim amr"); whose address it will be is not known yet.
        asked["claims"] = encode_json({"id_token": {"amr": {"essential": True}}}).decode()
    if provider.has_pkce:
        asked |= {"code_challenge": challenge_of(pending.verifier), "code_challenge_method": "S256"}
    return asked


def _hint(login_hint: str) -> str:
    """An address may be told to the provider; a user id means nothing there."""
    try:
        return str(parse_email(login_hint))
    except ValueError:
        return ""


async def finish_sign_in(world: World, came: Return) -> Entered:
    """Opens a browser session for whoever the provider says is there.

    M_FORBIDDEN, M_THREEPID_DENIED or M_USER_LOCKED; M_CONNECTION_FAILED. Each names `continue_to` where it is known.
    """
    _gateway(world)
    now_ms = world.clock.now_ms()
    today, before = came.browsers
    browsers = (hash_token(today), hash_token(before))
    pending = await world.store.write(store.remove_sign_in, hash_token(came.state), browsers, now_ms)
    if pending is None:
        raise _refused("not_begun_here")
    try:
        return await _enter(world, came, pending)
    except MatrixError as error:
        # Where the person wanted to go when she tries again.
        error.extra["continue_to"] = pending.continue_to
        raise


async def _enter(world: World, came: Return, pending: PendingSignIn) -> Entered:
    _check_return(world, came)
    exchange = Exchange(came.code, pending.redirect_uri, pending.nonce, pending.verifier)
    answer = await _reach(_gateway(world).ask_who(exchange))
    person = parse_person(answer.id_claims, answer.userinfo)
    user_id = await _open_account(world, person, came.served)
    cookie, now_ms = await open_browser_session(world, user_id, "proconnect", former=came.former), world.clock.now_ms()
    if len(answer.id_token) <= limits.MAX_ID_TOKEN:
        ends_ts = now_ms + limits.BROWSER_SESSION_MS
        await world.store.write(store.set_id_token, hash_token(cookie), answer.id_token, now_ms, ends_ts)
    return Entered(user_id, cookie, pending.continue_to)


def _check_return(world: World, came: Return) -> None:
    # RFC 9207: an answer that says who made it must be of the provider that was asked.
    if came.issuer not in (None, world.settings.proconnect.issuer):
        raise _refused("not_verified")
    if came.error or not came.code or len(came.code) > limits.MAX_AUTHORIZATION_CODE:
        raise _refused("gave_up" if came.error == "access_denied" else "not_verified")


async def _open_account(world: World, person: Person, served: str | None) -> str:
    try:
        email = parse_email(person.email)
    except ValueError as error:
        raise _refused("no_address") from error
    found = await open_account_of(world, person, email, served)
    if isinstance(found, Refused):
        log.info("a sign-in by ProConnect was refused", reason=found.reason.value)
        raise user_locked() if found.reason is Refusal.LOCKED else _refused(found.reason.value)
    return found


async def sign_out(world: World, cookie: str, return_uri: str) -> str | None:
    """Ends the browser session; the provider's address that ends its own, where it has one.

    Source: OpenID Connect RP-Initiated Logout 1.0, section 2.
    """
    await end_browser_session(world, cookie)
    id_token = await world.store.write(store.remove_id_token, hash_token(cookie))
    if id_token is None or world.proconnect is None:
        return None
    try:
        provider = await world.proconnect.get_provider()
    except (OidcUnreachable, OidcRefused):
        return None
    if provider.end_session_endpoint is None:
        return None
    asked = {"id_token_hint": id_token, "state": world.entropy.token(), "post_logout_redirect_uri": return_uri}
    return _with_query(provider.end_session_endpoint, asked)


def _gateway(world: World) -> OidcGateway:
    if world.proconnect is None:
        raise MatrixError("M_NOT_FOUND", "ProConnect is not in use here.", "ProConnect n'est pas proposé ici.")
    return world.proconnect


async def _reach(question: Awaitable[T]) -> T:
    try:
        return await question
    except OidcUnreachable as error:
        log.warning("ProConnect does not answer", reason=str(error))
        raise MatrixError(
            "M_CONNECTION_FAILED",
            "ProConnect does not answer. Please try again in a moment.",
            "ProConnect ne répond pas. Réessayez dans un instant.",
        ) from error
    except OidcRefused as error:
        log.warning("a word of ProConnect was refused", reason=str(error))
        raise _refused("not_verified") from error


def _with_query(address: str, parameters: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def _refused(reason: str) -> MatrixError:
    en, fr = _SENTENCES[reason]
    if reason == Refusal.NOT_AUTHORISED.value:
        return MatrixError("M_THREEPID_DENIED", en, fr, reason=reason)
    return Forbidden(en, fr, reason=reason)


_SENTENCES = {
    "not_begun_here": (
        "This sign-in is too old, or was begun in another browser. Please begin again.",
        "Cette identification est trop ancienne, ou a commencé dans un autre navigateur. Recommencez.",
    ),
    "not_verified": (
        "ProConnect's answer could not be verified. Please begin again.",
        "La réponse de ProConnect n'a pas pu être vérifiée. Recommencez.",
    ),
    "gave_up": (
        "You gave up signing in with ProConnect.",
        "Vous avez abandonné l'identification avec ProConnect.",
    ),
    "no_address": (
        "ProConnect gave no professional e-mail address that can be used.",
        "ProConnect n'a pas transmis d'adresse professionnelle utilisable.",
    ),
    Refusal.EMAIL_NOT_VERIFIED.value: (
        "Your identity provider has not verified your e-mail address.",
        "Votre fournisseur d'identité n'a pas vérifié votre adresse de courriel.",
    ),
    Refusal.NOT_AUTHORISED.value: (
        "Your administration, known by the domain of your e-mail address, is not open here yet.",
        "Votre administration, reconnue au domaine de votre adresse de courriel, n'est pas encore ouverte ici.",
    ),
    Refusal.OTHER_INSTANCE.value: (
        "Your account is on another server: begin again from your e-mail address.",
        "Votre compte se trouve sur un autre serveur : recommencez à partir de votre adresse.",
    ),
    Refusal.MFA_NEEDED.value: (
        "Your administration asks for a second factor: sign in to ProConnect with one.",
        "Votre administration demande un second facteur : identifiez-vous à ProConnect avec celui-ci.",
    ),
    Refusal.EXTERNAL_ACCOUNT.value: (
        "This address has a guest's account. Sign in with its password, or have it closed by support first.",
        "Cette adresse a un compte d'invité externe. Connectez-vous avec son mot de passe, ou faites-le d'abord"
        " fermer par l'assistance.",
    ),
    Refusal.OTHER_PERSON.value: (
        "This address already opens the account of somebody with another name. Support can tell the two apart.",
        "Cette adresse ouvre déjà le compte d'une personne d'un autre nom. L'assistance peut démêler la situation.",
    ),
    Refusal.DORMANT.value: (
        "This address has an account that nobody has used for a long time. If it is yours, sign in with your password"
        " first; otherwise ask support to close it.",
        "Cette adresse a un compte que personne n'a utilisé depuis longtemps. S'il est à vous, connectez-vous d'abord"
        " avec votre mot de passe ; sinon, demandez à l'assistance de le fermer.",
    ),
    Refusal.CLOSED.value: (
        "Accounts are not opened here.",
        "L'ouverture de compte est fermée.",
    ),
}
