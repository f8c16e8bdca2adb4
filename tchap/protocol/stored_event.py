"""An event as it is kept and shown: one row, encoded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base.encoding import decode_json

IN_TIMELINE, SOFT_FAILED, REJECTED, OUTLIER = 0, 1, 2, 3
# Its time was over: only what the graph needs is left of it.
GONE = 4


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of ``events``.

    ``client_json`` is the client format without ``unsigned``, ``graph_json`` the rest of the PDU.
    """

    event_id: str
    room_id: str
    position: int | None
    ordering: int | None
    depth: int
    type: str
    state_key: str | None
    sender: str
    origin_server_ts: int
    relates_to: str | None
    rel_type: str | None
    thread_id: str | None
    redacted_by: str | None
    status: int
    txn_device: str | None
    txn_id: str | None
    client_json: bytes
    graph_json: bytes

    def client(self) -> dict[str, Any]:
        """The client format as an object, without ``unsigned``."""
        value = decode_json(self.client_json)
        assert isinstance(value, dict)
        return value

    def pdu(self) -> dict[str, Any]:
        """The PDU as other servers see it."""
        graph = decode_json(self.graph_json)
        assert isinstance(graph, dict)
        pdu = {**self.client(), **graph}
        pdu.pop("event_id", None)
        return pdu
