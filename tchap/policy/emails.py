"""The one reader of e-mail addresses: whatever decides a right, sends a mail or keeps an account reads them here.

In 2019 the service was entered with an address that two parsers read differently, of the kind of
`a@evil.example@presidence.example.fr`. So nothing here is lenient: an address is either of the plain form below,
and then everybody agrees on its domain, or refused.
"""

import re
from dataclasses import dataclass

MAX_LOCAL = 64
"""Characters of a local part (RFC 5321, section 4.5.3.1.1)."""
MAX_DOMAIN = 253
"""Characters of a domain name (RFC 1035, section 2.3.4, without the root)."""
MAX_ADDRESS = 254
"""Characters of a whole address (RFC 5321, section 4.5.3.1.3, less the angle brackets)."""

# A subset of RFC 5322's dot-atom: no quoted string, no comment; neither `%` nor `!`, once used to route mail elsewhere.
_LOCAL = re.compile(r"[a-z0-9_'+=&~-]+(?:\.[a-z0-9_'+=&~-]+)*", re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# At least two labels, the last not a number: an address literal is no administration.
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Email:
    """An address in lower case: what stands before the only `@`, and the domain after it."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_email(text: str) -> Email:
    """Read `local@domain`, ASCII only, in any case; raise ValueError for everything else.

    Nothing is trimmed, repaired or decoded: an address with a space, a second `@`, a quote, a comment, a list separator
    or a letter outside ASCII is refused, never read "as was probably meant".
    """
    # Checked before lower-casing: some letters outside ASCII (the Kelvin sign) become ASCII ones when lowered.
    if len(text) > MAX_ADDRESS or not text.isascii():
        raise ValueError("not a plain e-mail address")
    local, at, domain = text.lower().partition("@")
    if not at or len(local) > MAX_LOCAL or len(domain) > MAX_DOMAIN:
        raise ValueError("not a plain e-mail address")
    if _LOCAL.fullmatch(local) is None or _DOMAIN.fullmatch(domain) is None:
        raise ValueError("not a plain e-mail address")
    return Email(local, domain)
