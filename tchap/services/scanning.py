"""The antivirus: what is known of a file, looking at it where nothing is, and whether it may leave.

Files are known by their bytes: every verdict is about one SHA-256, taken anew from what the media store gives each time
a file is to leave, so that one changed behind our back is not the one that was found clean.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

import structlog

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.gateways.scanner import CannotScan, Clamd, ScannerDown
from tchap.policy.attachments import (
    Allowed,
    Decision,
    Facts,
    Kind,
    Mode,
    Refusal,
    Refused,
    Road,
    Rules,
    Verdict,
    decide_download,
)
from tchap.policy.file_types import UNKNOWN, recognise
from tchap.services.world import World
from tchap.storage import scans
from tchap.storage.media import Media
from tchap.storage.scans import AS_STORED, CLEAN, INFECTED, Scan

log = structlog.get_logger(__name__)

_SCANNER_ROADS = (Road.SCANNER_DOWNLOAD, Road.SCANNER_THUMBNAIL)
_SENTENCES = {
    Refusal.NOT_CLEAN: (
        "MCS_MEDIA_NOT_CLEAN",
        "Content blocked: this file contains malicious software.",
        "Contenu bloqué : ce fichier contient un logiciel malveillant.",
    ),
    Refusal.CHANGED: (
        "MCS_MEDIA_NOT_CLEAN",
        "Content blocked: this file is not the one that was scanned.",
        "Contenu bloqué : ce fichier n'est plus celui qui a été analysé.",
    ),
    Refusal.NOT_SCANNED: (
        "MCS_MEDIA_REQUEST_FAILED",
        "This file could not be scanned yet. Please try again later.",
        "Ce fichier n'a pas encore pu être analysé. Réessayez plus tard.",
    ),
    Refusal.CANNOT_SCAN: (
        "MCS_MEDIA_REQUEST_FAILED",
        "This file cannot be scanned: it is too large or damaged. It is given to nobody.",
        "Ce fichier ne peut pas être analysé : il est trop volumineux ou endommagé. Il n'est remis à personne.",
    ),
    Refusal.NOT_OPENED: (
        "MCS_MEDIA_REQUEST_FAILED",
        "This encrypted file has not been given to the antivirus yet. Please try again later.",
        "Ce fichier chiffré n'a pas encore été confié à l'antivirus. Réessayez plus tard.",
    ),
    Refusal.TYPE_FORBIDDEN: (
        "MCS_MIME_TYPE_FORBIDDEN",
        "Files of this type are not allowed here.",
        "Ce type de fichier n'est pas autorisé ici.",
    ),
}


@dataclass(frozen=True, slots=True)
class Found:
    """`threat` names what was found, empty where nothing was; `content_type` is empty for what looks like nothing
    known."""

    verdict: Verdict
    threat: str
    content_type: str


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is to be looked at: exact bytes of a file, `data` being what they are under a key or as they are stored."""

    row: Media
    sha256: str
    key_hash: str
    data: bytes


def rules_of(world: World) -> Rules:
    """The operator's choices, as the law reads them."""
    settings = world.settings.antivirus
    mode = Mode(settings.encrypted) if world.scanner is not None else Mode.OFF
    return Rules(mode, settings.when_down == "let_through", settings.allowed_types, settings.denied_types)


async def scan_upload(world: World, row: Media, data: bytes) -> None:
    """Looks at a file that came in. Where the scanner is down the file waits for its first download."""
    if world.scanner is not None:
        subject = _Subject(row, await sha256_of(data), AS_STORED, data)
        await _find_out(world, subject, await _find_known(world, subject))


async def check_release(world: World, row: Media, data: bytes, road: Road) -> None:
    """Whether these bytes of the file may leave by this road. MatrixError in the scanner's words where not."""
    if world.scanner is not None:
        decision, _ = await decide_stored(world, row, data, road)
        if isinstance(decision, Refused):
            raise refusal(decision.reason)


