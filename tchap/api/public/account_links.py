"""The ways between the pages of the account."""

from html import escape
from urllib.parse import urlencode

from tchap.api.http import Request
from tchap.api.public.browser import ACCOUNT, language_of
from tchap.api.public.pages import said


def account_url(request: Request, **parameters: str) -> str:
    """A page of the account, in the language chosen."""
    query = urlencode(parameters | language_of(request))
    return f"{ACCOUNT}?{query}" if query else ACCOUNT


def here(request: Request) -> str:
    """The page asked for, to come back to."""
    asked = {name: request.text(name) or "" for name in ("action", "device_id")}
    return account_url(request, **{name: value for name, value in asked.items() if value})


def way_to(request: Request, words: str, look: str = "", **parameters: str) -> str:
    """A link to a page of the account; `words` is HTML."""
    kind = f' class="{look}"' if look else ""
    return f'<a{kind} href="{escape(account_url(request, **parameters), quote=True)}">{words}</a>'


def way_back(request: Request) -> str:
    return f"<p>{way_to(request, said(request, 'Revenir à mon compte', 'Back to my account'))}</p>"
