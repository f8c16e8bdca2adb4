"""Which instance an address belongs to."""

from dataclasses import dataclass

import pytest

from tchap.policy.domains import Home, Refusal, decide_registration, find_home
from tchap.policy.emails import parse_email


@dataclass(frozen=True)
class _Administration:
    name: str
    label: str
    instance: str
    domains: tuple[str, ...]


PREFECTURE = _Administration("prefecture", "Préfecture", "agent.pref.example.fr", ("prefecture.example.fr",))
MAIRIE = _Administration("mairie", "", "agent.coll.example.fr", ("mairie.example.fr", "*.mairies.example.fr"))
ALL = (PREFECTURE, MAIRIE)
EXTERNALS = "agent.externe.example.fr"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("a@prefecture.example.fr", Home("agent.pref.example.fr", "Préfecture", False)),
        ("a@mairie.example.fr", Home("agent.coll.example.fr", None, False)),
        ("a@lyon.mairies.example.fr", Home("agent.coll.example.fr", None, False)),
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


AGENT = Home("agent.pref.example.fr", None, False)
EXTERNAL = Home(EXTERNALS, None, True)


@pytest.mark.parametrize(
    ("home", "served", "invited", "refusal"),
    [
        (AGENT, None, False, None),
        (AGENT, "agent.pref.example.fr", False, None),
        (AGENT, "agent.coll.example.fr", False, Refusal.OTHER_INSTANCE),
        (EXTERNAL, None, False, Refusal.NOT_INVITED),
        (EXTERNAL, None, True, None),
        (EXTERNAL, EXTERNALS, True, None),
        (EXTERNAL, "agent.pref.example.fr", True, Refusal.OTHER_INSTANCE),
    ],
)
def test_who_may_register(home: Home, served: str | None, invited: bool, refusal: Refusal | None) -> None:
    """An agent registers on her instance alone, an external only when invited."""
    assert decide_registration(home, served, invited) is refusal
