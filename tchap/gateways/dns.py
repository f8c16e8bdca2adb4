"""Asking the DNS about the domain of an administration that would join.

Whatever it answers was written by whoever holds the domain: texts are cut, and shown as text alone.
"""

import asyncio
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.resolver

from tchap.base import limits
from tchap.base.onboarding_config import Onboarding


@dataclass(frozen=True, slots=True)
class DnsFacts:
    """What the DNS says of a domain: names of its mail and name servers, its SPF policy, whether it has addresses."""

    mx: tuple[str, ...]
    ns: tuple[str, ...]
    spf: str | None
    has_address: bool


class DnsSilent(Exception):
    """No name server answered in time: nothing is known, neither yes nor no."""


class DnsGateway:
    """Questions to the configured name servers, else to those of the machine."""

    def __init__(self, settings: Onboarding) -> None:
        self._settings = settings
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def find_texts(self, name: str) -> list[str]:
        """The TXT records of a name; empty where there are none. DnsSilent."""
        return [_text(each) for each in await self._ask(name, "TXT")]

    async def find_facts(self, domain: str) -> DnsFacts:
        """DnsSilent."""
        mx, ns, texts, *addresses = await asyncio.gather(
            *(self._ask(domain, kind) for kind in ("MX", "NS", "TXT", "A", "AAAA"))
        )
        spf = next((text for text in map(_text, texts) if text.lower().startswith("v=spf1")), None)
        return DnsFacts(_names(mx), _names(ns), spf, any(addresses))

    async def _ask(self, name: str, kind: str) -> list[object]:
        try:
            answer = await self._open().resolve(f"{name}.", kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsSilent(type(error).__name__) from error
        return list(answer.rrset or ())[: limits.MAX_DNS_RECORDS]

    def _open(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            # The machine's own settings are read at the first question: most servers never ask one.
            resolver = dns.asyncresolver.Resolver(configure=not self._settings.dns_servers)
            if self._settings.dns_servers:
                resolver.nameservers = [_server(each) for each in self._settings.dns_servers]
            resolver.timeout = self._settings.dns_timeout_s / 2
            resolver.lifetime = self._settings.dns_timeout_s
            self._resolver = resolver
        return self._resolver


def _server(address: str) -> dns.nameserver.Nameserver:
    """`address`, or `address:port` (`[address]:port` of IPv6)."""
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = address, "53"
    return dns.nameserver.Do53Nameserver(host.strip("[]"), int(port))


def _text(record: object) -> str:
    """A TXT record as one line of printable text."""
    assert isinstance(record, dns.rdtypes.ANY.TXT.TXT)
    joined = b"".join(record.strings)[: limits.MAX_DNS_TEXT].decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in joined)


def _names(records: list[object]) -> tuple[str, ...]:
    """The servers that MX or NS records name."""
    targets = (getattr(record, "exchange", None) or getattr(record, "target", None) for record in records)
    return tuple(sorted(str(target).rstrip(".").lower()[: limits.MAX_DNS_TEXT] for target in targets if target))
