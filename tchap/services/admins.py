"""Administrators, and what they do to accounts: operators to all, delegates to those of their administrations.

Everything they do leaves a line in the audit, written with the act itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.policy.administrations import Act
from tchap.policy.emails import Email
from tchap.protocol.identifiers import parse_user_id, server_of
from tchap.services.administration_desk import CONSOLE
from tchap.services.administration_rights import check_act, check_subject, find_subject, get_actor
from tchap.services.administrations import home_of
from tchap.services.deactivation import deactivate
from tchap.services.devices import Ended, end_devices, end_everything, forget_ended
from tchap.services.world import World
from tchap.storage import accounts, audit, devices
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.audit import AdminAct
from tchap.storage.database import Store, Tx
from tchap.storage.devices import Device


@dataclass(frozen=True, slots=True)
class Person:
    """What administrators see of an account."""

    account: Account
    emails: list[AccountEmail]
    devices: list[Device]


async def check_admin(world: World, requester: Requester) -> None:
    """Raises Forbidden unless the requester runs the whole service, at this very moment."""
    await check_act(world, requester, Act.RUN_SERVICE, ())


async def get_target(world: World, requester: Requester, user_id: str, act: Act = Act.SEE_ACCOUNT) -> Account:
    """A living account of this server, for an administrator who may do this to it.

    Who asks is checked before anything is looked up, so that nobody learns here who has an account (client-server API,
    "Server Administration"). Forbidden for a delegate whose people the account is not among, also where there is none.
    M_INVALID_PARAM for an id of another server, NotFound for no account or a closed one.
    """
    account = await find_target(world, requester, user_id, act)
    if account is None or account.deactivated_ts is not None:
        raise NotFound("There is no such account.", "Ce compte n'existe pas.")
    return account


async def find_target(world: World, requester: Requester, user_id: str, act: Act) -> Account | None:
    """The same, for an account that may be closed."""
    actor = await get_actor(world, requester)
    account, subject = await world.store.read(find_subject, user_id, world.clock.now_ms())
    check_subject(actor, act, subject)
    check_is_ours(world, user_id)
    return account


async def check_address(world: World, requester: Requester, email: Email) -> None:
    """Forbidden where an account would come under an administration that the requester does not look after."""
    home = await home_of(world, email)
    await check_act(world, requester, Act.REPLACE_ADDRESS, (home.administration_id if home else None,))


def check_is_ours(world: World, user_id: str) -> None:
    """Raises M_INVALID_PARAM for what is no user id, or that of another server."""
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise InvalidParam("This is not a user id.", "Ce n'est pas un identifiant.") from error
    if server_of(user_id) not in world.settings.instance_names:
        raise InvalidParam("This user is not one of this server.", "Cette personne n'est pas de ce serveur.")


async def get_person(world: World, requester: Requester, user_id: str) -> Person:
    """An account with its addresses and devices."""
    account = await get_target(world, requester, user_id)
    return await world.store.read(_find_person, account)


async def _find_person(tx: Tx, account: Account) -> Person:
    emails = await accounts.find_emails_of(tx, account.user_id)
    return Person(account, emails, await devices.find_devices(tx, account.user_id))


async def find_visits(world: World, requester: Requester, user_id: str) -> list[Device]:
    """A person's devices, for an administrator or that person (client-server API, `GET /admin/whois`)."""
    if user_id != requester.user_id:
        await get_target(world, requester, user_id)
    return await world.store.read(devices.find_devices, user_id)


async def close_account(world: World, requester: Requester, user_id: str, erase: bool) -> None:
    """Closes somebody's account, as its owner could; an administrator alone opens it again."""
    target = await get_target(world, requester, user_id, Act.DEACTIVATE)
    await world.store.write(audit.add_act, act_of(world, requester, "deactivate", target, "erase" if erase else None))
    await deactivate(world, user_id, erase, "admin")


async def end_sessions(world: World, requester: Requester, user_id: str, device_ids: Sequence[str] | None) -> list[str]:
    """Signs these devices out, or all of them and the browsers on our pages; answers which."""
    target = await get_target(world, requester, user_id, Act.SIGN_OUT)
    done = act_of(world, requester, "sign_out", target, None if device_ids is None else " ".join(device_ids))
    ended = await world.store.write(_end_sessions, done, device_ids)
    await forget_ended(world, user_id, ended)
    return list(ended.device_ids)


async def _end_sessions(tx: Tx, done: AdminAct, device_ids: Sequence[str] | None) -> Ended:
    await audit.add_act(tx, done)
    if device_ids is None:
        return await end_everything(tx, done.target)
    known = {device.device_id for device in await devices.find_devices(tx, done.target)}
    return await end_devices(tx, done.target, [each for each in dict.fromkeys(device_ids) if each in known])


async def name_admin(world: World, requester: Requester, user_id: str, is_admin: bool) -> None:
    """Makes somebody an administrator, or ends their office. The last one may not resign."""
    target = await get_target(world, requester, user_id, Act.RUN_SERVICE)
    done = act_of(world, requester, "name_admin" if is_admin else "dismiss_admin", target)
    await world.store.write(_name_admin, done, is_admin)
    world.live.tokens.forget_user(user_id)


async def name_admin_from_console(store: Store, account: str, is_admin: bool, now_ms: int) -> None:
    """The same from the command line, where the first administrator comes from; `account`: a user id or an address.

    NotFound for no living account.
    """
    user_id = account if account.startswith("@") else await store.read(_get_owner, account.lower())
    done = AdminAct(CONSOLE, "name_admin" if is_admin else "dismiss_admin", user_id, now_ms)
    await store.write(_name_admin, done, is_admin)


async def _get_owner(tx: Tx, address: str) -> str:
    known = await accounts.find_email(tx, address)
    if known is None:
        raise NotFound(f"No account has the address {address}: it is opened first.")
    return known.user_id


async def _name_admin(tx: Tx, done: AdminAct, is_admin: bool) -> None:
    if not await accounts.set_admin(tx, done.target, is_admin):
        raise NotFound("There is no such account.", "Ce compte n'existe pas.")
    await audit.add_act(tx, done)
    if done.admin != CONSOLE and not await accounts.find_admins(tx):
        raise MatrixError(
            "M_FORBIDDEN", "There must be an administrator left.", "Il faut qu'il reste une personne administratrice."
        )


async def find_acts(world: World, requester: Requester, before: int, limit: int) -> list[tuple[int, AdminAct]]:
    """What administrators did, the newest first; to a delegate, what was done to their administrations."""
    actor = await get_actor(world, requester)
    if actor.is_operator:
        return await world.store.read(audit.find_acts, before, limit)
    return await world.store.read(audit.find_acts_on, actor.covered, before, limit)


def act_of(world: World, requester: Requester, act: str, target: str | Account, detail: str | None = None) -> AdminAct:
    """The line that an act of this administrator leaves; on an account, also with the administration it is of."""
    name, of = (target, None) if isinstance(target, str) else (target.user_id, target.administration_id)
    return AdminAct(requester.user_id, act, name, world.clock.now_ms(), detail, of)
