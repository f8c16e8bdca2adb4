"""Speaking with ClamAV's daemon: one connection per question. Source: clamd(8), "COMMANDS"."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Antivirus

log = structlog.get_logger(__name__)


class ScannerDown(Exception):
    """clamd is not there, does not answer in time, or has too much to do."""


class CannotScan(Exception):
    """clamd answered that it does not look at this file: too large, or broken."""


class Clamd:
    """The daemon at one address, a socket's path or `host:port`; few files at once, the others wait their turn."""

    def __init__(self, settings: Antivirus, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._turn = asyncio.Semaphore(limits.SCANS_AT_ONCE)
        self._waiting = 0
        self._is_up = True
        self._version = ""
        self._version_until = 0.0

    async def scan(self, data: bytes) -> str:
        """The name of what is in these bytes, archives included; empty where nothing is. ScannerDown, CannotScan."""
        if len(data) > self._settings.max_bytes:
            raise CannotScan("larger than antivirus.max_bytes")
        if self._waiting >= limits.MAX_WAITING_SCANS:
            raise ScannerDown("too many files wait")
        self._waiting += 1
        try:
            async with self._turn:
                answer = await self._ask(b"zINSTREAM\0", data)
        finally:
            self._waiting -= 1
        return _read_threat(answer)

    async def version(self) -> str:
        """The program and its signatures, such as `ClamAV 1.4.6/27800/Mon Nov 30 …`. ScannerDown."""
        if self._clock.monotonic() >= self._version_until:
            self._version = await self._ask(b"zVERSION\0", None)
            self._version_until = self._clock.monotonic() + limits.SCANNER_VERSION_S
        return self._version

    async def _ask(self, command: bytes, data: bytes | None) -> str:
        """clamd's answer to one command, the outcome told to the log where it is another than before."""
        try:
            async with asyncio.timeout(self._settings.timeout_s), self._connection() as (reader, writer):
                answer = await _exchange(reader, writer, command, data)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            # TimeoutError is an OSError.
            self._note(is_up=False)
            raise ScannerDown(str(error) or type(error).__name__) from error
        self._note(is_up=True)
        return answer

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await self._open()
        try:
            yield reader, writer
        finally:
            # Nothing is left to say: what clamd has not read it need not.
            writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self._settings.clamd
        if "/" in address:
            return await asyncio.open_unix_connection(address, limit=limits.MAX_SCANNER_ANSWER)
        host, _, port = address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port), limit=limits.MAX_SCANNER_ANSWER)

    def _note(self, *, is_up: bool) -> None:
        if is_up is not self._is_up:
            log.warning("the antivirus answers again" if is_up else "the antivirus does not answer")
        self._is_up = is_up


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes, data: bytes | None
) -> str:
    writer.write(command)
    if data is not None:
        # clamd may hang up in the middle of a file it finds too large, and has said why by then.
        with contextlib.suppress(ConnectionError):
            await _stream(writer, data)
    answer = await reader.readuntil(b"\0")
    return answer[:-1].decode("utf-8", "replace").strip()


async def _stream(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Chunks, each after its length in four bytes; one of no length ends them."""
    view = memoryview(data)
    for start in range(0, len(data), limits.SCANNER_CHUNK):
        chunk = view[start : start + limits.SCANNER_CHUNK]
        writer.write(len(chunk).to_bytes(4, "big"))
        writer.write(chunk)
        await writer.drain()
    writer.write(bytes(4))
    await writer.drain()


def _read_threat(answer: str) -> str:
    """`stream: OK`, `stream: NAME FOUND`, or words that end in ERROR."""
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")[: limits.MAX_THREAT_NAME]
    raise CannotScan(said[: limits.MAX_THREAT_NAME])
