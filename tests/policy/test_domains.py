"""Which instance an address belongs to."""

from dataclasses import dataclass

import pytest

from tchap.policy.domains import Home, Refusal, administration_id_of, decide_registration, find_home, listings_of
from tchap.policy.emails import parse_email


@dataclass(frozen=True)
class _Listed:
    domain: str
    administration_id: str
    instance: str
    label: str = ""
    is_open: bool = True


PREF, COLL = "agent.pref.example.fr", "agent.coll.example.fr"
ALL = (
    _Listed("prefecture.example.fr", "prefecture", PREF, "Préfecture"),
    _Listed("mairie.example.fr", "mairie", COLL),
    _Listed("*.mairies.example.fr", "mairie", COLL),
    _Listed("*.paris.mairies.example.fr", "paris", PREF, "Paris"),
    _Listed("fermee.example.fr", "fermee", COLL, is_open=False),
)
EXTERNALS = "agent.externe.example.fr"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("a@prefecture.example.fr", Home(PREF, "Préfecture", False, "prefecture")),
        ("a@mairie.example.fr", Home(COLL, None, False, "mairie")),
        ("a@lyon.mairies.example.fr", Home(COLL, None, False, "mairie")),
        ("a@x.paris.mairies.example.fr", Home(PREF, "Paris", False, "paris")),
        ("a@paris.mairies.example.fr", Home(COLL, None, False, "mairie")),
        ("a@fermee.example.fr", Home(COLL, None, False, "fermee", is_open=False)),
        ("a@mairies.example.fr", Home(EXTERNALS, None, True)),
        ("a@evil-prefecture.example.fr", Home(EXTERNALS, None, True)),
        ("a@sub.prefecture.example.fr", Home(EXTERNALS, None, True)),
        ("a@prefecture.example.fr.evil.example", Home(EXTERNALS, None, True)),
        ("a@xmairies.example.fr", Home(EXTERNALS, None, True)),
    ],
)
def test_the_domain_decides_the_home(address: str, home: Home) -> None:
    """An address belongs where its exact domain is listed, and with the externals otherwise."""
    assert find_home(parse_email(address), ALL, EXTERNALS) == home


def test_without_externals_an_unknown_domain_has_no_home() -> None:
    """Where no instance takes externals, an unknown domain is refused."""
    home = find_home(parse_email("a@evil.example"), ALL, None)
    assert decide_registration(home, None, is_invited=True) is Refusal.UNKNOWN_DOMAIN


AGENT = Home("agent.pref.example.fr", None, False, "pref")
CLOSED = Home("agent.pref.example.fr", None, False, "pref", is_open=False)
EXTERNAL = Home(EXTERNALS, None, True)


@pytest.mark.parametrize(
    ("home", "served", "invited", "refusal"),
    [
        (AGENT, None, False, None),
        (AGENT, "agent.pref.example.fr", False, None),
        (AGENT, "agent.coll.example.fr", False, Refusal.OTHER_INSTANCE),
        (CLOSED, None, False, Refusal.SUSPENDED),
        (CLOSED, None, True, Refusal.SUSPENDED),
        (CLOSED, "agent.coll.example.fr", False, Refusal.OTHER_INSTANCE),
        (EXTERNAL, None, False, Refusal.NOT_INVITED),
        (EXTERNAL, None, True, None),
        (EXTERNAL, EXTERNALS, True, None),
        (EXTERNAL, "agent.pref.example.fr", True, Refusal.OTHER_INSTANCE),
    ],
)
def test_who_may_register(home: Home, served: str | None, invited: bool, refusal: Refusal | None) -> None:
    """An agent registers on her instance alone, an external only when invited."""
    assert decide_registration(home, served, invited) is refusal


def test_a_domain_is_listed_itself_or_under_a_name_above_it() -> None:
    """Every listing an address may fall under, the most particular first; never a part of a label."""
    assert listings_of("a.b.fr") == ("a.b.fr", "*.b.fr", "*.fr")


@pytest.mark.parametrize(
    ("name", "administration_id"),
    [
        ("Préfecture du Val-Clair", "prefecture-du-val-clair"),
        ("CHU — Hôpital Nº 3", "chu-hopital-no-3"),
        ("★", "administration"),
        ("x" * 200, "x" * 60),
    ],
)
def test_an_administration_is_known_by_its_name(name: str, administration_id: str) -> None:
    """The id is made of the name's letters and digits, and never empty."""
    assert administration_id_of(name) == administration_id
