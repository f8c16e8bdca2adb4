"""The desk where administrations are kept: whose hand acts, and the trace and the mails that every act leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.base.errors import NotFound
from tchap.gateways import administration_mails as mails
from tchap.services.administrations import externals_of
from tchap.services.emails import post
from tchap.services.world import World
from tchap.storage import administrations as book
from tchap.storage import audit, delegates
from tchap.storage.administrations import Administration
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.mail_outbox import OutgoingMail

T = TypeVar("T")

CONSOLE = "console"  # who acts from the command line


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts (a user id, or `console`), when, and what of the configuration decides on it. `is_operator`: in the name
    of those who run the service; `is_quiet` where one mail tells of several acts, and was written already."""

    by: str
    is_operator: bool
    now_ms: int
    to_mailbox: bool
    instances: frozenset[str]
    externals: str | None
    public_url: str
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to an administration: its name in the audit and in `administration_mails`, what it is about, what
    more there is to say, and the moment it is about, in ms."""

    act: str
    what: str
    detail: str | None = None
    moment_ms: int | None = None


def hand_of_console(settings: Settings, clock: Clock) -> Hand:
    """The hand of the command line at this moment."""
    return _hand(settings, (CONSOLE, True), clock.now_ms(), settings.mail.mode == "mailbox")


def hand_of(world: World, by: str, is_operator: bool = False) -> Hand:
    """The hand of somebody at this moment."""
    return _hand(world.settings, (by, is_operator), world.clock.now_ms(), world.mailer.is_mailbox)


def _hand(settings: Settings, who: tuple[str, bool], now_ms: int, to_mailbox: bool) -> Hand:
    instances = frozenset(settings.instance_names)
    return Hand(*who, now_ms, to_mailbox, instances, externals_of(settings), settings.public_url)


async def get_administration(tx: Tx, administration_id: str) -> Administration:
    """The administration, or NotFound."""
    found = await book.find_administration(tx, administration_id)
    if found is None:
        raise unknown_administration()
    return found


def unknown_administration() -> NotFound:
    return NotFound("There is no such administration.", "Cette administration n'existe pas.")


async def on_administration(
    tx: Tx, administration_id: str, job: Callable[[Tx, Administration, str, Hand], Awaitable[T]], what: str, hand: Hand
) -> T:
    """What the job does to the administration of this id; NotFound."""
    return await job(tx, await get_administration(tx, administration_id), what, hand)


async def record(tx: Tx, of: Administration, deed: Deed, hand: Hand) -> None:
    """Leaves the act in the audit of the administration, and tells its contact and its delegates."""
    act = deed.act.removesuffix("_in").removesuffix("_out")
    line = AdminAct(hand.by, act, deed.what, hand.now_ms, deed.detail, of.administration_id)
    await audit.add_act(tx, line)
    for recipient in await _find_recipients(tx, of) if not hand.is_quiet else ():
        facts = (deed.what, deed.moment_ms)
        await tell(tx, mails.done_mail(recipient, of.name, deed.act, facts), hand)


async def tell(tx: Tx, mail: OutgoingMail, hand: Hand) -> None:
    """Sends a mail with the act it tells of."""
    await post(tx, mail, hand.now_ms, hand.to_mailbox)


async def _find_recipients(tx: Tx, of: Administration) -> list[str]:
    named = await delegates.find_delegates(tx, [of.administration_id])
    return sorted({each.email for each in named} | ({of.contact} if of.contact else set()))
