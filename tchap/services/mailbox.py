"""Reading the built-in mailbox."""

from tchap.services.world import World
from tchap.storage import mail_outbox
from tchap.storage.mail_outbox import QueuedMail


async def read_mailbox(world: World, recipient: str | None) -> list[QueuedMail]:
    """The mails of one recipient, or all, the newest first."""
    return await world.store.read(mail_outbox.find_in_mailbox, recipient)
