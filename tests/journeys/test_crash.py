"""What a power cut may cost: nothing that was acknowledged."""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.client import Client
from tests.support.server import RunningServer, start_server

SENDERS = 4
ROOMS = 3
ACKNOWLEDGED_BEFORE_KILL = (40, 150, 400)
"""One round each: the server is killed as soon as so many messages of the round were acknowledged."""
ROUND_TIMEOUT_S = 30.0
WIDE = json.dumps({"room": {"timeline": {"limit": 100}}})


@dataclass(frozen=True, slots=True)
class Message:
    room_id: str
    text: str
    transaction_id: str


@dataclass(slots=True)
class Sender:
    """Sends one message after the other, and remembers which ones the server acknowledged."""

    client: Client
    name: str
    acknowledged: dict[str, Message] = field(default_factory=dict)
    in_doubt: Message | None = None

    def send_until_killed(self, rooms: list[str], round_name: str) -> None:
        number = 0
        while True:
            number += 1
            text = f"{self.name} {round_name} {number}"
            self.in_doubt = Message(rooms[number % len(rooms)], text, text.replace(" ", "-"))
            try:
                event_id = self.send(self.in_doubt)
            except httpx.TransportError:
                return
            self.acknowledged[event_id] = self.in_doubt

    def send(self, message: Message) -> str:
        return self.client.send(message.room_id, message.text, message.transaction_id)

    def send_again(self) -> None:
        """What a client does with a message it has no answer for: the same transaction id once more."""
        assert self.in_doubt is not None
        self.acknowledged[self.send(self.in_doubt)] = self.in_doubt
        self.in_doubt = None


@dataclass(slots=True)
class Follower:
    """Long-polls with one chain of tokens that outlives the crashes."""

    client: Client
    token: str = ""
    seen: dict[str, list[str]] = field(default_factory=dict)
    marks: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    """Tokens of the past, each with how many messages of each room had arrived by then."""

    def follow_until_killed(self) -> None:
        while True:
            try:
                self.step(timeout_ms=1_000)
            except httpx.TransportError:
                return

    def step(self, timeout_ms: int = 0) -> bool:
        """One sync; True if it brought messages."""
        synced = self.client.sync(self.token, timeout_ms, WIDE)
        arrived = False
        for room_id, room in synced["rooms"]["join"].items() if "rooms" in synced else ():
            texts = self._texts(room_id, room["timeline"])
            self.seen.setdefault(room_id, []).extend(texts)
            arrived = arrived or bool(texts)
        self.token = synced["next_batch"]
        self.marks.append((self.token, {room_id: len(texts) for room_id, texts in self.seen.items()}))
        return arrived

    def _texts(self, room_id: str, timeline: Any) -> list[str]:
        """The new messages of a room, with what a limited timeline left out fetched by its prev_batch."""
        texts = texts_of(timeline["events"])
        if not timeline.get("limited"):
            return texts
        older = texts_of(self.client.history(room_id, timeline["prev_batch"]))
        seen = self.seen.get(room_id)
        return older[older.index(seen[-1]) + 1 if seen else 0 :] + texts


def texts_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


@dataclass(slots=True)
class Story:
    """The people and rooms of the whole journey."""

    senders: list[Sender]
    follower: Follower
    rooms: list[str]

    def move_to(self, url: str) -> None:
        """Everybody speaks to the server at its new address, with the devices they had."""
        everybody: list[Sender | Follower] = [*self.senders, self.follower]
        for person in everybody:
            person.client.close()
            person.client = person.client.at(url)


def prepare(url: str) -> Story:
    door = Client(url)
    senders = [Sender(door.register(f"agent{number}"), f"agent{number}") for number in range(SENDERS)]
    follower = Follower(door.register("lectrice"))
    rooms = [senders[0].client.create_room(preset="public_chat") for _ in range(ROOMS)]
    for client in [follower.client, *(sender.client for sender in senders[1:])]:
        for room_id in rooms:
            client.join(room_id)
    follower.step()
    door.close()
    return Story(senders, follower, rooms)


def kill_in_the_middle(server: RunningServer, story: Story, round_name: str, enough: int) -> None:
    """Everybody sends and the follower follows until the server is killed under them."""
    before = sum(len(sender.acknowledged) for sender in story.senders)
    threads = [threading.Thread(target=story.follower.follow_until_killed)]
    threads += [
        threading.Thread(target=sender.send_until_killed, args=(story.rooms, round_name)) for sender in story.senders
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + ROUND_TIMEOUT_S
    while sum(len(sender.acknowledged) for sender in story.senders) - before < enough and time.monotonic() < deadline:
        time.sleep(0.002)
    server.kill()
    for thread in threads:
        thread.join(ROUND_TIMEOUT_S)
    assert not any(thread.is_alive() for thread in threads)
    assert sum(len(sender.acknowledged) for sender in story.senders) - before >= enough


def check_acknowledged(story: Story) -> None:
    """Every acknowledged message stands in its room exactly once, in the order its sender sent them."""
    for room_id in story.rooms:
        events = [event for event in story.senders[0].client.history(room_id) if event["type"] == "m.room.message"]
        texts = texts_of(events)
        ids = Counter(event["event_id"] for event in events)
        for sender in story.senders:
            mine = {event_id: each.text for event_id, each in sender.acknowledged.items() if each.room_id == room_id}
            assert [event_id for event_id in mine if ids[event_id] != 1] == []
            assert [text for text in texts if text.startswith(f"{sender.name} ")] == list(mine.values())


def check_tokens(story: Story) -> None:
    """From the present token and from old ones, exactly what came after them arrives, in the room's order."""
    while story.follower.step():
        pass
    history = {room_id: texts_of(story.follower.client.history(room_id)) for room_id in story.rooms}
    assert story.follower.seen == history
    marks = story.follower.marks
    for token, counts in (marks[0], marks[len(marks) // 3], marks[2 * len(marks) // 3]):
        seen = {room_id: history[room_id][: counts.get(room_id, 0)] for room_id in story.rooms}
        again = Follower(story.follower.client, token, seen)
        while again.step():
            pass
        assert again.seen == history


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """A server killed in the middle of the traffic comes back with every acknowledged message once and in order.

    Tokens from before the crash go on from where they were, and a message in doubt can be sent again without a double.
    """
    story: Story | None = None
    for number, enough in enumerate(ACKNOWLEDGED_BEFORE_KILL):
        with start_server(tmp_path, "test") as server:
            story = story or prepare(server.url)
            story.move_to(server.url)
            kill_in_the_middle(server, story, f"round{number}", enough)
        with start_server(tmp_path, "test") as server:
            story.move_to(server.url)
            for sender in story.senders:
                sender.send_again()
            check_acknowledged(story)
            check_tokens(story)
