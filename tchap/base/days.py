"""Days as people write them, in French and in English."""

from datetime import UTC, datetime

_MONTHS_FR = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_in_french(ts: int) -> str:
    """`1er mars 2027`: the day, in Universal Time, of a moment in ms since 1970."""
    day = datetime.fromtimestamp(ts / 1000, UTC)
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS_FR[day.month - 1]} {day.year}"


def day_in_english(ts: int) -> str:
    """`1 March 2027`, the same."""
    day = datetime.fromtimestamp(ts / 1000, UTC)
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
