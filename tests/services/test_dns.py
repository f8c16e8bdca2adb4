"""Asking the DNS: what it answers is anybody's to write."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tchap.base import limits
from tchap.base.config import ConfigError
from tchap.base.config_file import parse_settings
from tchap.base.onboarding_config import Onboarding
from tchap.gateways.dns import DnsFacts, DnsGateway, DnsSilent
from tests.support.dns_server import DnsServer, run_dns_server
from tests.support.house import SOON_S

NAME = "valmont.example"


def run(story: Callable[[DnsServer, DnsGateway], Awaitable[None]], timeout_s: float = 10) -> None:
    with run_dns_server() as server:
        gateway = DnsGateway(Onboarding(dns_servers=(server.address,), dns_timeout_s=timeout_s))
        asyncio.run(story(server, gateway))  # type: ignore[arg-type]


def test_texts_are_lines_of_bounded_length() -> None:
    """Pieces are joined, what cannot be printed is not, and neither long nor many records are read whole."""

    async def story(server: DnsServer, gateway: DnsGateway) -> None:
        assert await gateway.find_texts(NAME) == []
        server.set(
            NAME,
            "TXT",
            '"tchap-" "verification=x"',
            '"a\\010b\\200c<script>"',
            f'"{"y" * 250}" "{"y" * 250}" "{"y" * 250}"',
        )
        texts = await gateway.find_texts(NAME)
        assert "tchap-verification=x" in texts
        assert "a b\ufffdc<script>" in texts
        assert max(map(len, texts)) == limits.MAX_DNS_TEXT
        server.set_text(NAME, *(f"{number}" for number in range(limits.MAX_DNS_RECORDS + 5)))
        assert len(await gateway.find_texts(f"{NAME}")) == limits.MAX_DNS_RECORDS

    run(story)


def test_the_facts_of_a_domain() -> None:
    """Servers by name, the policy of its mail, whether it has an address; a domain that is not there has none."""

    async def story(server: DnsServer, gateway: DnsGateway) -> None:
        assert await gateway.find_facts("absent.example") == DnsFacts((), (), None, False)
        server.set(NAME, "MX", "10 MX2.hebergeur.example.", "5 mx1.hebergeur.example.")
        server.set(NAME, "NS", "ns.hebergeur.example.")
        server.set(NAME, "AAAA", "2001:db8::1")
        server.set_text(NAME, "autre", "V=SPF1 mx -all")
        facts = await gateway.find_facts(NAME)
        assert facts.mx == ("mx1.hebergeur.example", "mx2.hebergeur.example")
        assert (facts.ns, facts.spf, facts.has_address) == (("ns.hebergeur.example",), "V=SPF1 mx -all", True)

    run(story)


def test_silence_is_no_answer() -> None:
    """A server that answers nothing, or none that is there, is neither yes nor no, and is not waited for long."""

    async def story(server: DnsServer, gateway: DnsGateway) -> None:
        server.is_silent = True
        with pytest.raises(DnsSilent):
            await asyncio.wait_for(gateway.find_texts(NAME), SOON_S)

    run(story, 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "[onboarding]\ndns_timeout_s = 60.0",
        '[onboarding.instance_of_kind]\nhealth = "nowhere.example.fr"',
        '[onboarding.instance_of_kind]\nhealth = "agent.externe.tchap.example.fr"',
        '[[onboarding.authorities]]\nname = "DSI"\nemail = "dsi"\ndomains = ["*"]',
        '[[onboarding.authorities]]\nname = "DSI"\nemail = "dsi@a.fr"\ndomains = []',
    ],
)
def test_settings_that_cannot_be_are_refused(text: str) -> None:
    """Instances of guests or of nobody, authorities without address or domains, waits without end."""
    with pytest.raises(ConfigError, match="onboarding"):
        parse_settings(text)


@pytest.mark.parametrize(
    ("domains", "domain", "vouches"),
    [
        (("*",), "valmont.fr", True),
        (("*.dep.fr",), "a.dep.fr", True),
        (("*.dep.fr",), "dep.fr", False),
        (("*.dep.fr",), "adep.fr", False),
        (("dep.fr",), "dep.fr", True),
        (("Dep.fr", "*.Dep.fr"), "dep.fr", True),
        (("dep.fr",), "a.dep.fr", False),
    ],
)
def test_whom_an_authority_answers_for(domains: tuple[str, ...], domain: str, vouches: bool) -> None:
    """All, what stands under a name, or that very name."""
    (authority,) = parse_settings(
        f'[[onboarding.authorities]]\nname = "DSI"\nemail = "dsi@a.fr"\ndomains = {list(domains)}'
    ).onboarding.authorities
    assert authority.vouches_for(domain) is vouches
