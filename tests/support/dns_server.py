"""A name server on loopback, whose zone a test writes as it goes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_TTL = 1


@dataclass(slots=True)
class DnsServer:
    """`records` maps (name, type) to record texts; a name without any does not exist. Silent, it answers nothing."""

    port: int
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    is_silent: bool = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def set(self, name: str, kind: str, *texts: str) -> None:
        self.records[(name, kind)] = list(texts)

    def set_text(self, name: str, *texts: str) -> None:
        self.set(name, "TXT", *(f'"{text}"' for text in texts))

    def answer(self, packet: bytes) -> bytes | None:
        query = dns.message.from_wire(packet)
        name = query.question[0].name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name, kind))
        if self.is_silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        found = self.records.get((name, kind))
        if found:
            answer.answer.append(dns.rrset.from_text_list(f"{name}.", _TTL, "IN", kind, found))
        elif not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


@contextlib.contextmanager
def run_dns_server() -> Iterator[DnsServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        server = DnsServer(door.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(door, server), daemon=True)
        thread.start()
        yield server
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", door.getsockname())
        thread.join(5)


def _serve(door: socket.socket, server: DnsServer) -> None:
    """Until an empty packet comes."""
    while True:
        packet, caller = door.recvfrom(4096)
        if not packet:
            return
        answer = server.answer(packet)
        if answer is not None:
            door.sendto(answer, caller)
