"""What is found against what is shown, on random stories of messages, edits and redactions."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services.search_index import index_round
from tests.support.hall import Resident, open_hall
from tests.support.paths import quote

STORIES = 16
STEPS = 25
WORDS = ("pomme", "poire", "cerise", "prune")
DEEDS = ("send", "send", "amend", "amend", "edit", "redact", "take_back", "take_back", "index")
ELSEWHERE = 7


@dataclass(slots=True)
class Story:
    """Two people in two rooms: (room, event) of everything they said, and who said what was no edit."""

    people: list[Resident]
    rooms: list[str]
    sent: list[tuple[str, str]] = field(default_factory=list)
    first: list[tuple[str, str, int]] = field(default_factory=list)

    async def play(self, what: str, who: int, number: int, word: int) -> None:
        actor, body = self.people[who], WORDS[word % len(WORDS)]
        room_id, event_id = self.sent[number % len(self.sent)] if self.sent else ("", "")
        world = actor.hall.house.world
        actor.hall.house.clock.move(number % 3)
        if what == "amend" and self.first:
            room_id, event_id, who = self.first[number % len(self.first)]
            actor = self.people[who]
        if what == "send":
            room = self.rooms[number % 2]
            self.sent.append((room, await actor.send(room, body)))
            self.first.append((*self.sent[-1], who))
        elif what in ("edit", "amend") and event_id:
            new = {"msgtype": "m.text", "body": body}
            relation = {"rel_type": "m.replace", "event_id": event_id}
            # Now and then an edit is said in another room than what it edits.
            room = self.rooms[number % 2] if word == ELSEWHERE else room_id
            content = {**new, "m.new_content": new, "m.relates_to": relation}
            self.sent.append((room, await actor.send(room, content)))
        elif what == "redact" and event_id:
            await actor.redact(room_id, event_id)
        elif what == "take_back" and self.sent:
            await actor.redact(*self.sent[-1])
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


@pytest.mark.parametrize("seed", range(STORIES))
def test_what_is_found_is_what_is_shown(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was said, edited and taken back, in whatever batches it was indexed, the search finds what is shown."""
    chance = random.Random(seed)
    monkeypatch.setattr(limits, "SEARCH_BATCH", chance.randint(1, 5))

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            people = [await hall.enter("ariane"), await hall.enter("basile")]
            rooms = [await people[0].create_room(preset="public_chat") for _ in range(2)]
            for room_id in rooms:
                await people[1].join(room_id)
                levels = {"users": {each.user_id: 100 for each in people}}
                await people[0].set_state(room_id, "m.room.power_levels", levels)
            told = Story(people, rooms)
            for _ in range(STEPS):
                who = chance.choice((0, 0, 1))
                await told.play(chance.choice(DEEDS), who, chance.randrange(12), chance.randrange(ELSEWHERE + 1))
                while seed % 2 and await index_round(hall.house.world):
                    pass
            while await index_round(hall.house.world):
                pass
            assert await told.found() == await told.shown()

    asyncio.run(story())