async def decide_stored(world: World, row: Media, data: bytes, road: Road) -> tuple[Decision, Found]:
    """Whether the stored bytes may leave by this road, looked at first where they were not yet."""
    subject = _Subject(row, await sha256_of(data), AS_STORED, data)
    known = await _find_known(world, subject)
    stored = await _find_out(world, subject, known)
    opened = [each for each in known if each.key_hash != AS_STORED and each.sha256 == subject.sha256]
    kind = Kind.CLEAR if stored.content_type else Kind.SEALED
    seen = tuple(each.content_type for each in opened if each.result == CLEAN and each.content_type)
    facts = Facts(
        road=road,
        kind=kind,
        stored=stored.verdict,
        opened=_best(opened, bool(seen)),
        is_changed=_is_changed(subject, known),
        types=(stored.content_type,) if kind is Kind.CLEAR else seen or _unseen_types(road),
    )
    return decide_download(facts, rules_of(world)), stored


def _best(opened: list[Scan], is_seen: bool) -> Verdict:
    """What keys showed. A clean verdict counts where something known was seen: any wrong key shows noise, which is
    always clean."""
    if any(each.result == INFECTED for each in opened):
        return Verdict.INFECTED
    return Verdict.CLEAN if is_seen else Verdict.NONE


def _unseen_types(road: Road) -> tuple[str, ...]:
    """The scanner's own roads take what they cannot read for what it is; on the plain ones it may be a ciphertext."""
    return (UNKNOWN,) if road in _SCANNER_ROADS else ()


async def decide_opened(world: World, row: Media, sealed: bytes, opened: tuple[str, bytes]) -> tuple[Decision, Found]:
    """Whether what a key makes of the stored bytes may leave; `opened` is the key's hash and those bytes."""
    key_hash, data = opened
    subject = _Subject(row, await sha256_of(sealed), key_hash, data)
    known = await _find_known(world, subject)
    found = await _find_out(world, subject, known)
    stored = _verdict_of(_find(known, subject.sha256, AS_STORED))
    facts = Facts(
        road=Road.DECRYPTED,
        kind=Kind.SEALED,
        stored=Verdict.INFECTED if _is_infected(subject, known, AS_STORED) else stored,
        opened=found.verdict,
        is_changed=_is_changed(subject, known),
        types=(found.content_type or UNKNOWN,),
    )
    return decide_download(facts, rules_of(world)), found


async def is_clean(world: World, data: bytes) -> bool:
    """Whether bytes that are not a file of anybody's yet may become one."""
    return not isinstance(await _decide_loose(world, data), Refused)


async def check_clean(world: World, data: bytes) -> None:
    """Raises in the scanner's words where bytes that are no file of anybody's may not be handed out."""
    decision = await _decide_loose(world, data)
    if isinstance(decision, Refused):
        raise refusal(decision.reason)


async def _decide_loose(world: World, data: bytes) -> Decision:
    if world.scanner is None:
        return Allowed()
    found = await _look(world, world.scanner, await sha256_of(data), data)
    return decide_download(Facts(Road.DOWNLOAD, Kind.CLEAR, found.verdict), rules_of(world))


def refusal(reason: Refusal) -> MatrixError:
    """The law's reason in the words clients of the content scanner know."""
    return MatrixError(*_SENTENCES[reason])


async def _find_known(world: World, subject: _Subject) -> list[Scan]:
    return await world.store.read(scans.find_scans, subject.row.server, subject.row.media_id, subject.sha256)


def _find(known: list[Scan], sha256: str, key_hash: str) -> Scan | None:
    return next((each for each in known if (each.sha256, each.key_hash) == (sha256, key_hash)), None)


def _verdict_of(scan: Scan | None) -> Verdict:
    return Verdict(scan.result) if scan is not None else Verdict.NONE


def _is_infected(subject: _Subject, known: list[Scan], key_hash: str) -> bool:
    """Also where the same bytes were found so under another address."""
    return any(each.result == INFECTED and (each.sha256, each.key_hash) == (subject.sha256, key_hash) for each in known)


