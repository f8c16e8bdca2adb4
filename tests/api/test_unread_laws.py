"""Unread counts against a recount of everything, rule by rule and member by member."""

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tchap.base.errors import MatrixError
from tchap.protocol.identifiers import parse_user_id
from tchap.protocol.push_rules import KINDS, Person, Rule, RuleSet, evaluate, push_facts
from tchap.services.live_rooms import event_of
from tests.support.hall import Hall, Resident, open_hall

EXAMPLES = 30
PEOPLE = 3
BY_THREAD = {"room": {"timeline": {"limit": 1, "unread_thread_notifications": True}}}
HIGHLIGHT = ["notify", {"set_tweak": "highlight"}]
RULES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("content", "tarte", {"pattern": "tarte", "actions": HIGHLIGHT}),
    ("content", "nom", {"pattern": "ariane", "actions": HIGHLIGHT}),
    ("content", "joker", {"pattern": "lig*ne", "actions": []}),
    ("sender", "@basile:test.example.fr", {"actions": []}),
    ("room", "{room}", {"actions": []}),
    ("override", "appel", {"conditions": [{"kind": "contains_display_name"}], "actions": HIGHLIGHT}),
    ("override", "duo", {"conditions": [{"kind": "room_member_count", "is": "<3"}], "actions": HIGHLIGHT}),
    (
        "underride",
        "ici",
        {"conditions": [{"kind": "event_match", "key": "room_id", "pattern": "{room}"}], "actions": HIGHLIGHT},
    ),
)
TEXTS = ("ligne", "une tarte", "Ariane ?", "bonjour basile", "la ligne de claire", "rien")

person = st.integers(0, PEOPLE - 1)
choice = st.integers(0, 999)
step = st.one_of(
    st.tuples(
        st.sampled_from(("send", "send", "send", "thread", "react", "mention", "everybody", "redact")), person, choice
    ),
    st.tuples(st.sampled_from(("read", "private", "read_main", "read_thread", "sync", "sync")), person, choice),
    st.tuples(
        st.sampled_from(("set_rule", "set_rule", "drop_rule", "disable", "leave", "join", "rename")), person, choice
    ),
)


@dataclass(slots=True)
class Said:
    """An event, and what the rules of each person made of it when it was sent."""

    event_id: str
    sender: str
    thread: str
    given: dict[str, tuple[int, int]]
    is_gone: bool = False


