"""Reports of what does not work, with the clients' logs. Anybody may send one: who cannot sign in has most to say."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.gateways import mail_texts
from tchap.protocol.recovery_keys import holds_recovery_key
from tchap.services.admins import check_admin
from tchap.services.emails import post
from tchap.services.scanning import check_clean
from tchap.services.world import World
from tchap.storage import bug_reports
from tchap.storage.bug_reports import BugReport, ReportFile
from tchap.storage.database import Tx

_GZIP = 16 + zlib.MAX_WBITS
_FOLDER = "bug-reports"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sends: fields by name, each perhaps several times, and files with their names."""

    fields: Mapping[str, Sequence[str]]
    files: Sequence[tuple[str, bytes]]

    def one(self, name: str, most: int) -> str:
        """The first value of a field, cut; empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")[:most]


async def submit_bug_report(world: World, sent: Sent) -> int:
    """Keeps a report and tells the support by mail; its number.

    REJECTED_UNEXPECTED_RECOVERY_KEY where the sender's recovery code stands in it, M_TOO_LARGE where its logs unpack to
    more than is read: nothing is kept then.
    """
    sent = Sent(sent.fields, sent.files[: limits.MAX_BUG_REPORT_FILES])
    # Beside the loop: anybody may send logs that take seconds to read.
    if await asyncio.to_thread(_holds_secret, sent):
        raise MatrixError(
            "REJECTED_UNEXPECTED_RECOVERY_KEY",
            "Your recovery code stands in this report: take it out, and keep it to yourself.",
            "Votre code de récupération figure dans ce signalement : retirez-le, et ne le donnez à personne.",
        )
    files = [
        ReportFile(number, name[: limits.MAX_FILE_NAME], len(data), world.entropy.token(24))
        for number, (name, data) in enumerate(sent.files)
    ]
    report = _report_of(world, sent)
    try:
        for file, (_, data) in zip(files, sent.files, strict=True):
            await world.media.put(_place_of(file), data)
        told = (world.settings.support.email, world.mailer.is_mailbox)
        report_id = await world.store.write(_keep, report, files, told)
    except Exception:
        # What no report names would never be deleted.
        await _remove_files(world, files)
        raise
    world.mailer.wake()
    return report_id


def _place_of(file: ReportFile) -> str:
    return f"{_FOLDER}/{file.blob_name}"


async def _remove_files(world: World, files: Sequence[ReportFile]) -> None:
    for file in files:
        await world.media.remove(_place_of(file))


def _holds_secret(sent: Sent) -> bool:
    texts = (text for values in sent.fields.values() for text in values)
    return any(map(holds_recovery_key, texts)) or any(map(holds_recovery_key, _logs_of(sent)))


def _logs_of(sent: Sent) -> Iterator[str]:
    """What the logs say, one after the other. M_TOO_LARGE once they unpack to more than is read of one report."""
    left = limits.MAX_BUG_REPORT_UNPACKED
    for _, data in sent.files:
        log = _unpacked(data, left + 1)
        left -= len(log)
        if left < 0:
            raise MatrixError("M_TOO_LARGE", "These logs are too large.", "Ces journaux sont trop volumineux.")
        yield log.decode("utf-8", "replace")


def _unpacked(data: bytes, most: int) -> bytes:
    """The content of a compressed log, cut after so many bytes; the bytes themselves where they are none."""
    try:
        return zlib.decompressobj(_GZIP).decompress(data, most)
    except zlib.error:
        return data


_NAMED = ("app", "version", "text", "email")


def _report_of(world: World, sent: Sent) -> BugReport:
    others = {
        name[: limits.MAX_BUG_REPORT_NAME]: [text[: limits.MAX_BUG_REPORT_FIELD] for text in values]
        for name, values in list(sent.fields.items())[: limits.MAX_BUG_REPORT_FIELDS]
        if name not in _NAMED
    }
    return BugReport(
        0,
        world.clock.now_ms(),
        sent.one("app", limits.MAX_BUG_REPORT_NAME),
        sent.one("version", limits.MAX_BUG_REPORT_NAME),
        sent.one("text", limits.MAX_BUG_REPORT_FIELD),
        sent.one("email", limits.MAX_BUG_REPORT_NAME) or None,
        encode_json(others),
    )


async def _keep(tx: Tx, report: BugReport, files: list[ReportFile], told: tuple[str, bool]) -> int:
    report_id = await bug_reports.add_bug_report(tx, report, files)
    recipient, to_mailbox = told
    if recipient:
        mail = mail_texts.bug_report_mail(recipient, report_id, report.app)
        await post(tx, mail, report.created_ts, to_mailbox)
    return report_id


async def find_bug_reports(world: World, requester: Requester, before: int, limit: int) -> list[BugReport]:
    """For operators, the newest first."""
    await check_admin(world, requester)
    return await world.store.read(bug_reports.find_bug_reports, before, limit)


async def get_bug_report(world: World, requester: Requester, report_id: int) -> tuple[BugReport, list[ReportFile]]:
    """One report with what came with it; NotFound."""
    await check_admin(world, requester)
    found = await world.store.read(_find, report_id)
    if found is None:
        raise NotFound("There is no such report.", "Ce signalement n'existe pas.")
    return found


async def _find(tx: Tx, report_id: int) -> tuple[BugReport, list[ReportFile]] | None:
    report = await bug_reports.find_bug_report(tx, report_id)
    return None if report is None else (report, await bug_reports.find_files(tx, report_id))


async def get_report_file(world: World, requester: Requester, report_id: int, number: int) -> bytes:
    """The bytes of a file of a report; NotFound, or what the antivirus says: anybody may have sent it."""
    _, files = await get_bug_report(world, requester, report_id)
    file = next((each for each in files if each.number == number), None)
    data = await world.media.find(_place_of(file)) if file is not None else None
    if file is None or data is None:
        raise NotFound("There is no such file.", "Ce fichier n'existe pas.")
    await check_clean(world, data)
    return data


async def forget_bug_reports(world: World) -> None:
    """The duty: reports are deleted after their time, with their files. Runs until cancelled."""
    while True:
        while await forget_some(world):
            continue
        await world.clock.sleep(limits.BUG_REPORTS_LOOK_EVERY_S)


async def forget_some(world: World) -> bool:
    """Deletes a few; False where none was old enough."""
    before_ts = world.clock.now_ms() - world.settings.support.report_days * limits.DAY_MS
    old = await world.store.read(bug_reports.find_old, before_ts, limits.BUG_REPORT_BATCH)
    for report_id in old:
        await _remove_files(world, await world.store.read(bug_reports.find_files, report_id))
        await world.store.write(bug_reports.remove_bug_report, report_id)
    return bool(old)
