"""The words at the top of a room: which are lawful."""

import pytest

from tchap.policy.classification import decide_classification
from tchap.policy.decisions import Allowed, Refused

LISTED = ("Diffusion restreinte", "Interne")


@pytest.mark.parametrize(
    ("content", "allowed", "answer"),
    [
        ({"label": "Diffusion restreinte"}, (), "yes"),
        ({"label": "Diffusion restreinte"}, LISTED, "yes"),
        ({"label": "Secret"}, LISTED, "forbidden"),
        ({"label": "interne"}, LISTED, "forbidden"),
        ({}, LISTED, "yes"),
        ({"label": ""}, LISTED, "yes"),
        ({"label": "é" * 60}, (), "yes"),
        ({"label": "é" * 61}, (), "malformed"),
        ({"label": 3}, (), "malformed"),
        ({"label": None}, (), "malformed"),
        ({"label": "deux\nlignes"}, (), "malformed"),
        ({"label": "deux\u2028lignes"}, (), "malformed"),
        ({"label": "a\u202egnp"}, (), "malformed"),
        ({"label": " bord"}, (), "malformed"),
    ],
)
def test_what_a_classification_may_be(content: dict[str, object], allowed: tuple[str, ...], answer: str) -> None:
    """One short line that reads as it is written; one of the deployment's where it has a list; or none."""
    decision = decide_classification(content, allowed)
    if answer == "yes":
        assert isinstance(decision, Allowed)
    else:
        assert isinstance(decision, Refused)
        assert decision.is_malformed is (answer == "malformed")
