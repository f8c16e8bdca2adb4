"""What administrators see and do over HTTP and from the command line, and the trace it leaves."""

import asyncio
from pathlib import Path

import pytest

from tchap.__main__ import main
from tchap.base.clock import Clock
from tchap.services.admins import name_admin_from_console
from tchap.storage.accounts import Account, AccountEmail, add_account, add_email
from tchap.storage.database import open_store
from tests.api.test_account_moderation import scene
from tests.support.house import SOON_S, until_polling
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
TCHAP = "/_tchap/admin/v1"


def test_whois_tells_when_and_from_where_devices_were_seen(tmp_path: Path) -> None:
    """An administrator asks about anybody, everybody else about themselves alone."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            found = await admin.ask("GET", f"/admin/whois/{quote(basile.user_id)}")
            assert found["user_id"] == basile.user_id
            (connection,) = found["devices"][basile.requester.device_id]["sessions"][0]["connections"]
            assert connection == {"ip": "127.0.0.1", "last_seen": hall.house.clock.now_ms()}
            path = f"{V3}/admin/whois/{quote(basile.user_id)}"
            assert await hall.house.ask("GET", path, None, basile.token) == found
            refused = await basile.call("GET", f"/admin/whois/{quote(admin.user_id)}")
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            assert (await admin.call("GET", "/admin/whois/@nobody:test.example.fr")).status == 404

    asyncio.run(story())


def test_an_administrator_signs_devices_out(tmp_path: Path) -> None:
    """One device by its id, whose polls end at once, or all of them; the others stay signed in."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            ask, phone = hall.house.ask, await hall.another_device(basile)
            user = f"{TCHAP}/users/{quote(basile.user_id)}"
            listed = await ask("GET", f"{user}/devices", None, admin.token)
            mine = {basile.requester.device_id, phone.requester.device_id}
            assert {each["device_id"] for each in listed["devices"]} == mine
            wish = {"device_ids": [phone.requester.device_id, "unknown"]}
            since = (await phone.sync())["next_batch"]
            polls = [
                asyncio.create_task(each.call("GET", f"/sync?timeout=60000&since={since}")) for each in (phone, basile)
            ]
            await until_polling(hall.house, 2)
            ended = await ask("POST", f"{user}/sign_out", wish, admin.token)
            lost = await asyncio.wait_for(polls[0], SOON_S)
            assert (lost.status, lost.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            assert ended == {"device_ids": [phone.requester.device_id]}
            assert (await phone.call("GET", "/sync")).status == 401
            assert (await basile.call("GET", "/sync")).status == 200
            await ask("POST", f"{user}/sign_out", {}, admin.token)
            # His other poll was told of the phone's end, or ended with its own device.
            assert (await asyncio.wait_for(polls[1], SOON_S)).status in (200, 401)
            assert (await basile.call("GET", "/sync")).body["errcode"] == "M_UNKNOWN_TOKEN"

    asyncio.run(story())


def test_an_administrator_closes_an_account(tmp_path: Path) -> None:
    """It leaves its rooms, its tokens end and it is not found any more."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            room = await admin.create_room(preset="public_chat")
            await basile.join(room)
            user = f"{TCHAP}/users/{quote(basile.user_id)}"
            shown = await hall.house.ask("GET", user, None, admin.token)
            assert (shown["admin"], shown["locked_ts"], shown["suspended_ts"]) == (False, None, None)
            assert (await hall.house.call("POST", f"{user}/deactivate", {}, basile.token)).status == 403
            await hall.house.ask("POST", f"{user}/deactivate", {"erase": True}, admin.token)
            assert (await basile.call("GET", "/sync")).status == 401
            assert (await hall.house.call("GET", user, None, admin.token)).status == 404
            joined = await admin.ask("GET", f"/rooms/{quote(room)}/joined_members")
            assert set(joined["joined"]) == {admin.user_id}

    asyncio.run(story())


def test_administrators_name_each_other_and_leave_a_trace(tmp_path: Path) -> None:
    """An office begins and ends at once, the last administrator keeps theirs, and the audit tells every act."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            call = hall.house.call
            his, hers = (f"{TCHAP}/users/{quote(each.user_id)}/admin" for each in (basile, admin))
            audit = f"{TCHAP}/audit"
            assert (await call("PUT", his, {"admin": True}, basile.token)).status == 403
            assert (await call("GET", audit, None, basile.token)).status == 403
            assert (await call("PUT", his, {"admin": True}, admin.token)).body == {"admin": True}
            assert (await call("GET", audit, None, basile.token)).status == 200
            assert (await call("PUT", hers, {"admin": False}, admin.token)).status == 200
            assert (await call("GET", audit, None, admin.token)).status == 403
            last = await call("PUT", his, {"admin": False}, basile.token)
            assert (last.status, last.body["errcode"]) == (403, "M_FORBIDDEN")
            page = (await call("GET", f"{audit}?limit=2", None, basile.token)).body
            assert [(each["act"], each["admin"], each["target"]) for each in page["acts"]] == [
                ("dismiss_admin", admin.user_id, admin.user_id),
                ("name_admin", admin.user_id, basile.user_id),
            ]
            rest = (await call("GET", f"{audit}?before={page['next']}", None, basile.token)).body
            assert [(each["act"], each["admin"]) for each in rest["acts"]] == [("name_admin", "console")]

    asyncio.run(story())


def test_the_first_administrator_comes_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tchap admin` names, dismisses and lists administrators, by user id or address; who is unknown is told so."""

    async def open_account() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/tchap.db", Clock())
        await store.write(add_account, Account("@camille:a.example.fr", "a.example.fr", None, 1))
        await store.write(add_email, AccountEmail("camille@a.fr", "@camille:a.example.fr", 1, 1))
        await store.close()

    asyncio.run(open_account())
    place = ["--data", str(tmp_path)]
    assert main(["admin", "grant", "@camille:a.example.fr", *place]) == 0
    assert main(["admin", "list", *place]) == 0
    assert capsys.readouterr().out == "@camille:a.example.fr\n" * 2
    assert main(["admin", "revoke", "@camille:a.example.fr", *place]) == 0
    assert main(["admin", "grant", "@nobody:a.example.fr", *place]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "tchap: There is no such account.\n")
    assert main(["admin", "grant", "Camille@a.fr", *place]) == 0
    assert capsys.readouterr().out == "@camille:a.example.fr\n"
    assert main(["admin", "grant", "nobody@a.fr", *place]) == 1
    assert capsys.readouterr().err == "tchap: No account has the address nobody@a.fr: it is opened first.\n"


def test_naming_nobody_is_refused(tmp_path: Path) -> None:
    """A closed account becomes nobody's administrator."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            world = hall.house.world
            user = f"{TCHAP}/users/{quote(basile.user_id)}"
            await hall.house.ask("POST", f"{user}/deactivate", {}, admin.token)
            with pytest.raises(Exception, match="no such account"):
                await name_admin_from_console(world.store, basile.user_id, True, 1)

    asyncio.run(story())
