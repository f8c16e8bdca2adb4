"""Who may act on what, asked at the moment of each act: the one door of all that administrators do."""

from __future__ import annotations

from collections.abc import Collection

from tchap.base.errors import Forbidden
from tchap.base.identity import Requester
from tchap.policy.administrations import Act, Actor, Refusal, Subject, decide_act
from tchap.services.administrations import externals_of
from tchap.services.world import World
from tchap.storage import accounts, delegates, sponsorships
from tchap.storage import administrations as book
from tchap.storage.accounts import Account
from tchap.storage.database import Tx


async def get_actor(world: World, requester: Requester) -> Actor:
    """What the requester may act on. Forbidden for who administers nothing at this very moment."""
    # What is remembered with the token may be older than the end of the office.
    actor = await world.store.read(_find_actor, requester.user_id, externals_of(world.settings))
    if requester.is_appservice or not (actor.is_operator or actor.is_delegate):
        raise refused(Refusal.NOT_YOURS)
    return actor


async def _find_actor(tx: Tx, user_id: str, externals: str | None) -> Actor:
    """What somebody may act on at this very moment; nothing, for an account that is closed, locked or suspended."""
    account = await accounts.find_account(tx, user_id)
    if account is None or (account.deactivated_ts or account.locked_ts or account.suspended_ts) is not None:
        return Actor(user_id)
    if account.is_admin:
        return Actor(user_id, is_operator=True)
    delegated = await delegates.find_delegated(tx, user_id)
    covered = await book.find_below(tx, delegated) if delegated else frozenset()
    return Actor(user_id, False, account.instance == externals, delegated, covered)


async def check_act(world: World, requester: Requester, act: Act, answerable: Collection[str | None]) -> Actor:
    """Forbidden unless the requester may do this to what all these administrations answer for; who asks."""
    actor = await get_actor(world, requester)
    check_subject(actor, act, subject_of(answerable))
    return actor


def subject_of(answerable: Collection[str | None]) -> Subject:
    """What these administrations answer for together; where one of them is none, the operators alone do."""
    known = frozenset(each for each in answerable if each is not None)
    return Subject(known if None not in answerable else frozenset())


async def find_subject(tx: Tx, user_id: str, now_ms: int) -> tuple[Account | None, Subject]:
    """An account, and who answers for it: its administration, those that vouch for an external, nobody for nobody."""
    account = await accounts.find_account(tx, user_id)
    if account is None:
        return None, Subject()
    if account.administration_id is not None:
        return account, Subject(frozenset({account.administration_id}), user_id, account.is_admin)
    answerable = subject_of(await sponsorships.find_answerable(tx, user_id, now_ms)).answerable
    return account, Subject(answerable, user_id, account.is_admin, is_guest=True)


def check_subject(actor: Actor, act: Act, subject: Subject) -> None:
    """Forbidden, in words that tell nothing of what there is."""
    check_lawful(decide_act(actor, act, subject))


def check_lawful(refusal: Refusal | None) -> None:
    """Forbidden where the law refuses."""
    if refusal is not None:
        raise refused(refusal)


def refused(refusal: Refusal) -> Forbidden:
    """One sentence for what is not theirs and for what does not exist: nobody learns here who has an account."""
    return Forbidden(*_SENTENCES[refusal])


_SENTENCES = {
    Refusal.NOT_YOURS: ("Only administrators may do this.", "Seuls les administrateurs peuvent faire cela."),
    Refusal.PEER: ("This is another administrator.", "Cette personne est aussi administratrice."),
    Refusal.HELD: (
        "Those who run this service decided on this suspension, or this closing: they alone lift it. Write to them.",
        "Cette suspension, ou cette fermeture, a été décidée par les responsables de ce service : eux seuls peuvent la"
        " lever. Écrivez-leur.",
    ),
    Refusal.SUSPENDED: (
        "The administration is suspended: its domains stay with it until it is open again.",
        "L'administration est suspendue : ses domaines y restent tant qu'elle n'est pas rouverte.",
    ),
}
