"""Passwords: checking a new one, verifying an old one, changing it."""

from tchap.base import limits
from tchap.base.errors import LimitExceeded, MatrixError
from tchap.policy import passwords as law
from tchap.policy.passwords import PasswordPolicy
from tchap.services.devices import Ended, end_all_devices, end_browsers, forget_ended
from tchap.services.refusals import user_locked
from tchap.services.world import World
from tchap.storage import accounts, emails
from tchap.storage.accounts import Account
from tchap.storage.database import Tx


def policy_in_force(world: World) -> PasswordPolicy:
    settings = world.settings.password
    return PasswordPolicy(
        settings.minimum_length,
        settings.require_digit,
        settings.require_symbol,
        settings.require_lowercase,
        settings.require_uppercase,
    )


def check_password(world: World, password: str) -> None:
    """Raises M_WEAK_PASSWORD, with the `missing` criteria; a plain Matrix server (test profile) only bounds it."""
    policy = policy_in_force(world)
    if world.settings.test_profile:
        policy = PasswordPolicy(1, False, False, False, False)
    missing = law.missing_criteria(password, policy)
    if missing:
        raise MatrixError(
            "M_WEAK_PASSWORD",
            f"The password lacks: {law.criteria_in_english(missing, policy)}.",
            f"Il manque au mot de passe : {law.criteria_in_french(missing, policy)}.",
            missing=list(missing),
        )


async def verify_password(world: World, account: Account | None, name: str, password: str) -> bool:
    """Whether this password opens the account.

    `name` is what was typed: failures are counted under it, known or not, and soon answered with M_LIMIT_EXCEEDED. An
    unknown account takes as long as a known one.
    """
    # Counted before it is known to be wrong: guesses sent all at once wait for the same slow hashing.
    wait_ms = world.live.rate_limits.take("login_failure", name, world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    password_hash = account.password_hash if account is not None else None
    if len(password) <= limits.MAX_PASSWORD_CHARS and await world.passwords.verify(password, password_hash):
        world.live.rate_limits.give_back("login_failure", name, world.clock.monotonic())
        return True
    return False


async def change_password(world: World, user_id: str, password: str, keep_device: str | None, sign_out: bool) -> None:
    """Sets the password; every browser signed in ends, and with `sign_out` every device but `keep_device`."""
    check_password(world, password)
    password_hash = await world.passwords.hash(password)
    ended = await world.store.write(_change, user_id, password_hash, keep_device, sign_out)
    await forget_ended(world, user_id, ended)


async def _change(tx: Tx, user_id: str, password_hash: str, keep_device: str | None, sign_out: bool) -> Ended:
    account = await accounts.find_account(tx, user_id)
    if account is not None and account.locked_ts is not None:
        raise user_locked()
    await accounts.set_password_hash(tx, user_id, password_hash)
    await end_browsers(tx, user_id)
    # A code sent to reset a password serves once.
    for address in await accounts.find_emails_of(tx, user_id):
        await emails.remove_proofs(tx, address.email, "password")
    return await end_all_devices(tx, user_id, keep_device) if sign_out else Ended((), 0)
