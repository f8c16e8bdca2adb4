"""What becomes of a domain that is proven, and what a request may say."""

import pytest

from tchap.policy.domain_requests import (
    Description,
    DomainFacts,
    Fault,
    Outcome,
    Reason,
    challenge_names,
    decide_domain,
    find_faults,
    holds_challenge,
)
from tchap.policy.lookalikes import DomainName, Likeness, Resemblance
from tchap.policy.providers import find_provider


def facts(domain: str, known: bool = False, host: str | None = None, *likenesses: Likeness) -> DomainFacts:
    """`host` is a provider, and of mailboxes that vanish where it is yopmail."""
    suffix = "gouv.fr" if domain.endswith("gouv.fr") else domain.rpartition(".")[2]
    disposable = host if host == "yopmail.com" else None
    return DomainFacts(
        DomainName(domain, suffix, domain),
        known,
        None if disposable else host,
        disposable,
        tuple(Resemblance("autre.fr", each) for each in likenesses),
    )


@pytest.mark.parametrize(
    ("given", "outcome", "reasons"),
    [
        (facts("valmont.fr", True), Outcome.OPEN, ()),
        (facts("valmont.fr"), Outcome.QUEUE, (Reason.UNKNOWN,)),
        # Known wins over whatever it resembles.
        (facts("valmont.fr", True, None, Likeness.SAME_LOOK, Likeness.NEAR), Outcome.OPEN, ()),
        (facts("connect-gouv.nc", True), Outcome.OPEN, ()),
        # Made to deceive.
        (facts("va1mont.fr", False, None, Likeness.SAME_LOOK), Outcome.REFUSE, (Reason.SAME_LOOK,)),
        (facts("a.fr.b.com", False, None, Likeness.EMBEDS, Likeness.NEAR), Outcome.REFUSE, (Reason.EMBEDS,)),
        (facts("gouv-fr.com"), Outcome.REFUSE, (Reason.CLAIMS_STATE,)),
        (
            facts("paris-gouv.com", False, None, Likeness.SAME_LOOK),
            Outcome.REFUSE,
            (Reason.CLAIMS_STATE, Reason.SAME_LOOK),
        ),
        # Perhaps only alike: somebody looks.
        (facts("a-fr.com", False, None, Likeness.HYPHENED), Outcome.QUEUE, (Reason.UNKNOWN, Reason.HYPHENED)),
        (
            facts("valmont.com", False, None, Likeness.OTHER_SUFFIX),
            Outcome.QUEUE,
            (Reason.UNKNOWN, Reason.OTHER_SUFFIX),
        ),
        (
            facts("val-mont.fr", False, None, Likeness.SAME_WORDS, Likeness.NEAR, Likeness.NEAR),
            Outcome.QUEUE,
            (Reason.UNKNOWN, Reason.SAME_WORDS, Reason.NEAR),
        ),
        # Never, whoever knows it.
        (facts("xn--valmnt-1xa.fr", True), Outcome.REFUSE, (Reason.PUNYCODE,)),
        (facts("mairie.xn--valmnt-1xa.fr"), Outcome.REFUSE, (Reason.PUNYCODE,)),
        (facts("fr", True), Outcome.REFUSE, (Reason.PUBLIC_SUFFIX,)),
        (facts("gouv.fr", True), Outcome.REFUSE, (Reason.PUBLIC_SUFFIX,)),
        (facts("free.fr", True, "free.fr"), Outcome.REFUSE, (Reason.PROVIDER,)),
        (facts("yopmail.com", True, "yopmail.com"), Outcome.REFUSE, (Reason.DISPOSABLE,)),
        # A page at a provider's is somebody's only where the State says whose.
        (facts("mairie.free.fr", False, "free.fr"), Outcome.REFUSE, (Reason.PROVIDER,)),
        (facts("x.yopmail.com", False, "yopmail.com"), Outcome.REFUSE, (Reason.DISPOSABLE,)),
        (facts("02610.moy.free.fr", True, "free.fr"), Outcome.OPEN, ()),
    ],
)
def test_what_becomes_of_a_proven_domain(given: DomainFacts, outcome: Outcome, reasons: tuple[Reason, ...]) -> None:
    """Known ones open at once, deceptive and nobody's are refused, all others wait with every reason."""
    verdict = decide_domain(given)
    assert (verdict.outcome, verdict.reasons) == (outcome, reasons)


