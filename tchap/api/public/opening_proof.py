"""Where a postmaster or an authority reads a request and answers for it.

Opening the link proves nothing: mail scanners open links too, so a button does.
"""

from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.browser import read_form, shown
from tchap.api.public.forms import Form, done, render
from tchap.api.public.opening_pages import KIND_WORDS
from tchap.api.public.pages import page, page_language, said
from tchap.api.routing import Route
from tchap.base.errors import BadJson
from tchap.policy.domain_requests import State
from tchap.services.domain_proofs import PROOF_PATH, confirm, get_asked, reject
from tchap.services.world import World
from tchap.storage.domain_requests import DomainRequest


async def show(world: World, request: Request) -> Response:
    token = request.text("token", "") or ""
    asked = await get_asked(world, token)
    title = said(request, "Cette demande vient-elle de chez vous ?", "Is this request yours?")
    what = said(
        request,
        "En confirmant, vous répondez que ce domaine est celui de cette administration : ses agents pourront créer un"
        " compte Tchap avec leur adresse.",
        "By confirming you answer that this domain is that administration's: its agents may then create Tchap accounts"
        " with their addresses.",
    )
    yes = Form((), said(request, "Confirmer la demande", "Confirm the request"), {"token": token, "step": "yes"}, {})
    no = Form(
        (), said(request, "Rejeter la demande", "Reject the request"), {"token": token, "step": "no"}, {}, "second"
    )
    body = f"<p>{what}</p>{_facts(request, asked)}{render(world, request, yes)}{render(world, request, no)}"
    return page(request, title, body)


def _facts(request: Request, asked: DomainRequest) -> str:
    kind = KIND_WORDS[asked.kind or "other"][0 if page_language(request) == "fr" else 1]
    rows = (
        (said(request, "Domaine", "Domain"), asked.domain),
        (said(request, "Demandé par", "Asked by"), asked.requester),
        (said(request, "Administration", "Administration"), asked.name or ""),
        (said(request, "Type", "Kind"), kind),
        ("SIREN", asked.siren or ""),
        (said(request, "Nombre d'agents", "Number of agents"), str(asked.headcount or "")),
        (said(request, "Responsables délégués", "Delegated administrators"), ", ".join(asked.delegates)),
    )
    return f"<dl>{''.join(f'<dt>{words}</dt><dd>{escape(value)}</dd>' for words, value in rows if value)}</dl>"


async def answer(world: World, request: Request) -> Response:
    fields = read_form(world, request)
    token = fields.get("token", "")
    if fields.get("step") not in ("yes", "no"):
        raise BadJson("Confirm or reject the request.", "Confirmez la demande ou rejetez-la.")
    if fields["step"] == "no":
        await reject(world, token)
        words = ("La demande est rejetée. Rien n'est ouvert.", "The request is rejected. Nothing is opened.")
    else:
        settled = await confirm(world, token)
        words = _SETTLED[State(settled.state)]
    told = done(said(request, *words))
    return page(request, said(request, "Réponse enregistrée", "Your answer is taken"), told)


# What a request that was confirmed may become.
_SETTLED = {
    State.APPROVED: ("Merci. Tchap est ouvert à ce domaine.", "Thank you. Tchap is open to this domain."),
    State.WAITING: ("Merci. La demande va être examinée.", "Thank you. The request will be looked at."),
    State.REFUSED: (
        "Merci. Tchap ne peut pourtant pas être ouvert à ce domaine : la personne qui l'a demandé en reçoit le motif.",
        "Thank you. Tchap cannot be opened to this domain all the same: the person who asked is told why.",
    ),
}

ROUTES = (
    Route("GET", PROOF_PATH, shown(show, "page"), auth="none"),
    Route("POST", PROOF_PATH, shown(answer, "page"), auth="none"),
)
