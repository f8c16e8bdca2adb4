"""`/ouvrir`: an administration opens Tchap to its agents by itself. Address, code, description, proof.

The request's id and its secret go along in hidden fields; whoever comes back later proves the address again.
"""

from tchap.api.http import Request, Response
from tchap.api.public.account_sign_in import hint_of
from tchap.api.public.browser import check_rate, read_form, sentence_of, shown
from tchap.api.public.email_steps import Way, address_page, code_page, proof_of, take_code
from tchap.api.public.forms import done
from tchap.api.public.opening_pages import (
    absent_news,
    describe_page,
    proof_page,
    state_page,
    stopped_page,
)
from tchap.api.public.pages import said
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam, MatrixError
from tchap.policy.domain_requests import Description
from tchap.services.browser_sign_in import EmailProof
from tchap.services.domain_openings import OPEN_PATH
from tchap.services.domain_proofs import ask_by_mail, begin_watching, check_dns
from tchap.services.domain_requests import (
    PURPOSE,
    begin,
    check_open,
    describe,
    get_own,
    request_onboarding_code,
    withdraw,
)
from tchap.services.emails import CodeRequest
from tchap.services.world import World
from tchap.storage.domain_requests import DomainRequest

_MAX_DIGITS = 9
_TYPED = ("name", "kind", "siren", "headcount", "contact", "delegates", "terms")


def _way(request: Request) -> Way:
    intro = said(
        request,
        "Quelques minutes suffisent : une adresse à votre domaine, la preuve que ce domaine est le vôtre, et chaque"
        " agent peut créer son compte.",
        "A few minutes are enough: an address at your domain, the proof that the domain is yours, and every agent may"
        " create an account.",
    )
    title = said(request, "Ouvrir Tchap à mon administration", "Open Tchap to my administration")
    label = said(request, "Votre adresse professionnelle", "Your professional e-mail address")
    return Way(PURPOSE, title, f"<p>{intro}</p>", label)


async def show(world: World, request: Request) -> Response:
    check_open(world)
    return address_page(world, request, _way(request), hint_of(request))


async def submit(world: World, request: Request) -> Response:
    check_open(world)
    fields = read_form(world, request)
    step = fields.get("step", "")
    if step == "code":
        return await _take_code(world, request, fields)
    if step not in _STEPS:
        return await _send_code(world, request, fields)
    token = fields.get("token", "")
    own = await get_own(world, fields.get("request", ""), token)
    return await _STEPS[step](world, request, (own, token), fields)


async def _send_code(world: World, request: Request, fields: dict[str, str]) -> Response:
    email, secret = fields.get("email", "").strip(), world.entropy.token(16)
    try:
        check_rate(world, request, "mail")
        sid = await request_onboarding_code(world, CodeRequest(PURPOSE, email, secret, 1, None, None))
    except MatrixError as error:
        if "reason" in error.extra:
            return stopped_page(request, email, error)
        return address_page(world, request, _way(request), email, sentence_of(request, error))
    return code_page(world, request, EmailProof(sid, secret), email)


async def _take_code(world: World, request: Request, fields: dict[str, str]) -> Response:
    taken = await take_code(world, request, _way(request), fields)
    if isinstance(taken, Response):
        return taken
    proof = proof_of(fields)
    try:
        own, token = await begin(world, proof.sid, proof.secret)
    except MatrixError as error:
        if "reason" in error.extra:
            return stopped_page(request, taken, error)
        raise
    return state_page(world, request, own, token)


Mine = tuple[DomainRequest, str]


async def _describe(world: World, request: Request, mine: Mine, fields: dict[str, str]) -> Response:
    typed = {name: fields.get(name, "") for name in _TYPED}
    try:
        own = await describe(world, mine[0], _read_description(typed), typed["terms"] == "yes")
    except InvalidParam as error:
        faults = error.extra.get("fields", [])
        problems = {name: words for name, words in _problems(request, mine[0].domain).items() if name in faults}
        return describe_page(world, request, mine, typed, problems)
    return state_page(world, request, await begin_watching(world, own), mine[1])


def _read_description(typed: dict[str, str]) -> Description:
    """What was typed, without the spaces and signs that people put in numbers and lists."""
    headcount = "".join(typed["headcount"].split())
    is_number = headcount.isascii() and headcount.isdigit() and len(headcount) <= _MAX_DIGITS
    addresses = typed["delegates"].replace(";", " ").replace(",", " ").split()
    return Description(
        " ".join(typed["name"].split()),
        typed["kind"],
        "".join(typed["siren"].split()) or None,
        int(headcount) if is_number else 0,
        typed["contact"].strip(),
        tuple(addresses),
    )


def _problems(request: Request, domain: str) -> dict[str, str]:
    return {
        "name": said(request, "Donnez le nom complet de l'administration.", "Give the administration's full name."),
        "kind": said(request, "Choisissez dans la liste.", "Choose from the list."),
        "siren": said(
            request, "Ce numéro SIREN n'est pas exact : vérifiez ses neuf chiffres.", "This SIREN number is not right."
        ),
        "headcount": said(request, "Donnez un nombre, même approximatif.", "Give a number, even a rough one."),
        "contact": said(request, f"Donnez une adresse en @{domain}.", f"Give an address at @{domain}."),
        "delegates": said(
            request,
            f"Donnez une ou plusieurs adresses en @{domain}, séparées par des virgules.",
            f"Give one or more addresses at @{domain}, separated by commas.",
        ),
        "terms": said(
            request, "Acceptez les conditions d'utilisation pour continuer.", "Accept the terms of use to go on."
        ),
    }


async def _correct(world: World, request: Request, mine: Mine, _fields: dict[str, str]) -> Response:
    return describe_page(world, request, mine, {}, {})


async def _check(world: World, request: Request, mine: Mine, _fields: dict[str, str]) -> Response:
    own, token = mine
    try:
        checked = await check_dns(world, own)
    except MatrixError as error:
        if error.errcode == "M_FORBIDDEN":
            return state_page(world, request, await get_own(world, own.request_id, token), token)
        return proof_page(world, request, mine, f'<p role="status"><strong>{sentence_of(request, error)}</strong></p>')
    if checked.is_proven:
        return state_page(world, request, checked.request, token)
    return proof_page(world, request, mine, absent_news(request, checked.seen))


async def _mail(world: World, request: Request, mine: Mine, fields: dict[str, str]) -> Response:
    own, token = mine
    try:
        own = await ask_by_mail(world, own, fields.get("to", ""))
    except MatrixError as error:
        return proof_page(world, request, mine, f'<p role="status"><strong>{sentence_of(request, error)}</strong></p>')
    sent = said(
        request,
        f"Le courriel est parti à {own.proof_email}. Vous serez prévenu par courriel de sa réponse.",
        f"The mail was sent to {own.proof_email}. You will be told of the answer by mail.",
    )
    return proof_page(world, request, (own, token), done(sent))


async def _withdraw(world: World, request: Request, mine: Mine, _fields: dict[str, str]) -> Response:
    return state_page(world, request, await withdraw(world, mine[0]), mine[1])


_STEPS = {"describe": _describe, "correct": _correct, "check": _check, "mail": _mail, "withdraw": _withdraw}

ROUTES = (
    Route("GET", OPEN_PATH, shown(show, "page"), auth="none"),
    Route("POST", OPEN_PATH, shown(submit, "page"), auth="none"),
)
