"""Where the link of a mail leads. Opening it proves nothing yet: mail scanners open links too, so a button does."""

from html import escape
from urllib.parse import parse_qsl

from tchap.api.http import Request, Response
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.services.emails import LINK_PATH, open_link
from tchap.services.world import World


async def show(_world: World, request: Request) -> Response:
    title = said(request, "Confirmer votre adresse", "Confirm your address")
    button = said(request, "Confirmer", "Confirm")
    token = escape(request.text("token", "") or "", quote=True)
    hidden = f'<input type="hidden" name="token" value="{token}">'
    body = f'<form method="post">{hidden}<button class="main">{button}</button></form>'
    return page(request, title, body)


async def confirm(world: World, request: Request) -> Response:
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
    proven = await open_link(world, fields.get("token", ""))
    if proven is None:
        sentence = said(
            request,
            "Ce lien n'est plus valable. Demandez un nouveau code.",
            "This link is not valid any more. Ask for a new code.",
        )
        return page(request, said(request, "Lien expiré", "Expired link"), f"<p>{sentence}</p>", 400)
    if proven.next_link is not None:
        return Response(303, b"", "text/plain", [("Location", proven.next_link)])
    sentence = said(
        request,
        "Votre adresse est confirmée. Vous pouvez revenir à Tchap.",
        "Your address is confirmed. You may go back to Tchap.",
    )
    return page(request, said(request, "Adresse confirmée", "Address confirmed"), f"<p>{sentence}</p>")


ROUTES = (
    Route("GET", LINK_PATH, show, auth="none", limit="identity"),
    Route("POST", LINK_PATH, confirm, auth="none", limit="identity"),
)
