"""Reporting what should not be (client-server API, module "Reporting Content"), and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.errors import NotFound
from tchap.base.identity import Requester
from tchap.gateways import mail_texts
from tchap.policy.administrations import Act, Actor
from tchap.policy.emails import parse_email
from tchap.protocol.identifiers import server_of
from tchap.services.administration_rights import check_subject, find_subject, get_actor
from tchap.services.administrations import home_of
from tchap.services.admins import act_of
from tchap.services.emails import post
from tchap.services.history import find_visible
from tchap.services.visibility import find_sight
from tchap.services.world import World
from tchap.storage import accounts, reports
from tchap.storage.audit import AdminAct, add_act
from tchap.storage.jobs import Tx
from tchap.storage.memberships import find_membership
from tchap.storage.reports import Report
from tchap.storage.rooms import find_room

OPEN, IN_HAND, CLOSED = "open", "in_hand", "closed"
STATES = (OPEN, IN_HAND, CLOSED)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why: a reason in words, and of old clients a score from -100 (most offensive) to 0."""

    reason: str = ""
    score: int | None = None


async def report_event(world: World, requester: Requester, place: tuple[str, str], complaint: Complaint) -> None:
    """Keeps a report on an event, `(room id, event id)`, with a copy of it.

    Raises NotFound when there is no such event, the requester may not see it or is not joined to the room: which of
    these is not told.
    """
    report = await world.store.read(_find_event, _new(world, requester, "event", complaint), place)
    await _keep(world, report)


async def report_room(world: World, requester: Requester, room_id: str, complaint: Complaint) -> None:
    """Keeps a report on a room, which the requester need not be joined to. Raises NotFound for an unknown room."""
    if await world.store.read(find_room, room_id) is None:
        raise NotFound("There is no such room.", "Ce salon n'existe pas.")
    await _keep(world, replace(_new(world, requester, "room", complaint), room_id=room_id))


async def report_user(world: World, requester: Requester, user_id: str, complaint: Complaint) -> None:
    """Keeps a report on a person. Says nothing where there is nobody of that name: who has an account is not for
    everybody to know ("homeservers that wish to conceal this information MAY return 200")."""
    is_ours = server_of(user_id) in world.settings.instance_names
    if is_ours and await world.store.read(accounts.find_account, user_id) is not None:
        await _keep(world, replace(_new(world, requester, "user", complaint), reported_user=user_id))


def _new(world: World, requester: Requester, kind: str, complaint: Complaint) -> Report:
    now_ms = world.clock.now_ms()
    return Report(
        report_id=0,
        kind=kind,
        state=OPEN,
        reporter=requester.user_id,
        reporter_administration="",
        reported_user=None,
        reported_administration="",
        room_id=None,
        event_id=None,
        event_json=None,
        reason=complaint.reason[: limits.MAX_REPORT_REASON],
        score=complaint.score,
        created_ts=now_ms,
        changed_ts=now_ms,
    )


async def _find_event(tx: Tx, report: Report, place: tuple[str, str]) -> Report:
    room_id, event_id = place
    sight = await find_sight(tx, report.reporter, room_id)
    event = await find_visible(tx, sight, room_id, event_id)
    stay = await find_membership(tx, report.reporter, room_id)
    if stay is None or stay.membership != "join":
        raise NotFound("There is no such event, or you are not joined to its room.", "Ce message n'existe pas.")
    return replace(report, room_id=room_id, event_id=event_id, event_json=event.client_json, reported_user=event.sender)


async def _keep(world: World, report: Report) -> None:
    report = replace(
        report,
        reporter_administration=await _administration(world, report.reporter),
        reported_administration=await _administration(world, report.reported_user),
    )
    address = world.settings.moderation.email
    await world.store.write(_write, report, address, world.mailer.is_mailbox)
    if address:
        world.mailer.wake()
    world.metrics.reports.labels(report.kind).inc()


async def _administration(world: World, user_id: str | None) -> str:
    """The label of the administration somebody belongs to by the address of their account; empty for none."""
    if user_id is None:
        return ""
    for known in await world.store.read(accounts.find_emails_of, user_id):
        email = parse_email(known.email)
        home = await home_of(world, email)
        return (home.label if home else None) or email.domain
    return ""


async def _write(tx: Tx, report: Report, address: str, to_mailbox: bool) -> None:
    """The report, and the mail that tells of it: both or none."""
    report_id = await reports.add_report(tx, report)
    if address:
        mail = mail_texts.report_mail(address, report_id, report.kind, report.reporter_administration)
        await post(tx, mail, report.created_ts, to_mailbox)


async def list_reports(
    world: World, requester: Requester, states: tuple[str, ...], page: tuple[int, int]
) -> list[Report]:
    """Reports in these states, the oldest first; `page` is (number after which, how many). A delegate reads those on
    the people of their administrations, and not who made them."""
    actor = await get_actor(world, requester)
    if actor.is_operator:
        return await world.store.read(reports.find_reports, states, *page)
    found = await world.store.read(reports.find_reports_on, actor.covered, states, page)
    return [_without_reporter(report) for report in found]


async def get_report(world: World, requester: Requester, report_id: int) -> Report:
    actor, found, _ = await _find(world, requester, report_id)
    return found if actor.is_operator else _without_reporter(found)


async def _find(world: World, requester: Requester, report_id: int) -> tuple[Actor, Report, str | None]:
    """Who asks, the report, and the administration it concerns; Forbidden, NotFound for operators alone."""
    actor = await get_actor(world, requester)
    found = await world.store.read(reports.find_report, report_id)
    reported = found.reported_user if found is not None else None
    account, subject = await world.store.read(find_subject, reported or "", world.clock.now_ms())
    check_subject(actor, Act.READ_REPORTS, subject)
    if found is None:
        raise _unknown()
    return actor, found, account.administration_id if account is not None else None


def _without_reporter(report: Report) -> Report:
    # Whoever reports a colleague is not told on to those who look after them both.
    return replace(report, reporter="", reporter_administration="")


async def set_report_state(world: World, requester: Requester, report_id: int, wish: tuple[str, str | None]) -> Report:
    """Takes a report in hand, closes or opens it again: `(state, note)`; no note keeps the one there is."""
    actor, _, of = await _find(world, requester, report_id)
    done = replace(act_of(world, requester, "report", str(report_id), wish[0]), administration_id=of)
    changed = await world.store.write(_set_state, report_id, wish, done)
    return changed if actor.is_operator else _without_reporter(changed)


async def _set_state(tx: Tx, report_id: int, wish: tuple[str, str | None], done: AdminAct) -> Report:
    state, note = wish
    found = await reports.find_report(tx, report_id)
    if found is None:
        raise _unknown()
    kept = found.note if note is None else note
    changed = replace(found, state=state, changed_ts=done.done_ts, handled_by=done.admin, note=kept)
    await reports.set_state(tx, changed)
    await add_act(tx, done)
    return changed


def _unknown() -> NotFound:
    return NotFound("There is no such report.", "Ce signalement n'existe pas.")
