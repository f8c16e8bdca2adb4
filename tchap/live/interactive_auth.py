"""User-interactive authentications under way: what each has proven so far. Lost at restart: the client begins anew."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from tchap.base import limits


@dataclass(slots=True)
class InteractiveSession:
    """`operation` and `user_id` bind it to one act of one user; `fields` is the body it began with.

    `completed` maps each stage done to what it proved: an e-mail address, a user id, or nothing. `awaited_email` is the
    `sid` and client secret of an address that was not proven yet when it was given.
    """

    session_id: str
    operation: str
    user_id: str | None
    fields: dict[str, Any]
    expires_ms: int
    completed: dict[str, str] = field(default_factory=dict)
    awaited_email: tuple[str, str] | None = None


class InteractiveSessions:
    """Bounded: the oldest session gives way."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, InteractiveSession] = OrderedDict()

    def add(self, session: InteractiveSession) -> None:
        self._by_id[session.session_id] = session
        if len(self._by_id) > limits.MAX_INTERACTIVE_SESSIONS:
            self._by_id.popitem(last=False)

    def find(self, session_id: str, now_ms: int) -> InteractiveSession | None:
        session = self._by_id.get(session_id)
        return session if session is not None and session.expires_ms > now_ms else None

    def remove(self, session_id: str) -> None:
        self._by_id.pop(session_id, None)
