"""What administrations, their delegates and their agents are told by mail, in French first and in English."""

from __future__ import annotations

from collections.abc import Mapping

from tchap.base.days import day_in_english, day_in_french
from tchap.gateways.mail_texts import plain_mail
from tchap.storage.mail_outbox import OutgoingMail

# Told to the contact and the delegates of an administration: what was done, in French and in English.
_DONE: Mapping[str, tuple[str, str]] = {
    "create_administration": (
        "L'administration est ouverte sur Tchap : ses agents peuvent créer leurs comptes.",
        "The administration is open on Tchap: its agents may create their accounts.",
    ),
    "change_administration": (
        "Des renseignements de l'administration ont été modifiés : {what}.",
        "Details of the administration were changed: {what}.",
    ),
    "suspend_administration": (
        "L'administration est suspendue : elle n'ouvre plus de compte, et ses invités externes perdent leur accès."
        " Les comptes de ses agents restent ouverts.",
        "The administration is suspended: no new account is opened, and its external guests lose their access. The"
        " accounts of its agents stay open.",
    ),
    "reopen_administration": (
        "L'administration n'est plus suspendue : ses agents peuvent à nouveau créer leurs comptes, et prolonger leurs"
        " invités externes.",
        "The administration is no longer suspended: its agents may create their accounts again, and prolong their"
        " external guests.",
    ),
    "add_domain": (
        "Le domaine de courriel {what} est ajouté à l'administration.",
        "The e-mail domain {what} was added to the administration.",
    ),
    "suspend_domain": (
        "Le domaine de courriel {what} n'ouvre plus de nouveau compte. Les comptes existants restent ouverts.",
        "The e-mail domain {what} opens no new account. Existing accounts stay open.",
    ),
    "reopen_domain": (
        "Le domaine de courriel {what} est rouvert : rien n'y sera fermé.",
        "The e-mail domain {what} is open again: nothing will be closed there.",
    ),
    "move_domain_in": (
        "Le domaine de courriel {what} et les comptes de ses agents rejoignent l'administration.",
        "The e-mail domain {what} and the accounts of its agents join the administration.",
    ),
    "move_domain_out": (
        "Le domaine de courriel {what} et les comptes de ses agents quittent l'administration.",
        "The e-mail domain {what} and the accounts of its agents leave the administration.",
    ),
    "rename_domain": (
        "Un domaine de courriel est renommé, et les adresses de ses comptes avec lui : {what}.",
        "An e-mail domain was renamed, and the addresses of its accounts with it: {what}.",
    ),
    "close_domain": (
        "Le domaine de courriel {what} n'ouvre plus de compte. Les comptes de ses agents seront fermés le {date}.",
        "The e-mail domain {what} opens no more accounts. The accounts of its agents will be closed on {date}.",
    ),
    "name_delegate": (
        "{what} est maintenant responsable délégué de l'administration.",
        "{what} is now a delegated administrator of the administration.",
    ),
    "dismiss_delegate": (
        "{what} n'est plus responsable délégué de l'administration.",
        "{what} is no longer a delegated administrator of the administration.",
    ),
}


_FIELDS = {
    "name": ("le nom", "the name"),
    "label": ("le libellé", "the label"),
    "instance": ("le serveur des nouveaux comptes", "the server of new accounts"),
    "kind": ("le type", "the kind"),
    "parent_id": ("l'administration dont elle dépend", "the administration it is a part of"),
    "siren": ("le numéro SIREN", "the SIREN number"),
    "headcount": ("l'effectif", "the headcount"),
    "contact": ("le contact", "the contact"),
    "refuses_clear": ("la protection contre les messages en clair", "the guard against messages in clear"),
    "requires_mfa": ("l'exigence de deux facteurs", "the demand for two factors"),
}


def done_mail(recipient: str, name: str, act: str, facts: tuple[str, int | None]) -> OutgoingMail:
    """What was done to the administration of this name; `facts`: what it is about (of a change, the names of the fields
    separated by a comma and a space), and a moment in ms."""
    what, moment_ms = facts
    changed = [_FIELDS[name] for name in what.split(", ")] if act == "change_administration" else [(what, what)]
    whats = [", ".join(words) for words in zip(*changed, strict=True)]
    fr, en = _DONE[act]
    dates = ("", "") if moment_ms is None else (day_in_french(moment_ms), day_in_english(moment_ms))
    return plain_mail(
        recipient,
        "Votre administration sur Tchap / Your administration on Tchap",
        (
            f"Bonjour,\n\nAdministration « {name} ».\n\n{fr.format(what=whats[0], date=dates[0])}",
            f"Hello,\n\nAdministration “{name}”.\n\n{en.format(what=whats[1], date=dates[1])}",
        ),
    )


