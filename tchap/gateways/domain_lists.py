"""Lists kept by others and installed with the program: public suffixes, and providers of mailboxes that vanish."""

from functools import cache

from disposable_email_domains import blocklist
from publicsuffixlist import PublicSuffixList

from tchap.policy.lookalikes import DomainName


@cache
def _read_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


class DomainLists:
    """Read once in a process; nothing is asked of any network."""

    def __init__(self) -> None:
        self._suffixes = _read_suffixes()

    def name_of(self, domain: str) -> DomainName:
        """The domain with its public suffix and the part of it that somebody registered."""
        suffix = self._suffixes.publicsuffix(domain) or domain
        return DomainName(domain, suffix, self._suffixes.privatesuffix(domain) or domain)

    def find_disposable(self, domain: str) -> str | None:
        """The domain itself, or the one above it, that gives mailboxes which vanish to anybody."""
        labels = domain.split(".")
        names = (".".join(labels[start:]) for start in range(len(labels) - 1))
        return next((name for name in names if name in blocklist), None)
