"""What every page for people shares: the cookie of a browser session, forms only we can have made, ways on.

Three things keep another site from acting for the person: the cookie is `SameSite=Lax`, the browser says where a form
comes from, and each form carries a token only our own page could know.
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from tchap.api.errors import status_of
from tchap.api.http import Request, Response
from tchap.api.public.pages import page, page_language, said
from tchap.api.routing import Handler
from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from tchap.services.browser_sessions import BrowserSession, find_browser_session
from tchap.services.world import World

Page = Callable[[World, Request], Awaitable[Response]]

SIGN_IN = "/account/sign-in"
SIGN_UP = "/account/sign-up"
FORGOTTEN = "/account/forgotten"
ACCOUNT = "/account"
PROVE = "/account/prove"
FORM_TOKEN = "form_token"
_SESSION, _FORM = "tchap_session", "tchap_form"
# Paths of our own that a sign-in may come back to.
_CONTINUE = re.compile(
    r"/(?:oauth2/|link(?:[?/]|\Z)|account(?:[?/]|\Z)|_matrix/client/(?:v3|r0|unstable)/(?:login/sso/|auth/))[!-~]*",
    re.ASCII,
)


def shown(handler: Page, limit: str | None = None) -> Handler:
    """The handler of a page: refusals are pages too, and the browser has the cookie its forms need.

    `limit` names the rate-limit bucket of the page, counted by address.
    """

    async def show(world: World, request: Request) -> Response:
        fresh = _give_form_cookie(world, request)
        try:
            check_rate(world, request, limit)
            response = await handler(world, request)
        except MatrixError as error:
            response = refusal_page(request, error)
        if fresh is not None:
            response.headers.append(fresh)
        return response

    return show


def check_rate(world: World, request: Request, limit: str | None) -> None:
    """M_LIMIT_EXCEEDED where this address asks too often."""
    wait_ms = world.live.rate_limits.take(limit, request.client, world.clock.monotonic()) if limit else 0
    if wait_ms:
        raise LimitExceeded(wait_ms)


def refusal_page(request: Request, error: MatrixError) -> Response:
    """What a person reads where a program would read an errcode."""
    title = said(request, "Cette demande n'a pas abouti", "This could not be done")
    way = said(request, "Aller à mon compte", "Go to my account")
    href = escape(link_to(request, ACCOUNT, ACCOUNT), quote=True)
    body = f'<p role="alert">{sentence_of(request, error)}</p><p><a href="{href}">{way}</a></p>'
    response = page(request, title, body, status_of(error))
    if isinstance(error, LimitExceeded):
        response.headers.append(("Retry-After", str(-(-error.retry_after_ms // 1000))))
    return response


def sentence_of(request: Request, error: MatrixError) -> str:
    """The error's sentence in the reader's language, as HTML."""
    return escape(error.fr if page_language(request) == "fr" else error.en)


async def find_session(world: World, request: Request) -> BrowserSession | None:
    """Who is signed in with this browser."""
    return await find_browser_session(world, session_cookie(world, request))


def session_cookie(world: World, request: Request) -> str | None:
    """The value of the session's cookie, whether or not it is good."""
    return _cookie(request, _name(world, _SESSION))


def with_session(response: Response, world: World, cookie: str) -> Response:
    """The same response; the browser keeps the session until it is closed."""
    response.headers.append(_set_cookie(world, _SESSION, cookie))
    return response


def without_session(response: Response, world: World) -> Response:
    """The same response; the browser forgets its session."""
    name, value = _set_cookie(world, _SESSION, "")
    response.headers.append((name, f"{value}; Max-Age=0"))
    return response


def read_form(world: World, request: Request) -> dict[str, str]:
    """The fields of a form of ours, sent from a page of ours; M_FORBIDDEN for any other."""
    check_same_origin(request)
    try:
        pairs = parse_qsl(
            request.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=limits.MAX_FORM_FIELDS
        )
    except ValueError as error:
        raise InvalidParam("The form cannot be read.", "Le formulaire ne peut pas être lu.") from error
    fields = dict(pairs)
    if any("\0" in value for value in fields.values()):
        raise InvalidParam("The form holds a NUL character.", "Le formulaire contient un caractère NUL.")
    given, expected = fields.get(FORM_TOKEN, ""), form_token(world, request)
    if not _secret(world, request) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forbidden(
            "This page was open for too long. Go back, load it again and try once more.",
            "Cette page est restée ouverte trop longtemps. Revenez en arrière, rechargez-la et recommencez.",
        )
    return fields


