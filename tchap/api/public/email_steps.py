"""The steps by which a browser proves an e-mail address: the address, then the code it received.

What was proven goes along in hidden fields; only the browser that asked for the code knows its secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.browser import SIGN_IN, check_rate, continue_of, link_to, sentence_of, session_cookie
from tchap.api.public.forms import WHOLE, Field, Form, render
from tchap.api.public.pages import page, said
from tchap.base.errors import MatrixError
from tchap.services.browser_sign_in import Browser, EmailProof
from tchap.services.emails import CodeRequest, find_proven, request_code, submit_code
from tchap.services.passwords import policy_in_force
from tchap.services.world import World

_WRONG, _FORBIDDEN = 400, 403
EXPIRED = "ORG_MATRIX_EXPIRED_ACCOUNT"


@dataclass(frozen=True, slots=True)
class Way:
    """What the address is proven for: `purpose` as in CodeRequest; `title`, `intro` and `label` are HTML."""

    purpose: str
    title: str
    intro: str
    label: str


def browser_of(world: World, request: Request) -> Browser:
    return Browser(request.instance, request.host_instance, session_cookie(world, request))


def proof_of(fields: Mapping[str, str]) -> EmailProof:
    return EmailProof(fields.get("sid", ""), fields.get("secret", ""))


def address_page(world: World, request: Request, way: Way, email: str, problem: str = "") -> Response:
    """The first step; `problem` is HTML."""
    hint = said(request, "Par exemple prenom.nom@prefecture.example.fr", "For example first.last@prefecture.example.fr")
    field = Field("email", way.label, "email", email, "email", hint)
    button = said(request, "Recevoir un code", "Send me a code")
    form = Form((field,), button, {"step": "email"}, {"email": problem} if problem else {})
    return page(request, way.title, f"{way.intro}{render(world, request, form)}", _WRONG if problem else 200)


async def send_code(world: World, request: Request, way: Way, fields: Mapping[str, str]) -> Response:
    """Sends the code and shows where to type it, in the same words whether or not the address has an account.

    MatrixError where the address may not have a code.
    """
    check_rate(world, request, "mail")
    email, secret = fields.get("email", "").strip(), world.entropy.token(16)
    sid = await request_code(world, CodeRequest(way.purpose, email, secret, 1, None, request.host_instance))
    return code_page(world, request, EmailProof(sid, secret), email)


def code_page(world: World, request: Request, proof: EmailProof, email: str, problem: str = "") -> Response:
    title = said(request, "Saisir le code reçu", "Type the code you received")
    sent = said(request, "Un courriel vient d'être envoyé à", "A mail has just been sent to")
    then = said(
        request,
        "Recopiez son code à six chiffres, ou ouvrez son lien puis continuez ici.",
        "Type its six-digit code, or open its link and then continue here.",
    )
    label = said(request, "Code à six chiffres", "Six-digit code")
    field = Field("code", label, "code", "", "one-time-code")
    button = said(request, "Continuer", "Continue")
    along = {"step": "code", "sid": proof.sid, "secret": proof.secret, "email": email}
    body = f"<p>{sent} <strong>{escape(email)}</strong>. {then}</p>{_mailbox(world, request)}"
    body += render(world, request, Form((field,), button, along, {"code": problem} if problem else {}))
    again = Form((), said(request, "Envoyer un autre code", "Send another code"), {"step": "email", "email": email}, {})
    body += _again(request) + render(world, request, _second(again))
    return page(request, title, body, _WRONG if problem else 200)


def _again(request: Request) -> str:
    words = said(
        request,
        "Rien reçu ? Regardez dans les courriels indésirables, et vérifiez l'adresse ci-dessus.",
        "Nothing received? Look among unwanted mails, and check the address above.",
    )
    return f"<h2>{said(request, 'Pas de courriel ?', 'No mail?')}</h2><p>{words}</p>"


def _second(form: Form) -> Form:
    return Form(form.fields, form.button, form.hidden, form.problems, "second")


def _mailbox(world: World, request: Request) -> str:
    """Where no mail is really sent, the way to read it."""
    if not world.mailer.is_mailbox:
        return ""
    words = said(
        request, "Lire ce courriel dans la boîte aux lettres intégrée", "Read that mail in the built-in mailbox"
    )
    return f'<p><a href="/_tchap/mailbox" target="_blank" rel="noreferrer">{words}</a></p>'


async def take_code(world: World, request: Request, way: Way, fields: Mapping[str, str]) -> Response | str:
    """The address proven, by the code or by the link opened meanwhile; else the page that asks again."""
    check_rate(world, request, "login")
    proof = proof_of(fields)
    email = await find_proven(world, proof.sid, proof.secret, way.purpose)
    if email is None and await submit_code(world, proof.sid, proof.secret, fields.get("code", "").replace(" ", "")):
        email = await find_proven(world, proof.sid, proof.secret, way.purpose)
    if email is not None:
        return email
    problem = said(
        request,
        "Ce code est incorrect ou n'est plus valable. Vérifiez-le, ou demandez-en un autre.",
        "This code is wrong or not valid any more. Check it, or ask for another one.",
    )
    return code_page(world, request, proof, fields.get("email", ""), problem)


def password_fields(world: World, request: Request, email: str) -> tuple[Field, Field, Field]:
    """The new password, twice, below the name a password manager keeps it under."""
    account = Field("email", said(request, "Votre adresse", "Your address"), "shown", email, "username", required=False)
    first = said(request, "Mot de passe", "Password")
    second = said(request, "Le même mot de passe, une seconde fois", "The same password once more")
    return (
        account,
        Field("password", first, "password", "", "new-password", _criteria(world, request)),
        Field("again", second, "password", "", "new-password"),
    )


def _criteria(world: World, request: Request) -> str:
    policy = policy_in_force(world)
    wanted = [
        (policy.require_lowercase, "une minuscule", "a lower-case letter"),
        (policy.require_uppercase, "une majuscule", "an upper-case letter"),
        (policy.require_digit, "un chiffre", "a digit"),
        (policy.require_symbol, "un symbole", "a symbol"),
    ]
    fr = ", ".join([f"Au moins {policy.minimum_length} caractères", *(words for asked, words, _ in wanted if asked)])
    en = ", ".join([f"At least {policy.minimum_length} characters", *(words for asked, _, words in wanted if asked)])
    return said(request, f"{fr}.", f"{en}.")


def password_problems(request: Request, fields: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a new password typed twice, its strength apart."""
    if not fields.get("password"):
        return {"password": said(request, "Choisissez un mot de passe.", "Choose a password.")}
    if fields["password"] != fields.get("again"):
        return {"again": said(request, "Les deux mots de passe diffèrent.", "The two passwords differ.")}
    return {}


