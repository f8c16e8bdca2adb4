"""Naming and dismissing delegated administrators, as jobs."""

from __future__ import annotations

from tchap.base.errors import InvalidParam, NotFound
from tchap.gateways import administration_mails as mails
from tchap.policy.administrations import may_be_delegate
from tchap.policy.emails import Email, parse_email
from tchap.services.administration_desk import Deed, Hand, record, tell
from tchap.services.administrations import find_home_in
from tchap.storage import accounts, delegates
from tchap.storage import administrations as book
from tchap.storage.administrations import Administration
from tchap.storage.database import Tx
from tchap.storage.delegates import Delegate


async def name_delegate(tx: Tx, of: Administration, address: str, hand: Hand) -> Delegate:
    """Names the owner of an address; who has no account yet is delegate as soon as they open it.

    M_INVALID_PARAM for an address that is not plain, or of nobody of this administration or of one above it.
    """
    email = _read(address)
    home = await find_home_in(tx, email, hand.externals)
    lineage = await book.find_lineage(tx, of.administration_id)
    if home is None or home.is_external or not may_be_delegate(home.administration_id, lineage):
        raise InvalidParam(
            "A delegate must be an agent of the administration, or of one it is a part of.",
            "Un responsable délégué doit être un agent de l'administration, ou d'une administration dont elle dépend.",
        )
    known = await accounts.find_email(tx, str(email))
    named = Delegate(of.administration_id, str(email), known.user_id if known else None, hand.by, hand.now_ms)
    if await delegates.add_delegate(tx, named):
        await record(tx, of, Deed("name_delegate", str(email)), hand)
        await tell(tx, mails.named_mail(str(email), of.name, hand.public_url), hand)
    return named


async def dismiss_delegate(tx: Tx, of: Administration, address: str, hand: Hand) -> Delegate:
    """Ends it; NotFound for who was none."""
    ended = await delegates.remove_delegate(tx, of.administration_id, str(_read(address)))
    if ended is None:
        raise NotFound("This is no delegate of the administration.", "Cette personne n'est pas responsable délégué.")
    await record(tx, of, Deed("dismiss_delegate", ended.email), hand)
    await tell(tx, mails.dismissed_mail(ended.email, of.name), hand)
    return ended


async def follow_delegations(tx: Tx, user_id: str, email: Email) -> None:
    """An account has this address from now on: what waits for the address is its own, and what it looked after ends
    where it is no longer an agent of it."""
    await delegates.follow_address(tx, user_id, str(email))
    await delegates.claim(tx, str(email), user_id)
    await delegates.remove_delegations(tx, user_id, await delegates.find_delegated(tx, user_id))


def _read(address: str) -> Email:
    try:
        return parse_email(address)
    except ValueError as error:
        raise InvalidParam(
            f"'{address}' is not a plain e-mail address.", f"« {address} » n'est pas une adresse simple."
        ) from error
