"""The settings of how administrations join by themselves."""

from collections.abc import Collection

import msgspec

from tchap.base import limits


class Authority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may vouch that a domain is its administration's: a prefecture for its communes, a ministry."""

    name: str
    email: str
    domains: tuple[str, ...]

    def vouches_for(self, domain: str) -> bool:
        """Whether the domain, in lower case, is one of `domains`: a name, `*.name` for what stands under it, or `*`."""
        return any(
            pattern in ("*", domain) or (pattern.startswith("*.") and domain.endswith(pattern[1:]))
            for pattern in map(str.lower, self.domains)
        )


class Onboarding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How administrations join by themselves."""

    enabled: bool = True
    dns_servers: tuple[str, ...] = ()
    dns_timeout_s: float = 5.0
    instance_of_kind: dict[str, str] = {}
    authorities: tuple[Authority, ...] = ()
    deciders_email: str = ""

    def find_fault(self, agents: Collection[str]) -> str | None:
        """What cannot be; `agents` are the instances that are not for guests."""
        for kind, name in self.instance_of_kind.items():
            if name not in agents:
                return f"instance_of_kind: {kind}: no such instance for agents: {name}"
        if any(not each.name or "@" not in each.email or not each.domains for each in self.authorities):
            return "authorities: each has a name, an email and domains"
        if not 0 < self.dns_timeout_s <= limits.MAX_DNS_TIMEOUT_S:
            return f"dns_timeout_s is at most {limits.MAX_DNS_TIMEOUT_S}"
        return None
