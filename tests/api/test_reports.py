"""Reports: who may make one, what becomes of it, and who reads it."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import Person, person
from tests.support.engines import Story, Tell
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import House, open_house
from tests.support.paths import quote

ADMIN = "/_tchap/admin/v1/reports"


async def make_admin(house: House, user_id: str) -> None:
    async def write(tx: Any) -> None:
        await tx.run("UPDATE accounts SET is_admin = 1 WHERE user_id = $1", user_id)

    await house.world.store.write(write)


async def report_event(who: Resident, room_id: str, event_id: str, **body: object) -> Any:
    return await who.call("POST", f"/rooms/{quote(room_id)}/report/{quote(event_id)}", body)


def run(folder: Path, story: Story) -> None:
    async def told() -> None:
        async with open_hall(folder) as hall:
            await story(hall)

    asyncio.run(told())


def test_a_report_is_read_taken_in_hand_and_closed(tell: Tell) -> None:
    """A report keeps a copy of the event, which a redaction does not take away, and its state follows those who act."""

    async def story(hall: Hall) -> None:
        admin, camille = await hall.enter("admin"), await hall.enter("camille")
        dominique = await hall.enter("dominique")
        await make_admin(hall.house, admin.user_id)
        room_id = await camille.create_room(preset="public_chat")
        await dominique.join(room_id)
        event_id = await dominique.send(room_id, "une insulte")
        assert (await report_event(camille, room_id, event_id, reason="insulte", score=-80)).status == 200
        await dominique.redact(room_id, event_id)
        await camille.ask("POST", f"/rooms/{quote(room_id)}/report", {"reason": ""})
        await camille.ask("POST", f"/users/{quote(dominique.user_id)}/report", {"reason": "encore"})
        house, token = hall.house, admin.token
        listed = (await house.ask("GET", ADMIN, None, token))["reports"]
        assert [each["kind"] for each in listed] == ["event", "room", "user"]
        first = listed[0]
        assert first["event"]["content"]["body"] == "une insulte"
        assert (first["reporter"], first["reported_user"]) == (camille.user_id, dominique.user_id)
        assert (first["reason"], first["score"], first["state"]) == ("insulte", -80, "open")
        assert (listed[1]["room_id"], listed[2]["reported_user"]) == (room_id, dominique.user_id)
        page = await house.ask("GET", f"{ADMIN}?limit=2", None, token)
        rest = await house.ask("GET", f"{ADMIN}?limit=2&from={page['next']}", None, token)
        assert [*page["reports"], *rest["reports"]] == listed
        assert "next" not in rest
        one = f"{ADMIN}/{first['report_id']}"
        hall.house.clock.move(60)
        taken = await house.ask("PUT", one, {"state": "in_hand", "note": "vu avec le bureau"}, token)
        assert (taken["handled_by"], taken["changed_ts"] - taken["created_ts"]) == (admin.user_id, 60_000)
        await house.ask("PUT", one, {"state": "closed"}, token)
        closed = await house.ask("GET", one, None, token)
        assert (closed["state"], closed["note"]) == ("closed", "vu avec le bureau")
        assert len((await house.ask("GET", ADMIN, None, token))["reports"]) == 2
        acts = (await house.ask("GET", "/_tchap/admin/v1/audit", None, token))["acts"]
        assert [(act["act"], act["detail"]) for act in acts] == [("report", "closed"), ("report", "in_hand")]
        assert (await house.ask("GET", f"{ADMIN}?state=closed", None, token))["reports"] == [closed]

    tell(story)


def test_events_are_reported_by_those_who_see_them(tmp_path: Path) -> None:
    """Whoever is not joined to the room, or cannot see the event, is told that there is none."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        hidden = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
        room_id = await camille.create_room(preset="public_chat", initial_state=[hidden])
        before = await camille.send(room_id, "avant")
        stranger = await report_event(dominique, room_id, before)
        nothing = await report_event(dominique, room_id, "$nothing")
        assert (stranger.status, stranger.body) == (nothing.status, nothing.body)
        assert (stranger.status, stranger.body["errcode"]) == (404, "M_NOT_FOUND")
        await dominique.join(room_id)
        assert (await report_event(dominique, room_id, before)).status == 404
        after = await camille.send(room_id, "après")
        assert (await report_event(dominique, room_id, after)).status == 200
        await dominique.leave(room_id)
        assert (await report_event(dominique, room_id, after)).status == 404
        open_ = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
        public = await camille.create_room(preset="public_chat", initial_state=[open_])
        seen = await camille.send(public, "visible")
        assert (await report_event(dominique, public, seen)).status == 404

    run(tmp_path, story)


