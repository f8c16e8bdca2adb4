"""Ranking people found in the directory."""

import pytest

from tchap.policy.directory import Listed, choose_trigrams, fold, rank, trigrams

PEOPLE = [
    Listed(f"@{i}:example.fr", fold(text))
    for i, text in enumerate(
        (
            "Jean Martin [Préfecture] jean.martin",
            "Jeanne Martineau [DINUM] jeanne.martineau",
            "Hélène Lefèvre [Préfecture] helene.lefevre",
            "Émile Dupont [Mairie] emile.dupont",
            "Jean-Pierre Marie [DINUM] jean-pierre.marie",
        )
    )
]


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
        ("marie dinum", 4),
    ],
)
def test_the_person_meant_comes_first(query: str, first: int) -> None:
    """Accents, order, parts of words and small slips do not hide the person meant."""
    words = fold(query)
    assert rank(words, PEOPLE)[0] == f"@{first}:example.fr"
    assert trigrams(words) & trigrams(PEOPLE[first].words)


@pytest.mark.parametrize("query", ["zzz", "jean dupont", "xylophone"])
def test_nobody_answers_another_name(query: str) -> None:
    """A search whose words are not all found names nobody."""
    assert rank(fold(query), PEOPLE) == []


def test_a_search_begins_with_the_rarest_trigrams() -> None:
    """What everybody shares is left out once the budget is spent, but something is always searched."""
    counts = {"^pr": 90_000, "pre": 90_000, "^ma": 4_000, "mar": 5_000}
    assert choose_trigrams(counts, 10_000) == ["^ma", "mar"]
    assert choose_trigrams({"^pr": 90_000, "pre": 90_000}, 10_000) == ["^pr"]
    assert choose_trigrams({}, 10_000) == []
