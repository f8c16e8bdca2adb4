"""Which account an identity provider's word opens: the agent's own, a new one, or none.

A provider names a person by a `sub` that is its own and changes when her administration changes provider; what lasts
is her professional e-mail address, which one day may be given to somebody else. So the `sub` decides where it is
known, the address where it is not, and never against a sign that somebody else stands behind it.
"""

from dataclasses import dataclass
from enum import Enum

from tchap.base.limits import DAY_MS
from tchap.policy.domains import Home

DORMANT_MS = 180 * DAY_MS
"""How long an account nobody used may still be taken for that of whoever has its address today: administrations give
the addresses of those who left to others after some months."""
MFA = "mfa"
"""The method that says two factors (RFC 8176, section 2)."""


class Refusal(Enum):
    """Why nobody is let in."""

    EMAIL_NOT_VERIFIED = "email_not_verified"
    NOT_AUTHORISED = "not_authorised"
    OTHER_INSTANCE = "other_instance"
    MFA_NEEDED = "mfa_needed"
    LOCKED = "locked"
    EXTERNAL_ACCOUNT = "external_account"
    OTHER_PERSON = "other_person"
    DORMANT = "dormant"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as this law looks at it; times in ms since 1970.

    `linked_names` are the names under which other `sub`s of this provider are linked to it; None for a link that was
    made without any. `own_email` and `own_names` are what the provider said last of the `sub` that is linked;
    `may_return` is True for an account that was closed by its owner or at the end of its term, and not erased.
    """

    user_id: str
    instance: str
    is_external: bool
    is_deactivated: bool
    is_locked: bool
    expires_ts: int | None
    last_seen_ts: int
    linked_names: tuple[str | None, ...] = ()
    own_email: str = ""
    own_names: str | None = None
    may_return: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the provider said, what the address is worth today, and which accounts are concerned.

    `linked` is the account of this `sub`, `holder` the one that has the address; `served` the instance the person
    came to, None where the address did not say.
    """

    email: str
    is_email_verified: bool | None
    names: str
    methods: tuple[str, ...]
    home: Home | None
    served: str | None
    now_ms: int
    linked: Standing | None = None
    holder: Standing | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator demands beyond the law."""

    may_create: bool = True
    needs_verified_email: bool = False
    needs_mfa: bool = False


@dataclass(frozen=True, slots=True)
class SignIn:
    """Opens this account; `takes_email` where the address follows, `renews` where the account has a term."""

    user_id: str
    takes_email: bool
    renews: bool


@dataclass(frozen=True, slots=True)
class Reopen:
    """Opens an account again that was closed."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Create:
    """Opens an account of her own."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal


Decision = SignIn | Reopen | Create | Refused


def decide_sign_in(facts: Facts, rules: Rules) -> Decision:
    """The one decision, taken at every sign-in by the provider."""
    refusal = _refusal_of_word(facts, rules)
    if refusal is not None:
        return Refused(refusal)
    if facts.linked is not None and not facts.linked.is_deactivated:
        return _decide_linked(facts, facts.linked)
    if facts.holder is not None and not facts.holder.is_deactivated:
        return _decide_holder(facts, facts.holder)
    if facts.home is None or not facts.home.is_open:
        return Refused(Refusal.NOT_AUTHORISED)
    if facts.linked is not None and _is_back(facts, facts.linked):
        refusal = _refusal_of_account(facts, facts.linked)
        return Reopen(facts.linked.user_id) if refusal is None else Refused(refusal)
    # Any other closed account stays closed: its owner, or the next one of her address, begins anew.
    if facts.served not in (None, facts.home.instance):
        return Refused(Refusal.OTHER_INSTANCE)
    return Create() if rules.may_create else Refused(Refusal.CLOSED)


def _refusal_of_word(facts: Facts, rules: Rules) -> Refusal | None:
    """Whether what the provider says is enough for anything at all."""
    if facts.is_email_verified is False or (facts.is_email_verified is None and rules.needs_verified_email):
        return Refusal.EMAIL_NOT_VERIFIED
    # The provider also knows people of administrations that are not open here, and companies.
    if facts.home is None or facts.home.is_external:
        return Refusal.NOT_AUTHORISED
    if rules.needs_mfa and MFA not in facts.methods:
        return Refusal.MFA_NEEDED
    return None


def _is_back(facts: Facts, account: Standing) -> bool:
    """The same person as when the account was closed: the `sub` is hers alone ("never reassigned", OpenID Connect Core
    1.0, section 2), and the address and the names are those of her last sign-in. A homonym who was given her address
    has another `sub`; one whom a careless provider gave her `sub` has another address or name, but for a namesake."""
    return account.may_return and account.own_email == facts.email and account.own_names in (None, facts.names)


def _decide_linked(facts: Facts, account: Standing) -> Decision:
    """The `sub` is known: the account is hers, whatever her address became."""
    refusal = _refusal_of_account(facts, account)
    if refusal is not None:
        return Refused(refusal)
    # Another account has the address: hers opens, and takes nothing from the other.
    is_free = facts.holder is None or facts.holder.is_deactivated
    return SignIn(account.user_id, is_free, _renews(account))


def _decide_holder(facts: Facts, account: Standing) -> Decision:
    """The `sub` is new and the address has an account: hers by another way in, unless a sign says somebody else's."""
    refusal = _refusal_of_account(facts, account)
    if refusal is not None:
        return Refused(refusal)
    if any(names is not None and names != facts.names for names in account.linked_names):
        return Refused(Refusal.OTHER_PERSON)
    is_expired = account.expires_ts is not None and account.expires_ts <= facts.now_ms
    if account.last_seen_ts + DORMANT_MS <= facts.now_ms or (is_expired and account.linked_names):
        return Refused(Refusal.DORMANT)
    return SignIn(account.user_id, False, _renews(account))


def _refusal_of_account(facts: Facts, account: Standing) -> Refusal | None:
    if account.is_locked:
        return Refusal.LOCKED
    # A guest's account holds what guests were shown; an agent's rights never fall on it unasked.
    if account.is_external:
        return Refusal.EXTERNAL_ACCOUNT
    return Refusal.OTHER_INSTANCE if facts.served not in (None, account.instance) else None


def _renews(account: Standing) -> bool:
    """The provider vouches for the address as the mail of a renewal would, whose domain is an administration's."""
    return account.expires_ts is not None
