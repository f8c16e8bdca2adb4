"""Finding people: all agents of all instances, by any part of their names."""

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.identity import Requester
from tchap.policy import directory as law
from tchap.services.world import World
from tchap.storage import directory, profiles
from tchap.storage.database import Tx
from tchap.storage.profiles import Profile


@dataclass(frozen=True, slots=True)
class Found:
    """The people found, best first; `is_limited` where more answered than were asked for."""

    people: list[Profile]
    is_limited: bool


async def search_people(world: World, requester: Requester, term: str, limit: int) -> Found:
    """Those whose names, address or administration answer every word of the search.

    Guests of the administrations see nobody: the directory is the agents' own.
    """
    words = law.fold(term[: law.MAX_QUERY])
    if requester.is_external or not words:
        return Found([], False)
    limit = max(1, min(limit, limits.MAX_DIRECTORY_RESULTS))
    return await world.store.read(_search, words, limit)


async def list_person(tx: Tx, user_id: str, words: tuple[str, ...]) -> None:
    """Keeps under which words a person is found."""
    await directory.set_person(tx, user_id, words, law.trigrams(words))


async def _search(tx: Tx, words: tuple[str, ...], limit: int) -> Found:
    counts = await directory.find_counts(tx, law.trigrams(words))
    chosen = law.choose_trigrams(counts, limits.DIRECTORY_MATCHES)
    candidates = await directory.find_candidates(tx, chosen, limits.DIRECTORY_CANDIDATES)
    hidden = await _find_hidden(tx, [user_id for user_id, _ in candidates])
    ranked = law.rank(words, (law.Listed(user_id, found) for user_id, found in candidates if user_id not in hidden))
    known = await profiles.find_profiles(tx, ranked[:limit])
    return Found([known.get(user_id, Profile(user_id)) for user_id in ranked[:limit]], len(ranked) > limit)


async def _find_hidden(tx: Tx, user_ids: list[str]) -> set[str]:
    """Those on the red list: their account data `im.vector.hide_profile` says so."""
    settings = await directory.find_hide_settings(tx, user_ids)
    return {user_id for user_id, content in settings.items() if _hides(content)}


def _hides(content: bytes) -> bool:
    body = decode_json(content)
    return isinstance(body, dict) and body.get("hide_profile") is True
