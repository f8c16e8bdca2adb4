"""What an application says of itself when it registers, and where its users may be sent back to.

Source: client-server API, "Client registration"; RFC 7591, RFC 8252.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tchap.base import limits
from tchap.base.encoding import encode_json, unpadded_base64
from tchap.protocol.oauth import AUTHORIZATION_CODE, DEVICE_CODE, GRANT_TYPES, OAuthError

LANGUAGES = ("", "#fr", "#en")
_PAGES = ("logo_uri", "tos_uri", "policy_uri")
_LOOPBACK = re.compile(r"http://(?P<host>localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>\d{1,5}))?(?P<rest>(?:[/?].*)?)")
# What RFC 3986 lets a URI be made of: nothing a header, a page or a browser could read otherwise.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):(.*)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """One application, checked. `texts` are the names and addresses shown to people, by field name, `#fr` and `#en`
    variants among them."""

    client_uri: str
    application_type: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]

    @property
    def host(self) -> str:
        """Who answers for the application: the one name that is not merely claimed."""
        return urlsplit(self.client_uri).hostname or ""

    def find_text(self, name: str, language: str) -> str | None:
        """A field in the reader's language, else in none."""
        texts = dict(self.texts)
        return texts.get(f"{name}#{language}", texts.get(name))

    @property
    def json(self) -> dict[str, Any]:
        """What was kept, as the registration answers it (RFC 7591, section 3.2.1)."""
        return {
            **dict(self.texts),
            "client_uri": self.client_uri,
            "application_type": self.application_type,
            "redirect_uris": list(self.redirect_uris),
            "grant_types": list(self.grant_types),
            "response_types": ["code"] if AUTHORIZATION_CODE in self.grant_types else [],
            "token_endpoint_auth_method": "none",
        }


def client_id_of(metadata: ClientMetadata) -> str:
    """The same application, on whatever phone, has the same id ("Dynamic client registration flow", note)."""
    digest = hashlib.sha256(encode_json(metadata.json)).digest()[:16]
    return unpadded_base64(digest).translate(str.maketrans("+/", "-_"))


def parse_client_metadata(body: Mapping[str, Any]) -> ClientMetadata:
    """The metadata that mean something here; OAuthError `invalid_client_metadata` or `invalid_redirect_uri`.

    Fields, grant types and languages unknown here are left out.
    """
    if body.get("token_endpoint_auth_method", "none") != "none":
        raise _bad("token_endpoint_auth_method must be 'none'")
    base = _parse_page(body, "client_uri")
    if base is None:
        raise _bad("client_uri is missing")
    kind = body.get("application_type", "web")
    if kind not in ("web", "native"):
        raise _bad("application_type must be 'web' or 'native'")
    grant_types = tuple(t for t in GRANT_TYPES if t in _strings(body, "grant_types", [AUTHORIZATION_CODE]))
    if not {AUTHORIZATION_CODE, DEVICE_CODE} & set(grant_types):
        raise _bad("grant_types holds none that opens a session here")
    if AUTHORIZATION_CODE in grant_types and "code" not in _strings(body, "response_types", ["code"]):
        raise _bad("response_types must hold 'code'")
    redirect_uris = tuple(dict.fromkeys(_strings(body, "redirect_uris", [])))
    if len(redirect_uris) > limits.MAX_REDIRECT_URIS:
        raise OAuthError("invalid_redirect_uri", "There are too many redirect URIs.")
    # Asked of those who are sent back by a redirection (RFC 7591, section 2).
    if AUTHORIZATION_CODE in grant_types and not redirect_uris:
        raise OAuthError("invalid_redirect_uri", "redirect_uris is missing.")
    host = (base.hostname or "").lower()
    for uri in redirect_uris:
        check_redirect_uri(uri, kind, host)
    return ClientMetadata(str(body["client_uri"]), kind, redirect_uris, grant_types, _parse_texts(body, host))


