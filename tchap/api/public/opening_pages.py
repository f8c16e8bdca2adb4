"""What a requester reads on the way: who the administration is, the proofs, and what became of the request."""

from collections.abc import Mapping
from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.browser import SIGN_UP, link_to, sentence_of
from tchap.api.public.forms import Field, Form, done, render
from tchap.api.public.pages import page, page_language, said
from tchap.base.errors import MatrixError
from tchap.policy.administrations import KINDS
from tchap.policy.domain_requests import MAX_DELEGATES, State, challenge_names, challenge_text
from tchap.services import terms
from tchap.services.domain_openings import OPEN_PATH
from tchap.services.domain_proofs import POSTMASTER, addressees_of
from tchap.services.world import World
from tchap.storage.domain_requests import DomainRequest

KIND_WORDS = {
    "ministry": ("Ministère", "Ministry"),
    "state_service": ("Service de l'État, préfecture", "State service, prefecture"),
    "agency": ("Agence, établissement public", "Agency, public body"),
    "local_authority": ("Commune, intercommunalité, département, région", "Town, district or region"),
    "health": ("Hôpital, santé", "Hospital, health"),
    "education": ("Enseignement, recherche", "Education, research"),
    "justice": ("Justice", "Justice"),
    "security": ("Sécurité, secours", "Security, rescue"),
    "other": ("Autre organisme public", "Other public body"),
}


def state_page(world: World, request: Request, own: DomainRequest, token: str) -> Response:
    """The page of the step that a request is at."""
    if own.state == State.DESCRIBING:
        return describe_page(world, request, (own, token), {}, {})
    if own.state == State.PROVING:
        return proof_page(world, request, (own, token))
    if own.state == State.APPROVED:
        return _opened_page(request, own)
    if own.state == State.WAITING:
        return _waiting_page(world, request, own, token)
    return _ended_page(request, own)


def _along(step: str, own: DomainRequest, token: str) -> dict[str, str]:
    return {"step": step, "request": own.request_id, "token": token}


def describe_page(
    world: World,
    request: Request,
    mine: tuple[DomainRequest, str],
    fields: Mapping[str, str],
    problems: Mapping[str, str],
) -> Response:
    """Who the administration is and who looks after it; `mine` is the request and its secret."""
    own, token = mine
    button = said(request, "Continuer", "Continue")
    form = Form(_description(world, request, own, fields), button, _along("describe", own, token), problems)
    known = said(
        request,
        "Ce domaine figure dans la liste des domaines publics de l'État : Tchap s'ouvrira dès qu'il sera prouvé.",
        "This domain is in the State's list of public domains: Tchap opens as soon as it is proven.",
    )
    unknown = said(
        request,
        "Ce domaine ne figure pas dans la liste des domaines publics de l'État : une fois prouvé, votre demande sera"
        " examinée par une personne.",
        "This domain is not in the State's list of public domains: once it is proven, somebody looks at your request.",
    )
    note = known if own.facts.get("known") else unknown
    body = f"<p><strong>{escape(own.domain)}</strong></p><p>{note}</p>{render(world, request, form)}"
    return page(request, said(request, "Votre administration", "Your administration"), body, 400 if problems else 200)