@dataclass(slots=True)
class Ledger:
    hall: Hall
    people: list[Resident]
    room_id: str
    since: list[str | None]
    said: list[Said] = field(default_factory=list)
    # How far each person has read: per (person, kind of mark, thread), the number of events.
    marks: dict[tuple[str, str, str], int] = field(default_factory=dict)
    entered: dict[str, int] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"/rooms/{quote(self.room_id)}"

    async def play(self, what: str, who: int, number: int) -> None:
        actor = self.people[who]
        with contextlib.suppress(MatrixError):
            await getattr(self, f"_{what}")(actor, number)
        if what == "sync":
            await self.check(who)

    async def _say(self, actor: Resident, content: dict[str, Any], kind: str = "m.room.message") -> None:
        await self._note(actor, await actor.send(self.room_id, content, kind))

    async def _note(self, actor: Resident, event_id: str) -> None:
        """What the event that was just sent gives everybody."""
        room = self.hall.house.world.live.rooms.get(self.room_id)
        assert room is not None
        stored = room.recent[-1]
        assert stored.event_id == event_id
        thread = stored.thread_id or "main"
        facts = push_facts(event_of(stored), len(room.joined), room.power_levels)
        given = {}
        for each in self.people:
            name = room.content_of("m.room.member", each.user_id).get("displayname")
            owner = Person(each.user_id, parse_user_id(each.user_id).localpart, name if isinstance(name, str) else None)
            if each.user_id in room.joined:
                actions = evaluate(await rules_of(each), facts, owner)
                given[each.user_id] = (int(actions.notify), int(actions.highlight))
        self.said.append(Said(event_id, actor.user_id, thread, given))
        self.marks[actor.user_id, "sent", thread] = len(self.said)

    async def _send(self, actor: Resident, number: int) -> None:
        await self._say(actor, {"msgtype": "m.text", "body": TEXTS[number % len(TEXTS)]})

    async def _thread(self, actor: Resident, number: int) -> None:
        root = next((each for each in self.said if each.thread == "main"), None)
        if root is not None:
            relation = {"rel_type": "m.thread", "event_id": root.event_id}
            body = {"msgtype": "m.text", "body": TEXTS[number % len(TEXTS)], "m.relates_to": relation}
            await self._say(actor, body)

    async def _react(self, actor: Resident, number: int) -> None:
        if self.said:
            about = self.said[number % len(self.said)].event_id
            relation = {"rel_type": "m.annotation", "event_id": about, "key": f"+{number}"}
            await self._say(actor, {"m.relates_to": relation}, "m.reaction")

    async def _mention(self, actor: Resident, number: int) -> None:
        named = self.people[number % PEOPLE].user_id
        await self._say(actor, {"msgtype": "m.text", "body": "vous", "m.mentions": {"user_ids": [named]}})

    async def _everybody(self, actor: Resident, number: int) -> None:
        await self._say(actor, {"msgtype": "m.text", "body": str(number), "m.mentions": {"room": True}})

    async def _redact(self, actor: Resident, number: int) -> None:
        gone = self.said[number % len(self.said)] if self.said else None
        if gone is not None and not gone.is_gone:
            redaction = await actor.redact(self.room_id, gone.event_id)
            gone.is_gone = True
            # A redaction is something sent, too, and a rule may match it.
            await self._note(actor, redaction)

    async def _mark(self, actor: Resident, number: int, kind: str, thread: str | None) -> None:
        there = [(at, each) for at, each in enumerate(self.said, 1) if each.event_id and not each.is_gone]
        if not there:
            return
        at, read = there[number % len(there)]
        wanted = read.thread if thread is not None else None
        body = {} if wanted is None else {"thread_id": wanted}
        reply = await actor.call("POST", f"{self.base}/receipt/{kind}/{quote(read.event_id)}", body)
        if reply.status == 200:
            key = (actor.user_id, kind, wanted or "")
            self.marks[key] = max(self.marks.get(key, 0), at)

    async def _read(self, actor: Resident, number: int) -> None:
        await self._mark(actor, number, "m.read", None)

    async def _private(self, actor: Resident, number: int) -> None:
        await self._mark(actor, number, "m.read.private", None)

    async def _read_main(self, actor: Resident, number: int) -> None:
        await self._mark(actor, number, "m.read", "own")

    async def _read_thread(self, actor: Resident, number: int) -> None:
        await self._mark(actor, number, "m.read.private", "own")

    def _rule(self, number: int) -> tuple[str, dict[str, Any]]:
        kind, rule_id, body = RULES[number % len(RULES)]
        conditions = [
            {**each, "pattern": self.room_id} if each.get("pattern") == "{room}" else each
            for each in body.get("conditions", ())
        ]
        path = f"/pushrules/global/{kind}/{quote(rule_id.replace('{room}', self.room_id))}"
        return path, {**body, "conditions": conditions} if conditions else body

    async def _set_rule(self, actor: Resident, number: int) -> None:
        path, body = self._rule(number)
        await actor.ask("PUT", path, body)

    async def _drop_rule(self, actor: Resident, number: int) -> None:
        await actor.attempt("DELETE", self._rule(number)[0])

    async def _disable(self, actor: Resident, number: int) -> None:
        rule = (".m.rule.message", ".m.rule.is_user_mention", ".m.rule.master")[number % 3]
        kind = "underride" if rule == ".m.rule.message" else "override"
        await actor.ask("PUT", f"/pushrules/global/{kind}/{rule}/enabled", {"enabled": number % 2 == 0})

    async def _leave(self, actor: Resident, _number: int) -> None:
        await actor.attempt("POST", f"{self.base}/leave", {})

    async def _join(self, actor: Resident, _number: int) -> None:
        room = self.hall.house.world.live.rooms.get(self.room_id)
        assert room is not None
        if actor.user_id not in room.joined:
            reply = await actor.call("POST", f"{self.base}/join", {})
            if reply.status == 200:
                self.entered[actor.user_id] = len(self.said)

    async def _rename(self, actor: Resident, number: int) -> None:
        content = {"membership": "join", "displayname": ("tarte", "Claire", "rien")[number % 3]}
        room = self.hall.house.world.live.rooms.get(self.room_id)
        if room is not None and actor.user_id in room.joined:
            await actor.set_state(self.room_id, "m.room.member", content, actor.user_id)

    async def _sync(self, actor: Resident, _number: int) -> None:
        """The check that follows syncs."""

    def expect(self, user_id: str) -> dict[str, tuple[int, int]]:
        """The recount: per thread, what was given and not read."""
        found: dict[str, tuple[int, int]] = {}
        for at, each in enumerate(self.said, 1):
            if each.is_gone or each.sender == user_id or at <= self.entered.get(user_id, 0):
                continue
            kinds = ("m.read", "m.read.private", "sent")
            read = max(self.marks.get((user_id, kind, thread), 0) for kind in kinds for thread in ("", each.thread))
            notify, highlight = each.given.get(user_id, (0, 0))
            if at > read and notify:
                known = found.get(each.thread, (0, 0))
                found[each.thread] = (known[0] + notify, known[1] + highlight)
        return found

    async def check(self, who: int) -> None:
        """What a client that syncs on, and one that begins, are told is the recount."""
        actor = self.people[who]
        room = self.hall.house.world.live.rooms.get(self.room_id)
        body = await actor.sync(self.since[who], filter=BY_THREAD)
        self.since[who] = body["next_batch"]
        if room is None or actor.user_id not in room.joined:
            return
        expected = self.expect(actor.user_id)
        part = body.get("rooms", {}).get("join", {}).get(self.room_id, {})
        if "unread_notifications" in part:
            assert counts_of(part) == expected
        fresh = await actor.sync(filter=BY_THREAD)
        assert counts_of(fresh["rooms"]["join"][self.room_id]) == expected


