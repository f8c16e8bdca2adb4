"""Searching people: what is enough to search by, where it leads, and who comes first."""

from dataclasses import dataclass

import pytest

from tchap.policy.directory import (
    SAME_ADMINISTRATION,
    SAME_INSTANCE,
    SHARES_ROOM,
    Bounds,
    Person,
    bring_closer,
    choose_named,
    parse_search,
    plan_look,
    rank,
    read_meanings,
)
from tchap.protocol.directory_words import fold, id_of, initial_of, keys_of, list_name, lookups_of

PREFECTURE, DINUM, MAIRIE = ("prefecture", "val", "clair"), ("dinum",), ("mairie", "saint", "martin")
NAMES = (
    ("Jean Martin", PREFECTURE),
    ("Jeanne Martineau", DINUM),
    ("Hélène Lefèvre", PREFECTURE),
    ("Émile Dupont", MAIRIE),
    ("Jean-Pierre Marie", DINUM),
    ("Maëlle Le Goff", MAIRIE),
)
BOUNDS = Bounds(likely=600, looks=2_400)


def people(*close: tuple[int, float]) -> list[Person]:
    closeness = dict(close)
    return [
        Person(number, list_name(name, "Bureau des achats" if number == 2 else ""), places, closeness.get(number, 0.0))
        for number, (name, places) in enumerate(NAMES)
    ]


def ids(ranked: list[tuple[float, int]]) -> list[int]:
    return [person_id for _, person_id in ranked]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("jean martin", 0),
        ("Martin Jean", 0),
        ("martineau", 1),
        ("helene", 2),
        ("HÉLÈNE lefevre", 2),
        ("lefevr", 2),
        ("efevr", 2),
        ("lefebvre", 2),
        ("emlie", 3),
        ("dupond", 3),
        ("pierre", 4),
        ("jeanpierre marie", 4),
        ("marie jean-pierre", 4),
        ("marie dinum", 4),
        ("legoff", 5),
        ("le goff maelle", 5),
        ("goff m", 5),
        ("lefe h", 2),
        ("achats lefevre", 2),
        ("lefevre prefecture val clair", 2),
        ("martin prefecture", 0),
        ("dupont saint martin", 3),
    ],
)
def test_the_person_meant_comes_first(query: str, first: int) -> None:
    """Accents, order, hyphens, parts of words and small slips do not hide the person meant."""
    assert ids(rank(parse_search(query), people(), {}))[0] == first


@pytest.mark.parametrize("query", ["zzz", "jean dupont", "xylophone", "dupont dinum", "lefevre m"])
def test_nobody_answers_another_name(query: str) -> None:
    """A search whose words are not all found names nobody."""
    assert rank(parse_search(query), people(), {}) == []


@pytest.mark.parametrize(
    ("close", "first"),
    [
        ([(1, SAME_INSTANCE)], 0),
        ([(1, SAME_ADMINISTRATION)], 1),
        ([(1, SHARES_ROOM)], 1),
        ([(0, SAME_ADMINISTRATION + SAME_INSTANCE), (1, SHARES_ROOM)], 1),
        ([(0, SHARES_ROOM), (1, SHARES_ROOM + SAME_INSTANCE)], 0),
        ([(4, SHARES_ROOM + SAME_ADMINISTRATION + SAME_INSTANCE)], 0),
    ],
)
def test_those_close_to_one_come_first(close: list[tuple[int, float]], first: int) -> None:
    """Of those who answer `martin`: a room or an administration in common outweighs a longer name, never another."""
    assert ids(rank(("martin",), people(*close), {}))[0] == first


def test_the_commoner_name_comes_first_where_nothing_else_tells() -> None:
    """Of two beginnings alike, the one that more people bear."""
    pair = [Person(number, list_name(f"Léa {name}"), (), 0.0) for number, name in enumerate(("Duponchel", "Duponteil"))]
    assert ids(rank(("dupon",), pair, {"duponchel": 3, "duponteil": 900})) == [1, 0]


