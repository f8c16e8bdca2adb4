"""Hostile addresses through the service itself: whoever gets the code gets the right, and nobody else."""

import random
import re
from pathlib import Path

from tchap.services.emails import find_proven, submit_code
from tchap.services.registration import register_by_email
from tchap.storage.mail_outbox import OutgoingMail, find_in_mailbox
from tests.policy.test_emails_fuzz import SEED, hostile
from tests.support.accounts import V3
from tests.support.house import PASSWORD
from tests.support.onboarding import API, KNOWN, Desk, run

_CODE = re.compile(r"\b\d{6}\b")


HOMES = {"prefecture.example.fr": "prefectures", "hopital.example.fr": "hopitaux", KNOWN: "prefectures"}


def test_no_right_is_granted_on_another_address(tmp_path: Path) -> None:
    """Hostile addresses through the service: each right is that of the address its mail went to, or nothing is sent."""

    async def story(desk: Desk) -> None:
        chance, signed_up, asked = random.Random(SEED), 0, 0
        for number in range(200):
            text = hostile(chance).replace("presidence", "hopital").replace("interieur.gouv.fr", KNOWN)
            text = text.replace("jean.martin", f"jean.martin.{number}").replace("contact_sg", f"contact_{number}")
            text = text.encode("utf-8", "replace").decode()
            signed_up += await _try_to_sign_up(desk, text, f"s{number}")
            asked += await _try_to_open(desk, text, f"o{number}")
        assert signed_up >= 5, "too few lawful addresses to say anything"
        assert asked >= 5, "too few lawful addresses to say anything"

    run(tmp_path, story)


async def _try_to_sign_up(desk: Desk, text: str, secret: str) -> bool:
    """Whether an account came of it, in the home of the address that received the code."""
    path, world = f"{V3}/register/email/requestToken", desk.house.world
    mail, sid = await _ask(desk, path, text, secret)
    if mail is None or (code := _CODE.search(mail.text)) is None:
        return False
    assert await submit_code(world, sid, secret, code[0])
    proven = await find_proven(world, sid, secret, "register")
    assert proven == mail.recipient
    assert proven is not None
    user_id = await register_by_email(world, proven, PASSWORD, ("", None))
    assert HOMES[proven.rpartition("@")[2]] in user_id.partition(":")[2]
    return True


async def _try_to_open(desk: Desk, text: str, secret: str) -> bool:
    """Whether a request came of it, for the domain of the address that received the code."""
    mail, sid = await _ask(desk, f"{API}/code", text, secret)
    if mail is None or (code := _CODE.search(mail.text)) is None:
        return False
    begun = await desk.house.call("POST", API, {"sid": sid, "client_secret": secret, "code": code[0]})
    assert begun.status in (200, 429), begun
    if begun.status == 200:
        assert begun.body["domain"] == mail.recipient.rpartition("@")[2]
        assert begun.body["requester"] == mail.recipient
    return begun.status == 200


async def _ask(desk: Desk, path: str, text: str, secret: str) -> tuple[OutgoingMail | None, str]:
    """The one mail that a request for a code made leave, if it was granted; nothing leaves where it was refused."""
    store = desk.house.world.store
    before = {each.mail_id for each in await store.read(find_in_mailbox, None)}
    reply = await desk.house.call("POST", path, {"email": text, "client_secret": secret, "send_attempt": 1})
    fresh = [each.mail for each in await store.read(find_in_mailbox, None) if each.mail_id not in before]
    if reply.status != 200:
        assert (reply.status in (400, 403), fresh) == (True, []), (text, reply)
        return None, ""
    (mail,) = fresh
    assert mail.recipient == text.lower()
    return mail, reply.body["sid"]
