"""Vouching for externals: beginning, prolonging and ending it. Their accounts' terms follow at once."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.gateways import external_mails, mail_texts
from tchap.policy.emails import Email
from tchap.policy.externals import Refusal, Rules, Wish, decide_sponsorship, find_term
from tchap.protocol.identifiers import server_of
from tchap.services.accounts import account_expired
from tchap.services.administrations import externals_of, find_home_in
from tchap.services.emails import post, read_email
from tchap.services.world import World
from tchap.storage import accounts, administrations, emails, profiles, sponsorships
from tchap.storage.database import Tx
from tchap.storage.mail_outbox import OutgoingMail
from tchap.storage.sponsorships import Guest, Sponsorship


@dataclass(frozen=True, slots=True)
class Vouch:
    """What a transaction needs to let somebody vouch for an address until `ends_ts` (None: as long as is usual).

    `keeps`: whoever vouches already goes on as before.
    """

    email: Email
    sponsor: Requester
    ends_ts: int | None
    rules: Rules
    externals: str | None
    now_ms: int
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A sponsorship that was ended, with the guest's account of its address and when that ends now (ms since 1970)."""

    user_id: str | None
    term_ts: int


def plan_vouch(
    world: World, sponsor: Requester, email: Email, ends_ts: int | None = None, keeps: bool = False
) -> Vouch:
    """What is asked, with what decides on it."""
    chosen = world.settings.externals
    rules = Rules(chosen.usual_days * limits.DAY_MS, chosen.longest_days * limits.DAY_MS)
    return Vouch(email, sponsor, ends_ts, rules, externals_of(world.settings), world.clock.now_ms(), keeps)


async def vouch(tx: Tx, wanted: Vouch) -> int:
    """Lets the sponsor vouch for the address; until when. Forbidden, M_INVALID_PARAM."""
    address, sponsor = str(wanted.email), wanted.sponsor
    ends_ts, is_new = await _decide(tx, wanted)
    if is_new:
        row = Sponsorship(address, sponsor.user_id, sponsor.administration_id, wanted.now_ms, ends_ts)
        await sponsorships.set_sponsorship(tx, row)
        await follow_sponsors(tx, address, wanted.now_ms, wanted.externals)
    return ends_ts


async def check_vouch(tx: Tx, wanted: Vouch) -> None:
    """Raises what `vouch` would."""
    await _decide(tx, wanted)


async def _decide(tx: Tx, wanted: Vouch) -> tuple[int, bool]:
    """Until when the sponsor vouches, and whether that is to be written."""
    address, sponsor = str(wanted.email), wanted.sponsor
    known = await sponsorships.find_sponsorship(tx, address, sponsor.user_id)
    if wanted.keeps and known is not None and known.ended_by is None and known.ends_ts > wanted.now_ms:
        return known.ends_ts, False
    ended_above = await _is_ended_above(tx, known, sponsor)
    is_agent = await _is_agent_address(tx, wanted)
    wish = Wish(sponsor.is_external, is_agent, wanted.ends_ts, wanted.now_ms, ended_above)
    decision = decide_sponsorship(wish, wanted.rules)
    if isinstance(decision, Refusal):
        raise refused(decision)
    return decision, True


async def _is_ended_above(tx: Tx, known: Sponsorship | None, sponsor: Requester) -> bool:
    """Whether those above the sponsor have ended it: their administration while it is suspended, or somebody of it."""
    of = sponsor.administration_id
    administration = None if of is None else await administrations.find_administration(tx, of)
    if administration is not None and administration.status != administrations.ACTIVE:
        return True
    return known is not None and known.ended_by not in (None, sponsor.user_id, sponsorships.BY_ADMINISTRATION)


async def _is_agent_address(tx: Tx, wanted: Vouch) -> bool:
    known = await accounts.find_email(tx, str(wanted.email))
    if known is not None:
        return server_of(known.user_id) != wanted.externals
    home = await find_home_in(tx, wanted.email, wanted.externals)
    return home is None or not home.is_external


async def follow_sponsors(tx: Tx, address: str, now_ms: int, externals: str | None) -> Ended:
    """The guest's account of the address, where there is one, lasts as long as somebody vouches for it.

    An agent's does not: the address may have been vouched for before its administration came.
    """
    every = await sponsorships.find_sponsorships(tx, address)
    term_ts = find_term([each.ends_ts for each in every if each.ended_by is None], now_ms)
    known = await accounts.find_email(tx, address)
    guest = known.user_id if known is not None and server_of(known.user_id) == externals else None
    # A guest of before sponsors is renewed as agents are, by a mail.
    if guest is not None and every:
        await sponsorships.set_guest_term(tx, guest, term_ts, now_ms)
    return Ended(guest, term_ts)


def refused(refusal: Refusal) -> MatrixError:
    """The caller's error."""
    en, fr = _SENTENCES[refusal]
    if refusal in (Refusal.PAST, Refusal.TOO_LONG):
        return InvalidParam(en, fr)
    return Forbidden(en, fr, reason=refusal.value)


_SENTENCES = {
    Refusal.SPONSOR_IS_EXTERNAL: (
        "External guests invite nobody from outside. Ask the agent who invited you.",
        "Les invités externes n'invitent personne de l'extérieur. Adressez-vous à l'agent qui vous a invité.",
    ),
    Refusal.IS_AGENT: (
        "This is the address of an agent, for whom nobody needs to vouch: invite them directly.",
        "C'est l'adresse d'un agent, pour qui personne n'a à se porter garant : invitez-le directement.",
    ),
    Refusal.PAST: ("The end must be a moment to come.", "La fin doit être à venir."),
    Refusal.TOO_LONG: (
        "An external guest is invited for less long than that.",
        "Un invité externe ne peut pas être invité aussi longtemps.",
    ),
    Refusal.ENDED_ABOVE: (
        "Your administration has ended this guest's stay: ask those who look after Tchap there.",
        "Votre administration a mis fin à la présence de cet invité : adressez-vous à ses responsables Tchap.",
    ),
    Refusal.NOT_YOURS: (
        "You have not invited anybody of this address.",
        "Vous n'avez invité personne à cette adresse.",
    ),
}


