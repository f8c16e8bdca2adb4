"""Argon2id, off the loop: a few threads and a bounded queue."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import argon2

from tchap.base import limits
from tchap.base.config import Password
from tchap.base.errors import LimitExceeded

_BUSY_RETRY_MS = 2_000


class PasswordHasher:
    """Hashes and verifies; raises LimitExceeded when too many wait already."""

    def __init__(self, settings: Password) -> None:
        self._argon = argon2.PasswordHasher(
            time_cost=settings.hash_time_cost,
            memory_cost=settings.hash_memory_kib,
            parallelism=settings.hash_parallelism,
        )
        self._pool = ThreadPoolExecutor(limits.HASH_THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        # What an unknown account is verified against, so that its answer takes as long as a known one's.
        self._decoy = self._argon.hash("decoy")

    async def hash(self, password: str) -> str:
        """The hash in Argon2's own text form."""
        return str(await self._run(self._argon.hash, password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password; None (no such account, or none set) takes the same time and is False."""
        matches = bool(await self._run(self._matches, password, password_hash or self._decoy))
        return matches and password_hash is not None

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _run(self, work: object, *args: str) -> object:
        if self._waiting >= limits.MAX_WAITING_HASHES:
            raise LimitExceeded(_BUSY_RETRY_MS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1
