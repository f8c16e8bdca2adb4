"""The built-in mailbox of the default run: the mails that would have been sent. Absent where mail is really sent."""

from datetime import UTC, datetime
from html import escape
from typing import Any

from tchap.api.http import Request, Response
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.base.errors import MatrixError
from tchap.services.mailbox import read_mailbox
from tchap.services.world import World
from tchap.storage.mail_outbox import QueuedMail


async def show(world: World, request: Request) -> Response:
    mails = await _mails(world, request)
    title = said(request, "Boîte aux lettres intégrée", "Built-in mailbox")
    nothing = f"<p>{said(request, 'Aucun courriel.', 'No mail.')}</p>"
    return page(request, title, "".join(_article(mail) for mail in mails) or nothing)


async def as_json(world: World, request: Request) -> list[Any]:
    """The mails, the oldest first; `to` keeps those of one recipient."""
    return [
        {
            "to": queued.mail.recipient,
            "subject": queued.mail.subject,
            "text": queued.mail.text,
            "html": queued.mail.html,
            "ts": queued.created_ts,
        }
        for queued in reversed(await _mails(world, request))
    ]


async def _mails(world: World, request: Request) -> list[QueuedMail]:
    if not world.mailer.is_mailbox:
        raise MatrixError("M_UNRECOGNIZED", "Unrecognised request.", "Requête inconnue.")
    return await read_mailbox(world, (request.text("to") or "").lower() or None)


def _article(queued: QueuedMail) -> str:
    when = datetime.fromtimestamp(queued.created_ts / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    mail = queued.mail
    return (
        f"<article><h2>{escape(mail.subject)}</h2><p>{escape(mail.recipient)} - <time>{when}</time></p>"
        f"<pre>{escape(mail.text)}</pre></article>"
    )


ROUTES = (
    Route("GET", "/_tchap/mailbox", show, auth="none"),
    Route("GET", "/_tchap/mailbox.json", as_json, auth="none"),
)
