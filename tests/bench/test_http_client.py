"""The generator's HTTP client against a small server that answers byte by byte as told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from bench.http_client import BenchError, Connection, Reply, Target

Answer = Callable[[bytes, asyncio.StreamWriter], Coroutine[None, None, None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Connection]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            await answer(head, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        connection = Connection(Target(server.sockets[0].getsockname()[1]))
        yield connection
        connection.close()


async def _whole(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


async def _chunked_slowly(_head: bytes, writer: asyncio.StreamWriter) -> None:
    for byte in b'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n':
        writer.write(bytes([byte]))
        await writer.drain()


async def _whole_then_close(head: bytes, writer: asyncio.StreamWriter) -> None:
    await _whole(head, writer)
    writer.close()


async def _close(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_one_connection_serves_many_requests() -> None:
    """Answers come back one after the other on the same connection."""

    async def story() -> list[Reply]:
        async with serving(_whole) as connection:
            return [await connection.request("GET", "/") for _ in range(3)]

    assert asyncio.run(story()) == [Reply(200, b"{}")] * 3


def test_a_chunked_answer_in_small_pieces_is_put_together() -> None:
    """The body is whole whatever way the server cut it."""

    async def story() -> Reply:
        async with serving(_chunked_slowly) as connection:
            return await connection.request("GET", "/")

    assert asyncio.run(story()) == Reply(403, b'{"a":1}')


def test_a_connection_closed_when_idle_is_opened_again() -> None:
    """A server may end a keep-alive connection between two requests."""

    async def story() -> list[Reply]:
        async with serving(_whole_then_close) as connection:
            first = await connection.request("GET", "/")
            await asyncio.sleep(0.05)
            return [first, await connection.request("GET", "/")]

    assert asyncio.run(story()) == [Reply(200, b"{}")] * 2


def test_a_connection_lost_before_the_answer_is_an_error() -> None:
    """Nothing is measured on a server that hangs up."""

    async def story() -> None:
        async with serving(_close) as connection:
            await connection.request("GET", "/")

    with pytest.raises(BenchError):
        asyncio.run(story())
