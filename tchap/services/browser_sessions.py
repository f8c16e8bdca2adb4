"""A person signed in with a browser on our own pages: what the sign-in of applications rests on.

A browser session gives no access to the client API; it says who is in front of the browser, how that was proven and
when. The cookie is 256 random bits; the database keeps its SHA-256.
"""

from dataclasses import dataclass
from typing import Literal

from tchap.base import limits
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import browser_sessions as store
from tchap.storage.browser_sessions import BrowserRow, NewBrowser

How = Literal["password", "proconnect"]


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """Who is in front of the browser; `how` and when (ms) that was last proven."""

    session_id: int
    user_id: str
    instance: str
    opened_ts: int
    how: How
    proven_ts: int


async def open_browser_session(world: World, user_id: str, how: How, former: str | None = None) -> str:
    """The cookie of a new session; the session of the cookie the browser came with ends."""
    cookie, now_ms = world.entropy.token(), world.clock.now_ms()
    if former is not None:
        await end_browser_session(world, former)
    browser = NewBrowser(hash_token(cookie), user_id, how, now_ms, now_ms + limits.BROWSER_SESSION_MS)
    await world.store.write(store.add_session, browser, limits.MAX_BROWSER_SESSIONS)
    return cookie


async def find_browser_session(world: World, cookie: str | None) -> BrowserSession | None:
    """None when the session is over, or its account closed, locked or expired."""
    if cookie is None or len(cookie) > limits.MAX_COOKIE:
        return None
    row = await world.store.read(store.find_session, hash_token(cookie), world.clock.now_ms())
    return None if row is None else _session(row)


def _session(row: BrowserRow) -> BrowserSession:
    how: How = "proconnect" if row.how == "proconnect" else "password"
    return BrowserSession(row.session_id, row.user_id, row.instance, row.opened_ts, how, row.proven_ts)


def is_proven_lately(world: World, session: BrowserSession) -> bool:
    """Whether the person proved who she is recently enough for a sensitive act."""
    return session.proven_ts + limits.BROWSER_PROOF_MS > world.clock.now_ms()


async def set_proven(world: World, session: BrowserSession) -> None:
    """The person has just proven again who she is."""
    await world.store.write(store.set_proven, session.session_id, world.clock.now_ms())


async def end_browser_session(world: World, cookie: str) -> None:
    await world.store.write(store.remove_session, hash_token(cookie))


async def end_browser_sessions_of(world: World, user_id: str) -> None:
    await world.store.write(store.remove_sessions_of, user_id)
