"""Where the link that ends notifications by e-mail leads. Mail scanners open links too, so a button ends them."""

from html import escape
from urllib.parse import parse_qsl

from tchap.api.http import Request, Response
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.services.push_mails import UNSUBSCRIBE_PATH, unsubscribe
from tchap.services.world import World


async def show(_world: World, request: Request) -> Response:
    title = said(request, "Ne plus recevoir de courriels", "Stop receiving e-mails")
    button = said(request, "Arrêter", "Stop")
    token = escape(request.text("token", "") or "", quote=True)
    body = f'<form method="post"><input type="hidden" name="token" value="{token}"><button>{button}</button></form>'
    return page(request, title, body)


async def confirm(world: World, request: Request) -> Response:
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
    if not await unsubscribe(world, fields.get("token", "")):
        sentence = said(request, "Ce lien n'est pas valable.", "This link is not valid.")
        return page(request, said(request, "Lien inconnu", "Unknown link"), f"<p>{sentence}</p>", 400)
    sentence = said(
        request,
        "Vous ne recevrez plus de courriel pour vos messages non lus.",
        "You will get no more e-mails about unread messages.",
    )
    return page(request, said(request, "C'est fait", "Done"), f"<p>{sentence}</p>")


ROUTES = (
    Route("GET", UNSUBSCRIBE_PATH, show, auth="none", limit="identity"),
    Route("POST", UNSUBSCRIBE_PATH, confirm, auth="none", limit="identity"),
)
