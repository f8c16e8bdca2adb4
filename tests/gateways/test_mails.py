"""What our mails say and how they are made: both languages, marked as what they are, and nothing that is not so."""

import pytest

from tchap.gateways import account_mails, administration_mails, domain_mails, external_mails, mail_texts
from tchap.gateways.account_mails import Term
from tchap.policy.validity import Act
from tchap.storage.mail_outbox import OutgoingMail

TO = "camille@prefecture.example.fr"
LINK = "https://tchap.example.fr/?a=1&b=2"
FIRST_OF_MARCH = 1_803_859_200_000  # 2027-03-01

MAILS = (
    account_mails.renewal_mail(TO, Term(Act.MAIL, 1, FIRST_OF_MARCH, None, LINK, True)),
    administration_mails.closing_mail(TO, FIRST_OF_MARCH),
    administration_mails.done_mail(TO, "Mairie", "close_domain", ("mairie.example.fr", FIRST_OF_MARCH)),
    domain_mails.record_mail(TO, "mairie.example.fr", ("_tchap.mairie.example.fr", "tchap=1"), LINK),
    external_mails.own_ending_mail(TO, "Jeanne", FIRST_OF_MARCH, LINK),
    mail_texts.code_mail(TO, "register", "123456", LINK),
    mail_texts.invitation_mail(TO, "jeanne@mairie.example.fr", LINK),
    mail_texts.bug_report_mail(TO, 7, "tchap-web"),
)


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.subject[:20])
def test_each_language_is_marked_as_what_it_is(mail: OutgoingMail) -> None:
    """A screen reader changes its voice where English begins; the text has the same two parts; links are whole."""
    french, english = mail.html.split('<hr><div lang="en">')
    assert '<html lang="fr">' in french
    assert "Bonjour," in french
    assert "Hello," in english
    french_text, english_text = mail.text.split("\n\n---\n\n")
    assert (french_text[:8], english_text[:6]) == ("Bonjour,", "Hello,")
    if LINK in mail.text:
        assert mail.html.count('href="https://tchap.example.fr/?a=1&amp;b=2"') == 2


@pytest.mark.parametrize("mail", [mail for mail in MAILS if "2027" in mail.text], ids=lambda mail: mail.subject[:20])
def test_the_first_of_a_month_has_its_own_name(mail: OutgoingMail) -> None:
    assert "1er mars 2027" in mail.text
    assert "1 March 2027" in mail.text


def test_who_is_to_be_closed_is_sent_to_those_who_can_help() -> None:
    """Nobody changes the address of their own account: their administration does."""
    mail = administration_mails.closing_mail(TO, FIRST_OF_MARCH)
    assert "demandez avant cette date à l'assistance de votre administration" in mail.text
    assert "ask your administration's support" in mail.text


def test_an_invitation_says_what_it_invites_to() -> None:
    """Who gets it may never have heard of Tchap, and has no account."""
    mail = mail_texts.invitation_mail(TO, "jeanne@mairie.example.fr", LINK)
    assert mail.subject == "Invitation sur Tchap / Invitation to Tchap"
    assert "la messagerie des agents publics" in mail.text
