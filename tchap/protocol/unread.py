"""Unread counts carried forward event by event, as the storage would derive them anew."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from tchap.protocol.notices import MAIN_THREAD, Notices, Unread


class Told(Protocol):
    """What counting needs of an event."""

    @property
    def sender(self) -> str: ...
    @property
    def thread_id(self) -> str | None: ...


def count_on(
    counts: Mapping[str, Unread], news: Iterable[tuple[Told, Notices]], user_id: str, class_id: int
) -> dict[str, Unread]:
    """The counts after more events, each with what it gave; nothing among them may be a redaction or a receipt."""
    counted = dict(counts)
    for event, notices in news:
        thread = event.thread_id or MAIN_THREAD
        if event.sender == user_id:
            # "When the user updates their read receipt (… or by sending an event)" ("Marking notifications as read").
            if notices.marks_read:
                counted.pop(thread, None)
            continue
        notify, highlight = _given(notices, user_id, class_id)
        if notify or highlight:
            counted[thread] = counted.get(thread, Unread()).plus(notify, highlight)
    return counted


def _given(notices: Notices, user_id: str, class_id: int) -> tuple[int, int]:
    notify = highlight = 0
    for each in notices.classes:
        if each.class_id == class_id:
            notify, highlight = 1, int(each.highlight)
    for person in notices.people:
        if person.user_id == user_id:
            notify += person.notify_change
            highlight += person.highlight_change
    return notify, highlight
