"""The decision table of files: every combination of what is known, and the row that decides it."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tchap.policy.attachments import (
    Allowed,
    Decision,
    Facts,
    Kind,
    Mode,
    Refusal,
    Refused,
    Road,
    Rules,
    Verdict,
    decide_download,
    may_have_type,
)

ANY = None
STORED = frozenset(Road) - {Road.DECRYPTED}
SCANNED = frozenset({Mode.ON_REQUEST, Mode.REQUIRED})
NOT_INFECTED = frozenset(Verdict) - {Verdict.INFECTED}
UNOPENED = frozenset({Verdict.NONE, Verdict.FAILED})
NOT_CLEAN, CHANGED = Refused(Refusal.NOT_CLEAN), Refused(Refusal.CHANGED)
NOT_SCANNED, NOT_OPENED = Refused(Refusal.NOT_SCANNED), Refused(Refusal.NOT_OPENED)
CANNOT_SCAN = Refused(Refusal.CANNOT_SCAN)
YES = Allowed()

# mode, road, kind, stored, opened, is changed, lets through: what is decided. Each combination is in one row alone.
# fmt: off
TABLE: list[tuple[Any, Any, Any, Any, Any, Any, Any, Decision]] = [
    (Mode.OFF, ANY, ANY, ANY, ANY, ANY, ANY, YES),
    # What was found anywhere in these bytes ends it.
    (SCANNED, ANY, ANY, Verdict.INFECTED, ANY, ANY, ANY, NOT_CLEAN),
    (SCANNED, ANY, ANY, NOT_INFECTED, Verdict.INFECTED, ANY, ANY, NOT_CLEAN),
    (SCANNED, ANY, ANY, NOT_INFECTED, NOT_INFECTED, True, ANY, CHANGED),
    # What a key opens is judged by what was found with that key.
    (SCANNED, Road.DECRYPTED, ANY, NOT_INFECTED, Verdict.CLEAN, False, ANY, YES),
    (SCANNED, Road.DECRYPTED, ANY, NOT_INFECTED, Verdict.FAILED, False, ANY, CANNOT_SCAN),
    (SCANNED, Road.DECRYPTED, ANY, NOT_INFECTED, Verdict.NONE, False, False, NOT_SCANNED),
    (SCANNED, Road.DECRYPTED, ANY, NOT_INFECTED, Verdict.NONE, False, True, YES),
    # Stored bytes need a verdict of their own first.
    (SCANNED, STORED, ANY, Verdict.FAILED, NOT_INFECTED, False, ANY, CANNOT_SCAN),
    (SCANNED, STORED, ANY, Verdict.NONE, NOT_INFECTED, False, False, NOT_SCANNED),
    # On request that is all.
    (Mode.ON_REQUEST, STORED, ANY, Verdict.CLEAN, NOT_INFECTED, False, ANY, YES),
    (Mode.ON_REQUEST, STORED, ANY, Verdict.NONE, NOT_INFECTED, False, True, YES),
    # Required, what looks like nothing known needs a key as well, whether the scanner answers or not.
    (Mode.REQUIRED, STORED, Kind.CLEAR, Verdict.CLEAN, NOT_INFECTED, False, ANY, YES),
    (Mode.REQUIRED, STORED, Kind.CLEAR, Verdict.NONE, NOT_INFECTED, False, True, YES),
    (Mode.REQUIRED, STORED, Kind.SEALED, Verdict.CLEAN, Verdict.CLEAN, False, ANY, YES),
    (Mode.REQUIRED, STORED, Kind.SEALED, Verdict.NONE, Verdict.CLEAN, False, True, YES),
    (Mode.REQUIRED, STORED, Kind.SEALED, Verdict.CLEAN, UNOPENED, False, ANY, NOT_OPENED),
    (Mode.REQUIRED, STORED, Kind.SEALED, Verdict.NONE, UNOPENED, False, True, NOT_OPENED),
]
# fmt: on
PRODUCT = list(product(Mode, Road, Kind, Verdict, Verdict, (False, True), (False, True)))


def covers(cell: Any, value: Any) -> bool:
    return cell is ANY or (value in cell if isinstance(cell, frozenset) else value is cell)


def decide(values: tuple[Any, ...]) -> Decision:
    mode, road, kind, stored, opened, is_changed, lets_through = values
    return decide_download(Facts(road, kind, stored, opened, is_changed), Rules(mode, lets_through))


def test_every_combination_is_decided_by_one_row() -> None:
    """The table speaks of all that can be, once, and the law decides as it says."""
    for values in PRODUCT:
        rows = [row for row in TABLE if all(covers(cell, value) for cell, value in zip(row[:-1], values, strict=True))]
        assert len(rows) == 1, values
        assert decide(values) == rows[0][-1], values


def test_nothing_infected_leaves_where_files_are_scanned() -> None:
    """By any road, whatever else is known and chosen."""
    for values in PRODUCT:
        if values[0] is not Mode.OFF and Verdict.INFECTED in values[3:5]:
            assert decide(values) == NOT_CLEAN


def test_each_stricter_choice_lets_less_through() -> None:
    """`required` allows nothing that `on_request` refuses, nor `wait` what `let_through` refuses."""
    for values in PRODUCT:
        if decide((Mode.REQUIRED, *values[1:])) == YES:
            assert decide((Mode.ON_REQUEST, *values[1:])) == YES
        if decide((*values[:-1], False)) == YES:
            assert decide((*values[:-1], True)) == YES


def test_no_road_is_a_way_round_another() -> None:
    """The scanner's roads and thumbnails are neither more nor less guarded than a plain download."""
    for values in PRODUCT:
        if values[1] is not Road.DECRYPTED:
            assert decide(values) == decide((values[0], Road.DOWNLOAD, *values[2:]))


@pytest.mark.parametrize(
    ("content_type", "allowed", "denied", "passes"),
    [
        ("image/png", (), (), True),
        ("image/png", ("image/png",), (), True),
        ("image/png", ("image/*",), (), True),
        ("image/png", ("Image/PNG",), (), True),
        ("image/png", ("*/*",), (), True),
        ("image/png", ("image/gif", "text/*"), (), False),
        ("image/png", (), ("image/png",), False),
        ("image/png", (), ("image/*",), False),
        ("image/png", ("image/*",), ("image/png",), False),
        ("image/png", (), ("image/pn", "image", "*"), True),
    ],
)
def test_types_are_listed(content_type: str, allowed: tuple[str, ...], denied: tuple[str, ...], passes: bool) -> None:
    """Whole types or families; what is denied is so even where it is allowed; an empty list of allowed ones is all."""
    rules = Rules(Mode.ON_REQUEST, allowed=allowed, denied=denied)
    assert may_have_type(content_type, rules) is passes
    facts = Facts(Road.DOWNLOAD, Kind.CLEAR, Verdict.CLEAN, types=(content_type,))
    assert decide_download(facts, rules) == (YES if passes else Refused(Refusal.TYPE_FORBIDDEN))
    # Of several things a file may be, one that is allowed is enough; what is not known yet is not judged.
    assert decide_download(replace(facts, types=("text/csv", content_type)), Rules(Mode.ON_REQUEST)) == YES
    assert decide_download(replace(facts, types=()), rules) == YES


def test_an_infected_file_of_a_denied_type_is_said_infected() -> None:
    """The graver reason is told."""
    facts = Facts(Road.DOWNLOAD, Kind.CLEAR, Verdict.INFECTED, types=("image/png",))
    assert decide_download(facts, Rules(Mode.ON_REQUEST, denied=("*/*",))) == NOT_CLEAN
