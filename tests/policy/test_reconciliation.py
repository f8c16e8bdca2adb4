"""The decision table of sign-ins by the agents' identity provider."""

from dataclasses import replace

import pytest

from tchap.policy.domains import Home
from tchap.policy.reconciliation import (
    DORMANT_MS,
    Create,
    Decision,
    Facts,
    Refusal,
    Refused,
    Reopen,
    Rules,
    SignIn,
    Standing,
    decide_sign_in,
)

NOW = 1_800_000_000_000
HERE, THERE = "agent.pref.example.fr", "agent.hop.example.fr"
AGENT, GUEST = Home(HERE, None, False), Home("agent.externe.example.fr", None, True)
FACTS = Facts("jean@pref.example.fr", None, "jean martin", ("pwd",), AGENT, None, NOW)
OWN = Standing("@jean", HERE, False, False, False, None, NOW)
OTHER = replace(OWN, user_id="@other")
EXPIRED, TO_COME = NOW - 1, NOW + 1
SUSPENDED = replace(AGENT, is_open=False)
# Closed by its owner or at the end of its term, after a last sign-in with the very same address and names.
CLOSED = replace(OWN, is_deactivated=True, may_return=True, own_email=FACTS.email, own_names=FACTS.names)
OPEN = Rules()


def refused(reason: Refusal) -> Refused:
    return Refused(reason)


