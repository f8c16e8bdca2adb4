"""Finding the message of a moment."""

from pathlib import Path

import pytest

from tests.support.hall import V3, open_hall
from tests.support.paths import quote


@pytest.mark.anyio
async def test_the_nearest_message_of_a_moment_is_found_either_way(tmp_path: Path) -> None:
    """Forwards the first at or after it, backwards the last at or before it; nothing beyond the ends."""
    async with open_hall(tmp_path) as hall:
        camille = await hall.enter("camille")
        room_id = await camille.create_room(preset="private_chat")
        start = hall.house.clock.now_ms()
        sent = []
        for text in ("matin", "midi", "soir"):
            hall.house.clock.move(3600)
            sent.append(await camille.send(room_id, text))
        path = f"{V3.replace('v3', 'v1')}/rooms/{quote(room_id)}/timestamp_to_event"

        async def find(hours: float, direction: str) -> object:
            moment = start + int(hours * 3_600_000)
            reply = await hall.house.call("GET", f"{path}?ts={moment}&dir={direction}", None, camille.token)
            return reply.body.get("event_id", reply.status)

        assert await find(1, "f") == await find(1.9, "b") == sent[0]
        assert await find(1.1, "f") == await find(2.5, "b") == sent[1]
        assert await find(99, "b") == sent[2]
        assert await find(99, "f") == 404