@pytest.mark.parametrize(
    ("domain", "registrable", "provider"),
    [
        ("gmail.com", "gmail.com", "gmail.com"),
        ("outlook.de", "outlook.de", "outlook.de"),
        ("yahoo.co.uk", "yahoo.co.uk", "yahoo.co.uk"),
        ("moy.free.fr", "free.fr", "free.fr"),
        ("orange.fr", "orange.fr", "orange.fr"),
        ("ville-orange.fr", "ville-orange.fr", None),
        ("mairie.outlook.example.fr", "example.fr", None),
        ("notgmail.com", "notgmail.com", None),
    ],
)
def test_where_everybody_gets_a_mailbox(domain: str, registrable: str, provider: str | None) -> None:
    """Webmail and access providers, in any country, and what stands under them."""
    assert find_provider(domain, registrable) == provider


GOOD = Description("Mairie", "local_authority", "732829320", 12, "m@valmont.fr", ("m@valmont.fr", "D.G@Valmont.fr"))


def _with(**changes: object) -> Description:
    return Description(**{name: changes.get(name, getattr(GOOD, name)) for name in Description.__slots__})


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (GOOD, []),
        (_with(siren=None), []),
        (_with(siren="732829321"), [Fault.SIREN]),
        (_with(siren="732 829 320"), [Fault.SIREN]),
        (_with(siren="٧٣٢٨٢٩٣٢٠"), [Fault.SIREN]),
        (_with(name="ab"), [Fault.NAME]),
        (_with(name="123"), [Fault.NAME]),
        (_with(name=" Mairie"), [Fault.NAME]),
        (_with(name="Mai\u202erie"), [Fault.NAME]),
        (_with(name="M" * 121), [Fault.NAME]),
        (_with(kind="empire"), [Fault.KIND]),
        (_with(headcount=0), [Fault.HEADCOUNT]),
        (_with(headcount=10**9), [Fault.HEADCOUNT]),
        (_with(contact="m@gmail.com"), [Fault.CONTACT]),
        (_with(contact="m@sub.valmont.fr"), [Fault.CONTACT]),
        (_with(delegates=()), [Fault.DELEGATES]),
        (_with(delegates=("m@valmont.fr",) * 11), [Fault.DELEGATES]),
        (_with(delegates=("m@valmont.fr", "x@evil.example@valmont.fr")), [Fault.DELEGATES]),
        (_with(name="", delegates=("x",)), [Fault.NAME, Fault.DELEGATES]),
    ],
)
def test_a_description_is_of_the_domain(given: Description, faults: list[Fault]) -> None:
    """Every field that cannot be is named; contact and delegates have addresses at the very domain."""
    assert find_faults(given, "valmont.fr") == faults


@pytest.mark.parametrize(
    ("texts", "holds"),
    [
        (["v=spf1 -all", "tchap-verification=abc"], True),
        ([" tchap-verification=abc "], True),
        (["tchap-verification=ABC"], False),
        (["tchap-verification=abcd"], False),
        (["x tchap-verification=abc"], False),
        ([], False),
    ],
)
def test_the_record_is_the_one_that_was_asked_for(texts: list[str], holds: bool) -> None:
    """Letter for letter: the record of another request proves nothing."""
    assert holds_challenge(texts, "abc") is holds


def test_a_domain_is_proven_at_its_own_name() -> None:
    """At the name itself or just under it, never at a name above."""
    assert challenge_names("mairie.valmont.fr") == ("_tchap.mairie.valmont.fr", "mairie.valmont.fr")