def problem_of(request: Request, error: MatrixError) -> dict[str, str]:
    """A refusal as the problem of a form that chooses a password."""
    return {"password" if error.errcode == "M_WEAK_PASSWORD" else WHOLE: sentence_of(request, error)}


def sign_in_link(request: Request, path: str, words: str) -> str:
    """A paragraph that leads to another page of the sign-in, which leads on to the same place."""
    return f'<p><a href="{escape(link_to(request, path, continue_of(request)), quote=True)}">{words}</a></p>'


def expired_page(world: World, request: Request) -> Response:
    """Told to who proved to be the owner of an account that has expired: the mail that renews it is on its way."""
    kept = said(
        request,
        "Vos salons et vos messages sont gardés.",
        "Your rooms and your messages are kept.",
    )
    sent = said(
        request,
        "Un courriel vient d'être envoyé à votre adresse : ouvrez son lien, puis revenez vous connecter.",
        "A mail has just been sent to your address: open its link, then come back to sign in.",
    )
    again = said(
        request,
        "Rien reçu ? Regardez dans les courriels indésirables, ou reconnectez-vous dans une minute.",
        "Nothing received? Look among unwanted mails, or sign in again in a minute.",
    )
    back = sign_in_link(request, SIGN_IN, said(request, "Se connecter", "Sign in"))
    title = said(request, "Votre compte a expiré", "Your account has expired")
    body = f'<p role="alert">{kept} {sent}</p>{_mailbox(world, request)}<p>{again}</p>{back}'
    return page(request, title, body, _FORBIDDEN)
