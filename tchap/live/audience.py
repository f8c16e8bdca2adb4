"""Whom an event may notify, room by room: the rule classes of its members and how to find those it names.

Members who never touched the default rules are not kept one by one: they are the class 0, and every room has it.
Keeping a class too many costs one evaluation; missing one would lose a notice, so classes leave only at a reload.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.protocol.notices import DEFAULT_CLASS, Notices
from tchap.protocol.push_audience import DEFAULT_HOLES, DEFAULT_RULES, MemberRules, SplitRules
from tchap.protocol.push_conditions import HoleCondition


@dataclass(slots=True)
class RoomAudience:
    """One room. ``unloaded`` are people who came, or changed their name, since their rules were read."""

    classes: dict[int, SplitRules] = field(default_factory=lambda: {DEFAULT_CLASS: DEFAULT_RULES})
    members: dict[str, MemberRules] = field(default_factory=dict)
    by_sender: dict[str, set[str]] = field(default_factory=dict)
    by_word: dict[str, set[str]] = field(default_factory=dict)
    holes: frozenset[HoleCondition] = DEFAULT_HOLES
    unloaded: set[str] = field(default_factory=set)
    notices: OrderedDict[str, Notices] = field(default_factory=OrderedDict)

    def add(self, member: MemberRules) -> None:
        """The member's rules now; what they had before is still judged for whoever shares it."""
        self.remove(member.user_id)
        self.members[member.user_id] = member
        self.classes[member.class_id] = member.rules
        self.holes |= member.rules.holes
        for sender in member.rules.senders:
            self.by_sender.setdefault(sender, set()).add(member.user_id)
        for word in member.words:
            self.by_word.setdefault(word, set()).add(member.user_id)

    def remove(self, user_id: str) -> None:
        member = self.members.pop(user_id, None)
        if member is None:
            return
        for sender in member.rules.senders:
            self.by_sender[sender].discard(user_id)
        for word in member.words:
            self.by_word[word].discard(user_id)

    def keep(self, event_id: str, notices: Notices) -> None:
        """Remembers what a recent event gave, so that the syncs that follow need not ask the disk."""
        self.notices[event_id] = notices
        if len(self.notices) > limits.MAX_RECENT_NOTICES:
            self.notices.popitem(last=False)


class Audience:
    """The audiences of the rooms that were written to lately."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, RoomAudience] = OrderedDict()

    def get(self, room_id: str) -> RoomAudience | None:
        found = self._rooms.get(room_id)
        if found is not None:
            self._rooms.move_to_end(room_id)
        return found

    def put(self, room_id: str, audience: RoomAudience) -> None:
        self._rooms[room_id] = audience
        if len(self._rooms) > limits.MAX_AUDIENCES:
            self._rooms.popitem(last=False)

    def forget(self, room_id: str) -> None:
        self._rooms.pop(room_id, None)

    def among(self, room_ids: Iterable[str]) -> dict[str, RoomAudience]:
        """The audiences in memory of these rooms."""
        return {room_id: found for room_id in room_ids if (found := self._rooms.get(room_id)) is not None}