def check_same_origin(request: Request) -> None:
    """M_FORBIDDEN where the browser says that the form comes from another site.

    Browsers older than 2023 say nothing of it: they are left to the form's token and to `SameSite`.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    # A page that sends no referrer sends the origin `null` with its forms (Fetch, "Append a request Origin header").
    is_ours = site in ("same-origin", "none") if site is not None else origin == "null" or _is_host(request, origin)
    if not is_ours:
        raise Forbidden("This form was sent from another site.", "Ce formulaire a été envoyé depuis un autre site.")


def _is_host(request: Request, origin: str) -> bool:
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def form_token(world: World, request: Request) -> str:
    """What a form of this browser must carry: drawn from its session's cookie, else from that of its forms."""
    return _token_of(_secret(world, request))


def browser_tokens(world: World, request: Request) -> tuple[str, str]:
    """The token of the forms of this browser today, and the one they had before somebody signed in with it."""
    before = _cookie(request, _name(world, _FORM)) or ""
    return form_token(world, request), _token_of(before) if before else ""


def _token_of(secret: str) -> str:
    return hashlib.sha256(f"form {secret}".encode()).hexdigest()


def _secret(world: World, request: Request) -> str:
    """Empty where the browser has no cookie of ours: nothing can then be known to come from it."""
    return session_cookie(world, request) or _cookie(request, _name(world, _FORM)) or ""


def token_field(world: World, request: Request) -> str:
    """The hidden field that every form of ours holds, as HTML."""
    return f'<input type="hidden" name="{FORM_TOKEN}" value="{form_token(world, request)}">'


def check_continue(path: str) -> str:
    """The path itself where it is one of ours a sign-in may lead to; M_INVALID_PARAM for everything else.

    An address of another site, however disguised, would lend our name to it.
    """
    if len(path) > limits.MAX_CONTINUE or "\\" in path or _CONTINUE.fullmatch(path) is None:
        raise InvalidParam("This address leads nowhere here.", "Cette adresse ne mène nulle part ici.")
    return path


def continue_of(request: Request) -> str:
    """Where the person wanted to go; the account's page where nothing was said. M_INVALID_PARAM."""
    return check_continue(request.text("continue") or ACCOUNT)


def go_on(path: str) -> Response:
    """To another page of ours, by GET."""
    headers = [("Location", path), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
    return Response(303, b"", "text/plain", headers)


def go_to_sign_in(request: Request, continue_to: str, *, login_hint: str = "", create: bool = False) -> Response:
    """To the sign-in page, or the sign-up page, and then back to `continue_to`, a path of ours."""
    return go_on(link_to(request, SIGN_UP if create else SIGN_IN, check_continue(continue_to), login_hint))


def go_to_proof(request: Request, continue_to: str) -> Response:
    """To the page where a person signed in proves again who she is, and then back."""
    return go_on(link_to(request, PROVE, check_continue(continue_to)))


def link_to(request: Request, path: str, continue_to: str, login_hint: str = "") -> str:
    """The path with what goes along from page to page: where to go afterwards, the name typed, the language chosen."""
    along = {"continue": continue_to if continue_to != ACCOUNT else "", "login_hint": login_hint}
    query = urlencode({name: value for name, value in (along | language_of(request)).items() if value})
    return f"{path}?{query}" if query else path


def language_of(request: Request) -> dict[str, str]:
    """The parameter that keeps the language, where the reader chose one."""
    chosen = request.text("lang") or request.text("ui_locales")
    return {"lang": page_language(request)} if chosen else {}


def _give_form_cookie(world: World, request: Request) -> tuple[str, str] | None:
    """The header that gives the browser the cookie of its forms, if it has none of ours."""
    if _secret(world, request):
        return None
    secret = world.entropy.token()
    cookies = request.headers.get("cookie")
    given = f"{_name(world, _FORM)}={secret}"
    request.headers["cookie"] = f"{cookies}; {given}" if cookies else given
    return _set_cookie(world, _FORM, secret)


def _name(world: World, name: str) -> str:
    """With the prefix browsers refuse it from a sub-domain or in clear (RFC 6265bis, "Cookie Name Prefixes")."""
    return f"__Host-{name}" if _is_secure(world) else name


def _is_secure(world: World) -> bool:
    return world.settings.public_url.startswith("https:")


def _set_cookie(world: World, name: str, value: str) -> tuple[str, str]:
    secure = "; Secure" if _is_secure(world) else ""
    return "Set-Cookie", f"{_name(world, name)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _cookie(request: Request, name: str) -> str | None:
    for part in request.headers.get("cookie", "").split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value or None
    return None