def test_who_turns_out_to_share_a_room_moves_up() -> None:
    """Among those who answer as well; the others keep their order."""
    ranked = rank(("martin",), people((0, SAME_INSTANCE)), {})
    assert ids(ranked)[:2] == [0, 1]
    assert ids(bring_closer(ranked, {1})) == [1, 0, *ids(ranked)[2:]]
    assert bring_closer(ranked, ()) == ranked


@pytest.mark.parametrize("term", ["", "a", "ma", "j m", "j m d", "é à", "---", "de la", "!!!"])
def test_too_little_finds_nobody(term: str) -> None:
    """Under three letters in a word, and articles alone, are no search: the directory is not read letter by letter."""
    assert parse_search(term) == ()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a small dictionary."""

    word: str
    people: int = 0
    roles: int = 0
    administrations: int = 0

    @property
    def word_id(self) -> int:
        return id_of(self.word)


DICTIONARY = (
    Word("martin", 35_000, 0, 300),
    Word("martinet", 900),
    Word("jean", 50_000),
    Word("jeanne", 20_000),
    Word("saint", 40, 0, 4_000),
    Word("mairie", 0, 0, 15_000),
    Word("prefecture", 0, 0, 100),
    Word("achats", 0, 3_000),
)


def meanings_of(query: str) -> list:  # type: ignore[type-arg]
    typed = parse_search(query)
    keys = {key for word in typed for key in lookups_of(word)}
    return read_meanings(typed, [(key, word) for word in DICTIONARY for key in keys_of(word.word) & keys], BOUNDS)


def test_a_search_begins_with_the_rarest_word_beside_the_others() -> None:
    """`jean martin` looks for martin and those like it beside a j; the words written so come first."""
    look = plan_look(meanings_of("jean martin"), BOUNDS, None)
    assert look.words == (id_of("martin"), id_of("martinet"))
    assert look.initials == (initial_of("j"),)
    assert set(look.others or ()) == {id_of("jean"), id_of("jeanne")}
    assert set(look.best) == {id_of("jean"), id_of("martin")}


def test_an_initial_is_no_word_of_its_own() -> None:
    """`martin j` looks for martin beside any j, within the budget where all administrations are searched."""
    look = plan_look(meanings_of("j martin"), BOUNDS, 2_350)
    assert (look.words, look.initials, look.others) == ((id_of("martin"),), (initial_of("j"),), None)


def test_a_function_leads_to_names() -> None:
    """`martin achats` begins with the function, which stands beside every name."""
    look = plan_look(meanings_of("martin achats"), BOUNDS, None)
    assert look.words == (id_of("achats"),)
    assert id_of("martin") in (look.others or ())


def test_a_word_that_is_nobodys_finds_nobody() -> None:
    """Nothing is looked for where one of the words leads nowhere."""
    assert plan_look(meanings_of("martin xylophone"), BOUNDS, None).words == ()


@pytest.mark.parametrize(
    ("query", "named", "left"),
    [
        ("jean prefecture", ["p1", "p2"], ("jean",)),
        ("jean saint martin", ["m"], ("jean",)),
        ("prefecture", ["p1", "p2"], ()),
        ("jean martin prefecture", ["p1", "p2"], ("jean", "martin")),
        ("jean", [], ("jean",)),
    ],
)
def test_the_administration_named_is_the_one_that_explains_most(
    query: str, named: list[str], left: tuple[str, ...]
) -> None:
    """A word that is nobody's name counts for more; the rest of the search names the person."""
    known = [("p1", ("prefecture", "orne")), ("p2", ("prefecture", "aure")), ("m", ("mairie", "saint", "martin"))]
    found, rest = choose_named(meanings_of(query), known)
    assert (found, tuple(each.typed for each in rest)) == (named, left)


def test_words_are_folded_alike_in_searches_and_names() -> None:
    """A search without articles has the words of a name."""
    assert parse_search("Hélène de l'Œuvre") == ("helene", "oeuvre")
    assert fold("Hélène Œuvre") == ("helene", "oeuvre")
