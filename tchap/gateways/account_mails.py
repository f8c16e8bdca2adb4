"""The mails that an account's life makes necessary: its term, its closing, its opening again, a new address."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base.days import day_in_english, day_in_french
from tchap.gateways.mail_texts import anchor, in_both, paragraphs
from tchap.policy.validity import Act
from tchap.storage.mail_outbox import OutgoingMail


@dataclass(frozen=True, slots=True)
class Term:
    """What a mail about a term says: why it is sent, the first (1) or a reminder, the dates (ms since 1970; no closing
    where None), the link that renews, and whether ProConnect does so too."""

    act: Act
    number: int
    expires_ts: int
    closes_ts: int | None
    link: str
    by_proconnect: bool


def renewal_mail(recipient: str, term: Term) -> OutgoingMail:
    """Says when the account expires, or that it has expired, and how to keep it."""
    subject, fr, en = _WRITERS[term.act](term)
    if term.by_proconnect:
        fr.append("Ou identifiez-vous à Tchap avec ProConnect : c'est tout aussi valable.")
        en.append("Or sign in to Tchap with ProConnect: that does as well.")
    return letter(recipient, subject, (fr, en), term.link)


def _before(term: Term) -> tuple[str, list[str], list[str]]:
    day_fr, day_en = day_in_french(term.expires_ts), day_in_english(term.expires_ts)
    again = term.number > 1
    subject = f"{'Rappel : votre' if again else 'Votre'} compte Tchap expire le {day_fr} / Your Tchap account expires"
    fr = [
        f"Votre compte Tchap expire le {day_fr}.",
        "Pour le garder, confirmez que cette adresse est toujours la vôtre en ouvrant ce lien :",
    ]
    en = [
        f"Your Tchap account expires on {day_en}.",
        "To keep it, confirm that this address is still yours by opening this link:",
    ]
    return subject, fr, en


def _after(term: Term) -> tuple[str, list[str], list[str]]:
    subject = "Votre compte Tchap a expiré / Your Tchap account has expired"
    fr = [
        f"Votre compte Tchap a expiré le {day_in_french(term.expires_ts)}. Vos salons et vos messages sont gardés.",
        "Pour le retrouver, confirmez que cette adresse est toujours la vôtre en ouvrant ce lien :",
    ]
    en = [
        f"Your Tchap account expired on {day_in_english(term.expires_ts)}. Your rooms and messages are kept.",
        "To use it again, confirm that this address is still yours by opening this link:",
    ]
    if term.closes_ts is not None:
        fr[0] += f" Sans nouvelles de vous, il sera fermé le {day_in_french(term.closes_ts)}."
        en[0] += f" Unless you do, it will be closed on {day_in_english(term.closes_ts)}."
    return subject, fr, en


def _last(term: Term) -> tuple[str, list[str], list[str]]:
    day_fr, day_en = day_in_french(term.closes_ts or 0), day_in_english(term.closes_ts or 0)
    subject = f"Dernier rappel : votre compte Tchap sera fermé le {day_fr} / Last reminder: your Tchap account"
    fr = [
        f"Votre compte Tchap a expiré le {day_in_french(term.expires_ts)} et sera fermé le {day_fr} :"
        " vous quitterez alors tous vos salons.",
        "Pour le garder, ouvrez ce lien avant cette date :",
    ]
    en = [
        f"Your Tchap account expired on {day_in_english(term.expires_ts)} and will be closed on {day_en}:"
        " you will then leave all your rooms.",
        "To keep it, open this link before that day:",
    ]
    return subject, fr, en


_WRITERS = {Act.MAIL: _before, Act.EXPIRED: _after, Act.LAST_MAIL: _last}


def reopened_mail(recipient: str, link: str) -> OutgoingMail:
    """Told to somebody whose closed account an administrator opened again."""
    fr = [
        "Votre compte Tchap est rouvert. Vos appareils d'avant n'y sont plus, et l'on doit vous inviter de nouveau"
        " dans vos salons.",
        "Connectez-vous, ou choisissez un nouveau mot de passe avec « Mot de passe oublié » :",
    ]
    en = [
        "Your Tchap account is open again. Your former devices are gone, and you must be invited to your rooms again.",
        'Sign in, or choose a new password with "Forgotten password":',
    ]
    return letter(recipient, "Votre compte Tchap est rouvert / Your Tchap account is open again", (fr, en), link)


def new_address_mail(recipient: str, address: str, link: str) -> OutgoingMail:
    """Told to both addresses when an administrator replaced one of them by `address`."""
    fr = [
        f"L'adresse de votre compte Tchap est désormais {address}. Vos salons et vos messages ne changent pas.",
        "Si vous n'y reconnaissez rien, prévenez l'assistance de votre administration. Tchap :",
    ]
    en = [
        f"The address of your Tchap account is now {address}. Your rooms and messages stay as they are.",
        "If this makes no sense to you, tell your administration's support. Tchap:",
    ]
    return letter(recipient, "Votre compte Tchap change d'adresse / Your Tchap account's address", (fr, en), link)


def letter(recipient: str, subject: str, sentences: tuple[list[str], list[str]], link: str) -> OutgoingMail:
    """A mail in French and English; the link stands after the second paragraph of each."""
    fr, en = (["Bonjour,", *sentences[0]], ["Hello,", *sentences[1]])
    text = "\n\n---\n\n".join("\n\n".join([*part[:3], link, *part[3:]]) for part in (fr, en)) + "\n"
    html = [f"{paragraphs(*part[:3])}<p>{anchor(link)}</p>{paragraphs(*part[3:])}" for part in (fr, en)]
    return OutgoingMail(recipient, subject, text, in_both(*html))
