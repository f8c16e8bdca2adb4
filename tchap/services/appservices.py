"""What application services may do, and what they are interested in.

Source: application-service API, "Client-Server API Extensions", "Pushing events".
"""

from __future__ import annotations

from tchap.base.clock import Clock
from tchap.base.errors import Forbidden, MatrixError
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.protocol.appservices import AppService, AppServices
from tchap.protocol.events import Event
from tchap.protocol.identifiers import server_of
from tchap.services.world import World
from tchap.storage import accounts, devices, profiles
from tchap.storage.accounts import Account
from tchap.storage.aliases import find_aliases_of
from tchap.storage.database import Store, Tx
from tchap.storage.profiles import Profile


async def open_accounts(store: Store, services: AppServices, clock: Clock) -> None:
    """Every service has its own user from the start."""
    now_ms = clock.now_ms()
    for service in services.all:
        await store.write(_add_sender, service.sender, now_ms)


async def _add_sender(tx: Tx, user_id: str, now_ms: int) -> None:
    if await accounts.add_account(tx, Account(user_id, server_of(user_id), None, now_ms)):
        await profiles.set_profile(tx, Profile(user_id, user_id[1:].partition(":")[0]))


async def act_as(world: World, service: AppService, user_id: str | None, device_id: str | None) -> Requester:
    """The user the service speaks for ("Identity assertion"): its own unless it names another.

    M_FORBIDDEN for a user that is not its own or not there, M_UNKNOWN_DEVICE for a device the user has not.
    """
    user_id = user_id or service.sender
    if not service.has_user(user_id):
        raise Forbidden("The application service may not act as this user.")
    account = await world.store.read(accounts.find_account, user_id)
    if account is None or account.deactivated_ts is not None:
        raise Forbidden("The application service has not registered this user.")
    if device_id is not None and await world.store.read(devices.find_device, user_id, device_id) is None:
        raise MatrixError("M_UNKNOWN_DEVICE", "This user has no such device.")
    return Requester(user_id, device_id or "", 0, account.instance, appservice_id=service.id)


def get_service(world: World, token: str | None) -> AppService:
    """The service whose token this is; M_MISSING_TOKEN or M_UNKNOWN_TOKEN ("Server admin style permissions")."""
    if token is None:
        raise MatrixError("M_MISSING_TOKEN", "Missing application service token.")
    service = world.appservices.by_token.get(token)
    if service is None:
        raise MatrixError("M_UNKNOWN_TOKEN", "Unknown application service token.")
    return service


def check_user_free(world: World, user_id: str, service: AppService | None = None) -> None:
    """Raises M_EXCLUSIVE: services keep to their namespaces, and everybody else out of the exclusive ones."""
    if service is not None and not service.has_user(user_id):
        raise _exclusive()
    if any(other.reserves_user(user_id) for other in world.appservices.all if other is not service):
        raise _exclusive()


def check_alias_free(world: World, requester: Requester, alias: str) -> None:
    """The same for an alias to be made or removed."""
    service = world.appservices.find(requester.appservice_id)
    if service is not None and not service.has_alias(alias):
        raise _exclusive()
    if any(other.reserves_alias(alias) for other in world.appservices.all if other is not service):
        raise _exclusive()


def manages_alias(world: World, requester: Requester, alias: str) -> bool:
    """Whether the alias is in the namespace of the service that asks."""
    service = world.appservices.find(requester.appservice_id)
    return service is not None and service.has_alias(alias)


def _exclusive() -> MatrixError:
    return MatrixError(
        "M_EXCLUSIVE", "An application service keeps this name.", "Ce nom est réservé à un service applicatif."
    )


def is_unlimited(world: World, requester: Requester) -> bool:
    """Whether rate limits spare the requester: services that say so, and each one's own user ("Registration")."""
    service = world.appservices.find(requester.appservice_id) if requester.appservice_id else None
    return service is not None and (not service.is_rate_limited or requester.user_id == service.sender)


async def find_interested(world: World, room: LiveRoom, event: Event) -> tuple[str, ...]:
    """The ids of the services an event about to enter the room is for."""
    if not world.appservices.all:
        return ()
    aliases: list[str] | None = None
    found = []
    for service in world.appservices.all:
        interested = _concerns(service, event) or service.has_room(room.room_id) or _is_inside(world, service, room)
        if not interested and service.aliases:
            if aliases is None:
                aliases = await world.store.read(find_aliases_of, room.room_id)
            interested = any(service.has_alias(alias) for alias in aliases)
        if interested and service.url:
            found.append(service.id)
    return tuple(found)


def interested_in_room(world: World, room: LiveRoom) -> list[AppService]:
    """The services that want to know who types and reads in the room."""
    return [
        service
        for service in world.appservices.all
        if service.wants_ephemeral and (service.has_room(room.room_id) or _is_inside(world, service, room))
    ]


def _concerns(service: AppService, event: Event) -> bool:
    """Sent by one of the service's users, or about one's membership."""
    target = event.state_key if event.type == "m.room.member" else None
    return service.has_user(event.sender) or (target is not None and service.has_user(target))


def _is_inside(world: World, service: AppService, room: LiveRoom) -> bool:
    """Whether a user of the service is a member."""
    witness = world.live.appservices.witness(service.id, room.room_id)
    if witness is not None and witness in room.joined:
        return True
    found = next((user_id for user_id in room.joined if service.has_user(user_id)), None)
    if found is not None:
        world.live.appservices.keep_witness(service.id, room.room_id, found)
    return found is not None
