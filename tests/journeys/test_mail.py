"""Mail through a real SMTP server."""

import asyncio
import re
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tchap.services.mail_delivery import deliver_due
from tests.support.accounts import SECRET, V3
from tests.support.house import House, open_house
from tests.support.server import free_port

JEAN = "jean.martin@prefecture.example.fr"


class Postman:
    """Takes mail, or answers with the reply it was given."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.reply = "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.reply.startswith("250"):
            self.letters.append(envelope)
        return self.reply


def _config(port: int) -> str:
    return f'[mail]\nmode = "smtp"\nsmtp_port = {port}\nsmtp_tls = "none"\n'


async def _ask_code(house: House, secret: str = SECRET) -> Any:
    wanted = {"client_secret": secret, "email": JEAN, "send_attempt": 1}
    return await house.ask("POST", f"{V3}/register/email/requestToken", wanted)


def test_the_code_arrives_by_smtp(tmp_path: Path) -> None:
    """The mail reaches the one recipient of the envelope, in French and English, as text and HTML, with its code."""
    postman, port = Postman(), free_port()
    controller = Controller(postman, hostname="127.0.0.1", port=port)

    async def story() -> None:
        async with open_house(tmp_path, _config(port)) as house:
            asked = await _ask_code(house)
            assert await deliver_due(house.world) == 1
            (letter,) = postman.letters
            assert letter.rcpt_tos == [JEAN]
            text = bytes(letter.content or b"").decode()
            code = re.search(r"\b\d{6}\b", text)
            assert code is not None
            assert "multipart/alternative" in text
            proof = {"sid": asked["sid"], "client_secret": SECRET, "token": code[0]}
            assert await house.ask("POST", asked["submit_url"], proof) == {"success": True}
            assert await deliver_due(house.world) == 0

    controller.start()
    try:
        asyncio.run(story())
    finally:
        controller.stop()


def test_mail_waits_for_the_mail_server(tmp_path: Path) -> None:
    """Mail that could not be sent is kept over a restart and tried again later; refused for good, it is given up."""
    postman, port = Postman(), free_port()
    controller = Controller(postman, hostname="127.0.0.1", port=port)

    async def before() -> None:
        async with open_house(tmp_path, _config(port)) as house:
            await _ask_code(house)
            assert await deliver_due(house.world) == 0

    async def after() -> None:
        async with open_house(tmp_path, _config(port)) as house:
            house.clock.move(31)
            postman.reply = "451 later"
            assert await deliver_due(house.world) == 0
            postman.reply = "250 OK"
            assert await deliver_due(house.world) == 0
            house.clock.move(61)
            assert await deliver_due(house.world) == 1
            await _ask_code(house, "another")
            postman.reply = "554 never"
            assert await deliver_due(house.world) == 0
            house.clock.move(100_000)
            postman.reply = "250 OK"
            assert await deliver_due(house.world) == 0

    asyncio.run(before())
    controller.start()
    try:
        asyncio.run(after())
    finally:
        controller.stop()
