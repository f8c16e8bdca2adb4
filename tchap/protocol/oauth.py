"""The law of OAuth 2.0 as Matrix uses it: errors, scopes, PKCE, authorization requests. Source: client-server API,
"OAuth 2.0 API"; RFC 6749, RFC 7636, RFC 8628."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tchap.base import limits
from tchap.base.encoding import unpadded_base64

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE)
RESPONSE_MODES = ("query", "fragment")

API_SCOPE = "urn:matrix:client:api:*"
DEVICE_SCOPE = "urn:matrix:client:device:"
# What clients asked for before Matrix 1.15 (MSC2967).
_UNSTABLE = "urn:matrix:org.matrix.msc2967.client:"

# RFC 6749, section 3.3, of which the device id may use all (client-server API, "Device ID allocation").
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class OAuthError(Exception):
    """A refusal in the words of RFC 6749, section 5.2: `code` is one of its error codes, `description` a sentence."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True)
class Scope:
    """What is granted: the whole client-server API, for one device. `text` says it in the client's own words."""

    device_id: str
    text: str


def parse_scope(text: str) -> Scope:
    """The device a scope names; words that mean nothing here are left out (RFC 6749, section 3.3). OAuthError."""
    tokens = dict.fromkeys(text.split(" "))
    if any(token and not _SCOPE_TOKEN.fullmatch(token) for token in tokens):
        raise OAuthError("invalid_scope", "The scope holds characters that no scope may hold.")
    stable = {token: token.replace(_UNSTABLE, "urn:matrix:client:", 1) for token in tokens}
    devices = {name.removeprefix(DEVICE_SCOPE) for name in stable.values() if name.startswith(DEVICE_SCOPE)}
    if API_SCOPE not in stable.values():
        raise OAuthError("invalid_scope", f"The scope must hold {API_SCOPE}.")
    # "There MUST be exactly one urn:matrix:client:device:<device_id> token" ("Device ID allocation").
    if len(devices) != 1:
        raise OAuthError("invalid_scope", "The scope must name exactly one device.")
    (device_id,) = devices
    if not 0 < len(device_id) <= limits.MAX_ID_BYTES:
        raise OAuthError("invalid_scope", "The device id must have 1 to 255 characters.")
    granted = [token for token, name in stable.items() if name == API_SCOPE or name.startswith(DEVICE_SCOPE)]
    return Scope(device_id, " ".join(granted))


def scope_of(device_id: str) -> str:
    """The scope of a session, in the words of the specification."""
    return f"{API_SCOPE} {DEVICE_SCOPE}{device_id}"


def is_verified(challenge: str, verifier: str) -> bool:
    """Whether the verifier is the one the challenge was made from (RFC 7636, section 4.6, `S256` alone)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = unpadded_base64(hashlib.sha256(verifier.encode()).digest()).translate(str.maketrans("+/", "-_"))
    return hmac.compare_digest(made, challenge)


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where an answer goes, right or wrong: the client's own redirect URI, its state and how it wants to be told."""

    redirect_uri: str
    state: str | None
    response_mode: str

    def with_answer(self, answer: Mapping[str, str]) -> str:
        """The address the browser is sent to ("Callback")."""
        told = dict(answer) | ({"state": self.state} if self.state is not None else {})
        mark = "#" if self.response_mode == "fragment" else "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{mark}{urlencode(told)}"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks for once its redirect URI is known to be its own; `prompt` as in OpenID Connect."""

    scope: Scope
    challenge: str
    prompt: frozenset[str]


def parse_return_address(redirect_uri: str, query: Mapping[str, Sequence[str]]) -> ReturnAddress:
    """How to answer; an unknown response mode is told of in the query, as where none was asked for (RFC 6749)."""
    mode, state = _last(query, "response_mode"), _last(query, "state")
    return ReturnAddress(redirect_uri, state, mode if mode in RESPONSE_MODES else "query")


def parse_authorization(query: Mapping[str, Sequence[str]]) -> AuthorizationRequest:
    """The request that came with an address of the client's own; an OAuthError is told to that address."""
    # "Request and response parameters MUST NOT be included more than once" (RFC 6749, section 3.1).
    if any(len(values) > 1 for values in query.values()):
        raise OAuthError("invalid_request", "A parameter is there twice.")
    if _last(query, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "Only the response type 'code' is known here.")
    if (_last(query, "response_mode") or "query") not in RESPONSE_MODES:
        raise OAuthError("invalid_request", "The response mode must be 'query' or 'fragment'.")
    if "request" in query or "request_uri" in query:
        raise OAuthError("request_not_supported", "Request objects are not known here.")
    scope = parse_scope(_last(query, "scope") or "")
    prompt = frozenset((_last(query, "prompt") or "").split())
    return AuthorizationRequest(scope, _parse_challenge(query), prompt)


def _parse_challenge(query: Mapping[str, Sequence[str]]) -> str:
    """`plain`, which is what a method left out means, proves nothing (RFC 9700, section 2.1.1)."""
    challenge = _last(query, "code_challenge") or ""
    if _last(query, "code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "A code challenge made by the method S256 is needed.")
    return challenge


def _last(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = query.get(name)
    return values[-1] if values else None