def _description(world: World, request: Request, own: DomainRequest, fields: Mapping[str, str]) -> list[Field]:
    language = page_language(request)
    kinds = [(kind, escape(KIND_WORDS[kind][0 if language == "fr" else 1])) for kind in KINDS]
    given = {
        "name": own.name or "",
        "kind": own.kind or "local_authority",
        "siren": own.siren or "",
        "headcount": str(own.headcount or ""),
        "contact": own.contact or own.requester,
        "delegates": ", ".join(own.delegates) or own.requester,
    } | dict(fields)
    optional = said(request, "Neuf chiffres. Facultatif.", "Nine digits. Optional.")
    many = said(
        request,
        f"De une à {MAX_DELEGATES} adresses du domaine, séparées par des virgules. Ces personnes gèrent ensuite les"
        " comptes de l'administration.",
        f"One to {MAX_DELEGATES} addresses of the domain, separated by commas. These people then look after the"
        " administration's accounts.",
    )
    links = ", ".join(
        f'<a href="{escape(policy[language]["url"], quote=True)}" target="_blank" rel="noreferrer">'
        f"{escape(policy[language]['name'])}</a>"
        for policy in terms.policies(world)["policies"].values()
    )
    accept = said(
        request,
        "J'accepte les conditions d'utilisation au nom de l'administration",
        "I accept the terms of use on behalf of the administration",
    )
    delegates = said(request, "Responsables délégués", "Delegated administrators")
    return [
        Field("name", said(request, "Nom complet", "Full name"), "text", given["name"], "organization"),
        Field("kind", said(request, "Type", "Kind"), "text", given["kind"], choices=kinds),
        Field("siren", "SIREN", "code", given["siren"], "off", optional, required=False),
        Field("headcount", said(request, "Nombre d'agents", "Number of agents"), "code", given["headcount"]),
        Field("contact", said(request, "Adresse de contact", "Contact address"), "email", given["contact"], "email"),
        Field("delegates", delegates, "text", given["delegates"], "off", many),
        Field("terms", accept, "checkbox", given.get("terms", "yes" if own.terms_version else ""), hint=links),
    ]


def proof_page(world: World, request: Request, mine: tuple[DomainRequest, str], news: str = "") -> Response:
    """The record to add and the mail to send; `news` is HTML."""
    own, token = mine
    title = said(request, "Prouver votre domaine", "Prove your domain")
    body = f"{news}{_by_dns(world, request, own, token)}{_by_mail(world, request, own, token)}"
    again = said(request, "Corriger la description", "Correct the description")
    body += f"<h2>{said(request, 'Votre demande', 'Your request')}</h2>"
    body += render(world, request, Form((), again, _along("correct", own, token), {}, "second"))
    return page(request, title, body + _withdrawal(world, request, own, token))


def _by_dns(world: World, request: Request, own: DomainRequest, token: str) -> str:
    title = said(request, "Par un enregistrement DNS", "By a DNS record")
    ask = said(
        request,
        "Faites ajouter cet enregistrement par la personne qui gère le nom de domaine. Il vous a aussi été envoyé par"
        " courriel. Vous pouvez fermer cette page : nous vérifions régulièrement et vous écrirons.",
        "Have this record added by whoever looks after the domain name. It was also sent to you by mail. You may close"
        " this page: we look for it regularly and will write to you.",
    )
    rows = (
        (said(request, "Nom", "Name"), challenge_names(own.domain)[0]),
        ("Type", "TXT"),
        (said(request, "Valeur", "Value"), challenge_text(own.challenge)),
    )
    record = "".join(f"<dt>{words}</dt><dd><code>{escape(value)}</code></dd>" for words, value in rows)
    button = said(request, "Vérifier maintenant", "Check now")
    form = render(world, request, Form((), button, _along("check", own, token), {}))
    return f"<h2>{title}</h2><p>{ask}</p><dl>{record}</dl>{form}"


def _by_mail(world: World, request: Request, own: DomainRequest, token: str) -> str:
    title = said(request, "Ou par un courriel", "Or by mail")
    ask = said(
        request,
        "Une personne qui répond du domaine reçoit un lien et confirme votre demande.",
        "Somebody who answers for the domain gets a link and confirms your request.",
    )
    choices = [
        (name, escape(email if name == POSTMASTER else f"{name} ({email})"))
        for name, email in addressees_of(world, own.domain).items()
    ]
    field = Field("to", said(request, "Destinataire", "Addressee"), value=POSTMASTER, choices=choices)
    button = said(request, "Envoyer le courriel", "Send the mail")
    form = render(world, request, Form((field,), button, _along("mail", own, token), {}, "second"))
    return f"<h2>{title}</h2><p>{ask}</p>{form}"


