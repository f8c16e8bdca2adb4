"""Which of two backed-up keys of one session is kept. Source: client-server API, "Server-side key backups"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRank:
    """What the server may know of a sealed key."""

    is_verified: bool
    first_message_index: int
    forwarded_count: int


def is_better(new: KeyRank, old: KeyRank) -> bool:
    """Whether the new key replaces the old: verified first, then the lower index, then the fewer forwards."""
    return _order(new) < _order(old)


def _order(rank: KeyRank) -> tuple[bool, int, int]:
    return (not rank.is_verified, rank.first_message_index, rank.forwarded_count)
