"""One search after the other, each timed and judged."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.directory.load import searcher_id
from bench.directory.people import Administration, Agent
from bench.directory.queries import Query
from tchap.base.identity import Requester
from tchap.protocol.directory_words import fold
from tchap.services.directory import search_people
from tchap.services.world import World
from tchap.storage.profiles import Profile

TOP = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """One search: how long it took, in milliseconds, and whether the right person was among the first three."""

    query: Query
    ms: float
    is_right: bool


async def try_query(world: World, number: int, query: Query, made: Sequence[Administration]) -> Tried:
    administration = made[query.searcher_administration]
    requester = Requester(
        searcher_id(number, query, made),
        "BENCH",
        0,
        administration.instance,
        administration_id=administration.administration_id,
    )
    begun = time.perf_counter()
    found = await search_people(world, requester, query.term, 10)
    ms = (time.perf_counter() - begun) * 1000
    return Tried(query, ms, any(_is_right(profile, query.target, made) for profile in found.people[:TOP]))


def _is_right(found: Profile, target: Agent, made: Sequence[Administration]) -> bool:
    """The person meant, or one of the same name in the same administration: nobody could tell them apart."""
    wanted = f"{target.name} [{made[target.administration].label}]"
    return found.user_id == target.user_id or fold(found.display_name or "") == fold(wanted)
