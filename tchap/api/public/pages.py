"""The few plain pages the server shows itself: one look, no third party, readable without style or script."""

import base64
import hashlib
from html import escape, unescape
from urllib.parse import urlencode

from tchap.api.http import Request, Response

_FIRST_ERROR = 400
# The colours are those of the web client, in light and in dark (`web/src/design/tokens.css`).
_STYLE = (
    ":root{color-scheme:light dark;--ground:#fff;--soft:#f6f7f9;--ink:#1b1f27;--ink2:#555d6b;--line:#858c99;"
    "--accent:#2f4bb3;--on:#fff;--bad:#b42318;--bad-soft:#fdecea;--good:#19683c;--good-soft:#e4f4ea}"
    "@media(prefers-color-scheme:dark){:root{--ground:#15181e;--soft:#1b1f27;--ink:#eceef2;--ink2:#a9b1bf;"
    "--line:#7d8696;--accent:#9fb2ff;--on:#131a33;--bad:#ff9d93;--bad-soft:#43201d;--good:#84d8a5;"
    "--good-soft:#1c3626}}"
    "*{box-sizing:border-box}body{font:1.0625rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
    "margin:0 auto;max-width:34rem;padding:1rem;color:var(--ink);background:var(--ground);overflow-wrap:anywhere}"
    "header{font-weight:700;margin-bottom:1.5rem}footer{margin-top:2.5rem;color:var(--ink2)}"
    "h1{font-size:1.625rem;line-height:1.25;margin:0 0 1rem}"
    "h2{font-size:1.1875rem;line-height:1.3;margin:1.5rem 0 .5rem}"
    "a{color:var(--accent);text-underline-offset:2px}label,legend{font-weight:600}"
    ".field{margin-top:1.25rem}.field label{display:block;margin-bottom:.25rem}"
    ".hint{display:block;color:var(--ink2);font-weight:400}.wrong{display:block;color:var(--bad);font-weight:600}"
    "input,select{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:6px;"
    "padding:.5rem .75rem;min-height:2.75rem;width:100%}[aria-invalid]{border:2px solid var(--bad)}"
    ".check{display:flex;gap:.75rem;align-items:flex-start}.check input{flex:none;width:1.5rem;min-height:1.5rem;"
    "height:1.5rem;margin:0;accent-color:var(--accent)}.check label{font-weight:400;margin:0}"
    "button,.button{display:inline-block;font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;"
    "border:1px solid var(--accent);border-radius:6px;background:var(--accent);color:var(--on);cursor:pointer;"
    "text-decoration:none;text-align:center}.main{display:block;width:100%;margin-top:1.5rem}"
    ".field+.second,form+form{margin-top:.75rem}button.second,.button.second{background:none;color:var(--accent)}"
    "button.danger{background:var(--bad);border-color:var(--bad);color:var(--ground)}"
    ".problems,.done{border-inline-start:4px solid var(--bad);background:var(--bad-soft);padding:.75rem 1rem;"
    "margin-bottom:1.25rem}.problems h2{margin:0 0 .25rem}.problems ul{margin:0;padding-inline-start:1.25rem}"
    ".problems a{color:inherit}.done{border-color:var(--good);background:var(--good-soft)}"
    ".or{text-align:center;color:var(--ink2);margin:1rem 0}.list{list-style:none;padding:0}"
    ".list>li{border-top:1px solid var(--line);padding:.75rem 0}.list p{margin:.25rem 0}.ways li{margin:.5rem 0}"
    "dt{font-weight:600;margin-top:.75rem}dd{margin:0}"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    "article{border-top:1px solid var(--line);padding:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def page(request: Request, title: str, body: str, status: int = 200, script: str = "") -> Response:
    """An HTML page in the reader's language; `body` is HTML already, `title` is plain or as `said` gives it.

    `script` is the only one the page may run; the page may be framed by nobody. Its forms lead only to our own pages,
    and browsers hold the redirections that answer them to that as well (CSP Level 3, "form-action").
    """
    language, title = page_language(request), escape(unescape(title))
    # A screen reader hears the title of a new page first: it must tell of the problem.
    shown = f"{said(request, 'Erreur : ', 'Error: ')}{title}" if status >= _FIRST_ERROR else title
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{shown} - Tchap</title>'
        f"<style>{_STYLE}</style></head><body><header>Tchap</header><main><h1>{title}</h1>{body}</main>"
        f"{_other_language(request)}{f'<script>{script}</script>' if script else ''}</body></html>"
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


def _other_language(request: Request) -> str:
    """The way to the same page in the other language; none where the page answers a form, and would be lost."""
    if request.method != "GET":
        return ""
    other, name = ("en", "English") if page_language(request) == "fr" else ("fr", "Français")
    kept = [
        (key, value) for key, values in request.query.items() if key not in ("lang", "ui_locales") for value in values
    ]
    href = escape(f"?{urlencode([*kept, ('lang', other)])}", quote=True)
    return f'<footer><a href="{href}" lang="{other}" hreflang="{other}">{name}</a></footer>'


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