async def prolong(world: World, requester: Requester, address: str, ends_ts: int | None) -> Guest:
    """Vouches for an external until that moment, whether or not one did before. Forbidden, M_INVALID_PARAM."""
    wanted = plan_vouch(world, requester, read_email(address), ends_ts)
    await world.store.write(vouch, wanted)
    return await _after(world, requester.user_id, str(wanted.email))


async def _after(world: World, sponsor: str, address: str) -> Guest:
    guest = await world.store.read(_find_guest, address, sponsor)
    if guest is None:
        raise refused(Refusal.NOT_YOURS)
    if guest.user_id is not None:
        # Tokens are remembered until the account's end: it has another one now.
        world.live.tokens.forget_user(guest.user_id)
    return guest


async def _find_guest(tx: Tx, address: str, sponsor: str) -> Guest | None:
    found = await sponsorships.find_sponsorship(tx, address, sponsor)
    known = await accounts.find_email(tx, address)
    return None if found is None else Guest(found, None if known is None else known.user_id)


async def end_stay(world: World, requester: Requester, address: str) -> None:
    """Ends what the requester vouched for; the guest's account ends now, unless somebody else vouches. NotFound."""
    await end_sponsorship(world, (str(read_email(address)), requester.user_id), requester.user_id)


async def end_sponsorship(world: World, of: tuple[str, str], ended_by: str) -> None:
    """`of`: the address and its sponsor. NotFound where nothing was running."""
    ended = await world.store.write(_end, of, ended_by, world.clock.now_ms(), externals_of(world.settings))
    tell_ended(world, ended)


async def _end(tx: Tx, of: tuple[str, str], ended_by: str, now_ms: int, externals: str | None) -> Ended:
    if not await sponsorships.set_ended(tx, *of, ended_by, now_ms):
        raise NotFound("Nobody of this address is invited.", "Personne n'est invité à cette adresse.")
    return await follow_sponsors(tx, of[0], now_ms, externals)


def tell_ended(world: World, ended: Ended) -> None:
    """After the commit: what memory holds of the account, and its polls."""
    if ended.user_id is None:
        return
    world.live.tokens.forget_user(ended.user_id)
    if ended.term_ts <= world.clock.now_ms():
        world.live.notifier.refuse(ended.user_id, account_expired())
        world.live.guests.set()


async def find_guests(world: World, requester: Requester) -> list[Guest]:
    """Those the requester invited from outside, past ones too."""
    return await world.store.read(sponsorships.find_guests_of, requester.user_id, limits.MAX_GUESTS_LISTED)


async def find_own_sponsors(world: World, requester: Requester) -> list[Sponsorship]:
    """Who vouches for the requester, an external; nobody for an agent."""
    return await world.store.read(_find_own, requester.user_id, world.clock.now_ms())


async def _find_own(tx: Tx, user_id: str, now_ms: int) -> list[Sponsorship]:
    found = [
        each
        for known in await accounts.find_emails_of(tx, user_id)
        for each in await sponsorships.find_sponsorships(tx, known.email)
    ]
    return [each for each in found if each.ended_by is None and each.ends_ts > now_ms]


async def send_again(world: World, requester: Requester, address: str) -> None:
    """Sends the invitation of the requester to this address again, and gives it its full time anew.

    NotFound where none waits: the person has an account already, or was never invited.
    """
    email = read_email(address)
    wait_ms = world.live.rate_limits.take("mail_to", str(email), world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    name = await shown_name(world, requester.user_id)
    mail = mail_texts.invitation_mail(str(email), name, world.settings.public_url)
    wanted = plan_vouch(world, requester, email, keeps=True)
    await world.store.write(_send_again, wanted, mail, world.mailer.is_mailbox)
    world.mailer.wake()


async def _send_again(tx: Tx, wanted: Vouch, mail: OutgoingMail, to_mailbox: bool) -> None:
    ends_ts = wanted.now_ms + limits.EMAIL_INVITATION_MS
    if not await emails.prolong_invitations(tx, str(wanted.email), wanted.sponsor.user_id, ends_ts):
        raise NotFound("No invitation of yours waits for this address.", "Aucune invitation n'attend cette adresse.")
    if not await _is_agent_address(tx, wanted):
        await vouch(tx, wanted)
    await post(tx, mail, wanted.now_ms, to_mailbox)


async def shown_name(world: World, user_id: str) -> str:
    """The name people know somebody by."""
    profile = await world.store.read(profiles.find_profile, user_id)
    return (profile.display_name if profile else None) or user_id


def warning_mails(world: World, guest: Guest, sponsor_email: str | None, name: str) -> list[OutgoingMail]:
    """What is said some days before the end: to the sponsor, and to the guest who has an account."""
    url, end = world.settings.public_url, guest.sponsorship.ends_ts
    to_sponsor = [external_mails.ending_mail(sponsor_email, guest.sponsorship.email, end, url)] if sponsor_email else []
    to_guest = [external_mails.own_ending_mail(guest.sponsorship.email, name, end, url)] if guest.user_id else []
    return [*to_sponsor, *to_guest]
