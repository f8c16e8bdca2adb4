"""An administration that would join, as its requester sees it: the mailbox first, then who the administration is.

Rights are read from the address that received the code, and from nothing that was typed afterwards: the domain of a
request is that address's own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import structlog

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError, NotFound
from tchap.policy.domain_requests import LIVE, Description, Outcome, Reason, State, find_faults
from tchap.policy.emails import Email, parse_email
from tchap.services.administrations import home_of
from tchap.services.domain_facts import Study, study_domain
from tchap.services.emails import CodeRequest, find_proven, read_email, request_code
from tchap.services.world import World
from tchap.storage import domain_requests, emails
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest

PURPOSE = "onboard"

log = structlog.get_logger(__name__)


def check_open(world: World) -> None:
    """M_FORBIDDEN where administrations do not join by themselves."""
    if not world.settings.takes_administrations:
        raise Forbidden(
            "Administrations do not join by themselves here.", "L'ouverture en ligne n'est pas proposée ici."
        )


async def request_onboarding_code(world: World, asked: CodeRequest) -> str:
    """Sends the code that proves the requester's mailbox; the `sid`. Domains that can never join are told at once.

    M_INVALID_EMAIL, M_THREEPID_DENIED with a `reason`, M_LIMIT_EXCEEDED.
    """
    check_open(world)
    email = read_email(asked.email)
    if "+" in email.local:
        # One mailbox has as many of these as it likes, and a domain only so many requests.
        raise MatrixError(
            "M_INVALID_EMAIL",
            "Give your address without what follows “+”.",
            "Donnez votre adresse sans ce qui suit « + ».",
        )
    await check_domain(world, email)
    return await request_code(world, replace(asked, purpose=PURPOSE))


async def check_domain(world: World, email: Email) -> Study:
    """What is known of the address's domain; M_THREEPID_DENIED where it is opened already, or can never be."""
    home = await home_of(world, email)
    if home is not None and not home.is_external:
        raise already_open(home.is_open)
    study = await study_domain(world, email.domain)
    if study.verdict.outcome is Outcome.REFUSE:
        log.warning("a domain was refused", domain=email.domain, reason=study.verdict.reasons[0].value)
        raise refusal_of(study)
    return study


def already_open(takes_agents: bool) -> MatrixError:
    """Why a domain that is somebody's already is not opened again."""
    if not takes_agents:
        return _denied(
            "suspended",
            "This domain's administration opens no new account for the moment: ask those who look after Tchap there.",
            "L'administration de ce domaine n'ouvre pas de nouveau compte pour le moment : demandez à ses"
            " responsables Tchap.",
        )
    return _denied(
        "already_open",
        "Your administration is open already: create your account.",
        "Votre administration est déjà ouverte : créez votre compte.",
    )


def refusal_of(study: Study) -> MatrixError:
    """Why this domain will never be opened here; `reason` is the law's."""
    reason = study.verdict.reasons[0]
    en, fr = _REFUSALS[reason]
    other = next((each.domain for each in study.facts.resemblances if each.likeness.value == reason.value), "")
    return _denied(reason.value, en.format(other=other), fr.format(other=other))


def _denied(reason: str, en: str, fr: str) -> MatrixError:
    return MatrixError("M_THREEPID_DENIED", en, fr, reason=reason)


_ASK_EN = " If this is a mistake, write to those who look after this service."
_ASK_FR = " Si c'est une erreur, écrivez aux responsables de ce service."
_REFUSALS = {
    Reason.PUNYCODE: (
        "A domain with accents or other special letters (written xn--) cannot be opened: nobody can tell it from"
        " another at a glance. Begin again with an address at your domain without accents.",
        "Un domaine à accents ou à lettres spéciales (écrit xn--) ne peut pas être ouvert : on ne le distingue pas d'un"
        " autre au premier regard. Recommencez avec une adresse de votre domaine sans accents.",
    ),
    Reason.PUBLIC_SUFFIX: (
        "Anybody may register a name under this domain: it is no administration's own.",
        "N'importe qui peut enregistrer un nom sous ce domaine : ce n'est pas celui d'une seule administration.",
    ),
    Reason.PROVIDER: (
        "Everybody can get an address there: begin again with an address at a domain of your administration.",
        "Tout le monde peut y obtenir une adresse : recommencez avec une adresse au domaine de votre administration.",
    ),
    Reason.DISPOSABLE: (
        "This domain gives addresses that vanish: begin again with an address of your administration.",
        "Ce domaine fournit des adresses jetables : recommencez avec une adresse de votre administration.",
    ),
    Reason.CLAIMS_STATE: (
        "This domain calls itself “gouv” without being under gouv.fr: it cannot be opened." + _ASK_EN,
        "Ce domaine se dit « gouv » sans être sous gouv.fr : il ne peut pas être ouvert." + _ASK_FR,
    ),
    Reason.SAME_LOOK: (
        "This domain looks like {other}, that of another administration: it cannot be opened." + _ASK_EN,
        "Ce domaine se lit comme {other}, celui d'une autre administration : il ne peut pas être ouvert." + _ASK_FR,
    ),
    Reason.EMBEDS: (
        "This domain passes for {other}, that of another administration: it cannot be opened." + _ASK_EN,
        "Ce domaine se fait passer pour {other}, celui d'une autre administration : il ne peut pas être ouvert."
        + _ASK_FR,
    ),
}


