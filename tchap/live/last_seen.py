"""When each device was last written down as seen: most requests then write nothing."""

from collections import OrderedDict

from tchap.base import limits


class LastSeen:
    """Bounded; a forgotten device is only written a little earlier than needed."""

    def __init__(self) -> None:
        self._written: OrderedDict[tuple[str, str], int] = OrderedDict()

    def is_due(self, user_id: str, device_id: str, now_ms: int) -> bool:
        """Whether this visit is to be written down; True counts as done."""
        device = (user_id, device_id)
        written = self._written.get(device)
        if written is not None and now_ms - written < limits.LAST_SEEN_EVERY_MS:
            return False
        self._written[device] = now_ms
        self._written.move_to_end(device)
        if len(self._written) > limits.MAX_CACHED_TOKENS:
            self._written.popitem(last=False)
        return True
