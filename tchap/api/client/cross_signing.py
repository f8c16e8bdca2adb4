"""Cross-signing keys and signatures (client-server API, "Cross-signing")."""

from typing import Any

from tchap.api.client.auth_metadata import account_uri
from tchap.api.http import Request
from tchap.api.parse import maybe_dict
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import BadJson, InvalidParam
from tchap.protocol.cross_signing import USAGES, CrossSigningKey, parse_key
from tchap.services import cross_signing
from tchap.services.cross_signing import SignedObject
from tchap.services.interactive_auth import check_auth
from tchap.services.world import World


async def upload_cross_signing_keys(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    user_id = request.requester.user_id
    published = [key for usage in USAGES if (key := _parse_key(body, usage, user_id)) is not None]
    auth = check_auth(maybe_dict(body, "auth"))
    account_url = account_uri(world, request)
    await cross_signing.upload_cross_signing_keys(world, request.requester, published, auth, account_url)
    return {}


def _parse_key(body: dict[str, Any], usage: str, user_id: str) -> CrossSigningKey | None:
    value = maybe_dict(body, f"{usage}_key")
    if value is None:
        return None
    try:
        return parse_key(usage, user_id, value)
    except ValueError as error:
        raise InvalidParam(f"The {usage} key cannot be used: {error}.") from error


async def upload_signatures(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    if not all(isinstance(objects, dict) for objects in body.values()):
        raise BadJson("Each user has a map from key ids to signed objects.")
    objects = [
        SignedObject(user_id, target, value) for user_id, named in body.items() for target, value in named.items()
    ]
    if not all(isinstance(item.json, dict) for item in objects):
        raise BadJson("What is signed is an object.")
    failures: dict[str, dict[str, dict[str, str]]] = {}
    for failure in await cross_signing.upload_signatures(world, request.requester, objects):
        failures.setdefault(failure.user_id, {})[failure.target] = {
            "errcode": failure.errcode,
            "error": failure.error,
        }
    return {"failures": failures}


ROUTES = (
    Route("POST", "/_matrix/client/v3/keys/device_signing/upload", upload_cross_signing_keys),
    Route("POST", "/_matrix/client/v3/keys/signatures/upload", upload_signatures, max_body=limits.MAX_JSON_BODY),
)
