"""An account's address changes, or what its domain stands for: the person keeps her id, rooms and history; her
administration, the label beside her name and her place in the directory follow the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tchap.base.errors import Forbidden, MatrixError
from tchap.base.identity import Requester
from tchap.gateways.account_mails import new_address_mail
from tchap.policy import names
from tchap.policy.administrations import Act
from tchap.policy.domains import Home
from tchap.policy.emails import Email, parse_email
from tchap.services.administration_delegates import follow_delegations
from tchap.services.administrations import externals_of, find_home_in, home_of
from tchap.services.admins import act_of, check_address, get_target
from tchap.services.directory_listing import list_people
from tchap.services.email_invitations import accept_invitations
from tchap.services.emails import post, read_email
from tchap.services.externals import follow_sponsors
from tchap.services.memberships import update_profile_in_rooms
from tchap.services.world import World
from tchap.storage import accounts, administrations, audit, identity, profiles, pushers, sponsorships, validity
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.profiles import Profile


@dataclass(frozen=True, slots=True)
class Move:
    """An account's address of today, the one it had where that changed, and the instance of externals."""

    user_id: str
    instance: str
    email: Email
    former: Email | None
    externals: str | None


async def follow_address(world: World, user_id: str, email: Email, former: Email | None = None) -> None:
    """Reads anew what an account's address means today: its administration, label, name and place in the directory.

    For whoever changed an address (`former`), or renamed an administration or moved a domain (none).
    """
    account = await world.store.read(accounts.find_account, user_id)
    if account is None or account.deactivated_ts is not None:
        return
    move = Move(user_id, account.instance, email, former, externals_of(world.settings))
    await show_move(world, user_id, await world.store.write(follow, move))


async def follow(tx: Tx, move: Move) -> bool:
    """Inside a transaction: the same, but for the rooms; whether the name changed. Call `show_move` after it."""
    home = await find_home_in(tx, move.email, move.externals)
    if home is None or home.is_external != (move.instance == move.externals):
        # A domain that stands for nobody any more, or for guests, takes nothing away by itself.
        return False
    await administrations.set_administrations(tx, [(move.user_id, home.administration_id)])
    await follow_delegations(tx, move.user_id, move.email)
    profile = await profiles.find_profile(tx, move.user_id) or Profile(move.user_id)
    name = names.follow_name(profile.display_name or "", move.email, home.label, move.former)
    if name != profile.display_name:
        await profiles.set_profile(tx, replace(profile, display_name=name))
    await list_people(tx, [move.user_id])
    return name != profile.display_name


async def take_address(tx: Tx, move: Move, formers: Sequence[str], now_ms: int) -> bool:
    """Inside a transaction: the account has the address of the move in place of these; whether its name changed. Call
    `show_move` after it.

    Links and notifications sent to a mailbox she left would be for whoever reads it today.
    """
    for former in formers:
        await accounts.remove_email(tx, move.user_id, former)
    await validity.remove_links_of(tx, move.user_id)
    await pushers.remove_mail_pushers_of(tx, move.user_id)
    await identity.move_unbound(tx, formers, str(move.email), move.user_id)
    await accounts.add_email(tx, AccountEmail(str(move.email), move.user_id, now_ms, now_ms))
    return await follow(tx, move)


async def show_move(world: World, user_id: str, is_renamed: bool) -> None:
    """After the commit: memory forgets whose agent the person was, and rooms show the new name."""
    world.live.tokens.forget_user(user_id)
    if is_renamed:
        await update_profile_in_rooms(world, user_id)


@dataclass(frozen=True, slots=True)
class _Replacement:
    move: Move
    formers: tuple[str, ...]
    done: AdminAct
    public_url: str
    to_mailbox: bool


async def replace_address(world: World, requester: Requester, user_id: str, text: str) -> str:
    """An administrator gives an account another address, in place of all it had; answers it as it is kept.

    Forbidden for who is no administrator, NotFound, M_INVALID_EMAIL, and what `replace_address_of` raises.
    """
    target = await get_target(world, requester, user_id, Act.REPLACE_ADDRESS)
    email = read_email(text)
    await check_address(world, requester, email)
    await replace_address_of(world, target, email, act_of(world, requester, "replace_email", target, str(email)))
    return str(email)


async def replace_address_of(world: World, target: Account, email: Email, done: AdminAct) -> None:
    """The same for whoever has been found to have the right to, with the line of the audit it leaves.

    M_THREEPID_DENIED for a domain nobody here has, M_FORBIDDEN from agents to guests or back, M_THREEPID_IN_USE.
    """
    externals = externals_of(world.settings)
    _check_home(await home_of(world, email), target.instance == externals)
    known = [each.email for each in await world.store.read(accounts.find_emails_of, target.user_id)]
    if known == [str(email)]:
        return
    move = Move(target.user_id, target.instance, email, parse_email(known[0]) if known else None, externals)
    settings = world.settings
    replacement = _Replacement(move, tuple(known), done, settings.public_url, world.mailer.is_mailbox)
    is_renamed = await world.store.write(_replace, replacement)
    world.mailer.wake()
    await show_move(world, target.user_id, is_renamed)
    await accept_invitations(world, target.user_id, str(email))


def _check_home(home: Home | None, is_external_account: bool) -> None:
    if home is None or not home.is_open:
        raise MatrixError(
            "M_THREEPID_DENIED",
            "This e-mail domain is not authorised.",
            "Ce domaine de courriel n'est pas autorisé.",
        )
    if home.is_external != is_external_account:
        raise Forbidden(
            "A guest's account does not become an agent's, nor an agent's a guest's: open another account.",
            "Un compte d'invité ne devient pas celui d'un agent, ni l'inverse : ouvrez un autre compte.",
        )


async def _replace(tx: Tx, wanted: _Replacement) -> bool:
    user_id, address, now_ms = wanted.move.user_id, str(wanted.move.email), wanted.done.done_ts
    holder = await accounts.find_email(tx, address)
    if holder is not None and holder.user_id != user_id:
        raise MatrixError("M_THREEPID_IN_USE", "This address has an account.", "Cette adresse a déjà un compte.")
    is_renamed = await take_address(tx, wanted.move, wanted.formers, now_ms)
    # Who vouched for a guest goes on vouching for the same person.
    await sponsorships.move_sponsorships(tx, wanted.formers, address)
    await follow_sponsors(tx, address, now_ms, wanted.move.externals)
    await audit.add_act(tx, wanted.done)
    for recipient in dict.fromkeys((*wanted.formers, address)):
        await post(tx, new_address_mail(recipient, address, wanted.public_url), now_ms, wanted.to_mailbox)
    return is_renamed
