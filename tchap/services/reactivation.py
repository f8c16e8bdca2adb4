"""Opening a closed account again: by an administrator, or silently by its owner at the identity provider."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base.errors import MatrixError, MissingParam, NotFound
from tchap.base.identity import Requester
from tchap.gateways.account_mails import reopened_mail
from tchap.policy.administrations import Act
from tchap.policy.emails import Email
from tchap.policy.validity import may_return
from tchap.services.account_moves import Move, follow, show_move
from tchap.services.administrations import externals_of, home_of
from tchap.services.admins import act_of, check_address, find_target
from tchap.services.email_invitations import accept_invitations
from tchap.services.emails import post, read_email
from tchap.services.externals import follow_sponsors
from tchap.services.world import World
from tchap.storage import account_closings, accounts, audit
from tchap.storage.account_closings import Closing
from tchap.storage.accounts import AccountEmail
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class _Opening:
    move: Move
    done: AdminAct
    public_url: str
    to_mailbox: bool


async def reactivate(world: World, requester: Requester, user_id: str, text: str | None) -> str:
    """An administrator opens a closed account again, for the address it had or another one; answers the address.

    Forbidden for who is no administrator; NotFound where no account of this id is closed, or it was erased;
    M_MISSING_PARAM where no address is known; M_INVALID_EMAIL, M_THREEPID_DENIED, M_THREEPID_IN_USE.
    """
    target = await find_target(world, requester, user_id, Act.REACTIVATE)
    closing = await world.store.read(account_closings.find_closing, user_id)
    if target is None or closing is None or closing.is_erased:
        raise _not_closed()
    email = await _get_address(world, requester, closing, text)
    move = Move(user_id, closing.instance, email, None, externals_of(world.settings))
    done = act_of(world, requester, "reactivate", target, str(email))
    is_renamed = await world.store.write(
        _open, _Opening(move, done, world.settings.public_url, world.mailer.is_mailbox)
    )
    world.mailer.wake()
    await show_move(world, user_id, is_renamed)
    await accept_invitations(world, user_id, str(email))
    return str(email)


def _not_closed() -> NotFound:
    return NotFound("There is no closed account to open.", "Il n'y a pas de compte fermé à rouvrir.")


async def _get_address(world: World, requester: Requester, closing: Closing, text: str | None) -> Email:
    address = text or closing.former_email
    if address is None:
        raise MissingParam("email")
    email = read_email(address)
    await check_address(world, requester, email)
    if not may_return(await home_of(world, email), closing.instance == externals_of(world.settings)):
        raise MatrixError(
            "M_THREEPID_DENIED",
            "This e-mail domain is not authorised for this account.",
            "Ce domaine de courriel n'est pas autorisé pour ce compte.",
        )
    return email


async def _open(tx: Tx, opening: _Opening) -> bool:
    is_renamed = await reopen(tx, opening.move, opening.done.done_ts)
    await audit.add_act(tx, opening.done)
    mail = reopened_mail(str(opening.move.email), opening.public_url)
    await post(tx, mail, opening.done.done_ts, opening.to_mailbox)
    return is_renamed


async def reopen(tx: Tx, move: Move, now_ms: int) -> bool:
    """Inside a transaction: opens the account under this address; whether its name changed.

    NotFound where somebody else has opened or erased it meanwhile; M_THREEPID_IN_USE.

    It has neither password, devices nor rooms; what it read before it left stays its to read (history visibility). A
    guest's lasts as long as somebody vouches for it.
    """
    if not await account_closings.set_open(tx, move.user_id):
        raise _not_closed()
    if not await accounts.add_email(tx, AccountEmail(str(move.email), move.user_id, now_ms, now_ms)):
        raise MatrixError("M_THREEPID_IN_USE", "This address has an account.", "Cette adresse a déjà un compte.")
    await follow_sponsors(tx, str(move.email), now_ms, move.externals)
    return await follow(tx, move)
