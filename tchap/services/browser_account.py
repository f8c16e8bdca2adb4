"""What a person does with the account on our own pages. Each act names the browser session that asks for it."""

from dataclasses import dataclass
from functools import partial

from tchap.base import limits
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.protocol.auth_context import POWER_LEVELS
from tchap.services import deactivation, devices, profiles
from tchap.services.accounts import find_account, find_emails
from tchap.services.browser_sessions import BrowserSession, is_proven_lately, open_browser_session
from tchap.services.cross_signing_reset import allow_reset
from tchap.services.live_rooms import find_live_room
from tchap.services.passwords import change_password
from tchap.services.refusals import user_suspended
from tchap.services.world import World
from tchap.storage.devices import Device
from tchap.storage.memberships import find_rooms_of
from tchap.storage.profiles import find_profile


@dataclass(frozen=True, slots=True)
class Person:
    """The owner of an account, as her own pages show her; `address` is empty where she has none."""

    user_id: str
    name: str
    address: str
    has_password: bool


class ProofNeeded(Exception):
    """The person must first prove again who she is."""


async def get_person(world: World, session: BrowserSession) -> Person:
    profile = await world.store.read(find_profile, session.user_id)
    known = await find_emails(world, session.user_id)
    account = await find_account(world, session.user_id)
    return Person(
        session.user_id,
        (profile.display_name if profile else None) or "",
        known[0].email if known else "",
        account is not None and account.password_hash is not None,
    )


def check_proven(world: World, session: BrowserSession) -> None:
    """Raises ProofNeeded."""
    if not is_proven_lately(world, session):
        raise ProofNeeded


async def set_name(world: World, session: BrowserSession, name: str) -> None:
    """M_FORBIDDEN where names are made from addresses; M_USER_SUSPENDED."""
    account = await find_account(world, session.user_id)
    if account is not None and account.suspended_ts is not None:
        raise user_suspended()
    await profiles.set_field(world, _requester(session), session.user_id, profiles.DISPLAY_NAME, name)


async def list_devices(world: World, session: BrowserSession) -> list[Device]:
    """The one seen last comes first."""
    found = await devices.list_devices(world, _requester(session))
    return sorted(found, key=lambda device: device.last_seen_ts or device.created_ts, reverse=True)


async def get_device(world: World, session: BrowserSession, device_id: str) -> Device:
    """M_NOT_FOUND."""
    return await devices.get_device(world, _requester(session), device_id)


async def rename_device(world: World, session: BrowserSession, device_id: str, name: str) -> None:
    """M_NOT_FOUND, M_INVALID_PARAM."""
    await devices.rename_device(world, _requester(session), device_id, name)


async def sign_out_device(world: World, session: BrowserSession, device_id: str) -> None:
    check_proven(world, session)
    await devices.sign_out(world, session.user_id, [(await get_device(world, session, device_id)).device_id])


async def set_password(world: World, session: BrowserSession, password: str, sign_out: bool) -> str:
    """Changes the password; every browser ends, and the cookie of a new session for this one is the answer."""
    check_proven(world, session)
    await change_password(world, session.user_id, password, None, sign_out)
    return await open_browser_session(world, session.user_id, session.how)


async def allow_cross_signing_reset(world: World, session: BrowserSession) -> None:
    check_proven(world, session)
    await allow_reset(world, session.user_id)


async def find_rooms_left_alone(world: World, session: BrowserSession) -> list[str]:
    """The names of rooms in which others stay and nobody but this person may name administrators, in order.

    Rooms without a name are conversations of two.
    """
    names = []
    for stay in (await world.store.read(find_rooms_of, session.user_id, ("join",)))[: limits.MAX_ROOMS_LEFT]:
        room = await find_live_room(world, stay.room_id)
        name = room.content_of("m.room.name").get("name") if room is not None else None
        if room is not None and isinstance(name, str) and _stands_alone(room, session.user_id):
            names.append(name)
    return sorted(names)


def _stands_alone(room: LiveRoom, user_id: str) -> bool:
    levels = room.power_levels
    others = room.joined - {user_id}
    may_name = partial(levels.may_send, event_type=POWER_LEVELS[0], is_state=True)
    return bool(others) and may_name(user_id) and not any(may_name(other) for other in others)


async def close_account(world: World, session: BrowserSession, erase: bool) -> None:
    check_proven(world, session)
    await deactivation.deactivate(world, session.user_id, erase)


def _requester(session: BrowserSession) -> Requester:
    """The person without a device: a browser on our pages is none."""
    return Requester(session.user_id, "", 0, session.instance)
