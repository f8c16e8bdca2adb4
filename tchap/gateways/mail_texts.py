"""What our mails say, in French first and in English."""

import re
from html import escape

from tchap.storage.mail_outbox import OutgoingMail

_STYLE = "font-family:sans-serif;max-width:36em;color:#161616"
_SUBJECT = "Votre compte Tchap / Your Tchap account"
_CODE_STYLE = "font-size:2em;letter-spacing:.2em;font-weight:bold"


def code_mail(recipient: str, purpose: str, code: str, link: str) -> OutgoingMail:
    """The mail that proves an address; `purpose`: `register`, `password`, `bind`, `onboard` or `add`."""
    act_fr, act_en = _ACTS[purpose]
    fr = (f"Bonjour,\n\nVotre code Tchap pour {act_fr} :", _AFTER_FR)
    en = (f"Hello,\n\nYour Tchap code to {act_en}:", _AFTER_EN)
    text = "\n\n---\n\n".join(
        f"{before}\n\n    {code}\n\n{_OR[i]} {link}\n\n{after}" for i, (before, after) in enumerate((fr, en))
    )
    html = [_html_part(before, code, (_OR[i], link), after) for i, (before, after) in enumerate((fr, en))]
    return OutgoingMail(recipient, f"{code} : votre code Tchap / your Tchap code", text, in_both(*html))


def account_exists_mail(recipient: str, link: str) -> OutgoingMail:
    """Told to somebody who registers again: the account is there."""
    fr = "Bonjour,\n\nUn compte Tchap existe déjà pour cette adresse. Connectez-vous, ou changez votre mot de passe :"
    en = "Hello,\n\nA Tchap account already exists for this address. Sign in, or change your password:"
    return notice_mail(recipient, _SUBJECT, (fr, en), link)


def no_account_mail(recipient: str, link: str) -> OutgoingMail:
    """Told to somebody who would change the password of no account."""
    fr = "Bonjour,\n\nAucun compte Tchap n'existe pour cette adresse. Pour en créer un :"
    en = "Hello,\n\nThere is no Tchap account for this address. To create one:"
    return notice_mail(recipient, _SUBJECT, (fr, en), link)


def invitation_mail(recipient: str, inviter: str, link: str) -> OutgoingMail:
    """Told to somebody without account who is invited to a room.

    The room's name is not said: it is anybody's to choose, and would let a stranger write in our name.
    """
    fr = (
        f"Bonjour,\n\n{inviter} vous invite dans un salon de Tchap, la messagerie des agents publics. Pour le"
        " rejoindre, créez votre compte avec cette adresse :"
    )
    en = (
        f"Hello,\n\n{inviter} invites you to a room of Tchap, the messaging of public agents. To join it, create your"
        " account with this address:"
    )
    return notice_mail(recipient, "Invitation sur Tchap / Invitation to Tchap", (fr, en), link)


def bug_report_mail(recipient: str, report_id: int, app: str) -> OutgoingMail:
    """Told to the support. What was written, and by whom, is read on the server alone."""
    of = f" ({_APP.sub('', app)[:40]})" if app else ""
    fr = f"Bonjour,\n\nUne personne signale un problème{of} : rapport n° {report_id}."
    en = f"Hello,\n\nSomebody reports a problem{of}: report no. {report_id}."
    return plain_mail(recipient, f"Rapport de problème Tchap n° {report_id} / Tchap bug report", (fr, en))


# The name of an application is whatever its sender wrote.
_APP = re.compile(r"[^A-Za-z0-9._-]")


def report_mail(recipient: str, report_id: int, kind: str, administration: str) -> OutgoingMail:
    """Told to those who moderate. What was reported, and by whom, is read on the server alone."""
    what_fr, what_en = _REPORTED[kind]
    of = f" ({administration})" if administration else ""
    fr = f"Bonjour,\n\nUne personne{of} signale {what_fr} : signalement n° {report_id}."
    en = f"Hello,\n\nSomebody{of} reports {what_en}: report no. {report_id}."
    return plain_mail(recipient, f"Signalement Tchap n° {report_id} / Tchap report", (fr, en))


def plain_mail(recipient: str, subject: str, sentences: tuple[str, str]) -> OutgoingMail:
    """A mail that says something, in French then in English, and asks for nothing."""
    text = "\n\n---\n\n".join(sentences) + "\n"
    return OutgoingMail(recipient, subject, text, in_both(*map(paragraphs, sentences)))


def notice_mail(recipient: str, subject: str, sentences: tuple[str, str], link: str) -> OutgoingMail:
    """The same, with a link after each language."""
    text = "\n\n---\n\n".join(f"{part}\n{link}" for part in sentences) + "\n"
    html = [f"{paragraphs(part)}<p>{anchor(link)}</p>" for part in sentences]
    return OutgoingMail(recipient, subject, text, in_both(*html))


_REPORTED = {
    "event": ("un message", "a message"),
    "room": ("un salon", "a room"),
    "user": ("une personne", "a person"),
}


_ACTS = {
    "register": ("créer votre compte", "create your account"),
    "password": ("changer votre mot de passe", "change your password"),
    "bind": ("qu'on vous trouve par cette adresse", "be found by this address"),
    "onboard": ("ouvrir Tchap à votre administration", "open Tchap to your administration"),
    "add": ("ajouter cette adresse à votre compte", "add this address to your account"),
}
_OR = ("Ou ouvrez ce lien :", "Or open this link:")
_AFTER_FR = "Ne le communiquez à personne. Si vous n'avez rien demandé, ignorez ce message."
_AFTER_EN = "Give it to nobody. If you asked for nothing, ignore this message."


def _html_part(before: str, code: str, link: tuple[str, str], after: str) -> str:
    return (
        f'{paragraphs(before)}<p style="{_CODE_STYLE}">{escape(code)}</p>'
        f"<p>{escape(link[0])} {anchor(link[1])}</p>{paragraphs(after)}"
    )


def paragraphs(*texts: str) -> str:
    """HTML of texts whose paragraphs an empty line separates."""
    parts = (part for text in texts for part in text.split("\n\n"))
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in parts)


def anchor(link: str) -> str:
    return f'<a href="{escape(link)}">{escape(link)}</a>'


def in_both(fr: str, en: str) -> str:
    """The page of a mail in two languages, each read out as what it is."""
    return html_page(f'{fr}<hr><div lang="en">{en}</div>', "fr")


def html_page(body: str, language: str) -> str:
    return f'<!doctype html><html lang="{language}"><meta charset="utf-8"><body style="{_STYLE}">{body}</body></html>'
