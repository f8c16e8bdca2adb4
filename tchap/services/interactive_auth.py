"""User-interactive authentication: proving again who one is, stage by stage, before a sensitive act.

Source: client-server API, "User-Interactive Authentication API".
"""

from dataclasses import dataclass, field
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import InteractiveAuthNeeded, MatrixError
from tchap.base.identity import Requester
from tchap.live.interactive_auth import InteractiveSession
from tchap.services import emails, identifiers, terms
from tchap.services.browser_sessions import BrowserSession
from tchap.services.cross_signing_reset import find_reset
from tchap.services.passwords import verify_password
from tchap.services.world import World
from tchap.storage import accounts

DUMMY = "m.login.dummy"
EMAIL = "m.login.email.identity"
PASSWORD = "m.login.password"
TERMS = "m.login.terms"
OAUTH = "m.oauth"
SSO = "m.login.sso"
# Its name before Matrix 1.17 (MSC4312), which applications still look for.
_OLDER_OAUTH = "org.matrix.cross_signing_reset"

Flows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AuthAttempt:
    """One request under interactive authentication.

    `auth` is the body's `auth`, `fields` the rest of the body, `operation` names the act so that what was proven for
    one is worth nothing for another; `email_purpose` is what a proof by e-mail must have been asked for.
    """

    instance: str
    requester: Requester | None
    auth: dict[str, Any] | None
    fields: dict[str, Any]
    operation: str = ""
    email_purpose: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """What was proven: `stages` maps each to its proof; `fields` is the body the authentication began with."""

    fields: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)

    @property
    def email(self) -> str | None:
        """The address that received the code."""
        return self.stages.get(EMAIL)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A stage that was tried in vain, told in the 401 (client-server API, "User-interactive API in the REST API")."""

    errcode: str
    en: str


async def require(world: World, attempt: AuthAttempt, flows: Flows) -> Completed:
    """Takes the stage offered, and returns once a flow is complete; InteractiveAuthNeeded says what is still needed.

    An application service is asked nothing: its users have no password ("Device management", "Cross-signing").
    """
    if attempt.requester is not None and attempt.requester.is_appservice:
        return Completed(attempt.fields)
    if attempt.requester is not None and attempt.requester.is_oauth:
        raise _not_for_applications()
    session = _session(world, attempt)
    failure = None
    auth = attempt.auth or {}
    # The link of a mail may be opened meanwhile: the client then comes back with the session alone.
    stage = auth.get("type", EMAIL if session.awaited_email else None)
    if isinstance(stage, str) and stage not in session.completed:
        failure = await _try_stage(world, attempt, session, (stage, flows))
    if any(all(step in session.completed for step in flow) for flow in flows):
        world.live.sessions.remove(session.session_id)
        return Completed(session.fields, dict(session.completed))
    raise InteractiveAuthNeeded(_body(world, session, flows, failure))


async def require_password_again(world: World, requester: Requester, auth: dict[str, Any] | None) -> None:
    """A sensitive act of a signed-in user: her password once more."""
    attempt = AuthAttempt(requester.instance, requester, auth, {}, "password_again")
    await require(world, attempt, await flows_again(world, requester))


async def flows_again(world: World, requester: Requester) -> Flows:
    """How a signed-in user proves again who she is: by her password, or where she has none by single sign-on."""
    if world.proconnect is None:
        return ((PASSWORD,),)
    account = await world.store.read(accounts.find_account, requester.user_id)
    return ((PASSWORD,),) if account is None or account.password_hash is not None else ((SSO,),)


async def require_confirmed_reset(
    world: World, requester: Requester, auth: dict[str, Any] | None, account_url: str
) -> None:
    """New cross-signing keys for a session of an application: the person says so on the account page.

    InteractiveAuthNeeded names the page; the application comes back with the session alone, older ones without
    (client-server API, "OAuth authentication").
    """
    session = _session(world, AuthAttempt(requester.instance, requester, auth, {}, "cross_signing_reset"))
    if await find_reset(world, requester.user_id):
        world.live.sessions.remove(session.session_id)
        return
    page = {"url": f"{account_url}?action=org.matrix.cross_signing_reset"}
    raise InteractiveAuthNeeded(
        {
            "flows": [{"stages": [OAUTH]}, {"stages": [_OLDER_OAUTH]}],
            "params": {OAUTH: page, _OLDER_OAUTH: page},
            "session": session.session_id,
        }
    )


def _not_for_applications() -> MatrixError:
    """ "The endpoints that depend on it for authentication can't be used when an access token is obtained with this
    API" (client-server API, "OAuth 2.0 API")."""
    return MatrixError(
        "M_UNRECOGNIZED",
        "With this application this is done on the page of your account, in the browser.",
        "Avec cette application, cela se fait sur la page de votre compte, dans le navigateur.",
    )


async def complete_stage(world: World, session_id: str, stage: str, proof: str = "") -> bool:
    """Marks a stage done from the fallback page; False for an unknown session, or another person's address."""
    session = world.live.sessions.find(session_id, world.clock.now_ms())
    if session is None or (stage == EMAIL and not await _is_own(world, session.user_id, proof)):
        return False
    session.completed[stage] = proof
    return True


def is_proven_for(world: World, session_id: str, browser: BrowserSession) -> bool:
    """Whether the one in front of this browser is the session's user, and proved it since the session began.

    Only by single sign-on: a password is asked for by its own stage.
    """
    session = world.live.sessions.find(session_id, world.clock.now_ms())
    if session is None or (session.user_id, "proconnect") != (browser.user_id, browser.how):
        return False
    return browser.proven_ts >= session.expires_ms - limits.INTERACTIVE_SESSION_MS


