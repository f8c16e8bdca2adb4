"""The token of /sync: how far a client has been told, as an opaque string that only grows."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"s(\d{1,18})_(\d{1,18})(?:_(\d{1,18}))?", re.ASCII)
_PLACE = re.compile(r"t(-?\d{1,18})", re.ASCII)
_POSITION = re.compile(r"(?:\d{1,18}_)?(\d{1,18})", re.ASCII)
_UPDATES = re.compile(r"u(\d{1,18})_(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SyncToken:
    """``position``: every fact up to it was told. ``typing``: the serial of the live part, forgotten at restart.

    ``to_device`` is set where a page of to-device messages was cut short: those up to it only were delivered.
    """

    position: int
    typing: int = 0
    to_device: int | None = None

    @property
    def delivered(self) -> int:
        """The position up to which to-device messages have reached the device."""
        return self.position if self.to_device is None else self.to_device


def format_token(token: SyncToken) -> str:
    text = f"s{token.position}_{token.typing}"
    return text if token.to_device is None else f"{text}_{token.to_device}"


def parse_token(text: str) -> SyncToken:
    """The token behind ``text``; ValueError for anything that this server never gave."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("not a sync token")
    position, typing, to_device = found.groups()
    return SyncToken(int(position), int(typing), None if to_device is None else int(to_device))


def format_place(ordering: int) -> str:
    """The token of a place in a room's timeline (``prev_batch``, /messages): just above the event of that ordering.

    Backwards from it stands what has at most this ordering, forwards what has more.
    """
    return f"t{ordering}"


def parse_place(text: str) -> int:
    """The ordering behind a token of ``format_place``; ValueError for anything else."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError("not a token of a place in a timeline")
    return int(found[1])


def parse_position(text: str) -> int:
    """The position that a ``pos`` of sliding sync ends in, or that stands alone; ValueError for anything else."""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise ValueError("not a token of sliding sync")
    return int(found[1])


def format_updates(upto: int, below: int) -> str:
    """The token of a page of thread updates (MSC4360): of what was said up to ``upto``, threads last told of earlier
    than ``below`` are left. Whatever is said meanwhile, each thread comes once."""
    return f"u{upto}_{below}"


def parse_updates(text: str) -> tuple[int, int]:
    """The two positions behind a token of ``format_updates``; ValueError for anything else."""
    found = _UPDATES.fullmatch(text)
    if found is None:
        raise ValueError("not a token of thread updates")
    return int(found[1]), int(found[2])
