"""Finding who has an exact address, by its hash (identity service API, "Association lookup").

The pepper of the hashes changes by itself: the next one is made ready in the background, address by address, and takes
the place of the current one in one commit.
"""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from tchap.services.room_law import is_external
from tchap.services.world import World
from tchap.storage import identity
from tchap.storage.database import Tx
from tchap.storage.identity import CURRENT, FORMER, NEXT, Pepper

SHA256 = "sha256"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a client asks: hashes made with the named algorithm and pepper."""

    algorithm: str
    pepper: str
    addresses: tuple[str, ...]


async def get_pepper(world: World) -> str:
    """The pepper to hash with, made where there is none yet."""
    while True:
        peppers = await world.store.read(identity.find_peppers)
        current = _current(peppers)
        if current is not None:
            return current.pepper
        await take_step(world, peppers)


async def look_up(world: World, user_id: str, asked: Lookup) -> dict[str, str]:
    """Of these hashes those that are somebody's address, with the user ids.

    Forbidden for externals, M_INVALID_PEPPER, M_INVALID_PARAM, M_LIMIT_EXCEEDED: a person looks up as many addresses a
    day as a day's work asks for.
    """
    if is_external(world, user_id):
        raise Forbidden("External guests look nobody up.", "Les invités externes ne consultent pas l'annuaire.")
    if asked.algorithm != SHA256:
        raise InvalidParam("This algorithm is not known here.", "Cet algorithme n'est pas connu ici.")
    if len(asked.addresses) > limits.MAX_LOOKUP:
        raise InvalidParam(
            f"At most {limits.MAX_LOOKUP} addresses are looked up at once.", "Trop d'adresses à la fois."
        )
    current = _current(await world.store.read(identity.find_peppers))
    if current is None or current.pepper != asked.pepper:
        raise MatrixError(
            "M_INVALID_PEPPER",
            "The pepper has changed: ask for it again.",
            "Le grain de sel a changé.",
            algorithm=SHA256,
        )
    wait_ms = world.live.rate_limits.take("lookup", user_id, world.clock.monotonic(), len(asked.addresses))
    if wait_ms:
        raise LimitExceeded(wait_ms)
    return dict(await world.store.read(identity.find_hashed, current.pepper_id, asked.addresses))


def _current(peppers: list[Pepper]) -> Pepper | None:
    return next((each for each in peppers if each.status == CURRENT), None)


async def keep_peppers(world: World) -> None:
    """The duty: runs until cancelled."""
    while True:
        while await take_step(world, await world.store.read(identity.find_peppers)):
            continue
        await world.clock.sleep(limits.PEPPER_LOOK_EVERY_S)


async def take_step(world: World, peppers: list[Pepper]) -> bool:
    """Does a little of what is due; False when nothing is."""
    current = _current(peppers)
    begun = next((each for each in peppers if each.status == NEXT), None)
    former = next((each for each in peppers if each.status == FORMER), None)
    if begun is not None:
        await world.store.write(_make_ready, begun.pepper_id)
    elif former is not None:
        await world.store.write(_clear, former.pepper_id)
    elif current is None or current.created_ts + limits.PEPPER_LIFE_MS <= world.clock.now_ms():
        await world.store.write(_begin, world.entropy.token(), world.clock.now_ms())
    else:
        return False
    return True


async def _begin(tx: Tx, pepper: str, now_ms: int) -> None:
    """Two processes begin one next pepper, not two."""
    if not any(each.status == NEXT for each in await identity.find_peppers(tx)):
        await identity.add_pepper(tx, pepper, now_ms)


async def _make_ready(tx: Tx, pepper_id: int) -> None:
    """Hashes a few more addresses; after the last one the pepper is current, and the one before it former."""
    peppers = await identity.find_peppers(tx)
    mine = next((each for each in peppers if each.pepper_id == pepper_id and each.status == NEXT), None)
    if mine is None:
        return
    emails = await identity.find_addresses(tx, mine.after_email, limits.PEPPER_BATCH)
    if emails:
        await identity.add_hashes(tx, emails, [mine])
        await identity.set_progress(tx, pepper_id, NEXT, emails[-1])
        return
    for each in peppers:
        if each.status == CURRENT:
            await identity.set_progress(tx, each.pepper_id, FORMER, "")
    await identity.set_progress(tx, pepper_id, CURRENT, "")


async def _clear(tx: Tx, pepper_id: int) -> None:
    """Forgets some hashes of a former pepper, and it with the last of them."""
    if not await identity.remove_hashes_under(tx, pepper_id, limits.PEPPER_BATCH):
        await identity.remove_pepper(tx, pepper_id)
