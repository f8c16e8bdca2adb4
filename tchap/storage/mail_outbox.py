"""Mail on its way out, and the built-in mailbox that shows it instead where none is sent."""

from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to one recipient, in plain text and in HTML."""

    recipient: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class QueuedMail:
    mail_id: int
    mail: OutgoingMail
    created_ts: int
    attempts: int


async def add_mail(tx: Tx, mail: OutgoingMail, now_ms: int) -> None:
    await tx.run(
        "INSERT INTO mail_outbox (mail_id, recipient, subject, body_text, body_html, created_ts, next_attempt_ts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $6)",
        await tx.next_position(),
        mail.recipient,
        mail.subject,
        mail.text,
        mail.html,
        now_ms,
    )


async def find_due(tx: Tx, now_ms: int) -> list[QueuedMail]:
    """Mail whose next attempt has come, the oldest first."""
    rows = await tx.all(
        "SELECT mail_id, recipient, subject, body_text, body_html, created_ts, attempts FROM mail_outbox"
        " WHERE next_attempt_ts <= $1 ORDER BY next_attempt_ts, mail_id LIMIT $2",
        now_ms,
        limits.MAIL_BATCH,
    )
    return [QueuedMail(row[0], OutgoingMail(*row[1:5]), row[5], row[6]) for row in rows]


async def set_next_attempt(tx: Tx, mail_id: int, attempts: int, next_attempt_ts: int) -> None:
    await tx.run(
        "UPDATE mail_outbox SET attempts = $1, next_attempt_ts = $2 WHERE mail_id = $3",
        attempts,
        next_attempt_ts,
        mail_id,
    )


async def remove_mail(tx: Tx, mail_id: int) -> None:
    await tx.run("DELETE FROM mail_outbox WHERE mail_id = $1", mail_id)


async def add_to_mailbox(tx: Tx, mail: OutgoingMail, now_ms: int) -> None:
    """Keeps the last mails only."""
    mail_id = await tx.next_position()
    await tx.run(
        "INSERT INTO mailbox (mail_id, recipient, subject, body_text, body_html, created_ts)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        mail_id,
        mail.recipient,
        mail.subject,
        mail.text,
        mail.html,
        now_ms,
    )
    await tx.run(
        "DELETE FROM mailbox WHERE mail_id <= (SELECT mail_id FROM mailbox ORDER BY mail_id DESC LIMIT 1 OFFSET $1)",
        limits.MAILBOX_SIZE,
    )


async def find_in_mailbox(tx: Tx, recipient: str | None) -> list[QueuedMail]:
    """The mails of one recipient, or all, the newest first."""
    rows = await tx.all(
        "SELECT mail_id, recipient, subject, body_text, body_html, created_ts FROM mailbox"
        " WHERE CAST($1 AS TEXT) IS NULL OR recipient = $1 ORDER BY mail_id DESC LIMIT $2",
        recipient,
        limits.MAILBOX_SIZE,
    )
    return [QueuedMail(row[0], OutgoingMail(*row[1:5]), row[5], 0) for row in rows]
