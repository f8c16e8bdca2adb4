"""The rooms that two people are both in (client-server API, "Mutual rooms"; MSC2666)."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.base.identity import Requester
from tchap.protocol.identifiers import parse_user_id
from tchap.services.world import World
from tchap.storage.memberships import count_mutual_rooms, find_mutual_rooms


@dataclass(frozen=True, slots=True)
class MutualRooms:
    """One page; ``last`` is the room after which the next one begins, empty at the end."""

    room_ids: list[str]
    count: int
    last: str


async def list_mutual_rooms(world: World, requester: Requester, user_id: str, after: str) -> MutualRooms:
    """Rooms both are joined to. Of strangers, and of people who do not exist, there are none.

    Raises M_INVALID_PARAM for what is no user id, and for one's own.
    """
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise InvalidParam("This is not a user id.", "Ce n'est pas un identifiant de personne.") from error
    if user_id == requester.user_id:
        raise InvalidParam("This is your own user id.", "Cet identifiant est le vôtre.")
    pair = (requester.user_id, user_id)
    found = await world.store.read(find_mutual_rooms, pair, after, limits.MAX_MUTUAL_ROOMS + 1)
    page = found[: limits.MAX_MUTUAL_ROOMS]
    count = await world.store.read(count_mutual_rooms, pair)
    return MutualRooms(page, count, page[-1] if len(found) > len(page) else "")
