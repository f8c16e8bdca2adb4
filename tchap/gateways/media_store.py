"""Where the bytes of media are: a folder of the local disk, behind an interface an object store can offer as well."""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import Protocol

_TEMPORARY = ".part"


class MediaStore(Protocol):
    """Keeps bytes by key. A key is `/`-separated names of letters, digits and `._:[]-`, none of them `.` or `..`."""

    async def put(self, key: str, data: bytes) -> None:
        """Stores the bytes; once this returns they survive a power cut. A reader never sees half of them."""

    async def find(self, key: str) -> bytes | None:
        """The bytes, or None."""

    async def remove(self, key: str) -> None:
        """Forgets the bytes, if there are any; once this returns no power cut brings them back."""

    async def remove_under(self, key: str) -> None:
        """Forgets whatever has a key that goes on after this one and a `/`, in the same way."""


class DiskMediaStore:
    """One file per key under a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        await asyncio.to_thread(_write, self._path(key), data)

    async def find(self, key: str) -> bytes | None:
        return await asyncio.to_thread(_read, self._path(key))

    async def remove(self, key: str) -> None:
        await asyncio.to_thread(_remove, self._path(key))

    async def remove_under(self, key: str) -> None:
        await asyncio.to_thread(_remove_folder, self._path(key))

    def _path(self, key: str) -> Path:
        names = key.split("/")
        if any(name in ("", ".", "..") or "\0" in name or name.endswith(_TEMPORARY) for name in names):
            raise ValueError("not a key")
        return self._folder.joinpath(*names)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{_TEMPORARY}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # The name appears in one step, with the whole content.
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        _sync_folder(path.parent)


def _remove_folder(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # A new name is durable only once its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
