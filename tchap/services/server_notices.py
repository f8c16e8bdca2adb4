"""What the server itself tells people, each in a room of their own. Source: client-server API, "Server Notices".

A notice is written down first and told by a duty, person after person: a restart takes up where it stopped, and the
transaction id of each message makes a repetition harmless.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import structlog

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import BadJson, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.services.admins import act_of, check_admin, check_is_ours
from tchap.services.notice_rooms import sender_of, show_notice, withdraw_notice
from tchap.services.world import World
from tchap.storage import audit, server_notices
from tchap.storage.accounts import find_known
from tchap.storage.administrations import find_administration_named
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.server_notices import SENDING, SENT, WITHDRAWING, WITHDRAWN, Addressee, Notice

ONE, ADMINISTRATION, EVERYONE = "user", "administration", "everyone"
ANNOUNCEMENT = "fr.tchap.server_notice.announcement"
_USAGE_LIMIT = "m.server_notice.usage_limit_reached"
_IDLE_S = 30.0  # another process may have written a notice without waking us

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeWish:
    """Whom to tell what; `audience_name` is a user id or an administration's name, empty for everyone."""

    audience: str
    audience_name: str
    content: dict[str, Any]
    is_pinned: bool


async def add_notice(world: World, requester: Requester, wish: NoticeWish) -> int:
    """Writes a notice down to be told soon; answers its id. For administrators alone."""
    await check_admin(world, requester)
    await _check_audience(world, wish)
    now_ms = world.clock.now_ms()
    content = encode_json(_content_of(wish.content))
    notice = Notice(
        notice_id=0,
        admin=requester.user_id,
        audience=wish.audience,
        audience_name=wish.audience_name,
        content=content,
        is_pinned=wish.is_pinned,
        status=SENDING,
        after_user="",
        told=0,
        created_ts=now_ms,
    )
    done = act_of(world, requester, "server_notice", wish.audience_name or wish.audience)
    notice_id = await world.store.write(_add, notice, done)
    world.live.notices.set()
    return notice_id


async def _add(tx: Tx, notice: Notice, done: AdminAct) -> int:
    await audit.add_act(tx, done)
    return await server_notices.add_notice(tx, notice)


async def get_notice(world: World, requester: Requester, notice_id: int) -> Notice:
    """How far the telling has come, for administrators."""
    await check_admin(world, requester)
    found = await world.store.read(server_notices.find_notice, notice_id)
    if found is None:
        raise NotFound("There is no such notice.", "Cet avis n'existe pas.")
    return found


async def unpin_notice(world: World, requester: Requester, notice_id: int) -> None:
    """A pinned notice holds no more: it is unpinned in every room, soon."""
    notice = await get_notice(world, requester, notice_id)
    if not notice.is_pinned:
        raise InvalidParam("This notice was not pinned.", "Cet avis n'a pas été épinglé.")
    if notice.status in (SENDING, SENT):
        done = act_of(world, requester, "withdraw_server_notice", str(notice_id))
        await world.store.write(_begin_withdrawal, notice_id, done)
        world.live.notices.set()


async def _begin_withdrawal(tx: Tx, notice_id: int, done: AdminAct) -> None:
    await server_notices.set_status(tx, notice_id, WITHDRAWING, None)
    await audit.add_act(tx, done)


async def _check_audience(world: World, wish: NoticeWish) -> None:
    if wish.audience == ONE:
        check_is_ours(world, wish.audience_name)
        if not await world.store.read(find_known, [wish.audience_name]):
            raise NotFound("There is no such account.", "Ce compte n'existe pas.")
    if wish.audience == ADMINISTRATION and not await world.store.read(find_administration_named, wish.audience_name):
        raise NotFound("There is no such administration.", "Cette administration n'existe pas.")


def _content_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The content of the message: `msgtype` is the server's alone to say."""
    if not isinstance(asked.get("body"), str) or not asked["body"]:
        raise BadJson("The content of a notice needs a 'body'.", "Le contenu d'un avis demande un texte « body ».")
    content = {"server_notice_type": ANNOUNCEMENT, **asked, "msgtype": "m.server_notice"}
    needed = ("server_notice_type", *(("admin_contact", "limit_type") if _is_usage_limit(content) else ()))
    for name in needed:
        if not isinstance(content.get(name), str):
            raise BadJson(f"The content of this notice needs a '{name}'.", f"Il manque « {name} » au contenu.")
    if len(encode_json(content)) > limits.MAX_NOTICE_BYTES:
        raise MatrixError("M_TOO_LARGE", "The notice is too long.", "L'avis est trop long.")
    return content


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
    if notice.audience == ONE:
        if notice.after_user:
            return None, 0
        batch = [Addressee(notice.audience_name)]
    else:
        batch = await world.store.read(server_notices.find_addressees, notice.after_user, limits.NOTICE_BATCH)
    if not batch:
        return None, 0
    people = [each.user_id for each in batch if _is_meant(world, notice, each)]
    content = cast("dict[str, Any]", decode_json(notice.content))
    outcomes = await asyncio.gather(*(_tell_one(world, notice, user_id, content) for user_id in people))
    return batch[-1].user_id, sum(outcomes)


def _is_meant(world: World, notice: Notice, person: Addressee) -> bool:
    if notice.audience == ONE:
        return True
    if person.user_id == sender_of(world) or any(each.has_user(person.user_id) for each in world.appservices.all):
        return False
    return notice.audience == EVERYONE or person.administration == notice.audience_name


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