def _withdrawal(world: World, request: Request, own: DomainRequest, token: str) -> str:
    button = said(request, "Retirer la demande", "Withdraw the request")
    return render(world, request, Form((), button, _along("withdraw", own, token), {}, "second"))


def absent_news(request: Request, seen: tuple[str, ...]) -> str:
    """The record is not there yet; what is there instead, as HTML."""
    words = said(
        request,
        "L'enregistrement n'est pas encore visible. Selon l'hébergeur, il faut de quelques minutes à quelques heures.",
        "The record is not to be seen yet. It takes minutes to hours, depending on who hosts the domain.",
    )
    other = said(request, "Une autre valeur a été trouvée :", "Another value was found:")
    found = "".join(f"<p>{other} <code>{escape(text)}</code></p>" for text in seen)
    return f'<div role="status"><p><strong>{words}</strong></p>{found}</div>'


def _told_page(request: Request, title: str, news: str, domain: str, more: str) -> Response:
    """What became of a domain: the news, as HTML, the domain, and what can be done next."""
    return page(request, title, f"{news}<p><strong>{escape(domain)}</strong></p>{more}")


def _opened_page(request: Request, own: DomainRequest) -> Response:
    title = said(request, "Votre administration est ouverte", "Your administration is open")
    words = said(
        request,
        "Tout agent dont l'adresse est à ce domaine peut créer son compte dès maintenant :",
        "Every agent with an address at this domain may create an account now:",
    )
    return _told_page(request, title, done(words), own.domain, _sign_up_link(request, own.requester))


def _sign_up_link(request: Request, email: str) -> str:
    href = escape(link_to(request, SIGN_UP, "/account", email), quote=True)
    return f'<p><a class="button main" href="{href}">{said(request, "Créer mon compte", "Create my account")}</a></p>'


def _waiting_page(world: World, request: Request, own: DomainRequest, token: str) -> Response:
    title = said(request, "Votre demande est examinée", "Your request is looked at")
    words = said(
        request,
        "Le domaine est prouvé. Une personne examine votre demande et vous répondra par courriel.",
        "The domain is proven. Somebody looks at your request and will answer by mail.",
    )
    return _told_page(request, title, done(words), own.domain, _withdrawal(world, request, own, token))


def _ended_page(request: Request, own: DomainRequest) -> Response:
    words = {
        State.WITHDRAWN: ("Votre demande est retirée.", "Your request is withdrawn."),
        State.SUSPENDED: ("L'ouverture de ce domaine est suspendue.", "The opening of this domain is suspended."),
        State.REFUSED: (
            "Votre demande est refusée. Le motif vous a été envoyé par courriel.",
            "Your request is refused. You were told why by mail.",
        ),
    }[State(own.state)]
    title = said(request, "Votre demande", "Your request")
    again = said(request, "Faire une autre demande", "Make another request")
    news, more = f'<p role="status">{said(request, *words)}</p>', f'<p><a href="{OPEN_PATH}">{again}</a></p>'
    return _told_page(request, title, news, own.domain, more)


def stopped_page(request: Request, email: str, error: MatrixError) -> Response:
    """Why this domain is not opened here; where it is open already, the way to an account."""
    is_open = error.extra.get("reason") == "already_open"
    title = (
        said(request, "Votre administration est déjà ouverte", "Your administration is open already")
        if is_open
        else said(request, "Ce domaine ne peut pas être ouvert", "This domain cannot be opened")
    )
    other = said(request, "Essayer une autre adresse", "Try another address")
    body = f'<p role="alert">{sentence_of(request, error)}</p><p><strong>{escape(email)}</strong></p>'
    body += _sign_up_link(request, email) if is_open else ""
    return page(request, title, f'{body}<p><a href="{OPEN_PATH}">{other}</a></p>', 200 if is_open else 403)