def counts_of(part: dict[str, Any]) -> dict[str, tuple[int, int]]:
    counts = {"main": part["unread_notifications"], **part.get("unread_thread_notifications", {})}
    return {
        thread: (each["notification_count"], each["highlight_count"])
        for thread, each in counts.items()
        if each["notification_count"] or each["highlight_count"]
    }


async def rules_of(resident: Resident) -> RuleSet:
    body = (await resident.ask("GET", "/pushrules/"))["global"]
    return RuleSet(**{kind: tuple(rule_of(each) for each in body[kind]) for kind in KINDS})


def rule_of(body: dict[str, Any]) -> Rule:
    conditions, actions = tuple(body.get("conditions", ())), tuple(body["actions"])
    return Rule(body["rule_id"], actions, conditions, body.get("pattern"), body["enabled"], body["default"])


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=8, max_size=40))
def test_counts_are_those_of_a_recount(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is said, read, muted or left, the counts are what every rule gives for every event not read."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_hall(Path(folder)) as hall:
                people = [await hall.enter(name) for name in ("ariane", "basile", "claire")]
                room_id = await people[0].create_room(preset="public_chat", name="Salon")
                for each in people[1:]:
                    await each.join(room_id)
                ledger = Ledger(hall, people, room_id, [None] * PEOPLE)
                for what, who, number in steps:
                    await ledger.play(what, who, number)
                for who in range(PEOPLE):
                    await ledger.check(who)

    asyncio.run(story())
