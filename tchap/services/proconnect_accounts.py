"""From what the agents' identity provider says to an account: one transaction, decided by `policy/reconciliation`."""

from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.policy import names
from tchap.policy.domains import Home
from tchap.policy.emails import Email, parse_email
from tchap.policy.people_files import MAX_TEXT
from tchap.policy.reconciliation import Facts, Refusal, Refused, Reopen, Rules, SignIn, Standing, decide_sign_in
from tchap.protocol.directory_words import fold
from tchap.protocol.identifiers import server_of
from tchap.protocol.oidc import Person
from tchap.services.account_moves import Move, show_move, take_address
from tchap.services.administrations import externals_of, find_administration, home_of
from tchap.services.email_invitations import accept_invitations
from tchap.services.people_roles import set_roles
from tchap.services.reactivation import reopen
from tchap.services.registration import NewAccount, add_whole_account
from tchap.services.world import World
from tchap.storage import account_closings, accounts, proconnect, validity
from tchap.storage.database import Tx
from tchap.storage.proconnect import Link


@dataclass(frozen=True, slots=True)
class _Word:
    """Everything the transaction needs: what was said, by whom, and what this server makes of it."""

    issuer: str
    person: Person
    email: Email
    facts: Facts
    rules: Rules
    externals: str | None
    account: NewAccount | None
    period_ms: int


@dataclass(frozen=True, slots=True)
class _Entered:
    """The account entered, whether the address is new to it, and whether its name changed with it."""

    user_id: str
    has_new_address: bool = False
    is_renamed: bool = False


async def open_account_of(world: World, person: Person, email: Email, served: str | None) -> str | Refused:
    """The user id of the account this person enters, made or linked where the law says so; else why none is."""
    word = await _word(world, person, email, served)
    try:
        settled = await world.store.write(_settle, word)
    except MatrixError as error:
        if error.errcode != "M_THREEPID_IN_USE":
            raise
        # Another tab of the same person made the account at this very moment: now there is one to enter.
        settled = await world.store.write(_settle, word)
    if isinstance(settled, Refused):
        return settled
    if settled.has_new_address:
        await show_move(world, settled.user_id, settled.is_renamed)
        await accept_invitations(world, settled.user_id, str(email))
    return settled.user_id


async def _word(world: World, person: Person, email: Email, served: str | None) -> _Word:
    settings, now_ms = world.settings, world.clock.now_ms()
    home = await home_of(world, email)
    administration = await find_administration(world, email)
    facts = Facts(
        email=str(email),
        is_email_verified=person.is_email_verified,
        names=_folded(person),
        methods=person.methods,
        home=home,
        served=served,
        now_ms=now_ms,
    )
    rules = Rules(
        may_create=settings.registration.enabled,
        needs_verified_email=settings.proconnect.requires_verified_email,
        needs_mfa=administration is not None
        and (administration.requires_mfa or administration.name in settings.proconnect.mfa_administrations),
    )
    account = _new_account(world, person, email, home) if home is not None else None
    period_ms = settings.validity.period_days * limits.DAY_MS
    return _Word(settings.proconnect.issuer, person, email, facts, rules, externals_of(settings), account, period_ms)


def _folded(person: Person) -> str:
    """The names as they are compared: case, accents and hyphens change from one provider to the next."""
    return " ".join(fold(f"{person.given_name} {person.usual_name}"))


def _new_account(world: World, person: Person, email: Email, home: Home) -> NewAccount:
    """The account as registration would make it, without a password and with the name the provider gives."""
    return NewAccount(
        home.instance,
        names.localpart_of(email, home.instance),
        True,
        None,
        str(email),
        names.display_name_from(person.given_name, person.usual_name, email, home.label),
        world.clock.now_ms(),
        world.settings.registration.terms_version,
        administration_id=home.administration_id,
    )


async def _settle(tx: Tx, word: _Word) -> _Entered | Refused:
    """The one transaction: who is concerned, what is decided, and what follows."""
    link = await proconnect.find_link(tx, word.issuer, word.person.subject)
    held = await accounts.find_email(tx, word.facts.email)
    linked = await _find_standing(tx, word, link.user_id) if link is not None else None
    holder = await _find_standing(tx, word, held.user_id) if held is not None else None
    if linked is not None and holder is not None and linked.user_id == holder.user_id:
        holder = None
    decision = decide_sign_in(replace(word.facts, linked=linked, holder=holder), word.rules)
    if isinstance(decision, Refused):
        return decision
    if isinstance(decision, SignIn):
        entered = await _enter(tx, word, decision, link if linked is not None else None)
    elif isinstance(decision, Reopen):
        is_renamed = await reopen(tx, _move(word, decision.user_id, None), word.facts.now_ms)
        entered = _Entered(decision.user_id, True, is_renamed)
    elif word.account is None:
        return Refused(Refusal.NOT_AUTHORISED)
    else:
        entered = _Entered(await add_whole_account(tx, word.account, None), True)
    await proconnect.set_link(tx, _link(word, entered.user_id))
    if word.person.unit:
        await set_roles(tx, {entered.user_id: (word.person.unit[:MAX_TEXT], None)})
    return entered


async def _find_standing(tx: Tx, word: _Word, user_id: str) -> Standing | None:
    account = await accounts.find_account(tx, user_id)
    if account is None:
        return None
    term, seen_ts = await proconnect.find_use(tx, user_id)
    links = await proconnect.find_links_of(tx, word.issuer, user_id)
    own = next((link for link in links if link.subject == word.person.subject), None)
    closing = await account_closings.find_closing(tx, user_id) if account.deactivated_ts is not None else None
    return Standing(
        user_id,
        account.instance,
        account.instance == word.externals,
        account.deactivated_ts is not None,
        account.locked_ts is not None,
        term,
        max(account.created_ts, seen_ts or 0, *(link.last_seen_ts for link in links), 0),
        tuple(link.names for link in links if link is not own),
        own_email=own.email if own is not None else "",
        own_names=own.names if own is not None else None,
        may_return=closing is not None and closing.closed_by in ("owner", "term") and not closing.is_erased,
    )


async def _enter(tx: Tx, word: _Word, decision: SignIn, link: Link | None) -> _Entered:
    user_id, now_ms = decision.user_id, word.facts.now_ms
    if decision.renews:
        await validity.set_renewed(tx, user_id, now_ms + word.period_ms, now_ms)
    if not decision.takes_email or link is None or link.email == word.facts.email:
        return _Entered(user_id)
    move = _move(word, user_id, parse_email(link.email))
    return _Entered(user_id, True, await take_address(tx, move, (link.email,), now_ms))


def _move(word: _Word, user_id: str, former: Email | None) -> Move:
    return Move(user_id, server_of(user_id), word.email, former, word.externals)


def _link(word: _Word, user_id: str) -> Link:
    now_ms = word.facts.now_ms
    return Link(
        word.issuer,
        word.person.subject,
        user_id,
        word.facts.email,
        word.facts.names or None,
        word.person.siret or None,
        now_ms,
        now_ms,
    )
