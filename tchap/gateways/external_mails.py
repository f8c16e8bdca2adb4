"""The mails about externals: the end that comes, and the end."""

from __future__ import annotations

from tchap.base.days import day_in_english, day_in_french
from tchap.gateways.account_mails import letter
from tchap.storage.mail_outbox import OutgoingMail


def ending_mail(recipient: str, guest: str, ends_ts: int, link: str) -> OutgoingMail:
    """Told to a sponsor some days before the end."""
    day_fr, day_en = day_in_french(ends_ts), day_in_english(ends_ts)
    fr = [
        f"L'accès de votre invité externe {guest} prend fin le {day_fr} : il quittera alors tous ses salons.",
        "S'il travaille encore avec vous, prolongez-le dans les réglages de Tchap, « Mes invités externes » :",
    ]
    en = [
        f"The access of your external guest {guest} ends on {day_en}: they will then leave all their rooms.",
        'If they still work with you, prolong it in the settings of Tchap, "My external guests":',
    ]
    subject = f"Votre invité externe quitte Tchap le {day_fr} / Your external guest leaves Tchap"
    return letter(recipient, subject, (fr, en), link)


def own_ending_mail(recipient: str, sponsor: str, ends_ts: int, link: str) -> OutgoingMail:
    """Told to the guest."""
    day_fr, day_en = day_in_french(ends_ts), day_in_english(ends_ts)
    fr = [
        f"Votre accès à Tchap, ouvert par {sponsor}, prend fin le {day_fr}.",
        "Si vous travaillez encore ensemble, demandez-lui de le prolonger. Tchap :",
    ]
    en = [
        f"Your access to Tchap, opened by {sponsor}, ends on {day_en}.",
        "If you still work together, ask them to prolong it. Tchap:",
    ]
    return letter(recipient, f"Votre accès à Tchap prend fin le {day_fr} / Your access to Tchap ends", (fr, en), link)


def ended_mail(recipient: str, link: str) -> OutgoingMail:
    """Told to a guest nobody vouches for any more."""
    fr = [
        "Votre accès à Tchap a pris fin : vous avez quitté vos salons.",
        "Si vous travaillez encore avec des agents, demandez à l'un d'eux de prolonger votre invitation. Tchap :",
    ]
    en = [
        "Your access to Tchap has ended: you have left your rooms.",
        "If you still work with agents, ask one of them to prolong your invitation. Tchap:",
    ]
    return letter(recipient, "Votre accès à Tchap a pris fin / Your access to Tchap has ended", (fr, en), link)
