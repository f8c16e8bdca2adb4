"""Whether people's accounts are expired or closed, as today's older clients ask before they write to somebody."""

from collections.abc import Collection

from tchap.base import limits
from tchap.base.errors import InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.services.world import World
from tchap.storage.account_closings import find_standings
from tchap.storage.database import Tx
from tchap.storage.memberships import find_companions

Standings = dict[str, tuple[bool, bool]]


async def find_standings_for(world: World, requester: Requester, user_ids: Collection[str]) -> Standings:
    """`(is expired, is closed)` of those who have or had an account here. Guests learn of those they share a room with
    alone, as with profiles. M_INVALID_PARAM for too many."""
    if len(user_ids) > limits.MAX_USERS_ASKED:
        raise InvalidParam(f"At most {limits.MAX_USERS_ASKED} people at once.", "Trop de personnes à la fois.")
    seer = requester.user_id if requester.is_external else None
    return await world.store.read(_find, frozenset(user_ids), seer, world.clock.now_ms())


async def get_standing(world: World, requester: Requester, user_id: str) -> tuple[bool, bool]:
    """The same of one, or NotFound."""
    found = await find_standings_for(world, requester, (user_id,))
    if user_id not in found:
        raise NotFound("There is no such person here.", "Cette personne n'existe pas ici.")
    return found[user_id]


async def _find(tx: Tx, user_ids: frozenset[str], seer: str | None, now_ms: int) -> Standings:
    seen = user_ids if seer is None else await find_companions(tx, seer, user_ids)
    return await find_standings(tx, seen, now_ms)
