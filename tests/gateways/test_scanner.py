"""Speaking with ClamAV's daemon, and with what only pretends to be one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Antivirus
from tchap.gateways.scanner import CannotScan, Clamd, ScannerDown
from tests.support.clamav import EICAR, MAX_BYTES, THREAT, ClamAv, archive, run_clamav

pytestmark = pytest.mark.anyio

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def clamav() -> Iterator[ClamAv]:
    with run_clamav() as daemon:
        yield daemon


@contextlib.asynccontextmanager
async def pretender(serve: Serve, timeout_s: int = 20) -> AsyncIterator[Clamd]:
    """A gateway to something of ours that listens on a port."""

    async def close_after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(close_after, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Clamd(Antivirus(clamd=f"127.0.0.1:{port}", timeout_s=timeout_s), Clock())
    finally:
        server.close()


def saying(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(bytes(4))
        writer.write(answer)
        await writer.drain()

    return serve


async def test_the_daemon_says_what_is_in_a_file(clamav: ClamAv) -> None:
    """Clean, infected, infected inside an archive, empty, larger than one chunk, larger than it takes."""
    clamd = Clamd(Antivirus(clamd=clamav.address), Clock())
    assert await clamd.scan(b"bonjour") == ""
    assert await clamd.scan(b"") == ""
    assert await clamd.scan(EICAR) == THREAT
    assert await clamd.scan(archive("a.txt", EICAR)) == THREAT
    assert await clamd.scan(bytes(limits.SCANNER_CHUNK) + EICAR) == THREAT
    with pytest.raises(CannotScan, match="size limit"):
        await clamd.scan(bytes(MAX_BYTES + 1))
    assert (await clamd.version()).startswith("ClamAV ")


async def test_many_files_at_once_wait_their_turn(clamav: ClamAv) -> None:
    """Each has its own answer."""
    clamd = Clamd(Antivirus(clamd=clamav.address), Clock())
    files = [EICAR if number % 2 else b"bonjour" for number in range(40)]
    assert await asyncio.gather(*map(clamd.scan, files)) == [THREAT if file == EICAR else "" for file in files]


async def test_a_file_over_our_own_bound_is_not_sent(clamav: ClamAv) -> None:
    """`antivirus.max_bytes` holds before anything is said to the daemon."""
    clamd = Clamd(Antivirus(clamd="/nowhere/clamd.sock", max_bytes=10), Clock())
    with pytest.raises(CannotScan):
        await clamd.scan(bytes(11))


@pytest.mark.parametrize("address", ["/nowhere/clamd.sock", "127.0.0.1:1", "[::1]:1"])
async def test_nobody_there_is_down(address: str) -> None:
    """No socket, no port: the scanner is down."""
    with pytest.raises(ScannerDown):
        await Clamd(Antivirus(clamd=address, timeout_s=2), Clock()).scan(EICAR)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", ScannerDown),
        (b"stream: OK", ScannerDown),
        (b"stream: " + b"A" * 2 * limits.MAX_SCANNER_ANSWER + b" OK\0", ScannerDown),
        (b"\0", CannotScan),
        (b"stream: Can't allocate memory ERROR\0", CannotScan),
        (b"stream: OK FOUND ERROR\0", CannotScan),
        (b"OKAY\0", CannotScan),
    ],
)
async def test_only_a_whole_ok_is_clean(answer: bytes, expected: type[Exception]) -> None:
    """A cut, endless or unknown answer makes no file clean."""
    async with pretender(saying(answer)) as clamd:
        with pytest.raises(expected):
            await clamd.scan(b"bonjour")


async def test_a_silent_daemon_is_down() -> None:
    """Nobody waits longer than `antivirus.timeout_s`, for a connection that says nothing or takes nothing."""

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with pretender(be_silent, 1) as clamd:
        for size in (10, 20_000_000):
            with pytest.raises(ScannerDown):
                await clamd.scan(bytes(size))


async def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound of files that wait, further ones are told to come again."""
    monkeypatch.setattr(limits, "MAX_WAITING_SCANS", 2)
    release = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"stream: OK\0")
        await writer.drain()

    async with pretender(hold) as clamd:
        held = [asyncio.create_task(clamd.scan(b"a")) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(ScannerDown):
            await clamd.scan(b"b")
        release.set()
        assert await asyncio.gather(*held) == ["", ""]
        assert await clamd.scan(b"b") == ""
