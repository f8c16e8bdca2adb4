"""Opening an account: by a proven e-mail address, which decides its instance, its id and its name."""

from dataclasses import dataclass, replace

from tchap.base.errors import Forbidden, MatrixError
from tchap.policy import names
from tchap.policy.emails import Email, parse_email
from tchap.policy.rooms import is_external
from tchap.protocol.appservices import AppService
from tchap.protocol.identifiers import server_of
from tchap.services import interactive_auth
from tchap.services.administrations import find_home_in
from tchap.services.appservices import check_user_free
from tchap.services.directory_listing import list_people
from tchap.services.email_invitations import accept_invitations
from tchap.services.emails import get_home
from tchap.services.externals import follow_sponsors
from tchap.services.interactive_auth import AuthAttempt, Completed
from tchap.services.passwords import check_password
from tchap.services.sessions import NewSession, SessionWish, SignedIn, open_session, plan_session
from tchap.services.world import World
from tchap.storage import accounts, delegates, emails, profiles
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.database import Tx
from tchap.storage.profiles import Profile

_RANDOM_LOCALPART = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What the client asks for; `username` counts only where no address decides; `session` None: the account alone."""

    username: str | None
    password: str | None
    session: SessionWish | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as it would be made: `localpart` is numbered where `may_number` and it is taken."""

    instance: str
    localpart: str
    may_number: bool
    password_hash: str | None
    email: str | None
    display_name: str
    now_ms: int
    terms_version: str | None
    is_admin: bool = False
    administration_id: str | None = None


def flows_of(world: World) -> interactive_auth.Flows:
    """How an account is opened; without an e-mail address only where the rules of Tchap are off."""
    by_email = (interactive_auth.EMAIL, interactive_auth.TERMS)
    return ((interactive_auth.DUMMY,), by_email) if world.settings.test_profile else (by_email,)


async def register(world: World, attempt: AuthAttempt, wish: Wish, served: str | None) -> SignedIn:
    """Opens the account once its flow is complete, and signs it in.

    M_FORBIDDEN, M_THREEPID_DENIED (address), M_USER_IN_USE, M_INVALID_USERNAME, M_WEAK_PASSWORD.
    """
    _check_enabled(world)
    if world.settings.test_profile and wish.username is not None:
        await check_available(world, wish.username, attempt.instance)
    if wish.password is not None:
        check_password(world, wish.password)
    completed = await interactive_auth.require(world, attempt, flows_of(world))
    password = wish.password or _remembered_password(world, completed)
    password_hash = await world.passwords.hash(password) if password else None
    account = await _plan(world, completed, wish, (attempt.instance, served, password_hash))
    return await open_account(world, account, wish.session)


async def register_by_email(world: World, email: str, password: str, given: tuple[str, str | None]) -> str:
    """Opens the account of a proven address, without a device; its user id.

    `given`: the instance served and the one named by the Host. M_FORBIDDEN, M_THREEPID_DENIED, M_THREEPID_IN_USE,
    M_WEAK_PASSWORD.
    """
    _check_enabled(world)
    check_password(world, password)
    completed = Completed(stages={interactive_auth.EMAIL: email})
    password_hash = await world.passwords.hash(password)
    account = await _plan(world, completed, Wish(None, password, None), (*given, password_hash))
    return (await open_account(world, account, None)).user_id


def _check_enabled(world: World) -> None:
    if not world.settings.registration.enabled:
        raise Forbidden("Accounts are not opened here.", "L'ouverture de compte est fermée.")


async def check_available(world: World, username: str, instance: str) -> None:
    """Raises M_INVALID_USERNAME, M_EXCLUSIVE or M_USER_IN_USE (client-server API, `GET /register/available`)."""
    check_name(username, instance)
    await _check_free(world, f"@{username}:{instance}", None)


def check_name(username: str, instance: str) -> None:
    """Raises M_INVALID_USERNAME."""
    if not names.is_lawful_localpart(username, instance):
        raise MatrixError(
            "M_INVALID_USERNAME",
            "A user name holds only a-z, 0-9 and . _ = - / +",
            "Un identifiant ne contient que a-z, 0-9 et . _ = - / +",
        )


async def _check_free(world: World, user_id: str, service: AppService | None) -> None:
    check_user_free(world, user_id, service)
    if await world.store.read(accounts.find_account, user_id) is not None:
        raise _taken()


async def register_for_service(
    world: World, service: AppService, username: str, session: SessionWish | None
) -> SignedIn:
    """A user of an application service, without password ("Server admin style permissions").

    M_INVALID_USERNAME, M_EXCLUSIVE, M_USER_IN_USE.
    """
    instance = server_of(service.sender)
    check_name(username, instance)
    await _check_free(world, f"@{username}:{instance}", service)
    now_ms = world.clock.now_ms()
    account = NewAccount(instance, username, False, None, None, username, now_ms, None)
    return await open_account(world, account, session)


