"""A house with ClamAV, its roads and what is asked of the scanner, for the tests of the antivirus."""

from typing import Any

import httpx

from tchap.services.media import blob_key
from tchap.storage import media
from tests.api.test_keys import OPEN
from tests.api.test_media import V1, get
from tests.support.accounts import Person
from tests.support.clamav import EICAR, ClamAv, archive
from tests.support.house import House
from tests.support.sealed_files import Sealed

SCANNER = "/_matrix/media_proxy/unstable"
SIZE = "width=32&height=32&method=scale"
STORED_ROADS = (
    f"{V1}/download/{{}}",
    f"{V1}/download/{{}}/facture.pdf",
    f"{V1}/thumbnail/{{}}?{SIZE}",
    f"{SCANNER}/download/{{}}",
    f"{SCANNER}/thumbnail/{{}}?{SIZE}",
)
NOT_CLEAN = (403, "MCS_MEDIA_NOT_CLEAN")
WAITS = (502, "MCS_MEDIA_REQUEST_FAILED")
ARCHIVE = archive("facture.txt", EICAR)


def config(daemon: ClamAv, encrypted: str = "on_request", more: str = "", base: str = OPEN) -> str:
    return f'{base}[antivirus]\nclamd = "{daemon.address}"\nencrypted = "{encrypted}"\n{more}\n'


async def post(house: House, who: Person | None, road: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {who.token}"} if who else {}
    return await house.http.post(f"{SCANNER}/{road}", json=body, headers=headers)


async def scan(house: House, who: Person, path: str) -> Any:
    answer = await get(house, who, f"{SCANNER}/scan/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def scan_sealed(house: House, who: Person, sealed: Sealed, path: str) -> Any:
    answer = await post(house, who, "scan_encrypted", {"file": sealed.file(path)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal in the scanner's words, which are Matrix's too."""
    body = answer.json()
    assert body["reason"] == body["errcode"]
    assert body["info"] == body["error"]
    return answer.status_code, body["reason"]


async def check_refused(house: House, who: Person, path: str, expected: tuple[int, str]) -> None:
    """By no road that hands out stored bytes."""
    for road in STORED_ROADS:
        answer = await get(house, who, road.format(path))
        assert refused(answer) == expected, road


async def change(house: House, path: str, data: bytes) -> None:
    """Somebody writes other bytes into the media store."""
    row = await house.world.store.read(media.find_media, *path.split("/"))
    assert row is not None
    await house.world.media.put(blob_key(row.blob_name or ""), data)
