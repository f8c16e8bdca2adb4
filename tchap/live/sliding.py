"""The sliding sync connections: how far each device has come, by `pos`. Lost at restart, when clients start anew."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.live.subscribers import DeviceMemory
from tchap.protocol.sliding_values import Place

Key = tuple[str, str, str]


@dataclass(slots=True)
class Connection:
    """``places`` holds the place the device has confirmed, and after it those it was offered since.

    An answer may be lost, so that the confirmed place is asked from again (MSC4186, "Connections").
    """

    places: OrderedDict[str, Place] = field(default_factory=OrderedDict)
    memory: DeviceMemory = field(default_factory=DeviceMemory)


class Connections:
    """Bounded, least recently used out first; a forgotten one answers M_UNKNOWN_POS."""

    def __init__(self, first_serial: int) -> None:
        # Serials begin at the wall clock, so that no `pos` of before a restart is taken for one given since.
        self._serial = first_serial
        self._devices: OrderedDict[tuple[str, str], OrderedDict[str, Connection]] = OrderedDict()
        # Rooms never change their type: (room id, its type or None).
        self.room_types: OrderedDict[str, str | None] = OrderedDict()

    def begin(self, key: Key) -> Connection:
        """A new connection in the place of any former one."""
        device = self._devices.setdefault(key[:2], OrderedDict())
        self._devices.move_to_end(key[:2])
        device[key[2]] = connection = Connection()
        device.move_to_end(key[2])
        if len(device) > limits.MAX_DEVICE_CONNECTIONS:
            device.popitem(last=False)
        if len(self._devices) > limits.MAX_SLIDING_DEVICES:
            self._devices.popitem(last=False)
        return connection

    def resume(self, key: Key, pos: str) -> tuple[Connection, Place] | None:
        """The connection at the place; places before it are forgotten. None when it is unknown."""
        device = self._devices.get(key[:2], OrderedDict())
        connection = device.get(key[2])
        place = connection.places.get(pos) if connection is not None else None
        if connection is None or place is None:
            return None
        self._devices.move_to_end(key[:2])
        device.move_to_end(key[2])
        if pos != next(iter(connection.places)):
            connection.places = OrderedDict({pos: place})
        return connection, place

    def offer(self, connection: Connection, place: Place) -> str:
        """The ``pos`` of a new place; it ends in the place's position, which tokens of threads begin from (MSC4308)."""
        self._serial += 1
        pos = f"{self._serial}_{place.position}"
        connection.places[pos] = place
        if len(connection.places) > limits.MAX_OFFERED_PLACES:
            # The first is the confirmed one.
            del connection.places[list(connection.places)[1]]
        return pos

    def note_type(self, room_id: str, kind: str | None) -> None:
        self.room_types[room_id] = kind
        if len(self.room_types) > limits.MAX_ROOM_TYPES:
            self.room_types.popitem(last=False)