def test_rooms_and_people(tmp_path: Path) -> None:
    """A room may be reported from outside; of people it is not told whether they exist."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room()
        said = {"reason": "pourquoi"}
        assert await dominique.ask("POST", f"/rooms/{quote(room_id)}/report", said) == {}
        unknown = await dominique.call("POST", f"/rooms/{quote('!nothing:test.example.fr')}/report", said)
        assert (unknown.status, unknown.body["errcode"]) == (404, "M_NOT_FOUND")
        for user_id in (camille.user_id, "@nobody:test.example.fr", "@somebody:elsewhere.example"):
            assert await dominique.ask("POST", f"/users/{quote(user_id)}/report", said) == {}
        for path in (f"/rooms/{quote(room_id)}/report", f"/users/{quote(camille.user_id)}/report"):
            assert (await dominique.call("POST", path, {})).body["errcode"] == "M_MISSING_PARAM"
            assert (await dominique.call("POST", path, {"reason": 4})).body["errcode"] == "M_BAD_JSON"
        assert (await dominique.call("POST", "/users/nobody/report", said)).body["errcode"] == "M_INVALID_PARAM"
        event_id = await camille.send(room_id, "bonjour")
        assert (await report_event(camille, room_id, event_id, score=3)).body["errcode"] == "M_BAD_JSON"
        assert (await report_event(camille, room_id, event_id, score=None)).status == 200
        for path in (f"/rooms/{quote(room_id)}/report", f"/rooms/{quote(room_id)}/report/{quote(event_id)}"):
            assert (await hall.house.call("POST", f"/_matrix/client/v3{path}", said)).status == 401

    run(tmp_path, story)


def test_only_administrators_read_reports(tmp_path: Path) -> None:
    """Anybody else is refused, whether or not the report exists."""

    async def story(hall: Hall) -> None:
        admin, camille = await hall.enter("admin"), await hall.enter("camille")
        for method, path in (("GET", ADMIN), ("GET", f"{ADMIN}/1"), ("PUT", f"{ADMIN}/1")):
            body = {"state": "closed"} if method == "PUT" else None
            assert (await hall.house.call(method, path, body, camille.token)).status == 403
            assert (await hall.house.call(method, path, body)).status == 401
        await make_admin(hall.house, admin.user_id)
        for number in ("1", "0", "x", "9" * 30):
            assert (await hall.house.call("GET", f"{ADMIN}/{number}", None, admin.token)).status == 404
        assert (await hall.house.call("PUT", f"{ADMIN}/1", {"state": "closed"}, admin.token)).status == 404
        assert (await hall.house.call("PUT", f"{ADMIN}/1", {"state": "gone"}, admin.token)).status == 400
        assert (await hall.house.call("GET", f"{ADMIN}?state=gone", None, admin.token)).status == 400

    run(tmp_path, story)


def test_moderators_are_told_by_mail(tmp_path: Path) -> None:
    """A mail says that there is a report and from which administration, not what or whom it is about."""

    async def story() -> None:
        async with open_house(tmp_path, '[moderation]\nemail = "moderation@prefecture.example.fr"') as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            dominique = await person(house, "dominique.petit@hopital.example.fr")
            await _report(house, camille, dominique.user_id)
            mails = await house.ask("GET", "/_tchap/mailbox.json?to=moderation@prefecture.example.fr")
            assert len(mails) == 1
            assert "Préfecture du Val-Clair" in mails[0]["text"]
            assert "secret" not in mails[0]["text"] + mails[0]["html"] + mails[0]["subject"]
            assert dominique.user_id not in mails[0]["text"]
            await make_admin(house, camille.user_id)
            report = (await house.ask("GET", ADMIN, None, camille.token))["reports"][0]
            assert report["reporter_administration"] == "Préfecture du Val-Clair"
            assert report["reported_administration"] == "Hôpital des Tilleuls"
            assert 'tchap_reports_total{kind="user"} 1.0' in (await house.ask("GET", "/metrics"))

    asyncio.run(story())


async def _report(house: House, who: Person, user_id: str) -> None:
    body = {"reason": "un secret"}
    await house.ask("POST", f"/_matrix/client/v3/users/{quote(user_id)}/report", body, who.token)


def test_reports_are_limited(tmp_path: Path) -> None:
    """Nobody floods the moderators."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            path = f"/_matrix/client/v3/users/{quote(camille.user_id)}/report"
            statuses = [(await house.call("POST", path, {"reason": ""}, camille.token)).status for _ in range(25)]
            assert statuses.count(200) == 20
            assert statuses[-1] == 429

    asyncio.run(story())
