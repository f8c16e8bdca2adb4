"""Identifiers in paths: those of room version 3 hold slashes."""

from urllib.parse import quote as percent_encode


def quote(identifier: str) -> str:
    """One path segment."""
    return percent_encode(identifier, safe="")
