"""The classification of a room: a word of the administration at the top of the conversation.

State `fr.tchap.classification`, state key "": `{"label": "Diffusion restreinte"}`; without a label there is none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from tchap.base import limits
from tchap.policy.decisions import ALLOWED, Decision, Refused

CLASSIFICATION = "fr.tchap.classification"


def decide_classification(content: Mapping[str, Any], allowed: Collection[str]) -> Decision:
    """May a room be classified so? `allowed` are the labels of the deployment; empty: any short plain text."""
    label = content.get("label", "")
    if not isinstance(label, str) or not _is_plain(label):
        return Refused(
            f"A classification is one line of at most {limits.MAX_CLASSIFICATION} characters.",
            f"Une mention de classification tient sur une ligne de {limits.MAX_CLASSIFICATION} caractères au plus.",
            True,
        )
    if label and allowed and label not in allowed:
        return Refused(
            "This classification is not one of those used here.",
            "Cette mention de classification n'est pas de celles en usage ici.",
        )
    return ALLOWED


def _is_plain(label: str) -> bool:
    # Controls, and marks that turn the direction of the text around: the banner would say something else than it says.
    is_clean = all(unicodedata.category(letter)[0] != "C" and letter not in "\u2028\u2029" for letter in label)
    return is_clean and len(label) <= limits.MAX_CLASSIFICATION and label == label.strip()
