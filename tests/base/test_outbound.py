"""The outbound guard goes only where it may, and never reads more or waits longer than it said."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import pytest

from tchap.base.outbound import Outbound, OutboundFailed, OutboundRefused, OutboundRequest, is_public
from tests.support.house import SOON_S

pytestmark = pytest.mark.anyio

LOOPBACK = ("127.0.0.1/32",)


@dataclass
class Site:
    """A small web site on loopback: what it was asked, and what it answers for each path."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(asked)
        answer = self.answers.get(asked.split(" ")[1])
        if answer is None:
            await asyncio.sleep(30)
        elif answer == b"endless":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                await writer.drain()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()


def page(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(to: str, status: str = "302 Found") -> bytes:
    return page(b"", f"Location: {to}", status=status)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await made.serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
async def guard() -> AsyncIterator[Outbound]:
    """A guard whose operator opened 127.0.0.1 alone."""
    made = Outbound(LOOPBACK)
    yield made
    await made.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A small world of names: what each resolves to, one answer after the other."""
    known: dict[str, list[str]] = {}
    genuine: Callable[..., Any] = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            return genuine(host, port, *args, **options)
        answers = known[name]
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return genuine(address, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


async def test_an_allowed_place_is_reached(site: Site, guard: Outbound) -> None:
    """The request arrives as it was asked, and its answer comes back whole."""
    site.answers["/push?a=%C3%A9"] = page(b'{"ok": 1}', "X-Kind: test", status="418 Teapot")
    url = site.url("/push?a=%C3%A9")
    answer = await guard.send(OutboundRequest("POST", url, {"X-From": "here"}, b"hello"))
    assert (answer.status, answer.headers["x-kind"], answer.body, answer.url) == (418, "test", b'{"ok": 1}', url)
    assert site.asked[0].startswith("POST /push?a=%C3%A9 HTTP/1.1\r\n")
    assert "X-From: here" in site.asked[0]
    assert "accept-encoding: identity" in site.asked[0].lower()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"],
)
async def test_this_machine_is_not_reached(site: Site, host: str) -> None:
    """However it is written, an address of this machine is refused by default, and nothing is sent."""
    guard = Outbound()
    site.answers["/"] = page(b"secret")
    with pytest.raises(OutboundRefused):
        await guard.send(OutboundRequest("GET", site.url("/", host)))
    assert site.asked == []
    await guard.close()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::1",
        "64:ff9b::7f00:1",
        "2001:0:7f00:1::",
    ],
)
def test_private_addresses_are_not_public(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved and documentation addresses, also wrapped, are not public."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "80.10.20.30", "2a00:1450:4007::200e", "64:ff9b::101:101"])
def test_public_addresses_are_public(address: str) -> None:
    """Ordinary addresses of the internet are public."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://exemple.fr/", "http://", "//exemple.fr", "http://u:p@127.0.0.1/", "http://[::1", "x"],
)
async def test_other_addresses_are_refused(guard: Outbound, url: str) -> None:
    """Other schemes, credentials in the URL and nonsense are refused before anything is sent."""
    with pytest.raises(OutboundRefused):
        await guard.send(OutboundRequest("GET", url))


async def test_the_name_is_kept(site: Site, guard: Outbound, names: dict[str, list[str]]) -> None:
    """The connection goes to the address, the Host header speaks of the name."""
    names["passerelle.example.fr"] = ["127.0.0.1"]
    site.answers["/"] = page(b"hello")
    answer = await guard.send(OutboundRequest("GET", site.url("/", "passerelle.example.fr")))
    assert answer.body == b"hello"
    assert f"Host: passerelle.example.fr:{site.port}" in site.asked[0]


