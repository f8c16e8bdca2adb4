"""The statements of accounts mean the same on both engines: one long story through every table."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.storage import mail_outbox
from tchap.storage.mail_outbox import OutgoingMail
from tests.support.accounts import SECRET, V3, password_login, person, prove_email, sign_in
from tests.support.house import open_house

pytestmark = pytest.mark.anyio

JEAN = "jean.martin@prefecture.example.fr"
NEW = "Nouveau-mot-2026"


async def test_the_life_of_an_account(store_url: str, tmp_path: Path) -> None:
    """An agent registers, signs in, refreshes, is found, names a device, changes the password and leaves."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        jean = await person(house, JEAN)
        laptop = await house.ask("POST", f"{V3}/login", password_login(jean.user_id, refresh_token=True))
        for _ in range(2):
            fresh = await house.ask("POST", f"{V3}/refresh", {"refresh_token": laptop["refresh_token"]})
        await house.ask("GET", f"{V3}/account/whoami", token=fresh["access_token"])
        reused = await house.call("POST", f"{V3}/refresh", {"refresh_token": laptop["refresh_token"]})
        assert reused.status == 401
        found = await house.ask("POST", f"{V3}/user_directory/search", {"search_term": "màrtin"}, jean.token)
        assert [person["user_id"] for person in found["results"]] == [jean.user_id]
        mine = f"{V3}/profile/{quote(jean.user_id)}"
        await house.ask("PUT", f"{mine}/m.tz", {"m.tz": "Europe/Paris"}, jean.token)
        assert await house.ask("GET", f"{mine}/m.tz", token=jean.token) == {"m.tz": "Europe/Paris"}
        await house.ask("PUT", f"{V3}/devices/{jean.device_id}", {"display_name": "Poste"}, jean.token)
        proof = await prove_email(house, JEAN, "account/password")
        stage = {"type": "m.login.email.identity", "threepid_creds": proof}
        await house.ask("POST", f"{V3}/account/password", {"new_password": NEW, "auth": stage})
        again = await sign_in(house, jean.user_id, password=NEW)
        auth = password_login(jean.user_id, password=NEW)
        given = await house.ask("POST", "/_matrix/client/v1/login/get_token", {"auth": auth}, again.token)
        await house.ask("POST", f"{V3}/login", {"type": "m.login.token", "token": given["login_token"]})
        await house.ask("POST", f"{V3}/account/deactivate", {"erase": True, "auth": auth}, again.token)
        assert (await house.call("GET", f"{V3}/account/whoami", token=again.token)).status == 401


async def test_codes_and_invitations(store_url: str, tmp_path: Path) -> None:
    """A repeated request keeps its sid, wrong codes are counted, and an invitation admits a guest until it ends."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
        path = f"{V3}/register/email/requestToken"
        first = await house.ask("POST", path, wanted)
        assert await house.ask("POST", path, {**wanted, "send_attempt": 2}) == first
        wrong = {"sid": first["sid"], "client_secret": SECRET, "token": "no"}
        assert await house.ask("POST", first["submit_url"], wrong) == {"success": False}
        guest = {**wanted, "email": "guest@partner.example"}
        assert (await house.call("POST", path, guest)).status == 403
        jean = await person(house, JEAN)
        rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
        invitation = [{"medium": "email", "address": "guest@partner.example"}]
        await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule], "invite_3pid": invitation}, jean.token)
        await house.ask("POST", path, guest)
        house.clock.move(31 * 24 * 3600)
        assert (await house.call("POST", path, {**guest, "send_attempt": 2})).status == 403


async def test_the_outbox_and_the_mailbox(store_url: str, tmp_path: Path) -> None:
    """Mail waits in order until it is taken out, and the mailbox shows one recipient or all, the newest first."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        store = house.world.store
        for name in ("a", "b"):
            mail = OutgoingMail(f"{name}@x.example.fr", name, "text", "html")
            await store.write(mail_outbox.add_mail, mail, 1)
            await store.write(mail_outbox.add_to_mailbox, mail, 1)
        due = await store.read(mail_outbox.find_due, 1)
        assert [queued.mail.subject for queued in due] == ["a", "b"]
        await store.write(mail_outbox.set_next_attempt, due[0].mail_id, 1, 50)
        await store.write(mail_outbox.remove_mail, due[1].mail_id)
        assert await store.read(mail_outbox.find_due, 49) == []
        assert [queued.attempts for queued in await store.read(mail_outbox.find_due, 50)] == [1]
        shown = await store.read(mail_outbox.find_in_mailbox, None)
        assert [queued.mail.subject for queued in shown] == ["b", "a"]
        only = await store.read(mail_outbox.find_in_mailbox, "a@x.example.fr")
        assert [queued.mail.subject for queued in only] == ["a"]


async def test_no_text_with_a_nul_reaches_the_database(store_url: str, tmp_path: Path) -> None:
    """A NUL, which PostgreSQL cannot keep in a text, is the caller's mistake wherever it stands."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        jean = await person(house, JEAN)
        nul = "a\0b"
        proof = {"sid": nul, "client_secret": SECRET, "token": "x"}
        for method, path, body in (
            ("GET", f"{V3}/devices/%00", None),
            ("GET", "/_matrix/identity/api/v1/info?address=%00", None),
            ("PUT", f"{V3}/devices/{jean.device_id}", {"display_name": nul}),
            ("PUT", f"{V3}/profile/{quote(jean.user_id)}/avatar_url", {"avatar_url": nul}),
            ("POST", f"{V3}/login", password_login(nul)),
            ("POST", f"{V3}/login", password_login(jean.user_id, device_id=nul)),
            ("POST", "/_matrix/identity/v2/validate/email/submitToken", proof),
        ):
            reply = await house.call(method, path, body, jean.token)
            assert reply.status == 400, path
