"""Files of units and functions: what is read, and what is told of lines that cannot be."""

import pytest

from tchap.policy.people_files import Fault, Role, parse_roles


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("email,unit,function\nA.B@x.fr, Achats ,Cheffe", [Role(2, "a.b@x.fr", "Achats", "Cheffe")]),
        ("\ufefffunction;email\nCheffe;a@x.fr", [Role(2, "a@x.fr", None, "Cheffe")]),
        ("email;unit\n\na@x.fr;", [Role(3, "a@x.fr", "", None)]),
        ('email,unit\na@x.fr,"Paie, bureau 2"', [Role(2, "a@x.fr", "Paie, bureau 2", None)]),
        ("email,unit\na@x.fr\nb@x.fr,Paie", [Fault(2, "fields"), Role(3, "b@x.fr", "Paie", None)]),
        ("email,unit\nnobody,Paie", [Fault(2, "email")]),
        ("email,unit\na@x.fr," + "x" * 101, [Fault(2, "too long")]),
        ("email,unit\na@x.fr,a\0b", [Fault(2, "unprintable")]),
        ("email,unit\na@x.fr,Paie\nA@x.fr,Voirie", [Role(2, "a@x.fr", "Paie", None), Fault(3, "twice")]),
        ("courriel,service\na@x.fr,Paie", [Fault(1, "columns")]),
        ("email\na@x.fr", [Fault(1, "columns")]),
        ("", [Fault(1, "columns")]),
    ],
)  # fmt: skip
def test_lines_are_read_or_told(text: str, read: list[Role | Fault]) -> None:
    """Columns in any order, commas or semicolons; a bad line is told with its number and the others are read."""
    assert list(parse_roles(text.split("\n"))) == read
