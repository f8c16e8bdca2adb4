"""Connections: what the HTTP parser takes in before any of our code sees a request has a bound too."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tchap.base import limits


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection whose request line and headers do not end: the parser would keep all of them."""

    _head_bytes = 0
    _is_in_head = True

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            if self._head_bytes > limits.MAX_HEAD:
                self.send_400_response("The headers are too large.")
                return
            self._head_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        # Bytes of a request that follows in the same packet are not counted: a packet is small.
        self._head_bytes, self._is_in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head_bytes, self._is_in_head = 0, True
        super().on_message_complete()
