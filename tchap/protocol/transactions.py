"""What the sender of an event is told of how it was sent."""

from typing import Any

# The transaction id under which a delayed event enters its room, so that it does so once.
_DELAYED = "delayed event "


def delayed_transaction(delay_id: str) -> str:
    """The transaction id of a delayed event."""
    return f"{_DELAYED}{delay_id}"


def note_transaction(unsigned: dict[str, Any], txn_id: str, is_own_device: bool) -> None:
    """Adds what the sender may know: the id their device chose, or that of the delayed event it was.

    Client-server API, `UnsignedData`; MSC4140, "`delay_id` in `unsigned` event data", for every device of theirs.
    """
    if txn_id.startswith(_DELAYED):
        unsigned["org.matrix.msc4140.delay_id"] = txn_id.removeprefix(_DELAYED)
    elif is_own_device:
        unsigned["transaction_id"] = txn_id