def check_redirect_uri(uri: str, kind: str, host: str) -> None:
    """Raises OAuthError unless an application of this kind under this host may be sent back there.

    Source: client-server API, "Redirect URI validation".
    """
    if not _is_uri(uri) or "#" in uri:
        raise _bad_redirect(uri)
    scheme, rest = _scheme_of(uri)
    if scheme == "https":
        if not _is_under(_split_https(uri), host):
            raise _bad_redirect(uri)
    elif kind != "native":
        raise _bad_redirect(uri)
    elif scheme == "http":
        loopback = _LOOPBACK.fullmatch(uri)
        if loopback is None or loopback["port"] is not None:
            raise _bad_redirect(uri)
    elif not _is_private_scheme(scheme, host) or rest.startswith("//"):
        raise _bad_redirect(uri)


def is_redirect_uri_of(metadata: ClientMetadata, asked: str) -> bool:
    """Whether the address is one the application registered: the same letters, but for the port of a loopback."""
    if asked in metadata.redirect_uris:
        return True
    loopback = _LOOPBACK.fullmatch(asked)
    if loopback is None or not _is_uri(asked) or "#" in asked:
        return False
    # "The homeserver MUST then accept any port number during the authorisation flow".
    return f"http://{loopback['host']}{loopback['rest']}" in metadata.redirect_uris


def form_target(uri: str) -> str:
    """What a page's `form-action` must name so that the browser may follow a redirection there, and on from there."""
    scheme, _ = _scheme_of(uri)
    return f"{scheme}:"


def _parse_texts(body: Mapping[str, Any], host: str) -> tuple[tuple[str, str], ...]:
    texts = []
    for language in LANGUAGES:
        name = body.get(f"client_name{language}")
        if isinstance(name, str) and name.strip() and name.isprintable():
            texts.append((f"client_name{language}", name.strip()[: limits.MAX_CLIENT_NAME]))
        for page in _PAGES:
            parts = _parse_page(body, f"{page}{language}")
            if parts is None:
                continue
            # The client URI is a common base of all the other addresses ("Client metadata").
            if not _is_under(parts, host):
                raise _bad(f"{page} is not under the host of client_uri")
            texts.append((f"{page}{language}", str(body[f"{page}{language}"])))
    return tuple(texts)


def _parse_page(body: Mapping[str, Any], name: str) -> SplitResult | None:
    value = body.get(name)
    if value is None:
        return None
    parts = _split_https(value) if isinstance(value, str) and _is_uri(value) else None
    if parts is None:
        raise _bad(f"{name} must be an https address without user or password")
    return parts


def _split_https(uri: str) -> SplitResult | None:
    """An https address that names a host and nobody; None for any other."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    is_plain = parts.scheme == "https" and "@" not in parts.netloc and _HOST.fullmatch(parts.hostname or "")
    return parts if is_plain else None


def _is_under(parts: SplitResult | None, host: str) -> bool:
    """On this host or one below it, whatever the port."""
    if parts is None or parts.hostname is None:
        return False
    return parts.hostname == host or parts.hostname.endswith(f".{host}")


def _is_private_scheme(scheme: str, host: str) -> bool:
    """The host's name backwards, alone or with more labels: nobody else's application claims that."""
    reverse = ".".join(reversed(host.split(".")))
    return "." in reverse and (scheme == reverse or scheme.startswith(f"{reverse}."))


def _scheme_of(uri: str) -> tuple[str, str]:
    found = _SCHEME.fullmatch(uri)
    if found is None:
        raise _bad_redirect(uri)
    return found[1].lower(), found[2]


def _is_uri(value: str) -> bool:
    return len(value) <= limits.MAX_OAUTH_URI and _URI.fullmatch(value) is not None


def _strings(body: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    value = body.get(name, default)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{name} must be an array of strings")
    return value


def _bad(reason: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", f"The metadata cannot be used: {reason}.")


def _bad_redirect(uri: str) -> OAuthError:
    return OAuthError("invalid_redirect_uri", f"The application may not be sent back to {uri[:200]!a}.")
