"""Administrators: who they are, and what they may do to an account.

Everything they do leaves a line in the audit, written with the act itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.errors import Forbidden, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.protocol.identifiers import parse_user_id, server_of
from tchap.services.deactivation import deactivate
from tchap.services.devices import Ended, end_devices, end_everything, forget_ended
from tchap.services.world import World
from tchap.storage import accounts, audit, devices
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.audit import AdminAct
from tchap.storage.database import Store, Tx
from tchap.storage.devices import Device

CONSOLE = "console"  # who acts from the command line


@dataclass(frozen=True, slots=True)
class Person:
    """What administrators see of an account."""

    account: Account
    emails: list[AccountEmail]
    devices: list[Device]


async def check_admin(world: World, requester: Requester) -> None:
    """Raises Forbidden unless the requester is an administrator at this very moment."""
    # What is remembered with the token may be older than the end of the office.
    account = await world.store.read(accounts.find_account, requester.user_id)
    if account is None or not account.is_admin or requester.is_appservice:
        raise Forbidden("Only administrators may do this.", "Seuls les administrateurs peuvent faire cela.")


async def get_target(world: World, requester: Requester, user_id: str) -> Account:
    """A living account of this server, for an administrator.

    Who asks is checked before anything is looked up, so that nobody learns here who has an account (client-server API,
    "Server Administration"). M_INVALID_PARAM for an id of another server, NotFound for no account or a closed one.
    """
    await check_admin(world, requester)
    check_is_ours(world, user_id)
    account = await world.store.read(accounts.find_account, user_id)
    if account is None or account.deactivated_ts is not None:
        raise NotFound("There is no such account.", "Ce compte n'existe pas.")
    return account


def check_is_ours(world: World, user_id: str) -> None:
    """Raises M_INVALID_PARAM for what is no user id, or that of another server."""
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise InvalidParam("This is not a user id.", "Ce n'est pas un identifiant.") from error
    if server_of(user_id) not in world.settings.instance_names:
        raise InvalidParam("This user is not one of this server.", "Cette personne n'est pas de ce serveur.")


def check_no_peer(requester: Requester, target: Account) -> None:
    """Raises Forbidden where the target is another administrator."""
    if target.is_admin and target.user_id != requester.user_id:
        raise Forbidden("This is another administrator.", "Cette personne est aussi administratrice.")


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
    target = await get_target(world, requester, user_id)
    check_no_peer(requester, target)
    await world.store.write(audit.add_act, act_of(world, requester, "deactivate", user_id, "erase" if erase else None))
    await deactivate(world, Requester(user_id, "", 0, target.instance), erase, "admin")


async def end_sessions(world: World, requester: Requester, user_id: str, device_ids: Sequence[str] | None) -> list[str]:
    """Signs these devices out, or all of them and the browsers on our pages; answers which."""
    check_no_peer(requester, await get_target(world, requester, user_id))
    done = act_of(world, requester, "sign_out", user_id, None if device_ids is None else " ".join(device_ids))
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
    await get_target(world, requester, user_id)
    done = act_of(world, requester, "name_admin" if is_admin else "dismiss_admin", user_id)
    await world.store.write(_name_admin, done, is_admin)
    world.live.tokens.forget_user(user_id)


async def name_admin_from_console(store: Store, user_id: str, is_admin: bool, now_ms: int) -> None:
    """The same from the command line, where the first administrator comes from; NotFound for no living account."""
    done = AdminAct(CONSOLE, "name_admin" if is_admin else "dismiss_admin", user_id, now_ms)
    await store.write(_name_admin, done, is_admin)


async def _name_admin(tx: Tx, done: AdminAct, is_admin: bool) -> None:
    if not await accounts.set_admin(tx, done.target, is_admin):
        raise NotFound("There is no such account.", "Ce compte n'existe pas.")
    await audit.add_act(tx, done)
    if done.admin != CONSOLE and not await accounts.find_admins(tx):
        raise MatrixError(
            "M_FORBIDDEN", "There must be an administrator left.", "Il faut qu'il reste une personne administratrice."
        )


async def find_acts(world: World, requester: Requester, before: int, limit: int) -> list[tuple[int, AdminAct]]:
    """What administrators did, the newest first."""
    await check_admin(world, requester)
    return await world.store.read(audit.find_acts, before, limit)


def act_of(world: World, requester: Requester, act: str, target: str, detail: str | None = None) -> AdminAct:
    """The line that an act of this administrator leaves."""
    return AdminAct(requester.user_id, act, target, world.clock.now_ms(), detail)
