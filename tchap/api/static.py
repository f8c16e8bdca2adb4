"""The web client's files, read once at start: hashed assets are kept for ever, pages are asked for again."""

import gzip
import mimetypes
from pathlib import Path

from tchap.api.http import Response
from tchap.base.encoding import encode_json

_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
# The client compiles its cryptography from WebAssembly and talks to its own server only.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_SECURITY = [
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
]


class StaticFiles:
    """Answers a raw path with a file of the folder, the client's page for its own addresses, or None."""

    def __init__(self, folder: Path | None, config: dict[str, object]) -> None:
        self._files = _read_folder(folder) if folder else {}
        self._files["/config.json"] = Response(200, encode_json(config), "application/json", list(_SECURITY))

    def __call__(self, raw_path: str) -> Response | None:
        if raw_path.startswith(("/_matrix/", "/_tchap/", "/_synapse/", "/.well-known/")):
            return None
        return self._files.get(raw_path) or (self._files.get("/index.html") if "." not in raw_path else None)


def _read_folder(folder: Path) -> dict[str, Response]:
    return {
        "/" + path.relative_to(folder).as_posix(): _file_response(path, folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _file_response(path: Path, folder: Path) -> Response:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    hashed = path.relative_to(folder).parts[0] == "assets"
    headers = [*_SECURITY, ("Cache-Control", "public, max-age=31536000, immutable" if hashed else "no-cache")]
    body = path.read_bytes()
    if len(body) > 1024 and not kind.startswith(("image/p", "image/j", "font/")):
        # Every browser that can run the client accepts gzip (it needs WebAssembly).
        body, headers = gzip.compress(body, 6, mtime=0), [*headers, ("Content-Encoding", "gzip")]
    return Response(200, body, kind, headers)
