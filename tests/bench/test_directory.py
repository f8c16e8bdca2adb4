"""The bench of the directory, small, on both engines: the right person is found, by a fixed number of statements."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from bench.directory.load import add_rooms, load
from bench.directory.names import Names, slope_of, with_rare_names
from bench.directory.people import INSTANCES, Agent, People, make_administrations
from bench.directory.queries import ERRORS, NAMED, SAME_ADMINISTRATION, SHARED_ROOM, Query, make_queries, misspell
from bench.directory.tries import Tried, try_query
from tchap.app import open_world
from tchap.base.config import Instance, RateLimits
from tchap.base.config_file import parse_settings
from tests.support.counting import count_statements
from tests.support.engines import ENGINES, Engines

PEOPLE, ADMINISTRATIONS, QUERIES = 3_000, 60, 120
MAX_STATEMENTS = 9
"""Keys, words, roommates, administrations, people of three ways, of an administration, themselves, rooms, profiles."""
FIRST = (
    "Léa Zoé Jade Anaïs Chloé Inès Maëlle Hélène Aurélie Noémie Camille Sarah Manon Lucie Julie Pauline Claire Sophie",
    "Léo Raphaël Théo Jérôme Gaël Noé Timothée André Hugo Lucas Louis Paul Jean Pierre Marc Antoine Nicolas Julien",
)
LAST = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David "
    "Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefevre Faure Andre Mercier"
)


SOUNDS, ENDS = ("ra", "de", "li", "chon", "ti", "vi"), ("er", "ard", "et", "in", "eau", "ieux", "oux", "ac", "ot")
STARTS = ("Bau", "Cor", "Fal", "Gri", "Mon", "Per", "Tru", "Val")
RARE = " ".join(f"{start}{sound}{end}" for start in STARTS for sound in SOUNDS for end in ENDS)


def zipf(text: str) -> dict[str, float]:
    return {name: rank**-0.6 for rank, name in enumerate(text.split(), 1)}


NAMES = Names((zipf(FIRST[0]), zipf(FIRST[1])), zipf(f"{LAST} {RARE}"))


async def try_all(url: str, folder: Path) -> list[tuple[Tried, int]]:
    """Every search with the number of its statements."""
    made = make_administrations(PEOPLE, ADMINISTRATIONS)
    settings = msgspec.structs.replace(
        parse_settings(""),
        data_dir=str(folder),
        store_url=url,
        instances=tuple(Instance(name=name) for name in INSTANCES),
        administrations=(),
        rate_limits=RateLimits(enabled=False),
    )
    async with open_world(settings) as world:
        loaded = await load(world, url, People(NAMES, made))
        queries = make_queries(loaded.some, made, QUERIES)
        await add_rooms(world, queries, made, loaded.some)
        found = []
        for number, query in enumerate(queries):
            with count_statements(world) as count:
                tried = await try_query(world, number, query, made)
            found.append((tried, count.statements))
        return found


@pytest.mark.parametrize("engine", ENGINES)
def test_the_right_person_is_among_the_first(engine: str, tmp_path: Path, engines: Engines) -> None:
    """In nineteen searches of twenty, whatever the error; no search costs more statements than another may."""
    with engines.empty_store(engine, tmp_path) as address:
        found = asyncio.run(try_all(address, tmp_path))
    assert len(found) == QUERIES
    assert max(statements for _, statements in found) <= MAX_STATEMENTS
    by_error: dict[str, list[bool]] = defaultdict(list)
    for tried, _ in found:
        by_error[tried.query.error].append(tried.is_right)
    assert set(by_error) == set(ERRORS)
    assert sum(map(sum, by_error.values())) >= 0.95 * QUERIES
    assert {error: sum(right) / len(right) >= 0.85 for error, right in by_error.items()} == dict.fromkeys(ERRORS, True)


def test_searches_are_what_they_are_said_to_be() -> None:
    """As many of each error, a quarter by colleagues, a quarter by roommates, half with the administration's name."""
    made = make_administrations(2_000, 20)
    agents = [agent for chunk in People(NAMES, made).chunks() for agent in chunk]
    assert len({agent.user_id for agent in agents}) == len(agents) == 2_000
    assert [each.size for each in made] == sorted((each.size for each in made), reverse=True)
    queries = make_queries(agents, made, 100)
    assert {way: _count(queries, way) for way in (SAME_ADMINISTRATION, SHARED_ROOM, NAMED)} == {
        SAME_ADMINISTRATION: 25,
        SHARED_ROOM: 25,
        NAMED: 50,
    }
    assert all(query.target.administration == query.searcher_administration for query in queries[:5])


def _count(queries: list[Query], way: str) -> int:
    return sum(query.way == way for query in queries)


def test_errors_are_errors() -> None:
    """A misspelt word is another; who has neither accent nor hyphen is not searched for without."""
    chance = random.Random(1)
    assert all(misspell("lefevre", chance) != "lefevre" for _ in range(50))
    plain = Agent("@a:b.fr", "a@b.fr", "Paul", "Roux", 0)
    assert ERRORS["missing accent"](plain, chance) is ERRORS["hyphen"](plain, chance) is None
    assert ERRORS["swapped order"](plain, chance) == "Roux Paul"
    typed = ERRORS["4 letters or more, and initial"](plain, chance)
    assert typed is not None
    assert sorted(typed.split()) == ["p", "roux"]


def test_rare_names_follow_the_list() -> None:
    """Thirty in a hundred bear an invented name; one over the rank is Zipf's law."""
    last = with_rare_names(zipf(f"{LAST} {RARE}"), 50)
    assert len(set(last)) == len(zipf(f"{LAST} {RARE}")) + 50
    assert sum(list(last.values())[-50:]) / sum(last.values()) == pytest.approx(0.3)
    assert slope_of([1 / rank for rank in range(1, 100)]) == pytest.approx(1.0)
