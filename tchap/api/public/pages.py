"""The few plain pages the server shows itself: one look, no third party, readable without style or script."""

import base64
import hashlib
from html import escape

from tchap.api.http import Request, Response

_STYLE = (
    "body{font:1.1rem/1.5 sans-serif;margin:2rem auto;max-width:42rem;padding:0 1rem;color:#161616;background:#fff}"
    "label{display:block;margin-top:1rem}input,button{font:inherit;padding:.5rem;border:1px solid #3a3a3a}"
    "button{background:#000091;color:#fff;margin-top:1rem;cursor:pointer}:focus-visible{outline:3px solid #0a76f6}"
    "article{border-top:1px solid #929292;padding:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def page(request: Request, title: str, body: str, status: int = 200, script: str = "") -> Response:
    """An HTML page in the reader's language; `body` is HTML already, `title` plain text.

    `script` is the only one the page may run; the page may be framed by nobody.
    """
    language = page_language(request)
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)} - Tchap</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        f"{f'<script>{script}</script>' if script else ''}</body></html>"
    )
    policy = (
        f"default-src 'none'; style-src {_hash(_STYLE)}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    if script:
        policy += f"; script-src {_hash(script)}"
    headers = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    ]
    return Response(status, html.encode(), "text/html; charset=utf-8", headers)


def page_language(request: Request) -> str:
    """The language asked for in the address, else by the browser.

    `ui_locales` lists tags in order of preference (OpenID Connect Core, "Authentication Request").
    """
    asked = f"{request.text('lang') or ''} {request.text('ui_locales') or ''}".lower().split()
    languages = (tag.partition("-")[0] for tag in asked)
    return next((language for language in languages if language in ("fr", "en")), request.language)


def said(request: Request, fr: str, en: str) -> str:
    """The sentence in the reader's language, as HTML."""
    return escape(fr if page_language(request) == "fr" else en)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