def _is_changed(subject: _Subject, known: list[Scan]) -> bool:
    """A file never changes: where other bytes of it were looked at before, somebody changed these."""
    mine = (subject.row.server, subject.row.media_id)
    return any((each.server, each.media_id) == mine and each.sha256 != subject.sha256 for each in known)


async def _find_out(world: World, subject: _Subject, known: list[Scan]) -> Found:
    """What is known of the subject, else what the scanner says, which is then kept. Changed bytes are not looked at:
    no verdict would help them."""
    if _is_infected(subject, known, subject.key_hash):
        threat = next(each.threat for each in known if each.result == INFECTED)
        return Found(Verdict.INFECTED, threat, recognise(subject.data) or "")
    kept = _find(known, subject.sha256, subject.key_hash)
    if kept is not None and not await _is_stale(world, kept):
        return Found(Verdict(kept.result), kept.threat, kept.content_type)
    if world.scanner is None or _is_changed(subject, known):
        return Found(Verdict.NONE, "", recognise(subject.data) or "")
    found = await _look(world, world.scanner, subject.sha256 + subject.key_hash, subject.data)
    if found.verdict is Verdict.NONE and kept is not None:
        # Newer signatures will be asked once the scanner is back.
        return Found(Verdict(kept.result), kept.threat, kept.content_type)
    if found.verdict in (Verdict.CLEAN, Verdict.INFECTED):
        await _keep(world, world.scanner, subject, found)
    return found


async def _is_stale(world: World, kept: Scan) -> bool:
    """Newer signatures may find what older ones missed. A file is looked at again at most once a day."""
    if world.scanner is None or world.clock.now_ms() - kept.scanned_ts < limits.RESCAN_AFTER_MS:
        return False
    return await _signatures(world.scanner) not in ("", kept.signatures)


async def _signatures(scanner: Clamd) -> str:
    try:
        return await scanner.version()
    except ScannerDown:
        return ""


async def _look(world: World, scanner: Clamd, name: str, data: bytes) -> Found:
    """The scanner's word on these bytes, asked once for all who want it now."""
    content_type = recognise(data) or ""
    try:
        threat = await world.live.scans.share(name, lambda: scanner.scan(data))
    except ScannerDown:
        verdict, threat = Verdict.NONE, ""
    except CannotScan as error:
        log.warning("a file cannot be scanned", reason=str(error), size=len(data))
        verdict, threat = Verdict.FAILED, ""
    else:
        verdict = Verdict.INFECTED if threat else Verdict.CLEAN
    world.metrics.scans.labels(verdict.value).inc()
    return Found(verdict, threat, content_type)


async def _keep(world: World, scanner: Clamd, subject: _Subject, found: Found) -> None:
    row = subject.row
    if found.verdict is Verdict.INFECTED:
        log.warning("an infected file", media=f"{row.server}/{row.media_id}", threat=found.threat)
    scan = Scan(
        server=row.server,
        media_id=row.media_id,
        sha256=subject.sha256,
        key_hash=subject.key_hash,
        result=found.verdict.value,
        threat=found.threat,
        content_type=found.content_type,
        scanned_ts=world.clock.now_ms(),
        signatures=await _signatures(scanner),
    )
    await world.store.write(scans.set_scan, scan)


async def sha256_of(data: bytes) -> str:
    """In hexadecimal; off the loop where it takes long."""
    if len(data) <= limits.HASH_ON_LOOP:
        return hashlib.sha256(data).hexdigest()
    return await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())


async def describe(world: World) -> str:
    """One line for whoever starts the server."""
    if world.scanner is None:
        return "Antivirus: off. Files are not scanned ([antivirus] clamd, docs/configuration.md)."
    version = await _signatures(world.scanner)
    mode = world.settings.antivirus.encrypted.replace("_", " ")
    state = version or f"{world.settings.antivirus.clamd} does not answer yet; when_down is in force"
    return f"Antivirus: {state}. Encrypted files: {mode}."