async def open_account(world: World, account: NewAccount, wish: SessionWish | None) -> SignedIn:
    """Makes the account and, where wished, its first session, in one transaction."""
    session = plan_session(world, wish) if wish is not None else None
    user_id = await world.store.write(add_whole_account, account, session)
    if account.email is not None:
        await accept_invitations(world, user_id, account.email)
    return SignedIn(user_id, session)


async def plan_plain(world: World, instance: str, username: str, password: str, is_admin: bool) -> NewAccount:
    """An account of a plain Matrix server: the name that was asked, no address."""
    password_hash = await world.passwords.hash(password)
    return NewAccount(instance, username, False, password_hash, None, username, world.clock.now_ms(), None, is_admin)


def named(account: NewAccount, display_name: str | None) -> NewAccount:
    """The same account under another display name, if one is given."""
    return account if display_name is None else replace(account, display_name=display_name)


def _taken() -> MatrixError:
    return MatrixError("M_USER_IN_USE", "This user name is taken.", "Cet identifiant est déjà pris.")


def _remembered_password(world: World, completed: Completed) -> str | None:
    """Clients may give the password with the first request only (the one the authentication began with)."""
    password = completed.fields.get("password")
    if not isinstance(password, str):
        return None
    check_password(world, password)
    return password


async def _plan(
    world: World, completed: Completed, wish: Wish, given: tuple[str, str | None, str | None]
) -> NewAccount:
    """`given`: the instance served, the instance named by the Host, the password's hash."""
    instance, served, password_hash = given
    now_ms = world.clock.now_ms()
    if completed.email is None:
        localpart = wish.username or world.entropy.letters(_RANDOM_LOCALPART).lower()
        return NewAccount(instance, localpart, False, password_hash, None, localpart, now_ms, None)
    email = parse_email(completed.email)
    if world.settings.test_profile:
        localpart = wish.username or names.localpart_of(email, instance)
        return NewAccount(instance, localpart, False, password_hash, str(email), localpart, now_ms, None)
    return await _plan_agent(world, email, served, password_hash)


async def _plan_agent(world: World, email: Email, served: str | None, password_hash: str | None) -> NewAccount:
    """The address that received the code decides instance, id and name."""
    home = await get_home(world, email, served)
    return NewAccount(
        home.instance,
        names.localpart_of(email, home.instance),
        True,
        password_hash,
        str(email),
        names.display_name_of(email, home.label),
        world.clock.now_ms(),
        world.settings.registration.terms_version,
        administration_id=home.administration_id,
    )


async def add_whole_account(tx: Tx, account: NewAccount, session: NewSession | None) -> str:
    """The account with its address, profile and place in the directory; its user id. M_THREEPID_IN_USE."""
    user_id = await _add_account(tx, await _placed(tx, account))
    if account.email is not None:
        email = AccountEmail(account.email, user_id, account.now_ms, account.now_ms)
        if not await accounts.add_email(tx, email):
            raise MatrixError(
                "M_THREEPID_IN_USE", "This address has an account already.", "Cette adresse a déjà un compte."
            )
        await emails.remove_proofs(tx, account.email, "register")
        await delegates.claim(tx, account.email, user_id)
        if is_external(user_id):
            await follow_sponsors(tx, account.email, account.now_ms, account.instance)
    if account.terms_version is not None:
        await accounts.set_terms(tx, user_id, account.terms_version)
    await profiles.set_profile(tx, Profile(user_id, account.display_name))
    await list_people(tx, [user_id])
    if session is not None:
        await open_session(tx, user_id, session)
    return user_id


async def _placed(tx: Tx, account: NewAccount) -> NewAccount:
    """The account in the administration its domain stands for at this very moment: it may have moved since it was
    planned, and with it those who look after its agents."""
    if account.email is None or account.administration_id is None:
        return account
    home = await find_home_in(tx, parse_email(account.email), None)
    return account if home is None else replace(account, administration_id=home.administration_id)


async def _add_account(tx: Tx, account: NewAccount) -> str:
    for number in range(names.MAX_COLLISIONS if account.may_number else 1):
        user_id = names.user_id_candidate(account.localpart, account.instance, number)
        row = Account(
            user_id,
            account.instance,
            account.password_hash,
            account.now_ms,
            account.is_admin,
            administration_id=account.administration_id,
        )
        if await accounts.add_account(tx, row):
            return user_id
    raise _taken()
