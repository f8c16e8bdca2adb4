"""The content scanner Tchap's clients speak to (`/_matrix/media_proxy/unstable`).

Refusals say `reason` and `info` beside Matrix's `errcode` and `error`: see `api/errors.py`.
"""

from typing import Any

from tchap.api.client.media import download as plain_download
from tchap.api.client.media import file_response, parse_asked, parse_name
from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.policy.attachments import Road
from tchap.protocol.encrypted_files import EncryptedFile, SealedBody
from tchap.services import scanner
from tchap.services.scanner import Report
from tchap.services.thumbnails import make_thumbnail
from tchap.services.world import World

_SEALED = ("ciphertext", "mac", "ephemeral")


async def public_key(world: World, request: Request) -> dict[str, Any]:
    scanner.check_is_on(world)
    return {"public_key": world.scanner_key.public}


async def scan(world: World, request: Request) -> dict[str, Any]:
    scanner.check_is_on(world)
    return _report(request, await scanner.scan(world, parse_name(request)))


async def scan_encrypted(world: World, request: Request) -> dict[str, Any]:
    scanner.check_is_on(world)
    file = _parse_file(world, request)
    return _report(request, await scanner.scan_encrypted(world, file, limits.DEFAULT_MEDIA_WAIT_MS))


async def download(world: World, request: Request) -> Response:
    scanner.check_is_on(world)
    return await plain_download(world, request, Road.SCANNER_DOWNLOAD)


async def thumbnail(world: World, request: Request) -> Response:
    scanner.check_is_on(world)
    found = await make_thumbnail(world, parse_name(request), parse_asked(request), Road.SCANNER_THUMBNAIL)
    return file_response(found, found.file_name)


async def download_encrypted(world: World, request: Request) -> Response:
    scanner.check_is_on(world)
    file = _parse_file(world, request)
    found = await scanner.download_encrypted(world, file, limits.DEFAULT_MEDIA_WAIT_MS)
    return file_response(found, None)


def _parse_file(world: World, request: Request) -> EncryptedFile:
    """`{"encrypted_body": …}`, or `{"file": …}` as it is; the first counts where both are there."""
    body = _object(_decode(request.body))
    if "encrypted_body" in body:
        parts = _object(body["encrypted_body"])
        sealed = [parts.get(name) for name in _SEALED]
        if not all(isinstance(part, str) for part in sealed):
            raise scanner.malformed()
        body = _object(scanner.open_body(world, SealedBody(*map(str, sealed))))
    return scanner.read_file(body.get("file"))


def _decode(body: bytes) -> object:
    try:
        return decode_json(body)
    except ValueError as error:
        raise scanner.malformed() from error


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise scanner.malformed()
    return value


def _report(request: Request, report: Report) -> dict[str, Any]:
    return {"clean": report.is_clean, "info": _info(report, request.language == "fr")}


def _info(report: Report, is_french: bool) -> str:
    if not report.is_clean:
        said = "Fichier infecté" if is_french else "Infected file"
        colon = " :" if is_french else ":"
        return f"{said}{colon} {report.threat}" if report.threat else said
    if not report.is_scanned:
        return "Fichier non analysé : l'antivirus ne répond pas" if is_french else "Not scanned: the antivirus is down"
    return "Fichier sain" if is_french else "File is clean"


_BASE = "/_matrix/media_proxy/unstable"
_FILE = "{serverName}/{mediaId}"

ROUTES = (
    Route("GET", f"{_BASE}/public_key", public_key, auth="none"),
    Route("GET", f"{_BASE}/scan/{_FILE}", scan, limit="scan"),
    Route("POST", f"{_BASE}/scan_encrypted", scan_encrypted, limit="scan", max_body=limits.MAX_SCANNER_BODY),
    Route("GET", f"{_BASE}/download/{_FILE}", download, limit="scan"),
    Route("GET", f"{_BASE}/thumbnail/{_FILE}", thumbnail, limit="scan"),
    Route("POST", f"{_BASE}/download_encrypted", download_encrypted, limit="scan", max_body=limits.MAX_SCANNER_BODY),
)
