"""What is measured, one module a noun; each scenario's docstring says what is counted."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from bench.measure import Measurement, Stage
from bench.scenarios.chat import chat
from bench.scenarios.crowd import members
from bench.scenarios.forum import forum
from bench.scenarios.initial_sync import initial_sync
from bench.scenarios.join import join
from bench.scenarios.many_rooms import idle_sync, initial_sync_many, news_sync
from bench.scenarios.rooms import create_rooms
from bench.scenarios.send import send_one_room, send_own_rooms

Scenario = Callable[[Stage], Awaitable[Measurement]]

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "send": send_own_rooms,
        "send-one-room": send_one_room,
        "chat": chat,
        "forum": forum,
        "create-room": create_rooms,
        "join": join,
        "initial-sync": initial_sync,
        "idle-sync": idle_sync,
        "news-sync": news_sync,
        "initial-sync-many": initial_sync_many,
        "members": members,
    }
)
CROWDED = frozenset({"members"})
"""Those that fill a very large room first, through an application service."""
LONG_TO_SET = CROWDED | {"idle-sync", "news-sync", "initial-sync-many"}
USUAL = tuple(name for name in SCENARIOS if name not in LONG_TO_SET)
"""What runs unless others are named: thousands of rooms or people take Synapse longer than all the rest."""
