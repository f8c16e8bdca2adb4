"""What is found against what is shown, on random stories of messages, edits and redactions."""

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tchap.base import limits
from tchap.base.errors import Forbidden, NotFound
from tchap.services.search_index import index_round
from tests.support.hall import Resident, open_hall
from tests.support.paths import quote

EXAMPLES = 25
WORDS = ("pomme", "poire", "cerise", "prune")
choice = st.integers(0, 999)
step = st.tuples(
    st.sampled_from(("send", "send", "send", "edit", "edit", "edit", "redact", "redact", "index")),
    st.integers(0, 1),
    choice,
    choice,
)


@dataclass(slots=True)
class Story:
    """Two people in two rooms; `sent` are (room, event) of everything said, edits too."""

    people: list[Resident]
    rooms: list[str]
    sent: list[tuple[str, str]] = field(default_factory=list)

    async def play(self, what: str, who: int, number: int, word: int) -> None:
        actor, body = self.people[who], WORDS[word % len(WORDS)]
        room_id, event_id = self.sent[number % len(self.sent)] if self.sent else ("", "")
        world = actor.hall.house.world
        actor.hall.house.clock.move(number % 3)
        if what == "send":
            room = self.rooms[number % 2]
            self.sent.append((room, await actor.send(room, body)))
        elif what == "edit" and event_id:
            new = {"msgtype": "m.text", "body": body}
            relation = {"rel_type": "m.replace", "event_id": event_id}
            # Now and then an edit is said in another room than what it edits.
            room = self.rooms[word % 2] if word % 5 == 0 else room_id
            content = {**new, "m.new_content": new, "m.relates_to": relation}
            self.sent.append((room, await actor.send(room, content)))
        elif what == "redact" and event_id:
            await actor.redact(room_id, event_id)
        elif what == "index":
            await index_round(world)

    async def shown(self) -> dict[str, set[str]]:
        """The events by the word that their reader sees in them."""
        found: dict[str, set[str]] = {word: set() for word in WORDS}
        for room_id, event_id in self.sent:
            event = await self.people[0].ask("GET", f"/rooms/{quote(room_id)}/event/{quote(event_id)}")
            content: dict[str, Any] = event["content"]
            if "body" not in content or "m.relates_to" in content:
                continue
            edit = event["unsigned"].get("m.relations", {}).get("m.replace")
            said = edit["content"]["m.new_content"]["body"] if edit else content["body"]
            found[said].add(event_id)
        return found

    async def found(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for word in WORDS:
            asked = {"search_term": word, "filter": {"limit": 100}}
            body = await self.people[0].ask("POST", "/search", {"search_categories": {"room_events": asked}})
            results = body["search_categories"]["room_events"]["results"]
            found[word] = {each["result"]["event_id"] for each in results}
        return found


@pytest.mark.timeout(300)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=st.lists(step, min_size=5, max_size=30), batch=st.integers(1, 5))
def test_what_is_found_is_what_is_shown(steps: list[tuple[str, int, int, int]], batch: int) -> None:
    """Whatever was said, edited and taken back, in whatever batches it was indexed, the search finds what is shown."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "SEARCH_BATCH", batch)
            async with open_hall(Path(folder)) as hall:
                people = [await hall.enter("ariane"), await hall.enter("basile")]
                rooms = [await people[0].create_room(preset="public_chat") for _ in range(2)]
                for room_id in rooms:
                    await people[1].join(room_id)
                    levels = {"users": {each.user_id: 100 for each in people}}
                    await people[0].set_state(room_id, "m.room.power_levels", levels)
                told = Story(people, rooms)
                for each in steps:
                    with contextlib.suppress(Forbidden, NotFound):
                        await told.play(*each)
                while await index_round(hall.house.world):
                    pass
                assert await told.found() == await told.shown()

    asyncio.run(story())
