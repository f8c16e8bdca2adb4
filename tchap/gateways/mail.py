"""Sending mail by SMTP, or keeping it in the built-in mailbox where the configuration says so."""

import asyncio
import contextlib
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Protocol

import aiosmtplib

from tchap.base.config import Mail
from tchap.storage.mail_outbox import OutgoingMail

_TIMEOUT_S = 30.0


class MailNotSent(Exception):
    """The mail server could not be reached or refused; trying again later may help."""


class MailRefused(Exception):
    """The mail server refused this mail for good (a 5xx reply, RFC 5321 section 4.2.1)."""


class Mailer(Protocol):
    """`is_mailbox` says that mail is kept for the built-in page, and never given to `send`."""

    is_mailbox: bool

    async def send(self, mail: OutgoingMail) -> None:
        """Hands one mail over, or raises MailNotSent or MailRefused."""

    def wake(self) -> None:
        """Says that a mail waits in the outbox."""

    async def wait(self, seconds: float) -> None:
        """Returns at the next `wake`, or after that time."""


class SmtpMailer:
    """One connection per mail: mail is rare here, and a connection kept open is one more thing to lose."""

    is_mailbox = False

    def __init__(self, settings: Mail) -> None:
        self._settings = settings
        self._woken = asyncio.Event()

    async def send(self, mail: OutgoingMail) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                mail_message(mail, settings.sender),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                timeout=_TIMEOUT_S,
                # The envelope names the recipient that was parsed, whatever a header reader would make of it.
                recipients=[mail.recipient],
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise (MailRefused if _is_final(error) else MailNotSent)(type(error).__name__) from error

    def wake(self) -> None:
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        self._woken.clear()


class MailboxMailer:
    """The default run: nothing leaves the machine."""

    is_mailbox = True

    async def send(self, mail: OutgoingMail) -> None:
        raise MailNotSent(f"the built-in mailbox sends nothing: {mail.subject}")

    def wake(self) -> None:
        return

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _is_final(error: Exception) -> bool:
    """Whether the recipient or the message itself was refused; trouble with our own sign-in may be mended."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(_is_final(refused) for refused in error.recipients)
    kinds = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
    return isinstance(error, kinds) and error.code >= 500


def open_mailer(settings: Mail) -> Mailer:
    return MailboxMailer() if settings.mode == "mailbox" else SmtpMailer(settings)


def mail_message(mail: OutgoingMail, sender: str) -> EmailMessage:
    """The message as it leaves: plain text first, HTML as the alternative."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    # Told apart from people's mail, so that no autoresponder answers (RFC 3834, section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