async def begin(world: World, sid: str, secret: str) -> tuple[DomainRequest, str]:
    """The request of the address proven by this code, begun or taken up where it was, and the secret that leads it.

    M_FORBIDDEN where nothing is proven; M_THREEPID_DENIED, M_LIMIT_EXCEEDED.
    """
    check_open(world)
    address = await find_proven(world, sid, secret, PURPOSE)
    if address is None:
        raise Forbidden("This address is not proven yet.", "Cette adresse n'est pas encore confirmée.")
    email, token = parse_email(address), world.entropy.token()
    last = await world.store.read(domain_requests.find_last_request, address)
    # What waits for a decision is looked at by somebody: it is not judged again on the way.
    is_waiting = last is not None and last.state == State.WAITING
    fresh = _fresh(world, email, None if is_waiting else await check_domain(world, email), digest(token))
    return await world.store.write(_begin, fresh), token


def _fresh(world: World, email: Email, study: Study | None, token_hash: bytes) -> DomainRequest:
    now_ms = world.clock.now_ms()
    return DomainRequest(
        request_id=world.entropy.token(16),
        domain=email.domain,
        requester=str(email),
        state=State.DESCRIBING,
        token_hash=token_hash,
        challenge=world.entropy.token(16),
        created_ts=now_ms,
        changed_ts=now_ms,
        expires_ts=now_ms + limits.DOMAIN_REQUEST_MS,
        facts=study.shown() if study is not None else {},
    )


async def _begin(tx: Tx, fresh: DomainRequest) -> DomainRequest:
    await emails.remove_proofs(tx, fresh.requester, PURPOSE)
    last = await domain_requests.find_last_request(tx, fresh.requester)
    if last is not None and _is_alive(last, fresh.created_ts):
        fresh = replace(last, token_hash=fresh.token_hash, changed_ts=fresh.changed_ts)
    else:
        under_way, of_today = await domain_requests.count_requests(tx, fresh.domain, fresh.created_ts - limits.DAY_MS)
        if under_way >= limits.MAX_DOMAIN_REQUESTS or of_today >= limits.MAX_DOMAIN_REQUESTS_DAY:
            raise LimitExceeded(limits.DAY_MS)
    await domain_requests.set_request(tx, fresh)
    return fresh


def _is_alive(request: DomainRequest, now_ms: int) -> bool:
    """Whether it may be taken up again; what waits for a decision does not end by itself."""
    return request.state == State.WAITING or (request.state in LIVE and request.expires_ts > now_ms)


async def get_own(world: World, request_id: str, token: str) -> DomainRequest:
    """The request, for who holds its secret; NotFound for everybody else."""
    check_open(world)
    found = await world.store.read(domain_requests.find_request, request_id)
    if found is None or not hmac.compare_digest(found.token_hash, digest(token)):
        raise NotFound("There is no such request.", "Cette demande n'existe pas.")
    return found


async def describe(world: World, own: DomainRequest, given: Description, accepts_terms: bool) -> DomainRequest:
    """Who the administration is, and who will look after it; it may be corrected until the domain is proven.

    M_INVALID_PARAM with `fields` names what cannot be; M_FORBIDDEN once it is too late.
    """
    faults = [each.value for each in find_faults(given, own.domain)]
    if not accepts_terms:
        faults.append("terms")
    if faults:
        raise InvalidParam(f"Please check: {', '.join(faults)}.", f"À corriger : {', '.join(faults)}.", fields=faults)
    terms = world.settings.registration.terms_version
    return await world.store.write(_describe, own.request_id, given, terms, world.clock.now_ms())


async def _describe(tx: Tx, request_id: str, given: Description, terms: str, now_ms: int) -> DomainRequest:
    own = await get_in(tx, request_id, (State.DESCRIBING, State.PROVING))
    changed = replace(
        own,
        state=State.PROVING,
        name=given.name,
        kind=given.kind,
        siren=given.siren,
        headcount=given.headcount,
        contact=str(parse_email(given.contact)),
        delegates=tuple(dict.fromkeys(str(parse_email(each)) for each in given.delegates)),
        terms_version=terms,
        changed_ts=now_ms,
    )
    await domain_requests.set_request(tx, changed)
    return changed


async def withdraw(world: World, own: DomainRequest) -> DomainRequest:
    """The requester thinks better of it. M_FORBIDDEN once it is decided."""
    return await world.store.write(_withdraw, own.request_id, world.clock.now_ms())


async def _withdraw(tx: Tx, request_id: str, now_ms: int) -> DomainRequest:
    own = await get_in(tx, request_id, LIVE)
    changed = replace(own, state=State.WITHDRAWN, changed_ts=now_ms, next_check_ts=None, proof_hash=None)
    await domain_requests.set_request(tx, changed)
    return changed


async def get_in(tx: Tx, request_id: str, states: tuple[State, ...]) -> DomainRequest:
    """The request, in one of these states; M_FORBIDDEN in any other."""
    found = await domain_requests.find_request(tx, request_id)
    if found is None or found.state not in states:
        raise Forbidden(
            "This request has gone further meanwhile: look at it again.",
            "Cette demande a avancé entre-temps : regardez où elle en est.",
        )
    return found


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
