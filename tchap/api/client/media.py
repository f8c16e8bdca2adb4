"""Files (client-server API, "Content repository")."""

from typing import Any
from urllib.parse import quote

from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam, MissingParam, NotFound
from tchap.policy.attachments import Road
from tchap.protocol.identifiers import parse_mxc
from tchap.services import media
from tchap.services.media import Download, MediaName, Upload
from tchap.services.thumbnails import CROP, SCALE, Asked, make_thumbnail
from tchap.services.url_previews import preview
from tchap.services.world import World

# Client-server API, "Serving inline content": the types no browser takes for a page of ours.
_INLINE = frozenset(
    (
        *("text/css", "text/plain", "text/csv", "application/json", "application/ld+json"),
        *("image/jpeg", "image/gif", "image/png", "image/apng", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
        *("audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/wav"),
        *("audio/x-wav", "audio/x-pn-wav", "audio/flac", "audio/x-flac"),
    )
)
# The policy recommended at the head of the same module.
_POLICY = (
    "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; "
    "style-src 'unsafe-inline'; object-src 'self';"
)
_MAX_EDGE = 10_000


async def upload(world: World, request: Request) -> dict[str, Any]:
    return {"content_uri": await media.upload(world, request.requester, _parse_upload(request))}


def _parse_upload(request: Request) -> Upload:
    return Upload(request.body, request.headers.get("content-type"), request.text("filename"))


async def create(world: World, request: Request) -> dict[str, Any]:
    address, expires_ts = await media.create_address(world, request.requester)
    return {"content_uri": address, "unused_expires_at": expires_ts}


async def upload_to_address(world: World, request: Request) -> dict[str, Any]:
    await media.upload_to_address(world, request.requester, parse_name(request), _parse_upload(request))
    return {}


async def config(world: World, request: Request) -> dict[str, Any]:
    return {"m.upload.size": min(world.settings.media.max_upload_bytes, limits.MAX_UPLOAD)}


async def preview_url(world: World, request: Request) -> Response:
    """What a linked page looks like (`GET /media/preview_url`)."""
    url = request.text("url")
    if url is None:
        raise MissingParam("url")
    at_ts = request.number("ts", 0, 0, limits.MAX_TIMESTAMP) if request.text("ts") is not None else None
    return Response(body=await preview(world, url, at_ts))


async def download(world: World, request: Request, road: Road = Road.DOWNLOAD) -> Response:
    found = await media.download(world, parse_name(request), road)
    return file_response(found, request.params.get("fileName") or found.file_name)


async def thumbnail(world: World, request: Request) -> Response:
    found = await make_thumbnail(world, parse_name(request), parse_asked(request))
    return file_response(found, found.file_name)


async def download_frozen(world: World, request: Request) -> Response:
    _check_not_frozen(world)
    return await download(world, request)


async def thumbnail_frozen(world: World, request: Request) -> Response:
    _check_not_frozen(world)
    return await thumbnail(world, request)


def _check_not_frozen(world: World) -> None:
    """Without authentication nothing of ours is served: all our media are newer than the freeze."""
    # "Servers SHOULD freeze the deprecated, unauthenticated, endpoints": such media answer 404.
    if not world.settings.test_profile:
        raise NotFound("This media needs authentication.", "Ce fichier demande une authentification.")


def parse_name(request: Request) -> MediaName:
    server, media_id = request.params["serverName"], request.params["mediaId"]
    wait_ms = request.number("timeout_ms", limits.DEFAULT_MEDIA_WAIT_MS, 0, limits.MAX_MEDIA_WAIT_MS)
    try:
        parse_mxc(f"mxc://{server}/{media_id}")
    except ValueError as error:
        raise NotFound("Unknown media.", "Ce fichier n'existe pas.") from error
    return MediaName(server, media_id, wait_ms)


def parse_asked(request: Request) -> Asked:
    """What a request for a thumbnail wants."""
    return Asked(_edge(request, "width"), _edge(request, "height"), _method(request), request.flag("animated"))


def _edge(request: Request, name: str) -> int:
    if request.text(name) is None:
        raise MissingParam(name)
    return request.number(name, 0, 1, _MAX_EDGE)


def _method(request: Request) -> str:
    method = request.text("method", SCALE) or SCALE
    if method not in (CROP, SCALE):
        raise InvalidParam("The parameter 'method' must be crop or scale.")
    return method


def file_response(found: Download, file_name: str | None) -> Response:
    kind = found.content_type.partition(";")[0].strip().lower()
    disposition = "inline" if kind in _INLINE else "attachment"
    headers = [
        ("Content-Disposition", disposition + _file_name_parameter(file_name)),
        ("Content-Security-Policy", _POLICY),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        # A content never changes under its address.
        ("Cache-Control", "private, max-age=31536000, immutable"),
    ]
    return Response(200, found.data, found.content_type, headers)


def _file_name_parameter(name: str | None) -> str:
    """RFC 6266: a plain name as it is or in quotes, any other percent-encoded in UTF-8."""
    if not name:
        return ""
    if name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return f"; filename={name}"
    if all(" " <= char <= "~" and char not in '"\\' for char in name):
        return f'; filename="{name}"'
    return f"; filename*=utf-8''{quote(name, safe='')}"


_V1 = "/_matrix/client/v1/media"
_V3 = "/_matrix/media/v3"
_FILE = "{serverName}/{mediaId}"

ROUTES = (
    Route("POST", f"{_V3}/upload", upload, limit="media", max_body=limits.MAX_UPLOAD),
    Route("PUT", f"{_V3}/upload/{_FILE}", upload_to_address, limit="media", max_body=limits.MAX_UPLOAD),
    Route("POST", "/_matrix/media/v1/create", create, limit="media"),
    Route("GET", f"{_V1}/config", config),
    Route("GET", f"{_V1}/preview_url", preview_url, limit="preview"),
    Route("GET", f"{_V1}/download/{_FILE}", download),
    Route("GET", f"{_V1}/download/{_FILE}/{{fileName}}", download),
    Route("GET", f"{_V1}/thumbnail/{_FILE}", thumbnail),
    Route("GET", f"{_V3}/config", config),
    Route("GET", f"{_V3}/preview_url", preview_url, limit="preview"),
    Route("GET", f"{_V3}/download/{_FILE}", download_frozen, auth="none"),
    Route("GET", f"{_V3}/download/{_FILE}/{{fileName}}", download_frozen, auth="none"),
    Route("GET", f"{_V3}/thumbnail/{_FILE}", thumbnail_frozen, auth="none"),
)
