"""Names made from addresses."""

import pytest

from tchap.policy.emails import parse_email
from tchap.policy.names import display_name_of, follow_name, is_lawful_localpart, localpart_of, user_id_candidate

INSTANCE = "agent.prefecture.example.fr"


@pytest.mark.parametrize(
    ("address", "localpart"),
    [
        ("Jean.Martin@prefecture.example.fr", "jean.martin-prefecture.example.fr"),
        ("a-b@c.fr", "a-b-c.fr"),
        ("a@b-c.fr", "a-b-c.fr"),
        ("anne.o'neill+x@mairie.example.fr", "anne.oneillx-mairie.example.fr"),
    ],
)
def test_the_user_id_follows_the_address(address: str, localpart: str) -> None:
    """The localpart is the address with `-` for `@` and without what ids refuse."""
    assert localpart_of(parse_email(address), INSTANCE) == localpart
    assert is_lawful_localpart(localpart, INSTANCE)


def test_the_longest_address_still_makes_a_lawful_id() -> None:
    """An address of 254 characters and its last numeric suffix give a user id of at most 255 bytes."""
    address = parse_email("a" * 64 + "@" + "b" * 61 + "." + "c" * 61 + "." + "d" * 60 + ".fr")
    assert len(user_id_candidate(localpart_of(address, INSTANCE), INSTANCE, 999)) <= 255


def test_a_taken_id_gets_a_number() -> None:
    """Two addresses that give one localpart never share an id."""
    tried = {user_id_candidate("a-b-c.fr", INSTANCE, attempt) for attempt in range(5)}
    assert len(tried) == 5
    assert f"@a-b-c.fr:{INSTANCE}" in tried
    assert f"@a-b-c.fr-2:{INSTANCE}" in tried


@pytest.mark.parametrize(
    ("address", "label", "name"),
    [
        ("jean.martin@modernisation.gouv.fr", None, "Jean Martin [Modernisation]"),
        ("jean-pierre.martin@sg.interieur.gouv.fr", None, "Jean-Pierre Martin [Interieur]"),
        ("jean.martin@gouv.fr", None, "Jean Martin [Gouv]"),
        ("jean.martin@prefecture.example.fr", None, "Jean Martin [Example]"),
        ("jean.martin@paris.fr", None, "Jean Martin [Paris]"),
        ("contact@prefecture.example.fr", "Préfecture", "Contact [Préfecture]"),
    ],
)
def test_the_display_name_tells_the_person_and_the_administration(address: str, label: str | None, name: str) -> None:
    """A display name is the person's name, then the administration between brackets."""
    assert display_name_of(parse_email(address), label) == name


@pytest.mark.parametrize(
    ("name", "address", "label", "former", "expected"),
    [
        ("Jean Martin [Préfecture]", "jean.dupont@h.fr", "Hôpital", "jean.martin@p.fr", "Jean Dupont [Hôpital]"),
        ("Éléonore Roy [Préfecture]", "e.roy@h.fr", "Hôpital", "eleonore.roy@p.fr", "Éléonore Roy [Hôpital]"),
        (
            "Jean Martin [Préfecture]",
            "jean.martin@p.fr",
            "Préfecture des Monts",
            None,
            "Jean Martin [Préfecture des Monts]",
        ),
        ("Jean Martin [Préfecture]", "j.m@mairie.fr", None, None, "Jean Martin [Mairie]"),
        ("Jean", "jean@h.fr", "Hôpital", None, "Jean [Hôpital]"),
        ("", "jean.martin@h.fr", "Hôpital", None, "Jean Martin [Hôpital]"),
        ("[Accueil]", "accueil@h.fr", "Hôpital", None, "Accueil [Hôpital]"),
    ],
)
def test_a_name_follows_its_address(
    name: str, address: str, label: str | None, former: str | None, expected: str
) -> None:
    """The bracket is always the new one; the person's own name changes only where it was read from the old address."""
    assert follow_name(name, parse_email(address), label, parse_email(former) if former else None) == expected
