"""The e-mail parser."""

import email.message
import email.policy
import email.utils

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tchap.policy.emails import Email, parse_email

REFUSED = (
    "",
    "@",
    "jean",
    "jean@",
    "@prefecture.example.fr",
    "jean@fr",
    "a@evil.example@presidence.example.fr",
    "jean.martin@prefecture.example.fr@",
    '"jean martin"@prefecture.example.fr',
    '"a@evil.example"@presidence.example.fr',
    "jean(presidence)@prefecture.example.fr",
    "jean@prefecture.example.fr(evil)",
    "Jean <jean@prefecture.example.fr>",
    "<jean@prefecture.example.fr>",
    "jean@prefecture.example.fr,marie@evil.example",
    "jean@prefecture.example.fr;marie@evil.example",
    " jean@prefecture.example.fr",
    "jean@prefecture.example.fr ",
    "jean@prefecture.example.fr\n",
    "jean@prefecture.example.fr\r\nBcc: x@evil.example",
    "jean\x00@prefecture.example.fr",
    "jean\t@prefecture.example.fr",
    "jean@[127.0.0.1]",
    "jean@127.0.0.1",
    "jean@prefecture.example.fr.",
    "jean@.prefecture.example.fr",
    "jean@prefecture..example.fr",
    "jean@-prefecture.example.fr",
    "jean@prefecture-.example.fr",
    "jean@prefecture_x.example.fr",
    ".jean@prefecture.example.fr",
    "jean.@prefecture.example.fr",
    "jean..martin@prefecture.example.fr",
    "jean%evil.example@prefecture.example.fr",
    "evil.example!jean@prefecture.example.fr",
    "jéan@prefecture.example.fr",
    "jean@préfecture.example.fr",
    "jean@prefecture.example.fr\u2028",
    "jean＠prefecture.example.fr",
    "jean@prefecture。example.fr",
    "jea\u212a@prefecture.example.fr",
    f"{'a' * 65}@prefecture.example.fr",
    f"jean@{'a' * 64}.fr",
    f"jean@{'a.' * 130}fr",
)


@pytest.mark.parametrize("text", REFUSED)
def test_an_address_that_is_not_plain_is_refused(text: str) -> None:
    """An address two readers could read differently is no address here."""
    with pytest.raises(ValueError, match="plain"):
        parse_email(text)


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("jean.martin@prefecture.example.fr", "jean.martin", "prefecture.example.fr"),
        ("Jean.MARTIN@Prefecture.Example.FR", "jean.martin", "prefecture.example.fr"),
        ("anne-sophie.o'neill+tchap@mairie.example.fr", "anne-sophie.o'neill+tchap", "mairie.example.fr"),
        ("a@b.fr", "a", "b.fr"),
        ("contact_sg@xn--prfecture-b1a.example.fr", "contact_sg", "xn--prfecture-b1a.example.fr"),
    ],
)
def test_a_plain_address_is_read_in_lower_case(text: str, local: str, domain: str) -> None:
    """A plain address gives its two halves, lower-cased."""
    assert parse_email(text) == Email(local, domain)


_HOSTILE = st.text(alphabet="ab1.@<>()\"',;:\\[]% \t\r\n\x00!+-_=?éK。＠", max_size=40)


@given(st.one_of(st.emails(), _HOSTILE, _HOSTILE.map(lambda t: t + "@evil.example"), st.text(max_size=60)))
@example("a@evil.example@presidence.example.fr")
@example("a@b.fr(@c.fr)")
def test_every_reader_agrees_on_what_we_accept(text: str) -> None:
    """Whatever is accepted, Python's own readers and the mail header find the same single recipient and domain."""
    try:
        parsed = parse_email(text)
    except ValueError:
        return
    assert email.utils.parseaddr(text) == ("", text)
    assert email.utils.getaddresses([text, str(parsed)]) == [("", text), ("", str(parsed))]
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["To"] = str(parsed)
    (recipient,) = message["To"].addresses
    assert (recipient.username, recipient.domain) == (parsed.local, parsed.domain)
    assert text.lower().rsplit("@", 1) == [parsed.local, parsed.domain]
    assert parse_email(str(parsed)) == parsed
