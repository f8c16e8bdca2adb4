"""Hostile addresses by the thousand: whatever the parser accepts, every reader of mail reads alike.

The same ones each time; `make fuzz-emails` draws a million, from another seed each time (`EMAIL_INPUTS`, `EMAIL_SEED`).
"""

import email.utils
import os
import random
import re
from email.headerregistry import Address

from tchap.policy.emails import Email, parse_email

INPUTS = int(os.environ.get("EMAIL_INPUTS", "50000"))
SEED = int(os.environ.get("EMAIL_SEED", "2019"))
HEADER_EVERY = 25
"""The header parser of the library is slow: it reads one accepted address of so many."""

_LOCALS = ("jean.martin", "anne-sophie.o'neill+tchap", "a", "contact_sg", "x=y&z", "m~n", "1")
_DOMAINS = (
    "prefecture.example.fr",
    "presidence.example.fr",
    "evil.example",
    "a.b",
    "xn--prfecture-b1a.example.fr",
    "interieur.gouv.fr",
    "02610.moy.free.fr",
)
_PIECES = (
    *("@", "@@", '"', "'", "(", ")", "<", ">", "[", "]", ",", ";", ":", "\\", " ", "\t", "\r", "\n", "\r\n ", "\0"),
    *("%", "!", "%00", "%40", "=40", "+", "-", "_", ".", "..", "/", "|", "`", "{", "}", "$", "#", "*", "?", "^"),
    *(
        "=?utf-8?q?jean?=",
        "=?utf-8?b?QA==?=",
        "mailto:",
        "\u202e",
        "\u200b",
        "\u00ad",
        "\ufeff",
        "＠",
        "﹫",
        "。",
        "．",
    ),
    *("é", "ｅ", "ⅽ", "а", "ο", "ß", "ſ", "İ", "K", "ǆ", "\u0301", "\ud800", "\U0001d41a", "²", "٣"),
    *("(evil.example)", '"@evil.example', "@evil.example", "<x@evil.example>", ",x@evil.example", "[127.0.0.1]"),
    *("127.0.0.1", "IPv6:::1", "evil.example%", "evil.example!", "\nBcc: x@evil.example", "a" * 64, "b." * 60),
)
_TWINS = {"a": "а", "e": "е", "o": "ο", "i": "і", "c": "с", "k": "K", "s": "ſ", ".": "。", "@": "＠", "-": "‐"}


def hostile(chance: random.Random) -> str:
    """A lawful address, bent in none to four places."""
    text = f"{chance.choice(_LOCALS)}@{chance.choice(_DOMAINS)}"
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        text = chance.choice(_BENDS)(text, chance)
    return text


def _insert(text: str, chance: random.Random) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + chance.choice(_PIECES) + text[place:]


def _drop(text: str, chance: random.Random) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + text[place + chance.randint(1, 3) :]


def _twin(text: str, chance: random.Random) -> str:
    letter = chance.choice(list(_TWINS))
    return text.replace(letter, _TWINS[letter], chance.randint(1, 2))


def _case(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((letter.upper(), letter.lower(), letter)) for letter in text)


_WRAPS = ('"{}"', "<{}>", "Jean <{}>", " {}", "{} ", "{}.", ".{}", "({}) x@b.fr", "{},", "x;{}", "@a:{}")
_GLUE = ("", "@", ",", " ", "%", "!", ";", "\t", "\0")


def _wrap(text: str, chance: random.Random) -> str:
    return chance.choice(_WRAPS).replace("{}", text)


def _join(text: str, chance: random.Random) -> str:
    return f"{text}{chance.choice(_GLUE)}{chance.choice(_LOCALS)}@{chance.choice(_DOMAINS)}"


def _long(text: str, chance: random.Random) -> str:
    local, _, domain = text.partition("@")
    return f"{local}{'l' * chance.randint(0, 80)}@{'d' * chance.randint(0, 70)}{'.e' * chance.randint(0, 130)}.{domain}"


def _swap(text: str, chance: random.Random) -> str:
    local, _, domain = text.partition("@")
    return f"{domain}@{local}" if chance.random() < 0.5 else text[::-1]


_BENDS = (_insert, _insert, _insert, _drop, _twin, _case, _wrap, _join, _long, _swap)
_PLAIN = re.compile(r"[a-z0-9_'+=&~.-]{1,64}@[a-z0-9.-]{3,253}", re.ASCII)


def check_reading(text: str, parsed: Email, with_header: bool) -> None:
    """Mail goes to the domain after the last `@`; every reader finds that one, and we do."""
    plain = str(parsed)
    assert parse_email(plain) == parsed, "an accepted address is another one when read again"
    assert parse_email(plain.upper()) == parsed
    assert text.count("@") == 1
    assert text.lower().rsplit("@", 1) == [parsed.local, parsed.domain]
    assert _PLAIN.fullmatch(plain), "a letter that some reader gives a meaning"
    assert email.utils.parseaddr(text) == ("", text)
    assert len(email.utils.getaddresses([text])) == 1
    if with_header:
        read = Address(addr_spec=plain)
        assert (read.username, read.domain) == (parsed.local, parsed.domain)


def test_hostile_addresses_are_read_as_one_or_refused() -> None:
    """Of many thousand bent addresses each is refused by ValueError or read by everybody as the same one."""
    chance, accepted, refused = random.Random(SEED), 0, 0
    for _ in range(INPUTS):
        text = hostile(chance)
        try:
            parsed = parse_email(text)
        except ValueError:
            refused += 1
            continue
        accepted += 1
        check_reading(text, parsed, accepted % HEADER_EVERY == 0)
    assert accepted + refused == INPUTS
    assert accepted > INPUTS / 20, "too few lawful ones to say anything"
    assert refused > INPUTS / 2


def test_the_address_of_2019_is_refused() -> None:
    """The kind of address that opened the service to a stranger, in all its dresses."""
    for first in _DOMAINS:
        for second in _DOMAINS:
            for glue in ("@", '"@', "%", "!", ">@", ")@", ",", "\0@", "@@", " @", "\n@", ":@", ";@"):
                for text in (f"a@{first}{glue}{second}", f'"a@{first}"{glue}{second}', f"<a@{first}>{glue}{second}"):
                    try:
                        parsed = parse_email(text)
                    except ValueError:
                        continue
                    raise AssertionError(f"{text!r} was read as {parsed}")
