"""Delivering the mail that waits in the outbox: each is tried until it is taken, later and later."""

import asyncio

import structlog

from tchap.base import limits
from tchap.gateways.mail import MailNotSent, MailRefused
from tchap.services.world import World
from tchap.storage import mail_outbox
from tchap.storage.mail_outbox import QueuedMail

_IDLE_S = 30.0

log = structlog.get_logger(__name__)


async def deliver_mail(world: World) -> None:
    """Runs until cancelled; nothing to do where mail stays in the built-in mailbox."""
    while True:
        await deliver_due(world)
        await world.mailer.wait(_IDLE_S)


async def deliver_due(world: World) -> int:
    """Tries every mail whose time has come; answers how many left."""
    sent = 0
    while due := await world.store.read(mail_outbox.find_due, world.clock.now_ms()):
        outcomes = await asyncio.gather(*(_deliver(world, queued) for queued in due))
        sent += sum(outcomes)
    return sent


async def _deliver(world: World, queued: QueuedMail) -> bool:
    try:
        await world.mailer.send(queued.mail)
    except MailRefused as error:
        world.metrics.mails.labels("refused").inc()
        log.warning("mail refused", mail_id=queued.mail_id, reason=str(error))
        await world.store.write(mail_outbox.remove_mail, queued.mail_id)
        return False
    except MailNotSent as error:
        attempts = queued.attempts + 1
        world.metrics.mails.labels("delayed").inc()
        # The recipient's name is personal: the log tells which mail, not to whom.
        log.warning("mail not sent", mail_id=queued.mail_id, attempts=attempts, reason=str(error))
        if attempts >= limits.MAIL_MAX_ATTEMPTS:
            await world.store.write(mail_outbox.remove_mail, queued.mail_id)
            return False
        next_ts = world.clock.now_ms() + limits.MAIL_RETRY_MS * 2 ** (attempts - 1)
        await world.store.write(mail_outbox.set_next_attempt, queued.mail_id, attempts, next_ts)
        return False
    world.metrics.mails.labels("sent").inc()
    await world.store.write(mail_outbox.remove_mail, queued.mail_id)
    return True
