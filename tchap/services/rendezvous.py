"""The place where two devices meet before one signs the other in. Sources: MSC4108, MSC4388.

Kept in the database, so that any process serves it. What is left there is sealed by the devices.
"""

from tchap.base import limits
from tchap.base.errors import LimitExceeded, NotFound
from tchap.services.world import World
from tchap.storage import rendezvous
from tchap.storage.rendezvous import Session, Write


class ConcurrentWrite(Exception):
    """Somebody wrote after what the writer had read; `session` is how things stand."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.session_id)
        self.session = session


async def open_rendezvous(world: World, kind: str, data: bytes) -> Session:
    """A new session under an id nobody can guess; `kind` tells the two protocols apart."""
    now_ms = world.clock.now_ms()
    session = Session(f"{kind}-{world.entropy.token(18)}", data, 1, now_ms + limits.RENDEZVOUS_MS)
    if not await world.store.write(rendezvous.add_session, session, now_ms):
        raise LimitExceeded(limits.RENDEZVOUS_MS)
    return session


async def get_rendezvous(world: World, kind: str, session_id: str) -> Session:
    """NotFound when there is no such session, or its time is over."""
    found = None
    if session_id.startswith(f"{kind}-"):
        found = await world.store.read(rendezvous.find_session, session_id, world.clock.now_ms())
    if found is None:
        raise NotFound("This rendezvous is over.", "Ce rendez-vous est terminé.")
    return found


async def write_rendezvous(world: World, session: Session, write: Write) -> Session:
    """The session with the new data; ConcurrentWrite where another write came first."""
    sequence = await world.store.write(rendezvous.set_data, session.session_id, write)
    if sequence is None:
        raise ConcurrentWrite(session)
    return Session(session.session_id, write.data, sequence, session.expires_ts)


async def close_rendezvous(world: World, kind: str, session_id: str) -> None:
    session = await get_rendezvous(world, kind, session_id)
    await world.store.write(rendezvous.remove_session, session.session_id)
