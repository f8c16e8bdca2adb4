"""The outbound guard: every request to an address somebody else chose goes through here.

It resolves the name itself, refuses what is not a public address (unless the operator lists the network) and connects
to the very address it checked: a name that changes its mind between check and connection gains nothing.
TLS and the Host header still speak of the name. Each redirect is a new request, checked like the first.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import SOCK_STREAM

import httpcore
import httpx

from tchap.base import limits

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_SAFE_METHODS = ("GET", "HEAD")


class OutboundError(Exception):
    """The exchange did not take place, or its answer is of no use."""


class OutboundRefused(OutboundError):
    """The guard will not go there: a private address, another scheme, credentials in the URL."""


class OutboundFailed(OutboundError):
    """The other side could not be reached, took too long or answered too much."""


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One exchange; `timeout_s` covers all of it, `max_bytes` the body of the answer. Only GET and HEAD follow
    redirects: any other method gets the redirect as its answer. `may_visit` is asked about every address, redirects
    too; `is_cut` keeps the beginning of an answer that is too long, where it would otherwise be given up."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_s: float = limits.OUTBOUND_TIMEOUT_S
    max_bytes: int = limits.MAX_OUTBOUND_BODY
    is_cut: bool = False
    may_visit: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What came back, from the last address of the redirects. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Outbound:
    """A client that goes only where it may. `allowed` lists networks the operator opens although they are private."""

    def __init__(self, allowed: Iterable[str] = (), tls: ssl.SSLContext | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=_Transport(tuple(ip_network(network) for network in allowed), tls),
            # Nothing of one exchange may leak into another, nor anything of the environment.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
        )

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        """The answer, whatever its status; OutboundRefused or OutboundFailed when there is none."""
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._follow(request)
        except TimeoutError:
            raise OutboundFailed(f"no answer within {request.timeout_s} s") from None
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise OutboundFailed(f"{type(error).__name__}: {error}") from error
        except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
            raise OutboundRefused(f"not an address: {error}") from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _follow(self, request: OutboundRequest) -> OutboundAnswer:
        # Compressed answers are not asked for: a small one may unfold into an enormous one.
        headers = {**request.headers, "accept-encoding": "identity"}
        # Our own timeout rules the exchange; httpx's would only be a second opinion.
        sent = self._client.build_request(
            request.method, request.url, headers=headers, content=request.body, timeout=None
        )
        for _ in range(limits.MAX_OUTBOUND_REDIRECTS + 1):
            _check_url(sent.url)
            if request.may_visit is not None and not request.may_visit(str(sent.url)):
                raise OutboundRefused("a place that may not be asked")
            response = await self._client.send(sent, stream=True, auth=None)
            try:
                following = response.next_request if sent.method in _SAFE_METHODS else None
                if following is None:
                    body = await _read(response, request)
                    return OutboundAnswer(response.status_code, dict(response.headers), body, str(response.url))
                sent = following
            finally:
                await response.aclose()
        raise OutboundFailed("too many redirects")


@cache
def tls_context(trusted_certificates: tuple[str, ...] = (), verify: bool = True) -> ssl.SSLContext:
    """Whom outbound TLS believes: the well-known authorities and those of these PEM files; anybody where not `verify`.

    Made once in a process: the well-known authorities alone take fifty milliseconds to read. Raises OSError
    (ssl.SSLError is one) for a file that cannot be read.
    """
    context = httpx.create_ssl_context(trust_env=False)
    for path in trusted_certificates:
        context.load_verify_locations(path)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large, also when it wraps another (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
        wrapped = [one for one in inner if one is not None]
        if wrapped:
            return all(is_public(one) for one in wrapped)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _check_url(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise OutboundRefused(f"not a web address: {url.scheme}")
    if url.userinfo:
        raise OutboundRefused("credentials in a URL")


async def _read(response: httpx.Response, request: OutboundRequest) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise OutboundFailed("an encoding that was not asked for")
    chunks = bytearray()
    async for chunk in response.aiter_raw():
        chunks += chunk
        if len(chunks) > request.max_bytes:
            if request.is_cut:
                break
            raise OutboundFailed(f"more than {request.max_bytes} bytes")
    return bytes(chunks[: request.max_bytes])


class _Network(httpcore.AnyIOBackend):
    """Connects by name, but only to an address that was checked."""

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        super().__init__()
        self._allowed = allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = OutboundRefused(f"{host} has no address that may be reached")
        for address in await _resolve(host, port):
            if not self._may_reach(address):
                continue
            try:
                return await super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_args: object, **_options: object) -> httpcore.AsyncNetworkStream:
        raise OutboundRefused("a socket of this machine")

    def _may_reach(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self._allowed)


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    except OSError as error:
        raise OutboundFailed(f"{host} does not resolve") from error
    # A scope ("%eth0") only goes with link-local addresses, which ip_address then still calls so.
    return [ip_address(place[0]) for *_, place in found if isinstance(place[0], str)]


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, allowed: tuple[Network, ...], tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or tls_context(),
            max_connections=limits.MAX_OUTBOUND_CONNECTIONS,
            max_keepalive_connections=limits.MAX_OUTBOUND_IDLE,
            keepalive_expiry=limits.OUTBOUND_IDLE_S,
            network_backend=_Network(allowed),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        headers: Sequence[tuple[bytes, bytes]] = response.headers
        return httpx.Response(response.status, headers=headers, stream=_Stream(response))

    async def aclose(self) -> None:
        await self._pool.aclose()
