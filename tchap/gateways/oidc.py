"""Speaking with the OpenID Connect provider of the configuration: its metadata, its keys, its answers.

The provider's address is the operator's choice, so private networks may be reached; every exchange is bounded all the
same. Signatures are checked by joserfc, with the one algorithm the configuration names: a token does not choose how
it is verified.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, OctKey

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import ProConnect
from tchap.base.encoding import decode_json
from tchap.base.outbound import Outbound, OutboundAnswer, OutboundError, OutboundRequest
from tchap.protocol.oidc import Expected, OidcRefused, Provider, check_claims, check_userinfo, parse_provider

_EVERYWHERE = ("0.0.0.0/0", "::/0")
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class OidcUnreachable(Exception):
    """The provider could not be asked, or did not answer what was asked; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What trades a code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""

    code: str
    redirect_uri: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said of the person; `id_token` is kept for the sign-out."""

    id_token: str
    id_claims: Mapping[str, Any]
    userinfo: Mapping[str, Any]


class OidcGateway:
    """One provider. Its metadata and keys are kept for a while; a key not known yet is asked for at once."""

    def __init__(self, settings: ProConnect, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._outbound = Outbound(_EVERYWHERE)
        self._asking = asyncio.Lock()
        self._provider: Provider | None = None
        self._provider_until = 0.0
        self._keys: KeySet | None = None
        self._keys_since = 0.0
        self._silent_until = 0.0

    async def close(self) -> None:
        await self._outbound.close()

    async def get_provider(self) -> Provider:
        """Where to send people and ask questions; OidcUnreachable, OidcRefused."""
        async with self._asking:
            if self._provider is None or self._clock.monotonic() >= self._provider_until:
                issuer = self._settings.issuer
                body = await self._get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                self._provider = parse_provider(body, issuer)
                self._provider_until = self._clock.monotonic() + limits.OIDC_METADATA_S
            return self._provider

    async def ask_who(self, exchange: Exchange) -> Answer:
        """Trades the code and asks who the person is; everything in the answer is verified.

        OidcUnreachable; OidcRefused where the code or any token cannot be taken.
        """
        provider = await self.get_provider()
        tokens = await self._trade(provider, exchange)
        now_s = self._clock.now_ms() // 1000
        expected = Expected(provider.issuer, self._settings.client_id, exchange.nonce, now_s)
        id_claims = await self._verify(provider, tokens["id_token"], self._settings.id_token_alg)
        check_claims(id_claims, expected)
        userinfo = await self._ask_userinfo(provider, tokens["access_token"])
        check_userinfo(userinfo, expected, id_claims["sub"], self._settings.userinfo_alg != "none")
        return Answer(tokens["id_token"], id_claims, userinfo)

    async def _trade(self, provider: Provider, exchange: Exchange) -> dict[str, str]:
        form = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect_uri,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        if provider.has_pkce:
            form["code_verifier"] = exchange.verifier
        answer = await self._send("POST", provider.token_endpoint, _FORM, urlencode(form).encode())
        if not answer.is_success:
            raise OidcRefused(f"the code was refused ({answer.status})")
        body = _json(answer)
        tokens = {name: body.get(name) for name in ("access_token", "id_token")} if isinstance(body, dict) else {}
        if not tokens or not all(isinstance(token, str) and token for token in tokens.values()):
            raise OidcRefused("the answer to the code holds no tokens")
        return {name: str(token) for name, token in tokens.items()}

    async def _ask_userinfo(self, provider: Provider, access_token: str) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {access_token}"}
        answer = await self._send("GET", provider.userinfo_endpoint, headers, b"")
        if not answer.is_success:
            raise OidcRefused(f"who the person is was not told ({answer.status})")
        if self._settings.userinfo_alg == "none":
            body = _json(answer)
            if not isinstance(body, dict):
                raise OidcRefused("who the person is cannot be read")
            return body
        token = answer.body.decode("ascii", "replace").strip()
        return await self._verify(provider, token, self._settings.userinfo_alg)

    async def _verify(self, provider: Provider, token: str, algorithm: str) -> Mapping[str, Any]:
        """The claims of a token signed by the provider with this algorithm and no other."""
        try:
            key_id = jws.extract_compact(token.encode()).headers().get("kid")
            keys: KeySet | OctKey
            if algorithm == "HS256":
                keys = OctKey.import_key(self._settings.client_secret)
            else:
                keys = await self._find_keys(provider, key_id if isinstance(key_id, str) else None)
            return jwt.decode(token, keys, algorithms=[algorithm]).claims
        except (JoseError, ValueError) as error:
            raise OidcRefused(f"a signature is not good: {type(error).__name__}") from error

    async def _find_keys(self, provider: Provider, key_id: str | None) -> KeySet:
        """The provider's keys: asked anew after a while, and when it signs with one that is not known yet."""
        async with self._asking:
            age_s = self._clock.monotonic() - self._keys_since
            is_known = self._keys is not None and (key_id is None or any(key.kid == key_id for key in self._keys.keys))
            # A stranger may name keys that do not exist: these are not asked for more than once in a while.
            wait_s = limits.OIDC_KEYS_S if is_known else limits.OIDC_NEW_KEYS_S
            if self._keys is None or age_s >= wait_s:
                self._keys = _parse_keys(await self._get_json(provider.jwks_uri))
                self._keys_since = self._clock.monotonic()
            return self._keys

    async def _get_json(self, url: str) -> object:
        """What everybody waits for, one at a time: a provider that was silent a moment ago is not asked again yet."""
        if self._clock.monotonic() < self._silent_until:
            raise OidcUnreachable("it did not answer a moment ago")
        try:
            answer = await self._send("GET", url, {"accept": "application/json"}, b"")
            if not answer.is_success:
                raise OidcUnreachable(f"{url} answers {answer.status}")
            return _json(answer)
        except OidcUnreachable:
            self._silent_until = self._clock.monotonic() + limits.OIDC_SILENCE_S
            raise

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> OutboundAnswer:
        request = OutboundRequest(method, url, headers, body, limits.OIDC_TIMEOUT_S, limits.MAX_OIDC_BODY)
        try:
            answer = await self._outbound.send(request)
        except OutboundError as error:
            raise OidcUnreachable(str(error)) from error
        if answer.status >= 500:
            raise OidcUnreachable(f"{url} answers {answer.status}")
        return answer


def _json(answer: OutboundAnswer) -> object:
    try:
        return decode_json(answer.body)
    except ValueError as error:
        raise OidcUnreachable(f"{answer.url} does not answer JSON") from error


def _parse_keys(body: object) -> KeySet:
    """The keys that can be read; those of kinds we do not know say nothing against the others."""
    found = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise OidcUnreachable("the keys cannot be read")
    keys: list[Key] = []
    for key in found[: limits.MAX_OIDC_KEYS]:
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC"):
            with contextlib.suppress(JoseError, ValueError, KeyError, TypeError):
                keys.append(JWKRegistry.import_key(key))
    return KeySet(keys)
