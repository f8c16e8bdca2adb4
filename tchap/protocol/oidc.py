"""What an OpenID Connect provider says, read strictly: its metadata, the claims of its tokens, the person's own.

Source: OpenID Connect Discovery 1.0, section 4.3; OpenID Connect Core 1.0, sections 3.1.3.7 and 5.3.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CLOCK_SKEW_S = 60
"""By how much the provider's clock and ours may differ."""
MAX_SUBJECT = 255
"""Characters of a `sub` (OpenID Connect Core, section 2)."""
MAX_CLAIM = 255
"""Characters of any other text about a person."""


class OidcRefused(Exception):
    """The provider's word cannot be taken; the message says why, for the log alone."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The addresses of a provider; `has_pkce` where it says that it takes S256."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    has_pkce: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to be meant for us, here and now; `nonce` None where it carries none."""

    issuer: str
    client_id: str
    nonce: str | None
    now_s: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who is in front of the browser, in the provider's words; texts are empty where it said nothing."""

    subject: str
    email: str
    is_email_verified: bool | None
    given_name: str
    usual_name: str
    siret: str
    methods: tuple[str, ...]
    unit: str = ""


def parse_provider(body: object, issuer: str) -> Provider:
    """Reads the metadata; OidcRefused unless it is that of this very issuer (Discovery, section 4.3)."""
    if not isinstance(body, Mapping) or body.get("issuer") != issuer:
        raise OidcRefused("the metadata is not that of the configured issuer")
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    found = {name: _address(body, name, issuer) for name in names}
    end = _address(body, "end_session_endpoint", issuer) if "end_session_endpoint" in body else None
    methods = body.get("code_challenge_methods_supported")
    return Provider(issuer, **found, end_session_endpoint=end, has_pkce=isinstance(methods, list) and "S256" in methods)


def _address(body: Mapping[str, Any], name: str, issuer: str) -> str:
    value = body.get(name)
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    # An issuer in clear is a trial on one's own machine; a real one never leads to an address in clear.
    if parts is None or not parts.netloc or parts.scheme not in {"https", urlsplit(issuer).scheme}:
        raise OidcRefused(f"{name} is not an address")
    return str(value)


def check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    """OidcRefused unless the ID token was made by this issuer, for us, for this very sign-in, and is in its time.

    Source: OpenID Connect Core, section 3.1.3.7.
    """
    _check_origin(claims, expected)
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] + CLOCK_SKEW_S <= expected.now_s:
        raise OidcRefused("the token is too old")
    if not isinstance(claims.get("iat"), int | float) or claims["iat"] - CLOCK_SKEW_S > expected.now_s:
        raise OidcRefused("the token is not of this time")
    nonce = claims.get("nonce")
    if expected.nonce is not None and not (isinstance(nonce, str) and _same(nonce, expected.nonce)):
        raise OidcRefused("the token answers another sign-in")
    subject_of(claims)


def check_userinfo(claims: Mapping[str, Any], expected: Expected, subject: str, is_signed: bool) -> None:
    """OidcRefused unless the answer is about the person of the ID token (OpenID Connect Core, section 5.3.2).

    A signed answer says who made it and for whom; if it also says until when or for which sign-in, that counts.
    """
    if is_signed:
        _check_origin(claims, expected)
        if isinstance(claims.get("exp"), int | float) and claims["exp"] + CLOCK_SKEW_S <= expected.now_s:
            raise OidcRefused("the answer about the person is too old")
        if "nonce" in claims and claims["nonce"] != expected.nonce:
            raise OidcRefused("the answer about the person is that of another sign-in")
    if subject_of(claims) != subject:
        raise OidcRefused("the answer is about another person")


def _check_origin(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise OidcRefused("the token is of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise OidcRefused("the token is for another service")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise OidcRefused("the token was given to another service")


def subject_of(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise OidcRefused("the token names nobody")
    return subject


def parse_person(id_claims: Mapping[str, Any], userinfo: Mapping[str, Any]) -> Person:
    """The person, from both; what is missing or odd among the optional claims is left out, never an error."""
    verified = userinfo.get("email_verified")
    methods = id_claims.get("amr", userinfo.get("amr"))
    return Person(
        subject_of(id_claims),
        _text(userinfo, "email"),
        # Some providers write booleans as text; whatever is not a plain yes is no.
        None if verified is None else verified is True or verified == "true",
        _text(userinfo, "given_name"),
        _text(userinfo, "usual_name") or _text(userinfo, "family_name"),
        _text(userinfo, "siret"),
        tuple(method for method in methods if isinstance(method, str)) if isinstance(methods, list) else (),
        _text(userinfo, "organizational_unit"),
    )


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    is_plain = isinstance(value, str) and len(value) <= MAX_CLAIM and value.isprintable()
    return str(value).strip() if is_plain else ""


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
