"""Finding people: all agents of all administrations, by any part of their names, and those close to one first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import LimitExceeded
from tchap.base.identity import Requester
from tchap.policy import directory as law
from tchap.policy.directory import Bounds, Look, Meaning, Person
from tchap.policy.rooms import is_external
from tchap.protocol.directory_words import lookups_of
from tchap.protocol.identifiers import server_of
from tchap.services.world import World
from tchap.storage import directory_search, profiles
from tchap.storage.database import Tx
from tchap.storage.directory import administration_key
from tchap.storage.directory_search import Branch, Candidate
from tchap.storage.profiles import Profile

_BOUNDS = Bounds(limits.DIRECTORY_LIKELY_WORDS, limits.DIRECTORY_LOOKS)


@dataclass(frozen=True, slots=True)
class Found:
    """The people found, best first; `is_limited` where more answered than were asked for."""

    people: list[Profile]
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Who searches, what was typed, word by word and as it stands, when, and how many answers are wanted."""

    requester: Requester
    words: tuple[str, ...]
    exact: str | None
    now_ms: int
    limit: int


async def search_people(world: World, requester: Requester, term: str, limit: int) -> Found:
    """Those whose name, unit, function or administration answer every word; one by a whole address or user id.

    Guests of the administrations see nobody: the directory is the agents' own. Raises M_LIMIT_EXCEEDED once somebody
    was shown more people than anybody works with.
    """
    exact = _read_exact(term)
    words = () if exact else law.parse_search(term)
    if requester.is_external or not (words or exact):
        return Found([], False)
    is_counted = world.live.rate_limits.enabled and not requester.is_appservice
    now_s = world.clock.now_ms() / 1000
    wait_ms = world.live.directory.wait_ms(requester.user_id, now_s) if is_counted else 0
    if wait_ms:
        raise LimitExceeded(wait_ms)
    limit = max(1, min(limit, limits.MAX_DIRECTORY_RESULTS))
    found = await world.store.read(_search, Search(requester, words, exact, world.clock.now_ms(), limit))
    if is_counted:
        world.live.directory.add(requester.user_id, [profile.user_id for profile in found.people], now_s)
    return found


def _read_exact(term: str) -> str | None:
    """The term where it is a whole e-mail address or user id: no part of one finds anybody."""
    text = term.strip()[: limits.MAX_ID_BYTES]
    return None if "@" not in text or " " in text else text if text.startswith("@") else text.lower()


async def _search(tx: Tx, search: Search) -> Found:
    if search.exact is not None:
        exact = await directory_search.find_person_exactly(tx, search.exact)
        return await _answer(tx, search, [each.user_id for each in exact if _is_shown(search, each)])
    keys = {key for word in search.words for key in lookups_of(word)}
    meanings = law.read_meanings(search.words, await directory_search.find_words(tx, keys), _BOUNDS)
    met = await _find_met(tx, search, meanings)
    found = await _find_candidates(tx, search, meanings)
    candidates = await directory_search.find_people(tx, [*met, *found])
    shown = {each.person_id: each for each in candidates if _is_shown(search, each)}
    counts = {known.word: known.people for meaning in meanings for known in meaning.names}
    ranked = law.rank(search.words, [_person(search, each, met) for each in shown.values()], counts)
    # Whoever shares a room with the searcher, a large one too, comes before those who answer as well.
    first = ranked[: limits.DIRECTORY_CANDIDATES]
    others = {shown[one].user_id: one for _, one in first if one not in met}
    sharing = await directory_search.find_sharing(tx, search.requester.user_id, others)
    ranked = law.bring_closer(first, {others[user_id] for user_id in sharing})
    return await _answer(tx, search, [shown[one].user_id for _, one in ranked])


async def _answer(tx: Tx, search: Search, user_ids: Sequence[str]) -> Found:
    known = await profiles.find_profiles(tx, user_ids[: search.limit])
    people = [known.get(user_id, Profile(user_id)) for user_id in user_ids[: search.limit]]
    return Found(people, len(user_ids) > search.limit)


async def _find_met(tx: Tx, search: Search, meanings: Sequence[Meaning]) -> set[int]:
    """Those in the searcher's rooms who may be meant: among millions they would not be come upon."""
    words = {known.word for meaning in meanings for known in (*meaning.names, *meaning.roles)}
    near = await directory_search.find_roommates(tx, search.requester.user_id)
    return {person_id for person_id, listing in near if law.may_answer(words, listing, meanings)}


async def _find_candidates(tx: Tx, search: Search, meanings: Sequence[Meaning]) -> list[int]:
    places = law.choose_places(meanings, limits.DIRECTORY_CROWD)
    named, left = law.choose_named(meanings, await directory_search.find_administrations(tx, places))
    names = [meaning for meaning in meanings if not meaning.is_place_alone]
    there = law.plan_look(left, _BOUNDS, None, len(named)) if named else Look()
    home = law.plan_look(names, _BOUNDS, None)
    anywhere = law.plan_look(names, _BOUNDS, limits.DIRECTORY_BUDGET)
    mine = search.requester.administration_id
    found = await directory_search.find_candidates(
        tx, _branch(there, named), _branch(home, [] if mine is None else [mine]), _branch(anywhere, [])
    )
    # Only an administration was named: some of its agents.
    agents = named if named and not left else []
    return found + await directory_search.find_agents(tx, agents, limits.MAX_DIRECTORY_RESULTS + 1)


def _branch(look: Look, administration_ids: Collection[str]) -> Branch:
    return Branch(
        look.words,
        look.initials,
        look.others,
        [administration_key(each) for each in administration_ids],
        look.best,
    )


def _person(search: Search, candidate: Candidate, met: Collection[int]) -> Person:
    mine = search.requester
    is_ours = candidate.administration_id is not None and candidate.administration_id == mine.administration_id
    closeness = (
        law.SHARES_ROOM * (candidate.person_id in met)
        + law.SAME_ADMINISTRATION * is_ours
        + law.SAME_INSTANCE * (server_of(candidate.user_id) == mine.instance)
    )
    return Person(candidate.person_id, candidate.listing, candidate.administration_words, closeness)


def _is_shown(search: Search, candidate: Candidate) -> bool:
    """Neither closed, nor expired, nor a guest, nor on the red list (`im.vector.hide_profile`)."""
    is_alive = candidate.is_open and (candidate.expires_ts is None or candidate.expires_ts > search.now_ms)
    return is_alive and not is_external(candidate.user_id) and not _hides(candidate.hides)


def _hides(content: bytes | None) -> bool:
    body = None if content is None else decode_json(content)
    return isinstance(body, dict) and body.get("hide_profile") is True
