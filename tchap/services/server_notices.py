"""What the server itself tells people, each in a room of their own. Source: client-server API, "Server Notices".

A notice is written down first and told by a duty, person after person: a restart takes up where it stopped, and the
transaction id of each message makes a repetition harmless.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import BadJson, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.policy.administrations import Act, Subject
from tchap.services.administration_desk import unknown_administration
from tchap.services.administration_rights import check_subject, find_subject, get_actor, subject_of
from tchap.services.admins import act_of, check_admin, get_target
from tchap.services.notice_rooms import sender_of, show_notice, withdraw_notice
from tchap.services.world import World
from tchap.storage import administrations, audit, server_notices
from tchap.storage.administrations import Administration
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.server_notices import SENDING, SENT, WITHDRAWING, WITHDRAWN, Notice

ONE, ADMINISTRATION, EVERYONE = "user", "administration", "everyone"
ANNOUNCEMENT = "fr.tchap.server_notice.announcement"
_USAGE_LIMIT = "m.server_notice.usage_limit_reached"
_WORDS = ("body", "format", "formatted_body")
_HTML = "org.matrix.custom.html"
_IDLE_S = 30.0  # another process may have written a notice without waking us

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeWish:
    """Whom to tell what; `audience_name` is a user id, an administration's id or name, or empty for everyone."""

    audience: str
    audience_name: str
    content: dict[str, Any]
    is_pinned: bool


async def add_notice(world: World, requester: Requester, wish: NoticeWish) -> int:
    """Writes a notice down to be told soon; answers its id.

    Operators tell anybody; delegates their own people, with what stands below, in words alone. Forbidden, NotFound for
    operators alone.
    """
    of = await _check_audience(world, requester, wish)
    actor = await get_actor(world, requester)
    notice = Notice(
        notice_id=0,
        admin=requester.user_id,
        audience=wish.audience,
        audience_name=wish.audience_name if of is None else of.name,
        content=encode_json(_content_of(wish.content, in_words=not actor.is_operator)),
        is_pinned=wish.is_pinned,
        status=SENDING,
        after_user="",
        told=0,
        created_ts=world.clock.now_ms(),
        administration_id=None if of is None else of.administration_id,
    )
    done = act_of(world, requester, "server_notice", notice.audience_name or wish.audience)
    notice_id = await world.store.write(_add, notice, replace(done, administration_id=notice.administration_id))
    world.live.notices.set()
    return notice_id


async def _add(tx: Tx, notice: Notice, done: AdminAct) -> int:
    await audit.add_act(tx, done)
    return await server_notices.add_notice(tx, notice)


async def get_notice(world: World, requester: Requester, notice_id: int) -> Notice:
    """How far the telling has come. To delegates: of what was told to their administrations, and what they told one
    person."""
    actor = await get_actor(world, requester)
    found = await world.store.read(server_notices.find_notice, notice_id)
    act, subject = Act.ANNOUNCE, Subject()
    if found is not None and found.administration_id is not None:
        subject = subject_of((found.administration_id,))
    elif found is not None and (found.audience, found.admin) == (ONE, requester.user_id):
        act, (_, subject) = Act.TELL, await world.store.read(find_subject, found.audience_name, world.clock.now_ms())
    check_subject(actor, act, subject)
    if found is None:
        raise NotFound("There is no such notice.", "Cet avis n'existe pas.")
    return found


async def list_notices(
    world: World, requester: Requester, administration_id: str | None, page: tuple[int, int]
) -> list[Notice]:
    """The newest first, of one administration or of all that one looks after; `page`: the notice before which, and how
    many. Operators alone read those for one person and for everybody."""
    actor = await get_actor(world, requester)
    if administration_id is not None:
        check_subject(actor, Act.ANNOUNCE, subject_of((administration_id,)))
        return await world.store.read(server_notices.find_notices_for, (administration_id,), *page)
    if actor.is_operator:
        return await world.store.read(server_notices.find_notices, *page)
    return await world.store.read(server_notices.find_notices_for, actor.covered, *page)


async def unpin_notice(world: World, requester: Requester, notice_id: int) -> None:
    """A pinned notice holds no more: it is unpinned in every room, soon."""
    notice = await get_notice(world, requester, notice_id)
    if not notice.is_pinned:
        raise InvalidParam("This notice was not pinned.", "Cet avis n'a pas été épinglé.")
    if notice.status in (SENDING, SENT):
        done = act_of(world, requester, "withdraw_server_notice", str(notice_id))
        of = notice.administration_id
        await world.store.write(_begin_withdrawal, notice_id, replace(done, administration_id=of))
        world.live.notices.set()


async def _begin_withdrawal(tx: Tx, notice_id: int, done: AdminAct) -> None:
    await server_notices.set_status(tx, notice_id, WITHDRAWING, None)
    await audit.add_act(tx, done)


async def _check_audience(world: World, requester: Requester, wish: NoticeWish) -> Administration | None:
    """The administration that is told, if it is one; an administration is named by its id or its name."""
    if wish.audience == EVERYONE:
        await check_admin(world, requester)
        return None
    if wish.audience == ONE:
        await get_target(world, requester, wish.audience_name, Act.TELL)
        return None
    actor = await get_actor(world, requester)
    found = await world.store.read(_find_named, wish.audience_name)
    check_subject(actor, Act.ANNOUNCE, subject_of((found.administration_id if found else None,)))
    if found is None:
        raise unknown_administration()
    return found


