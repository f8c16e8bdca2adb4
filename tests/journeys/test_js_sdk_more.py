"""More of matrix-js-sdk under the rules of Tchap: threads, rooms from outside, and an account kept in order."""

from pathlib import Path
from typing import Any

from tests.journeys.conftest import Town
from tests.support.client import PASSWORD
from tests.support.node import WEB, unhurried, walk

pytestmark = unhurried


def travel(town: Town, script: str) -> dict[str, Any]:
    return walk(Path(__file__).with_name(script), WEB, town.url, town.camille, town.zoe, PASSWORD)


def test_threads_polls_and_search(town: Town) -> None:
    """Threads have receipts and counts of their own; polls, edits and redactions reach the others; words are found."""
    steps = travel(town, "js_talk.mjs")
    assert steps["threads"] == {"before": {"main": 1, "thread": 1}, "between": {"main": 0, "thread": 1}, "length": 1}
    assert steps["thread-list"] == {"found": [True], "count": 1, "participated": False}
    assert steps["polls"] == {"chosen": True, "by": True}
    assert steps["corrected"] == {"keys": "👍", "kept": {}, "by": True, "why": "m.room.redaction"}
    said = ["Les écoles rouvrent lundi", "Réunion des préfectures demain", "À demain"]
    assert steps["searched"] == {"found": True, "count": 1, "context": said, "day": True, "timeline": True}
    assert steps["done"] == {"unanswered": []}


def test_rooms_are_found_entered_and_left(town: Town) -> None:
    """Directory, summaries, spaces, restricted rooms, knocking, an upgrade, reports and bans."""
    steps = travel(town, "js_rooms.mjs")
    summary = [True, "Annonces", "public", 1]
    assert steps["discovered"] == {"listed": "Annonces", "summary": summary, "membership": "join", "joined": True}
    assert steps["gathered"] == {
        "outside": "M_FORBIDDEN",
        "space": True,
        "hierarchy": ["Préfecture", "Cellule", "Annonces"],
        "suggested": ["Préfecture", "Cellule"],
        "rule": "restricted",
        "vouched": True,
    }
    assert steps["knocked"] == {"reason": "Je suis de garde", "name": "Astreinte"}
    moved = {"version": "12", "same": True, "history": True, "name": "Annonces", "topic": "Avant", "alias": True}
    assert steps["moved"] == {**moved, "silent": "M_FORBIDDEN"}
    assert steps["reported"] == {"again": "M_NOT_FOUND"}
    assert steps["acquainted"] == {"directory": [[True, "Zoe Petit [Hôpital des Tilleuls]"]], "mutual": True}
    assert steps["moderated"] == {"banned": "M_FORBIDDEN", "forgotten": True}
    assert steps["done"] == {"unanswered": []}


def test_an_account_is_kept_in_order(town: Town) -> None:
    """Profile, files with thumbnails, push rules and pushers, devices signed out with the password, and settings."""
    steps = travel(town, "js_account.mjs")
    name = "Camille Durand [Préfecture du Val-Clair]"
    profile = {"name": name, "floor": 3, "zone": "Europe/Paris", "gone": True, "rename": "M_FORBIDDEN"}
    assert steps["profile"] == profile
    types = ["image/png", "image/png"]
    assert steps["media"] == {"same": True, "statuses": [401, 200, 401, 200], "types": types, "limit": True}
    assert steps["push"] == {"urgent": True, "calm": False, "muted": True, "pushers": [1, 0]}
    ended = {"wrong": [401, "M_FORBIDDEN"], "left": 0, "ended": "M_UNKNOWN_TOKEN"}
    named = {"mot": "bonjour", "name": "À éteindre"}
    assert steps["devices"] == {**named, "asked": 401, "flows": True, **ended}
    settings = {"password": True, "version": "11", "address": ["email"], "openId": True, "relay": "M_NOT_FOUND"}
    assert steps["settings"] == {"kept": {"couleur": "bleu"}, **settings}
    assert steps["done"] == {"unanswered": []}