def complete_sso(world: World, session_id: str, browser: BrowserSession) -> bool:
    """Marks the stage done from its fallback page; False where nothing was proven for this session."""
    session = world.live.sessions.find(session_id, world.clock.now_ms())
    if session is None or not is_proven_for(world, session_id, browser):
        return False
    session.completed[SSO] = browser.user_id
    return True


def find_operation(world: World, session_id: str) -> str | None:
    """Which act a session is for, while it lives."""
    session = world.live.sessions.find(session_id, world.clock.now_ms())
    return None if session is None else session.operation


def _session(world: World, attempt: AuthAttempt) -> InteractiveSession:
    """The session named, if it is for this very act and user; else a new one."""
    user_id = attempt.requester.user_id if attempt.requester else None
    session_id = (attempt.auth or {}).get("session")
    now_ms = world.clock.now_ms()
    if isinstance(session_id, str):
        found = world.live.sessions.find(session_id, now_ms)
        if found is not None and (found.operation, found.user_id) == (attempt.operation, user_id):
            return found
    if len(encode_json(attempt.fields)) > limits.MAX_INTERACTIVE_FIELDS:
        # They are kept for a day, for whoever asks: thousands of large ones would fill the memory.
        raise MatrixError("M_TOO_LARGE", "The request is too large.", "La demande est trop volumineuse.")
    expires_ms = now_ms + limits.INTERACTIVE_SESSION_MS
    session = InteractiveSession(world.entropy.token(18), attempt.operation, user_id, attempt.fields, expires_ms)
    world.live.sessions.add(session)
    return session


async def _try_stage(
    world: World, attempt: AuthAttempt, session: InteractiveSession, wanted: tuple[str, Flows]
) -> _Failure | None:
    stage, flows = wanted
    # "The flow's stages must be completed in order" (same section).
    if stage not in {_next_stage(flow, session) for flow in flows}:
        return _Failure("M_UNAUTHORIZED", "This stage is not the next of any flow.")
    if stage in (DUMMY, TERMS):
        session.completed[stage] = ""
        return None
    proof = None
    if stage != SSO:
        proof = await (_prove_password if stage == PASSWORD else _prove_email)(world, attempt, session)
    if proof is None:
        return _FAILURES[stage]
    session.completed[stage] = proof
    return None


_FAILURES = {
    PASSWORD: _Failure("M_FORBIDDEN", "Wrong password. / Mot de passe incorrect."),
    SSO: _Failure("M_UNAUTHORIZED", "Confirm in the browser first. / Confirmez d'abord dans le navigateur."),
    EMAIL: _Failure("M_UNAUTHORIZED", "The address is not proven yet. / L'adresse n'est pas encore vérifiée."),
}


def _next_stage(flow: tuple[str, ...], session: InteractiveSession) -> str | None:
    return next((stage for stage in flow if stage not in session.completed), None)


async def _prove_password(world: World, attempt: AuthAttempt, _session: InteractiveSession) -> str | None:
    """The user's own password: another account's proves nothing about the one who asks."""
    auth, requester = attempt.auth or {}, attempt.requester
    password = auth.get("password")
    if not isinstance(password, str) or requester is None:
        return None
    user_id = await identifiers.find_user_id(world, auth, attempt.instance, default=requester.user_id)
    account = await world.store.read(accounts.find_account, requester.user_id)
    matches = await verify_password(world, account, requester.user_id, password)
    return requester.user_id if matches and user_id == requester.user_id else None


async def _prove_email(world: World, attempt: AuthAttempt, session: InteractiveSession) -> str | None:
    awaited = _read_credentials(attempt.auth or {}) or session.awaited_email
    if awaited is None:
        return None
    session.awaited_email = awaited
    email = await emails.find_proven(world, *awaited, attempt.email_purpose)
    user_id = attempt.requester.user_id if attempt.requester else None
    return email if email is not None and await _is_own(world, user_id, email) else None


def _read_credentials(auth: dict[str, Any]) -> tuple[str, str] | None:
    """The `sid` and client secret of a proof by e-mail, under its present or its older name."""
    credentials = auth.get("threepid_creds") or auth.get("threepidCreds")
    if not isinstance(credentials, dict):
        return None
    sid, secret = credentials.get("sid"), credentials.get("client_secret")
    return (sid, secret) if isinstance(sid, str) and isinstance(secret, str) else None


async def _is_own(world: World, user_id: str | None, email: str) -> bool:
    """A signed-in user proves who she is by her own address: any other proves only who reads that one."""
    if user_id is None:
        return True
    found = await world.store.read(accounts.find_email, email)
    return found is not None and found.user_id == user_id


def _body(world: World, session: InteractiveSession, flows: Flows, failure: _Failure | None) -> dict[str, Any]:
    has_terms = any(TERMS in flow for flow in flows)
    body: dict[str, Any] = {
        "flows": [{"stages": list(flow)} for flow in flows],
        "params": {TERMS: terms.policies(world)} if has_terms else {},
        "session": session.session_id,
    }
    if session.completed or failure:
        body["completed"] = list(session.completed)
    if failure:
        body |= {"errcode": failure.errcode, "error": failure.en}
    return body


def check_auth(value: object) -> dict[str, Any] | None:
    """The body's `auth`, or M_BAD_JSON."""
    if value is not None and not isinstance(value, dict):
        raise MatrixError("M_BAD_JSON", "The field 'auth' must be an object.")
    for name in ("type", "session"):
        if not isinstance((value or {}).get(name, ""), str | None):
            raise MatrixError("M_BAD_JSON", f"The field '{name}' of 'auth' must be a string.")
    return value
