"""Bug reports, as today's clients send them."""

import asyncio
import gzip
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tchap.base import limits
from tchap.services.bug_reports import forget_some
from tests.protocol.test_recovery_keys import KEY, grouped
from tests.support.accounts import Person, person
from tests.support.house import House, open_house

SUBMIT = "/bugreports/submit"
READ = "/_tchap/admin/v1/bug_reports"
JEAN = "jean.martin@prefecture.example.fr"
CONFIG = '[support]\nemail = "assistance@tchap.example.fr"\n'
FIELDS = {"text": "Tout est lent", "app": "tchap-web", "version": "5.1", "email": JEAN, "label": "lenteur"}


async def submit(house: House, fields: dict[str, Any], files: list[tuple[str, bytes]]) -> httpx.Response:
    sent = [("compressed-log", (name, data, "application/octet-stream")) for name, data in files]
    return await house.http.post(SUBMIT, data=fields, files=sent or {"x": (None, "")})


async def operator(house: House) -> Person:
    agent = await person(house, JEAN)
    await house.world.store.write(_make_admin, agent.user_id)
    house.world.live.tokens.forget_user(agent.user_id)
    return agent


async def _make_admin(tx: Any, user_id: str) -> None:
    await tx.run("UPDATE accounts SET is_admin = 1 WHERE user_id = $1", user_id)


def test_what_could_not_be_kept_whole_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of a report leaves no log behind that nothing would ever delete."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG) as house:
            put, kept = house.world.media.put, list[str]()

            async def fill(key: str, data: bytes) -> None:
                if kept:
                    raise OSError("no space left on device")
                kept.append(key)
                await put(key, data)

            monkeypatch.setattr(house.world.media, "put", fill)
            assert (await submit(house, FIELDS, [("a.log", b"a"), ("b.log", b"b")])).status_code == 500
            assert await house.world.media.find(kept[0]) is None

    asyncio.run(story())


def test_a_report_reaches_the_support(tmp_path: Path) -> None:
    """It is kept with its logs, told by mail without what it says, read by operators alone, and deleted in time."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG) as house:
            log = gzip.compress(b"a line of a log\n" * 1000)
            assert (await submit(house, FIELDS, [("logs-0001.log.gz", log)])).json() == {}
            (mail,) = await house.ask("GET", "/_tchap/mailbox.json?to=assistance@tchap.example.fr")
            assert "tchap-web" in mail["text"]
            assert "lent" not in mail["text"]
            boss = await operator(house)
            (report,) = (await house.ask("GET", READ, None, boss.token))["reports"]
            assert (report["text"], report["email"], report["fields"]["label"]) == ("Tout est lent", JEAN, ["lenteur"])
            path = f"{READ}/{report['report_id']}"
            shown = await house.ask("GET", path, None, boss.token)
            assert shown["files"] == [{"number": 0, "name": "logs-0001.log.gz", "size": len(log)}]
            kept = await house.http.get(f"{path}/files/0", headers={"Authorization": f"Bearer {boss.token}"})
            assert (kept.content, kept.headers["content-disposition"]) == (log, "attachment")
            other = await person(house, "helene.lefevre@hopital.example.fr")
            for where in (READ, path, f"{path}/files/0"):
                assert (await house.call("GET", where, None, other.token)).status == 403
            assert (await house.call("GET", f"{path}/files/1", None, boss.token)).status == 404
            blobs = tmp_path / "media" / "bug-reports"
            assert len(list(blobs.iterdir())) == 1
            assert not await forget_some(house.world)
            house.clock.move(91 * 24 * 3600)
            assert await forget_some(house.world)
            assert list(blobs.iterdir()) == []
            assert (await house.call("GET", path, None, boss.token)).status == 404

    asyncio.run(story())


def test_a_recovery_code_is_not_kept(tmp_path: Path) -> None:
    """Written by the person, in another field, or found in a compressed log: the report is refused, and says why."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            code = grouped(KEY, " ")
            for fields, files in (
                ({**FIELDS, "text": f"mon code {code} est refusé"}, []),
                ({**FIELDS, "label": code}, []),
                (FIELDS, [("a.log.gz", gzip.compress(f"typed {code}\n".encode()))]),
                (FIELDS, [("a.log", f"typed {code}\n".encode())]),
            ):
                reply = await submit(house, fields, files)
                assert reply.status_code == 400
                assert reply.json()["errcode"] == "REJECTED_UNEXPECTED_RECOVERY_KEY"
                assert "code de récupération" in reply.json()["error"]
            boss = await operator(house)
            assert (await house.ask("GET", READ, None, boss.token))["reports"] == []

    asyncio.run(story())


def test_what_is_no_form_is_refused_and_a_flood_is_slowed(tmp_path: Path) -> None:
    """A JSON body, an empty form and one without end are errors of the caller; so is the hundredth report."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            assert (await house.call("POST", SUBMIT, {"text": "x"})).status == 400
            for kind, body in (
                ("multipart/form-data; boundary=b", b"--b--\r\n"),
                ("multipart/form-data", b"--b\r\n"),
                ("multipart/form-data; boundary=b", b"\xff" * 100),
            ):
                reply = await house.http.post(SUBMIT, content=body, headers={"Content-Type": kind})
                assert reply.status_code == 400, kind
            replies = [(await submit(house, FIELDS, [])).status_code for _ in range(20)]
            assert replies[0] == 200
            assert replies[-1] == 429

    asyncio.run(story())


def test_logs_that_unpack_to_gigabytes_are_not_read(tmp_path: Path) -> None:
    """However small they were sent, nothing of them is kept."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG) as house:
            bomb = gzip.compress(bytes(limits.MAX_BUG_REPORT_UNPACKED + 1), 1)
            reply = await submit(house, FIELDS, [("logs-0001.log.gz", bomb)])
            assert (reply.status_code, reply.json()["errcode"]) == (413, "M_TOO_LARGE")
            boss = await operator(house)
            assert (await house.ask("GET", READ, None, boss.token))["reports"] == []

    asyncio.run(story())


def form_within_forms(depth: int, lines: int) -> bytes:
    heads = [b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(depth)]
    told = b'--0\r\nContent-Disposition: form-data; name="text"\r\n\r\nbonjour\r\n'
    return told + b"".join(heads) + b"--%d\r\n\r\n" % depth + b"x\n" * lines


def test_a_form_is_read_in_the_time_its_size_takes(tmp_path: Path) -> None:
    """Forms within forms are one part, however deep; a form of parts alone is refused."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG) as house:
            headers = {"Content-Type": "multipart/form-data; boundary=0"}
            began = time.process_time()
            reply = await house.http.post(SUBMIT, content=form_within_forms(100, 500_000), headers=headers)
            assert reply.status_code == 200
            assert time.process_time() - began < 10
            reply = await house.http.post(SUBMIT, content=b"--0\r\n\r\n\r\n" * 1000, headers=headers)
            assert (reply.status_code, reply.json()["errcode"]) == (413, "M_TOO_LARGE")

    asyncio.run(story())
