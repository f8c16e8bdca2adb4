"""Backing up room keys that the client has sealed. Source: client-server API, "Server-side key backups"."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.encoding import encode_json
from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.protocol.key_backup import KeyRank, is_better
from tchap.services.world import World
from tchap.storage import key_backup
from tchap.storage.database import Tx
from tchap.storage.key_backup import BackedUpKey, Backup


@dataclass(frozen=True, slots=True)
class Scope:
    """Which keys of a version: all, a room's, or one session's."""

    version: str
    room_id: str | None = None
    session_id: str | None = None


async def create_backup(world: World, user_id: str, algorithm: str, auth_data: dict[str, object]) -> str:
    """Begins a new version, which becomes the current one."""
    return str(await world.store.write(key_backup.add_backup, user_id, algorithm, encode_json(auth_data)))


async def get_backup(world: World, user_id: str, version: str | None) -> Backup:
    """That version, or the current one."""
    return await world.store.read(_get_backup, user_id, version)


async def _get_backup(tx: Tx, user_id: str, version: str | None) -> Backup:
    if version is None:
        found = await key_backup.find_current(tx, user_id)
        if found is None:
            raise NotFound("No current backup version.", "Aucune sauvegarde n'existe.")
        return found
    found = await key_backup.find_backup(tx, user_id, _number(version))
    if found is None or found.is_deleted:
        raise _unknown_version()
    return found


async def update_backup(world: World, user_id: str, version: str, algorithm: str, auth_data: dict[str, object]) -> None:
    """Changes `auth_data`, the only thing of a backup that may change."""
    await world.store.write(_update, user_id, version, algorithm, encode_json(auth_data))


async def _update(tx: Tx, user_id: str, version: str, algorithm: str, auth_data: bytes) -> None:
    backup = await _get_backup(tx, user_id, version)
    if backup.algorithm != algorithm:
        raise InvalidParam("The algorithm does not match that of the backup.")
    await key_backup.set_auth_data(tx, user_id, backup.version, auth_data)


async def delete_backup(world: World, user_id: str, version: str) -> None:
    """Forgets a version and its keys; again for one already deleted changes nothing."""
    await world.store.write(_delete, user_id, version)


async def _delete(tx: Tx, user_id: str, version: str) -> None:
    found = await key_backup.find_backup(tx, user_id, _number(version))
    if found is None:
        raise _unknown_version()
    await key_backup.set_deleted(tx, user_id, found.version)


async def store_keys(world: World, user_id: str, version: str, keys: Sequence[BackedUpKey]) -> Backup:
    """Keeps each key that is better than the one already there; gives the backup as it then stands."""
    return await world.store.write(_store, user_id, version, keys)


async def _store(tx: Tx, user_id: str, version: str, keys: Sequence[BackedUpKey]) -> Backup:
    current = await key_backup.find_current(tx, user_id)
    if current is None:
        raise _unknown_version()
    if str(current.version) != version:
        raise MatrixError(
            "M_WRONG_ROOM_KEYS_VERSION",
            "Wrong backup version.",
            "Ce n'est pas la sauvegarde en cours.",
            current_version=str(current.version),
        )
    # Other writers of this backup wait from here on, so that none compares with what this one is about to replace.
    await key_backup.add_to_count(tx, user_id, current.version, (0, 0))
    held = await key_backup.find_session_keys(tx, user_id, current.version, [key.session_id for key in keys])
    ranks = {(key.room_id, key.session_id): key.rank for key in held}
    better = [key for key in keys if _replaces(key, ranks)]
    added = sum((key.room_id, key.session_id) not in ranks for key in better)
    if better:
        await key_backup.set_keys(tx, user_id, current.version, better)
    return await _changed(tx, user_id, current.version, (added, 1 if better else 0))


def _replaces(key: BackedUpKey, ranks: dict[tuple[str, str], KeyRank]) -> bool:
    old = ranks.get((key.room_id, key.session_id))
    return old is None or is_better(key.rank, old)


async def find_keys(world: World, user_id: str, scope: Scope) -> list[BackedUpKey]:
    """The keys in the scope; NotFound when there is no such version."""
    return await world.store.read(_find, user_id, scope)


async def _find(tx: Tx, user_id: str, scope: Scope) -> list[BackedUpKey]:
    backup = await _get_backup(tx, user_id, scope.version)
    if scope.session_id is not None:
        found = await key_backup.find_session_keys(tx, user_id, backup.version, [scope.session_id])
        return [key for key in found if key.room_id == scope.room_id]
    if scope.room_id is not None:
        return await key_backup.find_room_keys(tx, user_id, backup.version, scope.room_id)
    return await key_backup.find_keys(tx, user_id, backup.version)


async def remove_keys(world: World, user_id: str, scope: Scope) -> Backup:
    """Forgets the keys in the scope; gives the backup as it then stands."""
    return await world.store.write(_remove, user_id, scope)


async def _remove(tx: Tx, user_id: str, scope: Scope) -> Backup:
    version = (await _get_backup(tx, user_id, scope.version)).version
    if scope.room_id is None:
        removed = await key_backup.remove_keys(tx, user_id, version)
    elif scope.session_id is None:
        removed = await key_backup.remove_room_keys(tx, user_id, version, scope.room_id)
    else:
        removed = await key_backup.remove_key(tx, user_id, version, (scope.room_id, scope.session_id))
    return await _changed(tx, user_id, version, (-removed, 1 if removed else 0))


async def _changed(tx: Tx, user_id: str, version: int, change: tuple[int, int]) -> Backup:
    backup = await key_backup.add_to_count(tx, user_id, version, change)
    if backup is None:
        raise _unknown_version()
    return backup


def _number(version: str) -> int:
    """Versions are numbers to us and opaque to clients: anything else is a version that does not exist."""
    if not (version.isascii() and version.isdigit() and len(version) < 16):
        raise _unknown_version()
    return int(version)


def _unknown_version() -> NotFound:
    return NotFound("Unknown backup version.", "Cette sauvegarde n'existe pas.")
