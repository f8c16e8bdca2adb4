"""Proving that somebody reads an e-mail address: a code and a link by mail, typed or opened once."""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam, LimitExceeded, MatrixError
from tchap.gateways import mail_texts
from tchap.policy.domains import Home, Refusal, decide_registration
from tchap.policy.emails import Email, parse_email
from tchap.policy.instances import Standing, Whereabouts, decide_standing, decide_whereabouts
from tchap.protocol.identifiers import server_of
from tchap.services.administrations import externals_of, home_of
from tchap.services.world import World
from tchap.storage import accounts, emails, mail_outbox
from tchap.storage.database import Tx
from tchap.storage.emails import Validation
from tchap.storage.mail_outbox import OutgoingMail

CODE_DIGITS = 6
LINK_PATH = "/_tchap/email"
_PRINTABLE = re.compile(r"[!-~]{1,2000}", re.ASCII)
_OPAQUE = re.compile(r"[0-9a-zA-Z.=_-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A client's wish that an address be proven (identity API, `POST /validate/email/requestToken`).

    `purpose` is `register`, `password`, `add` or `onboard`; `served` the instance named by the Host, if any.
    """

    purpose: str
    email: str
    client_secret: str
    send_attempt: int
    next_link: str | None
    served: str | None


def read_email(text: str) -> Email:
    """The address, or M_INVALID_EMAIL in plain words."""
    try:
        return parse_email(text)
    except ValueError as error:
        raise MatrixError(
            "M_INVALID_EMAIL",
            "This is not a plain e-mail address, such as first.last@prefecture.example.fr.",
            "Ce n'est pas une adresse simple, comme prenom.nom@prefecture.example.fr.",
        ) from error


async def get_home(world: World, email: Email, served: str | None) -> Home:
    """The home where this address may open an account; M_FORBIDDEN says why it may not."""
    home = await home_of(world, email)
    refusal = decide_registration(home, served, await _is_invited(world, email))
    if refusal is not None or home is None:
        raise _refused(world, refusal or Refusal.UNKNOWN_DOMAIN)
    return home


async def _is_invited(world: World, email: Email) -> bool:
    pending = await world.store.read(emails.find_pending_events, str(email), world.clock.now_ms())
    return any(_awaits(event) for event in pending)


def _awaits(event: bytes) -> bool:
    """Whether an `m.room.third_party_invite` still stands: one taken back is emptied, by state or by redaction."""
    body = decode_json(event)
    content = body.get("content") if isinstance(body, dict) else None
    return isinstance(content, dict) and bool(content.get("public_key"))


def _refused(world: World, refusal: Refusal) -> MatrixError:
    en, fr = _REFUSALS[refusal]
    errcode = "M_THREEPID_DENIED" if refusal in (Refusal.UNKNOWN_DOMAIN, Refusal.SUSPENDED) else "M_FORBIDDEN"
    form = world.settings.request_form
    if not form or refusal not in (Refusal.UNKNOWN_DOMAIN, Refusal.NOT_INVITED):
        return MatrixError(errcode, en, fr, reason=refusal.value)
    where = {"reason": refusal.value, "fr.tchap.open_url": form}
    return MatrixError(errcode, f"{en} See {form}", f"{fr} Voir {form}", **where)


_REFUSALS = {
    Refusal.UNKNOWN_DOMAIN: (
        "This e-mail domain is not authorised yet: ask your administration to have it added.",
        "Ce domaine de courriel n'est pas encore autorisé : demandez à votre administration de le faire ajouter.",
    ),
    Refusal.NOT_INVITED: (
        "This address belongs to no authorised administration: an agent must first invite you to a room.",
        "Cette adresse n'est celle d'aucune administration autorisée : un agent doit d'abord vous inviter à un salon.",
    ),
    Refusal.OTHER_INSTANCE: (
        "This address belongs to another server: start again from your e-mail address.",
        "Cette adresse relève d'un autre serveur : recommencez à partir de votre adresse.",
    ),
    Refusal.SUSPENDED: (
        "Your administration opens no new account for the moment: ask those who look after Tchap there.",
        "Votre administration n'ouvre pas de nouveau compte pour le moment : demandez à ses responsables Tchap.",
    ),
}


async def request_code(world: World, asked: CodeRequest) -> str:
    """Sends the code and the link where the act is lawful; answers the session id, `sid`.

    Whether the address has an account shows only in what it receives (client-server API,
    `POST /register/email/requestToken`).
    """
    email = str(read_email(asked.email))
    if not _OPAQUE.fullmatch(asked.client_secret):
        raise InvalidParam("The client secret must be 1 to 255 letters, digits, '.', '=', '_' or '-'.")
    if asked.purpose == "register":
        await get_home(world, read_email(email), asked.served)
    wait_ms = world.live.rate_limits.take("mail_to", email, world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    plan = _plan(world, replace(asked, email=email))
    sid = await world.store.write(_request, plan, world.mailer.is_mailbox)
    world.mailer.wake()
    return sid


@dataclass(frozen=True, slots=True)
class _Plan:
    """A validation as it would begin, the mail that carries it, and the mail sent where there is nothing to prove."""

    validation: Validation
    mail: OutgoingMail
    instead: OutgoingMail
    now_ms: int


def _plan(world: World, asked: CodeRequest) -> _Plan:
    now_ms, sid = world.clock.now_ms(), world.entropy.token(16)
    code, link_token = world.entropy.code(CODE_DIGITS), world.entropy.token()
    public_url = world.settings.public_url
    next_link = asked.next_link if _is_ours(asked.next_link or "", public_url) else None
    validation = Validation(
        sid,
        asked.purpose,
        asked.email,
        asked.client_secret,
        _digest(code),
        _digest(link_token),
        asked.send_attempt,
        next_link,
        0,
        now_ms + world.settings.registration.code_lifetime_s * 1000,
        None,
    )
    link = f"{public_url}{LINK_PATH}?{urlencode({'token': link_token})}"
    mail = mail_texts.code_mail(asked.email, asked.purpose, code, link)
    instead = (
        mail_texts.no_account_mail(asked.email, public_url)
        if asked.purpose in ("password", "bind")
        else mail_texts.account_exists_mail(asked.email, public_url)
    )
    return _Plan(validation, mail, instead, now_ms)


def _is_ours(link: str, public_url: str) -> bool:
    """A redirect to anywhere else would lend our name to whoever asked for the mail; a line break, our headers."""
    return link.startswith(f"{public_url}/") and _PRINTABLE.fullmatch(link) is not None


async def _request(tx: Tx, plan: _Plan, to_mailbox: bool) -> str:
    wanted = plan.validation
    await emails.remove_old_validations(tx, plan.now_ms)
    known = await emails.find_attempt(tx, wanted.email, wanted.client_secret, wanted.purpose)
    if known is not None and known.send_attempt >= wanted.send_attempt:
        return known.sid
    is_taken = await accounts.find_email(tx, wanted.email) is not None
    # A new account wants an address that has none, a guest may open her administration, every other act wants one.
    is_lawful = wanted.purpose == "onboard" or is_taken == (wanted.purpose in ("password", "bind"))
    # Nothing can prove an unlawful attempt: no code hashes to nothing.
    sid = await emails.set_validation(tx, wanted if is_lawful else replace(wanted, code_hash=b"", link_hash=b""))
    await post(tx, plan.mail if is_lawful else plan.instead, plan.now_ms, to_mailbox)
    return sid


async def post(tx: Tx, mail: OutgoingMail, now_ms: int, to_mailbox: bool) -> None:
    """Leaves a mail where it will be delivered, or shown."""
    await (mail_outbox.add_to_mailbox if to_mailbox else mail_outbox.add_mail)(tx, mail, now_ms)


async def submit_code(world: World, sid: str, client_secret: str, code: str) -> bool:
    """Whether the code proves the address; a few wrong ones end the attempt (identity API, `submitToken`)."""
    if not _OPAQUE.fullmatch(sid):
        return False
    return await world.store.write(_submit, (sid, client_secret), _digest(code.strip()), world.clock.now_ms())


async def open_link(world: World, token: str) -> Validation | None:
    """Proves the address by the link's token; the attempt, or None when the link is wrong or too old."""
    return await world.store.write(_open_link, _digest(token), world.clock.now_ms())


async def find_proven(world: World, sid: str, client_secret: str, purpose: str) -> str | None:
    """The address proven by this attempt for this purpose."""
    found = await find_session(world, sid, client_secret)
    if found is None or found.purpose != purpose:
        return None
    is_fresh = found.validated_ts is not None and found.validated_ts + limits.VALIDATED_EMAIL_MS > world.clock.now_ms()
    return found.email if is_fresh else None


async def find_session(world: World, sid: str, client_secret: str) -> Validation | None:
    """An attempt, for the client that began it."""
    found = await world.store.read(emails.find_validation, sid) if _OPAQUE.fullmatch(sid) else None
    return found if found is not None and _same(found.client_secret, client_secret) else None


async def _submit(tx: Tx, key: tuple[str, str], digest: bytes, now_ms: int) -> bool:
    sid, client_secret = key
    found = await emails.find_validation(tx, sid)
    if found is None or not _same(found.client_secret, client_secret) or found.expires_ts <= now_ms:
        return False
    if found.failed_attempts >= limits.MAX_CODE_ATTEMPTS:
        return False
    if not hmac.compare_digest(digest, found.code_hash) and not hmac.compare_digest(digest, found.link_hash):
        await emails.add_failed_attempt(tx, sid)
        return False
    await _set_validated(tx, found, now_ms)
    return True


async def _open_link(tx: Tx, digest: bytes, now_ms: int) -> Validation | None:
    found = await emails.find_by_link(tx, digest)
    if found is None or found.expires_ts <= now_ms:
        return None
    await _set_validated(tx, found, now_ms)
    return found


async def _set_validated(tx: Tx, found: Validation, now_ms: int) -> None:
    if found.validated_ts is None:
        await emails.set_validated(tx, found.sid, now_ms, now_ms + limits.VALIDATED_EMAIL_MS)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


async def find_whereabouts(world: World, address: str) -> Whereabouts:
    """Where the person of this address is: an answer for everything that may be typed.

    What today's clients ask at `GET /_matrix/identity/api/v1/info`.
    """
    return (await find_standing(world, address)).whereabouts


async def find_standing(world: World, address: str) -> Standing:
    """As `find_whereabouts`, with whether the address must be invited, and is."""
    fallback = externals_of(world.settings) or world.settings.instances[0].name
    try:
        email = parse_email(address)
    except ValueError:
        return decide_standing(decide_whereabouts(None, None, fallback), None, is_invited=False)
    found = await world.store.read(accounts.find_email, str(email))
    home = await home_of(world, email)
    account_instance = server_of(found.user_id) if found is not None else None
    whereabouts = decide_whereabouts(account_instance, home, fallback)
    return decide_standing(whereabouts, home, await _is_invited(world, email))