async def test_a_name_that_changes_its_mind_gains_nothing(site: Site, names: dict[str, list[str]]) -> None:
    """A name is resolved once per connection, and it is that very answer that is checked and connected to."""
    names["rebond.example.fr"] = ["127.0.0.2", "127.0.0.1"]
    guard = Outbound(LOOPBACK)
    site.answers["/"] = page(b"secret")
    with pytest.raises(OutboundRefused):
        await guard.send(OutboundRequest("GET", site.url("/", "rebond.example.fr")))
    assert site.asked == []
    await guard.close()


async def test_redirects_are_checked_again(site: Site, guard: Outbound) -> None:
    """A redirect to an allowed place is followed, one to a refused place or another scheme is not."""
    site.answers["/start"] = redirect("/end")
    site.answers["/end"] = page(b"arrived")
    site.answers["/inside"] = redirect(site.url("/end", "127.0.0.2"))
    site.answers["/file"] = redirect("file:///etc/passwd")
    answer = await guard.send(OutboundRequest("GET", site.url("/start")))
    assert (answer.body, answer.url) == (b"arrived", site.url("/end"))
    for path in ("/inside", "/file"):
        with pytest.raises(OutboundRefused):
            await guard.send(OutboundRequest("GET", site.url(path)))
    assert len(site.asked) == 4


async def test_redirects_come_to_an_end(site: Site, guard: Outbound) -> None:
    """A circle of redirects is given up; a POST is never redirected."""
    site.answers["/circle"] = redirect("/circle")
    with pytest.raises(OutboundFailed, match="redirects"):
        await guard.send(OutboundRequest("GET", site.url("/circle")))
    assert len(site.asked) == 4
    answer = await guard.send(OutboundRequest("POST", site.url("/circle"), body=b"secret"))
    assert (answer.status, len(site.asked)) == (302, 5)


async def test_secrets_do_not_follow_a_redirect_elsewhere(
    site: Site, guard: Outbound, names: dict[str, list[str]]
) -> None:
    """The Authorization header stays with the place it was meant for, and no cookie is kept."""
    names["ailleurs.example.fr"] = ["127.0.0.1"]
    site.answers["/start"] = page(
        b"", f"Location: {site.url('/end', 'ailleurs.example.fr')}", "Set-Cookie: a=b", status="302 Found"
    )
    site.answers["/end"] = page(b"")
    await guard.send(OutboundRequest("GET", site.url("/start"), {"Authorization": "Bearer secret"}))
    await guard.send(OutboundRequest("GET", site.url("/end")))
    assert ["secret" in asked for asked in site.asked] == [True, False, False]
    assert not any("cookie" in asked.lower() for asked in site.asked)


async def test_an_answer_is_bounded(site: Site, guard: Outbound) -> None:
    """An endless or compressed answer is given up, one of exactly the bound is read."""
    site.answers["/endless"] = b"endless"
    site.answers["/zip"] = page(b"x", "Content-Encoding: gzip")
    site.answers["/exact"] = page(b"x" * 1000)
    for path in ("/endless", "/zip"):
        with pytest.raises(OutboundFailed):
            await guard.send(OutboundRequest("GET", site.url(path), max_bytes=100_000))
    assert len((await guard.send(OutboundRequest("GET", site.url("/exact"), max_bytes=1000))).body) == 1000
    with pytest.raises(OutboundFailed, match="999 bytes"):
        await guard.send(OutboundRequest("GET", site.url("/exact"), max_bytes=999))


async def test_waiting_is_bounded(site: Site, guard: Outbound) -> None:
    """A place that accepts and says nothing, or that nobody listens at, is a failure within the time given."""
    started = asyncio.get_running_loop().time()
    with pytest.raises(OutboundFailed, match="within"):
        await guard.send(OutboundRequest("GET", site.url("/silence"), timeout_s=0.2))
    assert asyncio.get_running_loop().time() - started < SOON_S
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(OutboundFailed):
            await guard.send(OutboundRequest("GET", f"http://127.0.0.1:{closed.getsockname()[1]}/"))
    with pytest.raises(OutboundFailed, match="resolve"):
        await guard.send(OutboundRequest("GET", "http://nowhere.invalid/"))
