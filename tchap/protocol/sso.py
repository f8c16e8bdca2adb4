"""The address an application is sent back to after a legacy single sign-on: which are lawful, and with what token.

Source: client-server API, "SSO client login/authentication".
"""

import re
from urllib.parse import unquote_plus, urlsplit

LOGIN_TOKEN = "loginToken"
# Schemes a browser runs or reads itself: none of them leads to an application.
_NOT_APPLICATIONS = {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "mailto"}
_URI = re.compile(r"([a-z][a-z0-9+.-]*):[!-\[\]-~]+", re.ASCII | re.IGNORECASE)


def check_redirect(uri: str) -> None:
    """ValueError unless a browser may be sent there: an absolute address in ASCII, of a site or of an application."""
    found = _URI.fullmatch(uri)
    if found is None or found[1].lower() in _NOT_APPLICATIONS:
        raise ValueError("not an address an application may have")
    parts = urlsplit(uri)
    if found[1].lower() in ("http", "https") and not parts.hostname:
        raise ValueError("an address without a host")
    # `https://known.example@other.example` would be read as the wrong one of the two.
    if "@" in parts.netloc:
        raise ValueError("an address with credentials")


def site_of(uri: str) -> str:
    """What a person can recognise the application by: its origin, or the scheme only it answers to."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def with_login_token(uri: str, token: str) -> str:
    """The address with this login token and no other; everything else in it stays as it was written."""
    address, hash_mark, fragment = uri.partition("#")
    path, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) != LOGIN_TOKEN]
    return f"{path}?{'&'.join([*kept, f'{LOGIN_TOKEN}={token}'])}{hash_mark}{fragment}"