async def _find_named(tx: Tx, name: str) -> Administration | None:
    return await administrations.find_administration(tx, name) or await administrations.find_administration_named(
        tx, name
    )


def _content_of(asked: dict[str, Any], in_words: bool) -> dict[str, Any]:
    """The content of the message: `msgtype` is the server's alone to say, and `in_words` all but the words."""
    if not isinstance(asked.get("body"), str) or not asked["body"]:
        raise BadJson("The content of a notice needs a 'body'.", "Le contenu d'un avis demande un texte « body ».")
    if in_words:
        asked = {name: value for name, value in asked.items() if name in _WORDS}
    _check_format(asked)
    content = {"server_notice_type": ANNOUNCEMENT, **asked, "msgtype": "m.server_notice"}
    needed = ("server_notice_type", *(("admin_contact", "limit_type") if _is_usage_limit(content) else ()))
    for name in needed:
        if not isinstance(content.get(name), str):
            raise BadJson(f"The content of this notice needs a '{name}'.", f"Il manque « {name} » au contenu.")
    if len(encode_json(content)) > limits.MAX_NOTICE_BYTES:
        raise MatrixError("M_TOO_LARGE", "The notice is too long.", "L'avis est trop long.")
    return content


def _check_format(content: dict[str, Any]) -> None:
    """A formatted text is HTML (client-server API, "m.room.message msgtypes"), which each client cleans for itself."""
    if "formatted_body" not in content and "format" not in content:
        return
    if content.get("format") != _HTML or not isinstance(content.get("formatted_body"), str):
        raise BadJson(
            f"A 'formatted_body' goes with the format {_HTML}.", f"Un « formatted_body » va avec le format {_HTML}."
        )


def _is_usage_limit(content: dict[str, Any]) -> bool:
    return bool(content["server_notice_type"] == _USAGE_LIMIT)


async def tell_notices(world: World) -> None:
    """Runs until cancelled."""
    while True:
        world.live.notices.clear()
        while await tell_some(world):
            continue
        try:
            async with asyncio.timeout(_IDLE_S):
                await world.live.notices.wait()
        except TimeoutError:
            continue


async def tell_some(world: World) -> bool:
    """Tells the next few people; False when there was nobody left to be told anything."""
    notice = await world.store.read(server_notices.find_next_notice)
    if notice is None:
        return False
    last_user, told = await (_withdraw_some(world, notice) if notice.status == WITHDRAWING else _tell(world, notice))
    if last_user is None:
        ended = WITHDRAWN if notice.status == WITHDRAWING else SENT
        await world.store.write(server_notices.set_status, notice.notice_id, ended, world.clock.now_ms())
    else:
        await world.store.write(server_notices.set_progress, notice.notice_id, last_user, told)
    return True


async def _tell(world: World, notice: Notice) -> tuple[str | None, int]:
    """The last person considered, None when there is none left; and how many were told."""
    batch = await _next_people(world, notice)
    if not batch:
        return None, 0
    people = [user_id for _, user_id in batch if notice.audience == ONE or _may_be_told(world, user_id)]
    content = cast("dict[str, Any]", decode_json(notice.content))
    outcomes = await asyncio.gather(*(_tell_one(world, notice, user_id, content) for user_id in people))
    return batch[-1][0], sum(outcomes)


async def _next_people(world: World, notice: Notice) -> list[tuple[str, str]]:
    """`(place, user_id)`: the place is what the notice remembers of whom it has told."""
    if notice.audience == ONE:
        return [] if notice.after_user else [(notice.audience_name, notice.audience_name)]
    if notice.audience == EVERYONE:
        found = await world.store.read(server_notices.find_everybody, notice.after_user, limits.NOTICE_BATCH)
        return [(user_id, user_id) for user_id in found]
    agents = await world.store.read(_find_agents, notice)
    return [(f"{of} {user_id}", user_id) for of, user_id in agents]


async def _find_agents(tx: Tx, notice: Notice) -> list[tuple[str, str]]:
    ids = await administrations.find_below(tx, [notice.administration_id or ""])
    of, _, user_id = notice.after_user.partition(" ")
    return await server_notices.find_agents(tx, ids, (of, user_id), limits.NOTICE_BATCH)


def _may_be_told(world: World, user_id: str) -> bool:
    return user_id != sender_of(world) and not any(each.has_user(user_id) for each in world.appservices.all)


async def _tell_one(world: World, notice: Notice, user_id: str, content: dict[str, Any]) -> bool:
    try:
        event_id = await show_notice(world, user_id, content, (f"notice-{notice.notice_id}", notice.is_pinned))
    except MatrixError as error:
        # One room out of order keeps nobody else from being told.
        log.warning("notice not told", notice_id=notice.notice_id, errcode=error.errcode)
        return False
    if notice.is_pinned:
        await world.store.write(server_notices.add_told, notice.notice_id, user_id, event_id)
    return True


async def _withdraw_some(world: World, notice: Notice) -> tuple[str | None, int]:
    batch = await world.store.read(server_notices.find_told, notice.notice_id, notice.after_user, limits.NOTICE_BATCH)
    for user_id, event_id in batch:
        try:
            await withdraw_notice(world, user_id, event_id)
        except MatrixError as error:
            log.warning("notice not withdrawn", notice_id=notice.notice_id, errcode=error.errcode)
    return (batch[-1][0] if batch else None), 0
