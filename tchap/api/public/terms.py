"""The terms of use, where the operator names no page of its own."""

from tchap.api.http import Request, Response
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.services.terms import TERMS_PATH
from tchap.services.world import World


async def terms(_world: World, request: Request) -> Response:
    title = said(request, "Conditions générales d'utilisation", "Terms of use")
    paragraphs = (
        said(
            request,
            "Tchap est la messagerie instantanée des agents publics. Utilisez-le à titre professionnel.",
            "Tchap is the instant messaging of public agents. Use it for your work.",
        ),
        said(
            request,
            "Votre compte est personnel : il est lié à votre adresse professionnelle et prend fin avec elle.",
            "Your account is personal: it goes with your professional address, and ends with it.",
        ),
        said(
            request,
            "Si un agent vous a invité de l'extérieur, votre accès dure aussi longtemps qu'il se porte garant de vous.",
            "If an agent invited you from outside, your access lasts as long as they vouch for you.",
        ),
        said(
            request,
            "L'organisme qui exploite ce serveur peut remplacer cette page par ses propres conditions.",
            "The organisation that runs this server may put its own terms in place of this page.",
        ),
    )
    return page(request, title, "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))


ROUTES = (Route("GET", TERMS_PATH, terms, auth="none"),)
