"""What clients ask of the content scanner: is this file clean, and what is in it, with the key of an encrypted one.

Source: the content scanner's API that Tchap's clients speak.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.base.errors import MatrixError
from tchap.gateways.scanner_key import NotForThisKey
from tchap.policy.attachments import Decision, Refusal, Refused, Road, Verdict
from tchap.policy.file_types import UNKNOWN
from tchap.protocol.encrypted_files import DamagedFile, EncryptedFile, SealedBody, decrypt_file, parse_encrypted_file
from tchap.services.media import Download, MediaName, get_media, read_content
from tchap.services.scanning import Found, decide_opened, decide_stored, refusal
from tchap.services.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """`threat` names what was found. `is_scanned` is False where a file was let through without being looked at."""

    is_clean: bool
    is_scanned: bool
    threat: str


def check_is_on(world: World) -> None:
    """Without an antivirus there is no such API."""
    if world.scanner is None:
        raise MatrixError("M_UNRECOGNIZED", "Files are not scanned here.", "Les fichiers ne sont pas analysés ici.")


async def scan(world: World, name: MediaName) -> Report:
    """What the antivirus says of a file as it is stored."""
    row = await get_media(world, name)
    data = await read_content(world, row)
    return _report(*await decide_stored(world, row, data, Road.SCANNER_DOWNLOAD))


async def scan_encrypted(world: World, file: EncryptedFile, wait_ms: int) -> Report:
    """The same of what is inside a ciphertext."""
    _, decision, found = await _open(world, file, wait_ms)
    return _report(decision, found)


async def download_encrypted(world: World, file: EncryptedFile, wait_ms: int) -> Download:
    """What is inside a ciphertext, once it was found clean."""
    data, decision, found = await _open(world, file, wait_ms)
    if isinstance(decision, Refused):
        raise refusal(decision.reason)
    return Download(data, found.content_type or UNKNOWN, None)


async def _open(world: World, file: EncryptedFile, wait_ms: int) -> tuple[bytes, Decision, Found]:
    row = await get_media(world, MediaName(file.server, file.media_id, wait_ms))
    async with world.live.openings.take():
        sealed = await read_content(world, row)
        data = await _decrypt(sealed, file)
        decision, found = await decide_opened(world, row, sealed, (file.key_hash, data))
    return data, decision, found


async def _decrypt(sealed: bytes, file: EncryptedFile) -> bytes:
    try:
        return await asyncio.to_thread(decrypt_file, sealed, file)
    except DamagedFile as error:
        raise MatrixError(
            "MCS_MEDIA_FAILED_TO_DECRYPT",
            "This file cannot be decrypted: it is not the one that was encrypted.",
            "Ce fichier ne peut pas être déchiffré : ce n'est pas celui qui a été chiffré.",
        ) from error


def _report(decision: Decision, found: Found) -> Report:
    """Whether it may be had. What no verdict answers is an error, as clients expect."""
    if not isinstance(decision, Refused):
        return Report(True, found.verdict is Verdict.CLEAN, found.threat)
    if decision.reason in (Refusal.NOT_CLEAN, Refusal.CHANGED):
        return Report(False, True, found.threat)
    raise refusal(decision.reason)


def open_body(world: World, sealed: SealedBody) -> object:
    """The JSON of a body made for the scanner's key. MCS_BAD_DECRYPTION where it was made for another."""
    try:
        return decode_json(world.scanner_key.open(sealed))
    except NotForThisKey as error:
        raise MatrixError(
            "MCS_BAD_DECRYPTION",
            "This request was encrypted for another key: ask for the public key again.",
            "Cette demande a été chiffrée pour une autre clé : redemandez la clé publique.",
        ) from error
    except ValueError as error:
        raise malformed() from error


def read_file(value: object) -> EncryptedFile:
    """What a request says of an encrypted file. MCS_MALFORMED_JSON."""
    try:
        return parse_encrypted_file(value)
    except ValueError as error:
        raise malformed() from error


def malformed() -> MatrixError:
    return MatrixError(
        "MCS_MALFORMED_JSON", "This does not describe an encrypted file.", "Ceci ne décrit pas un fichier chiffré."
    )
