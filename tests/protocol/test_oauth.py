"""The law of OAuth 2.0: redirect URIs, scopes, PKCE, answers."""

from typing import Any

import pytest

from tchap.protocol.oauth import OAuthError, ReturnAddress, is_verified, parse_authorization, parse_scope, scope_of
from tchap.protocol.oauth_clients import (
    check_redirect_uri,
    client_id_of,
    is_redirect_uri_of,
    parse_client_metadata,
)

# RFC 7636, appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("uri", "kinds"),
    [
        # The examples of the specification, "Redirect URI validation".
        ("https://example.com/callback", {"web", "native"}),
        ("https://app.example.com/callback", {"web", "native"}),
        ("https://example.com:5173/?query=value", {"web", "native"}),
        ("https://example.com/callback#fragment", set()),
        ("http://example.com/callback", set()),
        ("http://localhost/", {"native"}),
        ("com.example.app:/callback", {"native"}),
        ("com.example:/", {"native"}),
        ("com.example:callback", {"native"}),
        ("http://localhost/callback", {"native"}),
        ("http://127.0.0.1/callback", {"native"}),
        ("http://[::1]/callback", {"native"}),
        ("example:/callback", set()),
        ("com.example.app://callback", set()),
        ("https://localhost/callback", set()),
        ("http://localhost:1234/callback", set()),
        # And those an attacker would try.
        ("https://user@example.com/", set()),
        ("https://example.com@evil.test/", set()),
        ("https://evil-example.com/", set()),
        ("https://example.com.evil.test/", set()),
        ("https://example.com\\@evil.test/", set()),
        ("https://example.com:port/", set()),
        ("https:///callback", set()),
        ("http://localhost.evil.test/", set()),
        ("http://127.0.0.1@evil.test/", set()),
        ("com.examples:/", set()),
        ("com.example-app:/", set()),
        ("javascript:alert(1)", set()),
        ("data:text/html,x", set()),
        ("com.example:/a\r\nX: y", set()),
        ("com.example:/é", set()),
        ("/callback", set()),
        ("", set()),
    ],
)
def test_where_an_application_may_be_sent_back_to(uri: str, kinds: set[str]) -> None:
    """Only where nobody else answers, by kind of application."""
    for kind in ("web", "native"):
        if kind in kinds:
            check_redirect_uri(uri, kind, "example.com")
            continue
        with pytest.raises(OAuthError) as refused:
            check_redirect_uri(uri, kind, "example.com")
        assert refused.value.code == "invalid_redirect_uri"


def native(*uris: str) -> dict[str, Any]:
    return {"client_uri": "https://example.com/", "application_type": "native", "redirect_uris": list(uris)}


def test_redirect_uris_are_compared_letter_by_letter() -> None:
    """Nothing but the port of a loopback address may differ from what was registered."""
    metadata = parse_client_metadata(native("https://example.com/cb", "com.example:/cb", "http://127.0.0.1/cb?a=b"))
    for known in ("https://example.com/cb", "com.example:/cb", "http://127.0.0.1/cb?a=b", "http://127.0.0.1:9/cb?a=b"):
        assert is_redirect_uri_of(metadata, known)
    for other in (
        "https://example.com/cb/",
        "https://example.com/cb?x=y",
        "https://EXAMPLE.com/cb",
        "https://example.com:443/cb",
        "com.example:/cb2",
        "http://localhost:9/cb?a=b",
        "http://127.0.0.1:9/cb",
        "http://127.0.0.1:9@evil.test/cb?a=b",
        "http://127.0.0.1:9/cb?a=b#c",
    ):
        assert not is_redirect_uri_of(metadata, other), other


def test_an_application_is_known_by_its_metadata() -> None:
    """The order of fields and what means nothing here do not change the id; a redirect URI does."""
    one = client_id_of(parse_client_metadata({**native("com.example:/"), "contacts": ["a@example.com"]}))
    assert one == client_id_of(parse_client_metadata(dict(reversed(native("com.example:/").items()))))
    assert one != client_id_of(parse_client_metadata(native("com.example:/", "com.example:/b")))


@pytest.mark.parametrize("prefix", ["urn:matrix:client:", "urn:matrix:org.matrix.msc2967.client:"])
def test_a_scope_names_one_device(prefix: str) -> None:
    """Stable and older words mean the same; others are left out of what is granted."""
    asked = f"openid {prefix}api:* {prefix}device:AB+/c:d urn:example:admin"
    scope = parse_scope(asked)
    assert (scope.device_id, scope.text) == ("AB+/c:d", f"{prefix}api:* {prefix}device:AB+/c:d")
    assert parse_scope(scope_of("ABC")).device_id == "ABC"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urn:matrix:client:api:*",
        "urn:matrix:client:device:ABC",
        "urn:matrix:client:api:* urn:matrix:client:device:",
        "urn:matrix:client:api:* urn:matrix:client:device:A urn:matrix:client:device:B",
        'urn:matrix:client:api:* urn:matrix:client:device:"',
        "urn:matrix:client:api:* urn:matrix:client:device:é",
        "urn:matrix:client:api:* urn:matrix:client:device:" + "A" * 256,
    ],
)
def test_other_scopes_are_refused(text: str) -> None:
    """Without the whole API, with no device or with two, there is no session to open."""
    with pytest.raises(OAuthError) as refused:
        parse_scope(text)
    assert refused.value.code == "invalid_scope"


def test_a_verifier_is_held_to_its_challenge() -> None:
    """RFC 7636's own example passes; a short or foreign verifier does not, nor the challenge itself."""
    assert is_verified(CHALLENGE, VERIFIER)
    for other in (VERIFIER[:-1], VERIFIER + "A", CHALLENGE, "", "é" * 43, "A" * 129):
        assert not is_verified(CHALLENGE, other)


def query(**changes: str) -> dict[str, list[str]]:
    asked = {
        "response_type": "code",
        "scope": scope_of("ABC"),
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return {name: [value] for name, value in asked.items()}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": VERIFIER + "="}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
def test_authorization_requests_that_are_refused(change: dict[str, str], code: str) -> None:
    """No grant but the code, no challenge but S256."""
    assert parse_authorization(query()).challenge == CHALLENGE
    with pytest.raises(OAuthError) as refused:
        parse_authorization(query(**change))
    assert refused.value.code == code


def test_a_parameter_is_there_once() -> None:
    """A repeated parameter is refused: which of the two would be meant?"""
    with pytest.raises(OAuthError):
        parse_authorization({**query(), "scope": [scope_of("A"), scope_of("B")]})


def test_an_answer_is_added_to_the_address() -> None:
    """In the query or the fragment, beside what the address holds already, with the state letter by letter."""
    answer = {"code": "a b&c"}
    for uri, mode, told in (
        ("https://example.com/cb", "query", "https://example.com/cb?code=a+b%26c&state=%C3%A9%26"),
        ("https://example.com/cb?x=y", "query", "https://example.com/cb?x=y&code=a+b%26c&state=%C3%A9%26"),
        ("https://example.com/cb?x=y", "fragment", "https://example.com/cb?x=y#code=a+b%26c&state=%C3%A9%26"),
        ("com.example:/cb", "query", "com.example:/cb?code=a+b%26c&state=%C3%A9%26"),
    ):
        assert ReturnAddress(uri, "é&", mode).with_answer(answer) == told
    assert ReturnAddress("com.example:/cb", None, "fragment").with_answer(answer) == "com.example:/cb#code=a+b%26c"
