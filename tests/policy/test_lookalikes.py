"""Which domains pass for which."""

import random

import pytest

from tchap.policy.lookalikes import (
    DomainName,
    Likeness,
    claims_state,
    find_likeness,
    find_resemblances,
    inner_names,
    is_punycode,
    is_within,
    look_of,
    looks_of,
    loose_of,
    search_keys,
)


def named(domain: str, suffix: str = "fr") -> DomainName:
    """A domain as the list of public suffixes reads it; `suffix` where it is not the last label."""
    suffix = suffix if domain.endswith(f".{suffix}") else domain.rpartition(".")[2]
    labels = domain[: -len(suffix) - 1].split(".")
    return DomainName(domain, suffix, f"{labels[-1]}.{suffix}")


KNOWN = "mairie-valmont.fr"


@pytest.mark.parametrize(
    ("asked", "known", "likeness"),
    [
        # The eye takes one letter for another.
        ("mairie-va1mont.fr", KNOWN, Likeness.SAME_LOOK),
        ("mairie-vaimont.fr", KNOWN, Likeness.SAME_LOOK),
        ("mairie-valm0nt.fr", KNOWN, Likeness.SAME_LOOK),
        ("mairie-valrnont.fr", KNOWN, Likeness.SAME_LOOK),
        ("mairie-va1mont.com", KNOWN, Likeness.SAME_LOOK),
        ("vvallon.fr", "wallon.fr", Likeness.SAME_LOOK),
        ("1yon.fr", "lyon.fr", Likeness.SAME_LOOK),
        # One domain written inside another.
        ("mairie-valmont.fr.example.com", KNOWN, Likeness.EMBEDS),
        ("www.mairie-valmont.fr.securite.example", KNOWN, Likeness.EMBEDS),
        ("valmont-fr.com", "valmont.fr", Likeness.HYPHENED),
        # The same words, otherwise put together.
        ("mairievalmont.fr", KNOWN, Likeness.SAME_WORDS),
        ("mairie-val-mont.fr", KNOWN, Likeness.SAME_WORDS),
        ("mairie-vallmont.fr", KNOWN, Likeness.SAME_WORDS),
        ("mairie.valmont.fr", KNOWN, Likeness.SAME_WORDS),
        ("mairie-valmont.com", KNOWN, Likeness.OTHER_SUFFIX),
        ("mairie-valmont.co", KNOWN, Likeness.OTHER_SUFFIX),
        # One or two letters away.
        ("mairie-valmonts.fr", KNOWN, Likeness.NEAR),
        ("mairie-valmnot.fr", KNOWN, Likeness.NEAR),
        ("mairie-vulmant.fr", KNOWN, Likeness.NEAR),
        ("mairie-belmont.fr", KNOWN, Likeness.NEAR),
        ("valnont.fr", "valmont.fr", Likeness.NEAR),
        # Others.
        ("mairie-vilmunts.fr", KNOWN, None),
        ("belmont.fr", "valmont.fr", None),
        ("lvon.fr", "lyon.fr", None),
        ("ville-valmont.fr", KNOWN, None),
        ("xvalmont.fr.example.com", "valmont.fr", None),
    ],
)
def test_how_a_domain_passes_for_another(asked: str, known: str, likeness: Likeness | None) -> None:
    """The most deceptive way is the one that is told."""
    assert find_likeness(named(asked), named(known)) is likeness


@pytest.mark.parametrize(
    ("domain", "suffix", "claims"),
    [
        ("gouv-fr.com", "com", True),
        ("interieur-gouv.fr", "fr", True),
        ("interieur.gouv-fr.com", "com", True),
        ("prefecture.gouv.fr.example.com", "com", True),
        ("mongouvfr.com", "com", True),
        ("gouv.example.com", "com", True),
        ("interieur.gouv.fr", "gouv.fr", False),
        ("gouv.interieur.gouv.fr", "gouv.fr", False),
        ("finances.gouv.ci", "gouv.ci", False),
        ("gouvieux.fr", "fr", False),
        ("saintsauveurgouvernet.com", "com", False),
        ("mairie-gouvernes.fr", "fr", False),
    ],
)
def test_who_calls_itself_the_state(domain: str, suffix: str, claims: bool) -> None:
    """`gouv` as a word, or `gouvfr` at the end of one, outside gouv.fr."""
    assert claims_state(named(domain, suffix)) is claims


def test_neighbours_of_one_owner_resemble_nobody() -> None:
    """Two names under one registered domain are its owner's to give; the most deceptive likeness comes first."""
    others = [named(each) for each in ("a1.valmont.fr", "valmont.com", "va1mont.fr", "valmont.fr", "autre.fr")]
    found = find_resemblances(named("valmont.fr"), others)
    assert [(each.domain, each.likeness) for each in found] == [
        ("va1mont.fr", Likeness.SAME_LOOK),
        ("valmont.com", Likeness.OTHER_SUFFIX),
    ]


def test_a_name_is_taken_apart() -> None:
    """What is compared and looked for, piece by piece."""
    assert look_of("c0rn1vvel") == "comlwel"
    assert loose_of("saint-val.oo") == "salntvalo"
    assert inner_names("a.b.fr.x.com") == ("a.b", "a.b.fr", "b.fr", "a.b.fr.x", "b.fr.x", "fr.x")
    assert looks_of(named("valmont.fr")).head == "7:va"
    assert is_punycode("a.xn--b-1ga.fr")
    assert not is_punycode("axn--b.fr")
    assert search_keys(named("lyon.fr")).heads == ()


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("aab", "ab", 1),
        ("abc", "xabcx", 2),
        ("abcd", "badc", 2),
        ("abcdef", "acbdfe", 2),
        ("abc", "xyz", 3),
        ("abcabc", "abc", 3),
    ],
)
def test_letters_that_differ_are_counted(left: str, right: str, distance: int) -> None:
    """A letter changed, added, left out, or two exchanged; the same from either side."""
    for reach in range(4):
        assert is_within(left, right, reach) is (distance <= reach)
        assert is_within(right, left, reach) is (distance <= reach)


def test_pieces_find_every_neighbour() -> None:
    """Of two thousand names changed in one or two places, each is found by one of its three pieces."""
    chance = random.Random(29)
    letters = "abcdehkmnopstuvxyz"
    for _ in range(2_000):
        name = "".join(chance.choice(letters) for _ in range(chance.randint(5, 18)))
        changed = list(name)
        for _ in range(1 if len(loose_of(name)) < 12 else 2):
            place = chance.randrange(len(changed))
            changed[place : place + chance.randint(0, 1)] = chance.choice([*letters, ""])
        known, asked = named(f"{name}.fr"), named(f"{''.join(changed)}.fr")
        if find_likeness(asked, known) is not Likeness.NEAR:
            continue
        looks, keys = looks_of(known), search_keys(asked)
        assert looks.head in keys.heads or looks.middle in keys.middles or looks.tail in keys.tails, (known, asked)
