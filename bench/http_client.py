"""A thin HTTP/1.1 client, cheap enough that the generator's core is not what is measured."""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools


class BenchError(Exception):
    """A server answered what no scenario expects, or went away: the figures of the run would mean nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a homeserver listens; always on the loopback."""

    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request in flight; it reconnects when the server closed it idle."""

    __slots__ = ("_body", "_parser", "_pending", "_target", "_transport")

    def __init__(self, target: Target) -> None:
        self._target = target
        self._transport: asyncio.Transport | None = None
        self._pending: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()

    async def request(self, method: str, path: str, token: str = "", body: bytes = b"") -> Reply:
        """Send one request and wait for its whole answer; a lost connection raises BenchError."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            self._parser = httptools.HttpResponseParser(self)
            await loop.create_connection(lambda: self, self._target.host, self._target.port)
        assert self._transport is not None
        self._pending = loop.create_future()
        self._transport.write(self._head(method, path, token, len(body)) + body)
        return await self._pending

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _head(self, method: str, path: str, token: str, length: int) -> bytes:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        host = f"{self._target.host}:{self._target.port}"
        kind = "Content-Type: application/json\r\n" if length else ""
        return (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{kind}Content-Length: {length}\r\n\r\n"
        ).encode()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(BenchError(f"the connection was lost before the answer: {exc}"))

    # What httptools calls

    def on_message_begin(self) -> None:
        self._body = bytearray()

    def on_body(self, chunk: bytes) -> None:
        self._body += chunk

    def on_message_complete(self) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(Reply(self._parser.get_status_code(), bytes(self._body)))
