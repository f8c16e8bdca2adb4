"""All memory that may be lost at restart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tchap.live.appservices import AppServiceNews
    from tchap.live.audience import Audience
    from tchap.live.delayed_events import DelayedAlarm
    from tchap.live.directory_quota import DirectoryQuota
    from tchap.live.interactive_auth import InteractiveSessions
    from tchap.live.last_seen import LastSeen
    from tchap.live.notifier import Notifier
    from tchap.live.push import PushAlarm
    from tchap.live.rate_limits import RateLimits
    from tchap.live.rooms import RoomCache
    from tchap.live.shared import Shared
    from tchap.live.sliding import Connections
    from tchap.live.tokens import TokenCache
    from tchap.live.transactions import TransactionCache
    from tchap.live.turns import Turns
    from tchap.live.typing import Typing
    from tchap.live.uploads import Uploads


@dataclass(slots=True)
class Live:
    tokens: TokenCache
    rate_limits: RateLimits
    rooms: RoomCache
    transactions: TransactionCache
    notifier: Notifier
    typing: Typing
    audience: Audience
    sessions: InteractiveSessions
    uploads: Uploads
    last_seen: LastSeen
    sliding: Connections
    appservices: AppServiceNews
    delayed: DelayedAlarm
    previews: Shared[bytes]
    push: PushAlarm
    directory: DirectoryQuota
    scans: Shared[str]
    openings: Turns
    # Set when the server has notices to tell.
    notices: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when accounts are to follow their administrations.
    walks: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when a guest's time is over.
    guests: asyncio.Event = field(default_factory=asyncio.Event)
