"""How names are cut into words, and what a typed word leads to."""

import pytest

from tchap.protocol.directory_words import (
    MAX_WORD,
    fold,
    fold_telling,
    id_of,
    initial_of,
    keys_of,
    likeness,
    list_name,
    lookups_of,
    postings_of,
    weight_of,
    without_label,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Émile-Jean [DINUM]", ("emile", "jean", "dinum")),
        ("  d’Œuvre  Æther", ("d", "oeuvre", "aether")),
        ("MARTIN martin", ("martin",)),
        ("Ṣàlíhù 3e", ("salihu", "3e")),
        ("Иван", ()),
        ("", ()),
    ],
)
def test_case_accents_and_punctuation_do_not_count(text: str, words: tuple[str, ...]) -> None:
    """The words of a text are the same however it is written."""
    assert fold(text) == words


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("Jean-Pierre Martin", ("jeanpierre",)),
        ("Charles de Gaulle", ("degaulle",)),
        ("Anne Le Goff-Morvan", ("goffmorvan", "legoffmorvan")),
        ("Yann L'Hermite", ("lhermite",)),
        ("Léa Durand", ()),
    ],
)
def test_what_is_written_apart_is_found_in_one(name: str, joined: tuple[str, ...]) -> None:
    """Hyphens, apostrophes and particles may be left out."""
    assert list_name(name).joined == joined


def test_common_words_weigh_more() -> None:
    """Words of few people weigh nothing; then the weight grows by one where their number doubles."""
    assert [weight_of(bearers) for bearers in (0, 1, 63, 64, 127, 128, 35_000)] == [0, 0, 0, 1, 1, 2, 10]


def test_a_label_is_no_name() -> None:
    """What stands in brackets at the end is the administration's."""
    assert without_label("Jean Martin [Préfecture (Val)]") == "Jean Martin"
    assert without_label("[Accueil] Mairie") == "[Accueil] Mairie"


@pytest.mark.parametrize(
    ("typed", "word", "points"),
    [
        ("lefevre", "lefevre", 1.0),
        ("lefebvre", "lefevre", 0.75),
        ("lefevr", "lefevre", 0.9),
        ("emlie", "emile", 0.75),
        ("dupond", "dupont", 0.75),
        ("efevre", "lefevre", 0.75),
        ("fevre", "lefevre", 0.55),
        ("xean", "jean", 0.75),
        ("j", "jean", 0.8),
        ("ean", "jean", 0.75),
        ("fevr", "lefevre", 0.55),
        ("martin", "dupont", 0.0),
        ("ab", "ac", 0.0),
        ("feb", "lefebvre", 0.0),
    ],
)
def test_a_typed_word_stands_for_those_that_resemble_it(typed: str, word: str, points: float) -> None:
    """The word itself, its beginning, one slip, its midst; and the keys lead from one to the other."""
    assert likeness(typed, word) == pytest.approx(points, abs=0.06)
    if points and len(typed) > 2:
        assert lookups_of(typed) & keys_of(word)
    if len(typed) < 3:
        assert not lookups_of(typed), "one or two letters lead to nobody"


def test_each_word_of_a_person_stands_beside_the_others() -> None:
    """Both ways between names, from units and functions to names; a single name stands alone."""
    jean, martin, paie = id_of("jean"), id_of("martin"), id_of("paie")
    pairs = {(each.word_id, each.initial, each.other_id) for each in postings_of(list_name("Jean Martin", "Paie"))}
    assert pairs == {
        (jean, initial_of("martin"), martin),
        (martin, initial_of("jean"), jean),
        (paie, initial_of("martin"), martin),
        (paie, initial_of("jean"), jean),
    }
    both = {(each.word_id, each.other_id) for each in postings_of(list_name("Jean-Luc Le-Goff"))}
    assert (id_of("jeanluc"), id_of("legoff")) in both, "both parts may be typed without their hyphens"
    assert {(each.word_id, each.initial) for each in postings_of(list_name("Accueil"))} == {(id_of("accueil"), 0)}


def test_words_that_are_cut_alike_count_once() -> None:
    """Two long words with the same beginning are one word: nothing is listed twice under it."""
    long = "a" * MAX_WORD
    assert fold_telling(f"{long}b {long}c") == (long,)
    assert list_name(f"{long}b {long}c").names == (long,)