TABLE: dict[str, tuple[Facts, Rules, Decision]] = {
    # What the provider says must be enough for anything at all.
    "nobody known: an account": (FACTS, OPEN, Create()),
    "address verified: an account": (replace(FACTS, is_email_verified=True), OPEN, Create()),
    "address said unverified": (
        replace(FACTS, is_email_verified=False, linked=OWN),
        OPEN,
        refused(Refusal.EMAIL_NOT_VERIFIED),
    ),
    "address not said verified, and that is demanded": (
        FACTS,
        Rules(needs_verified_email=True),
        refused(Refusal.EMAIL_NOT_VERIFIED),
    ),
    "domain of nobody": (replace(FACTS, home=None), OPEN, refused(Refusal.NOT_AUTHORISED)),
    "domain of guests": (replace(FACTS, home=GUEST), OPEN, refused(Refusal.NOT_AUTHORISED)),
    "domain no longer open, account linked": (
        replace(FACTS, home=GUEST, linked=OWN),
        OPEN,
        refused(Refusal.NOT_AUTHORISED),
    ),
    "one factor where two are demanded": (FACTS, Rules(needs_mfa=True), refused(Refusal.MFA_NEEDED)),
    "methods not told where two factors are demanded": (
        replace(FACTS, methods=(), linked=OWN),
        Rules(needs_mfa=True),
        refused(Refusal.MFA_NEEDED),
    ),
    "two factors": (replace(FACTS, methods=("pwd", "mfa")), Rules(needs_mfa=True), Create()),
    "another instance's Host, no account": (replace(FACTS, served=THERE), OPEN, refused(Refusal.OTHER_INSTANCE)),
    "accounts are not opened": (FACTS, Rules(may_create=False), refused(Refusal.CLOSED)),
    # The `sub` is known.
    "linked": (replace(FACTS, linked=OWN), OPEN, SignIn("@jean", True, False)),
    "linked, accounts are not opened": (
        replace(FACTS, linked=OWN),
        Rules(may_create=False),
        SignIn("@jean", True, False),
    ),
    "linked, expired": (replace(FACTS, linked=replace(OWN, expires_ts=EXPIRED)), OPEN, SignIn("@jean", True, True)),
    "linked, term to come": (
        replace(FACTS, linked=replace(OWN, expires_ts=TO_COME)),
        OPEN,
        SignIn("@jean", True, True),
    ),
    "linked, unused for long": (
        replace(FACTS, linked=replace(OWN, last_seen_ts=NOW - DORMANT_MS)),
        OPEN,
        SignIn("@jean", True, False),
    ),
    "linked, locked": (replace(FACTS, linked=replace(OWN, is_locked=True)), OPEN, refused(Refusal.LOCKED)),
    "linked, closed": (replace(FACTS, linked=replace(OWN, is_deactivated=True)), OPEN, Create()),
    "linked, closed, and back": (replace(FACTS, linked=CLOSED), OPEN, Reopen("@jean")),
    "linked, closed, and back, accounts are not opened": (
        replace(FACTS, linked=CLOSED),
        Rules(may_create=False),
        Reopen("@jean"),
    ),
    "linked without names, closed, and back": (
        replace(FACTS, linked=replace(CLOSED, own_names=None)),
        OPEN,
        Reopen("@jean"),
    ),
    "linked, closed by an administrator or erased": (
        replace(FACTS, linked=replace(CLOSED, may_return=False)),
        OPEN,
        Create(),
    ),
    "linked, closed, back with another address": (
        replace(FACTS, linked=replace(CLOSED, own_email="jean@hop.example.fr")),
        OPEN,
        Create(),
    ),
    "linked, closed, back under another name": (
        replace(FACTS, linked=replace(CLOSED, own_names="jeanne martin")),
        OPEN,
        Create(),
    ),
    "linked, closed, and the address has an account since": (
        replace(FACTS, linked=CLOSED, holder=OTHER),
        OPEN,
        SignIn("@other", False, False),
    ),
    "linked, closed, locked": (
        replace(FACTS, linked=replace(CLOSED, is_locked=True)),
        OPEN,
        refused(Refusal.LOCKED),
    ),
    "linked, closed, a guest's": (
        replace(FACTS, linked=replace(CLOSED, is_external=True)),
        OPEN,
        refused(Refusal.EXTERNAL_ACCOUNT),
    ),
    "linked, closed, by the Host of another instance": (
        replace(FACTS, linked=CLOSED, served=THERE),
        OPEN,
        refused(Refusal.OTHER_INSTANCE),
    ),
    "linked, closed, the administration takes nobody": (
        replace(FACTS, home=SUSPENDED, linked=CLOSED),
        OPEN,
        refused(Refusal.NOT_AUTHORISED),
    ),
    "nobody known, the administration takes nobody": (
        replace(FACTS, home=SUSPENDED),
        OPEN,
        refused(Refusal.NOT_AUTHORISED),
    ),
    "linked, term to come, the administration takes nobody": (
        replace(FACTS, home=SUSPENDED, linked=replace(OWN, expires_ts=TO_COME)),
        OPEN,
        SignIn("@jean", True, True),
    ),
    "linked, and the address is another's": (
        replace(FACTS, linked=OWN, holder=OTHER),
        OPEN,
        SignIn("@jean", False, False),
    ),
    "linked, and the address was that of a closed account": (
        replace(FACTS, linked=OWN, holder=replace(OTHER, is_deactivated=True)),
        OPEN,
        SignIn("@jean", True, False),
    ),
    "linked closed, and the address is another's": (
        replace(FACTS, linked=replace(OWN, is_deactivated=True), holder=OTHER),
        OPEN,
        SignIn("@other", False, False),
    ),
    "linked to a guest's account": (
        replace(FACTS, linked=replace(OWN, is_external=True)),
        OPEN,
        refused(Refusal.EXTERNAL_ACCOUNT),
    ),
    "linked, by the Host of another instance": (
        replace(FACTS, linked=OWN, served=THERE),
        OPEN,
        refused(Refusal.OTHER_INSTANCE),
    ),
    # The `sub` is new, the address has an account.
    "address held": (replace(FACTS, holder=OWN), OPEN, SignIn("@jean", False, False)),
    "address held, expired": (
        replace(FACTS, holder=replace(OWN, expires_ts=EXPIRED)),
        OPEN,
        SignIn("@jean", False, True),
    ),
    "address held by a guest's account": (
        replace(FACTS, holder=replace(OWN, is_external=True)),
        OPEN,
        refused(Refusal.EXTERNAL_ACCOUNT),
    ),
    "address held, locked": (replace(FACTS, holder=replace(OWN, is_locked=True)), OPEN, refused(Refusal.LOCKED)),
    "address held by a closed account": (replace(FACTS, holder=replace(OWN, is_deactivated=True)), OPEN, Create()),
    "address held, unused for long": (
        replace(FACTS, holder=replace(OWN, last_seen_ts=NOW - DORMANT_MS)),
        OPEN,
        refused(Refusal.DORMANT),
    ),
    "address held, linked to another sub of the same name": (
        replace(FACTS, holder=replace(OWN, linked_names=("jean martin",))),
        OPEN,
        SignIn("@jean", False, False),
    ),
    "address held, linked to another sub without name": (
        replace(FACTS, holder=replace(OWN, linked_names=(None,))),
        OPEN,
        SignIn("@jean", False, False),
    ),
    "address held, linked to another sub of another name": (
        replace(FACTS, holder=replace(OWN, linked_names=("jean martin", "jeanne martin"))),
        OPEN,
        refused(Refusal.OTHER_PERSON),
    ),
    "address held, linked to another sub, expired": (
        replace(FACTS, holder=replace(OWN, linked_names=("jean martin",), expires_ts=EXPIRED)),
        OPEN,
        refused(Refusal.DORMANT),
    ),
    "address held, linked to another sub, term to come": (
        replace(FACTS, holder=replace(OWN, linked_names=("jean martin",), expires_ts=TO_COME)),
        OPEN,
        SignIn("@jean", False, True),
    ),
    "address held on another instance": (
        replace(FACTS, holder=OWN, served=THERE),
        OPEN,
        refused(Refusal.OTHER_INSTANCE),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_table_of_sign_ins(case: str) -> None:
    """Each combination of facts has its one decision."""
    facts, rules, decision = TABLE[case]
    assert decide_sign_in(facts, rules) == decision


def test_every_refusal_is_reached() -> None:
    """No reason is there that the table does not show."""
    shown = {decision.reason for _, _, decision in TABLE.values() if isinstance(decision, Refused)}
    assert shown == set(Refusal)