def named_mail(recipient: str, name: str, public_url: str) -> OutgoingMail:
    """Told to somebody who is named delegate, who may have no account yet."""
    return plain_mail(
        recipient,
        "Vous êtes responsable délégué sur Tchap / You look after an administration on Tchap",
        (
            f"Bonjour,\n\nVous êtes maintenant responsable délégué de l'administration « {name} » sur Tchap :"
            " vous pouvez vous occuper de ses domaines et des comptes de ses agents."
            f"\n\nConnectez-vous, ou créez votre compte avec cette adresse : {public_url}",
            f"Hello,\n\nYou are now a delegated administrator of “{name}” on Tchap:"
            " you may look after its domains and the accounts of its agents."
            f"\n\nSign in, or create your account with this address: {public_url}",
        ),
    )


def dismissed_mail(recipient: str, name: str) -> OutgoingMail:
    return plain_mail(
        recipient,
        "Votre rôle sur Tchap / Your role on Tchap",
        (
            f"Bonjour,\n\nVous n'êtes plus responsable délégué de l'administration « {name} » sur Tchap."
            " Votre compte reste ouvert.",
            f"Hello,\n\nYou are no longer a delegated administrator of “{name}” on Tchap. Your account stays open.",
        ),
    )


def moved_mail(recipient: str, shown: str) -> OutgoingMail:
    """Told to an agent whose domain belongs to another administration now; `shown` is how others see them."""
    return plain_mail(
        recipient,
        "Votre compte Tchap / Your Tchap account",
        (
            "Bonjour,\n\nVotre domaine de courriel relève maintenant d'une autre administration sur Tchap."
            f" Vous apparaissez sous le nom : {shown}."
            "\n\nVotre compte, vos salons et vos messages restent les mêmes. Vous n'avez rien à faire.",
            "Hello,\n\nYour e-mail domain belongs to another administration on Tchap now."
            f" You are shown as: {shown}."
            "\n\nYour account, your rooms and your messages stay the same. There is nothing you need to do.",
        ),
    )


def renamed_mail(recipient: str, old: str) -> OutgoingMail:
    """Told at the new address to an agent whose domain was renamed; `old` is the address they had."""
    return plain_mail(
        recipient,
        "Votre adresse sur Tchap / Your address on Tchap",
        (
            f"Bonjour,\n\nVotre administration a changé de domaine de courriel. L'adresse de votre compte Tchap, {old},"
            f" devient {recipient}."
            "\n\nVotre compte, vos salons et vos messages restent les mêmes."
            " Connectez-vous désormais avec votre nouvelle adresse.",
            f"Hello,\n\nYour administration changed its e-mail domain. The address of your Tchap account, {old},"
            f" becomes {recipient}."
            "\n\nYour account, your rooms and your messages stay the same. From now on sign in with your new address.",
        ),
    )


def closing_mail(recipient: str, closes_ts: int) -> OutgoingMail:
    """Told when their domain closes, and once more before it does."""
    return plain_mail(
        recipient,
        "Votre compte Tchap va être fermé / Your Tchap account is going to be closed",
        (
            "Bonjour,\n\nVotre domaine de courriel va quitter Tchap."
            f" Votre compte sera fermé le {day_in_french(closes_ts)}."
            "\n\nSi vous avez une nouvelle adresse professionnelle, demandez avant cette date à l'assistance de votre"
            " administration de l'associer à votre compte : vous garderez vos salons et vos messages. Sinon, confiez"
            " vos salons à d'autres personnes.",
            "Hello,\n\nYour e-mail domain is going to leave Tchap."
            f" Your account will be closed on {day_in_english(closes_ts)}."
            "\n\nIf you have a new professional address, ask your administration's support before that day to give it"
            " to your account: you will keep your rooms and your messages. If not, hand your rooms over to others.",
        ),
    )


def closed_mail(recipient: str) -> OutgoingMail:
    return plain_mail(
        recipient,
        "Votre compte Tchap est fermé / Your Tchap account is closed",
        (
            "Bonjour,\n\nVotre domaine de courriel a quitté Tchap : votre compte est fermé.",
            "Hello,\n\nYour e-mail domain has left Tchap: your account is closed.",
        ),
    )


def spared_mail(recipient: str) -> OutgoingMail:
    """Told to who was warned of a closing that does not take place."""
    return plain_mail(
        recipient,
        "Votre compte Tchap reste ouvert / Your Tchap account stays open",
        (
            "Bonjour,\n\nVotre domaine de courriel reste sur Tchap : votre compte ne sera pas fermé."
            " Ne tenez pas compte de notre courriel précédent.",
            "Hello,\n\nYour e-mail domain stays on Tchap: your account will not be closed."
            " Please ignore our earlier e-mail.",
        ),
    )
