"""The mail that tells of unread messages, in the language the person chose. It never says what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tchap.base import limits
from tchap.gateways.mail_texts import anchor, html_page, paragraphs
from tchap.storage.mail_outbox import OutgoingMail


@dataclass(frozen=True, slots=True)
class MailedRoom:
    """A room with unread messages: its name where it may be told, who wrote, how many messages, where to read them."""

    name: str | None
    senders: tuple[str, ...]
    count: int
    link: str
    is_invitation: bool


@dataclass(frozen=True, slots=True)
class _Words:
    hello: str
    intro: str
    more: str
    stop: str


_FRENCH = _Words(
    "Bonjour,",
    "Voici ce que vous n'avez pas encore lu dans Tchap :",
    "Et d'autres salons.",
    "Ne plus recevoir ces courriels :",
)
_ENGLISH = _Words(
    "Hello,", "Here is what you have not read yet in Tchap:", "And other rooms.", "To stop receiving these e-mails:"
)


def unread_mail(recipient: str, language: str, rooms: Sequence[MailedRoom], stop: str) -> OutgoingMail:
    """``stop`` is the link that ends these mails."""
    is_english = language.lower().startswith("en")
    words, count = _ENGLISH if is_english else _FRENCH, sum(room.count for room in rooms)
    subject = _subject(count, is_english)
    shown = [(_line(room, is_english), room.link) for room in rooms[: limits.MAX_MAILED_ROOMS]]
    more = [words.more] if len(rooms) > limits.MAX_MAILED_ROOMS else []
    lines = "\n\n".join(f"- {line}\n  {link}" for line, link in shown)
    text = "\n\n".join([words.hello, words.intro, lines, *more, "---", f"{words.stop} {stop}"]) + "\n"
    items = "".join(f"<li>{escape(line)}<br>{anchor(link)}</li>" for line, link in shown)
    tail = paragraphs(*more)
    body = f"{paragraphs(words.hello, words.intro)}<ul>{items}</ul>{tail}<hr><p>{escape(words.stop)} {anchor(stop)}</p>"
    return OutgoingMail(recipient, subject, text, html_page(body, "en" if is_english else "fr"))


def _subject(count: int, is_english: bool) -> str:
    if is_english:
        return f"Tchap: {count} unread message{'s' if count > 1 else ''}"
    return f"Tchap : {count} message{'s' if count > 1 else ''} non lu{'s' if count > 1 else ''}"


def _line(room: MailedRoom, is_english: bool) -> str:
    senders = ", ".join(_short(name) for name in room.senders[:3])
    if room.is_invitation:
        return f"{senders} invites you to a room" if is_english else f"{senders} vous invite dans un salon"
    if is_english:
        place = f"{_short(room.name)}: " if room.name else ""
        return f"{place}{room.count} message{'s' if room.count > 1 else ''} from {senders}"
    place = f"{_short(room.name)} : " if room.name else ""
    return f"{place}{room.count} message{'s' if room.count > 1 else ''} de {senders}"


def _short(name: str) -> str:
    """One line of bounded length: names are anybody's to choose, and must not look like a part of the mail."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    # An address in a name would become a link in many mail programs.
    plain = " ".join(plain.replace("://", " ").split())
    return plain if len(plain) <= limits.MAX_MAILED_NAME else f"{plain[: limits.MAX_MAILED_NAME - 1]}…"
