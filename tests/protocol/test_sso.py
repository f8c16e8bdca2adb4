"""Where an application may be sent back to with a login token."""

import pytest

from tchap.protocol.sso import check_redirect, site_of, with_login_token


@pytest.mark.parametrize(
    ("uri", "site"),
    [
        ("https://client.example.fr/", "https://client.example.fr"),
        ("https://client.example.fr:8443/#/welcome", "https://client.example.fr:8443"),
        ("http://localhost:8765/cb", "http://localhost:8765"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("element://connect", "element:"),
        ("fr.gouv.tchap:/callback?x=1", "fr.gouv.tchap:"),
        ("HTTPS://Client.example.fr", "https://Client.example.fr"),
    ],
)
def test_sites_and_applications_are_named(uri: str, site: str) -> None:
    """An address of a site shows its origin, one of an application its scheme."""
    check_redirect(uri)
    assert site_of(uri) == site


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "client.example.fr",
        "/account",
        "//client.example.fr",
        "https:",
        "https:///path",
        "https:client.example.fr",
        "https://known.example@piege.example/",
        "app://known.example@piege.example/",
        "https://client.example.fr\\@piege.example",
        "https://client.example.fr/\r\nSet-Cookie: a=b",
        "https://client.example.fr/ x",
        "https://client.example.fr/é",
        "https://[::1",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://client.example.fr/x",
        "about:blank",
        "view-source:https://client.example.fr",
        "mailto:a@b.fr",
    ],
)
def test_what_is_no_address_of_an_application_is_refused(uri: str) -> None:
    """Relative, ambiguous, with credentials, or run by the browser itself: nobody is sent there."""
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        check_redirect(uri)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://a.fr", "https://a.fr?loginToken=T"),
        ("https://a.fr/", "https://a.fr/?loginToken=T"),
        ("https://a.fr/?x=1&y=%20", "https://a.fr/?x=1&y=%20&loginToken=T"),
        ("https://a.fr/?loginToken=old&x=1&login%54oken=older", "https://a.fr/?x=1&loginToken=T"),
        ("https://a.fr/?x=1#/home?loginToken=kept", "https://a.fr/?x=1&loginToken=T#/home?loginToken=kept"),
        ("app:/cb?", "app:/cb?loginToken=T"),
        ("app://connect?a=b&a=c", "app://connect?a=b&a=c&loginToken=T"),
    ],
)
def test_the_token_is_added_and_no_other_stays(uri: str, expected: str) -> None:
    """Other parameters stay as they were written ("Handling the callback from the Authentication server")."""
    assert with_login_token(uri, "T") == expected
