"""Web Push: browsers are notified without any gateway, and only they can read what they are told (MSC4174)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from tchap.base import limits
from tchap.gateways.web_push import MAX_TEXT_BYTES, Subscription, encrypt, parse_subscription, parse_url_base64
from tests.api.test_push_delivery import later, ledger, outcomes, two_in_a_room, work
from tests.support.gateway import Browser, Gateway, open_gateway
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import Reply

KIND = "org.matrix.msc4174.webpush"
APP = "org.example.web"
ACK = "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack"


@pytest.fixture
def service() -> Iterator[Gateway]:
    with open_gateway() as opened:
        opened.good = 201
        yield opened


def wish(service: Gateway, browser: Browser, **data: Any) -> dict[str, Any]:
    auth = "MDEyMzQ1Njc4OWFiY2RlZg"
    return {
        "kind": KIND,
        "app_id": APP,
        "pushkey": browser.p256dh,
        "app_display_name": "Exemple",
        "device_display_name": "Navigateur",
        "lang": "fr",
        "data": {"url": f"{service.url}/push/abc", "auth": auth, **data},
    }


async def subscribe(who: Resident, service: Gateway, browser: Browser, **data: Any) -> None:
    """Registers and activates the browser's subscription."""
    asked = await who.call("POST", "/pushers/set", wish(service, browser, **data))
    assert (asked.status, asked.body) == (201, {})
    await work(who.hall)
    told = json.loads(browser.read(service.pushed.pop().body))
    assert set(told) == {"app_id", "ack_token"}
    assert (await acknowledge(who, told["ack_token"])).status == 200


async def acknowledge(who: Resident, token: str, app_id: str = APP) -> Reply:
    return await who.hall.house.call("POST", ACK, {"app_id": app_id, "ack_token": token}, who.token)


async def activated(who: Resident) -> list[bool]:
    return [each["data"]["activated"] for each in (await who.ask("GET", "/pushers"))["pushers"]]


def test_the_encryption_is_that_of_the_rfc() -> None:
    """The example of RFC 8291, section 5 and appendix A, comes out byte for byte."""
    text = b"When I grow up, I want to be a watermelon"
    private = int.from_bytes(parse_url_base64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    to = parse_subscription(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    sealed = encrypt(
        text, to, ec.derive_private_key(private, ec.SECP256R1()), parse_url_base64("DGv6ra1nlYgDCS1FRnbzlw")
    )
    assert sealed == parse_url_base64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_longest_text_makes_the_longest_message() -> None:
    """No message is longer than what every push service must take."""
    browser = Browser.fresh()
    sealed = encrypt(
        b"x" * MAX_TEXT_BYTES, Subscription(browser.point, browser.auth), Browser.fresh().key, b"0123456789abcdef"
    )
    assert len(sealed) == limits.WEB_PUSH_MAX_BYTES
    assert browser.read(sealed) == b"x" * MAX_TEXT_BYTES


@pytest.mark.anyio
async def test_a_browser_is_told_what_only_it_can_read(hall: Hall, service: Gateway) -> None:
    """The push service gets an encrypted body, a time to live and a token signed for it by the key we publish."""
    alice, bob, room_id = await two_in_a_room(hall, name="Cellule")
    browser = Browser.fresh()
    await subscribe(bob, service, browser, default_payload={"session": "s1"})
    event_id = await alice.send(room_id, "Bonjour")
    await work(hall)
    (told,) = service.pushed
    shown = json.loads(browser.read(told.body))
    assert shown == {
        "session": "s1",
        "event_id": event_id,
        "room_id": room_id,
        "prio": "high",
        "type": "m.room.message",
        "sender": alice.user_id,
        "sender_display_name": "alice",
        "room_name": "Cellule",
        "content": {"msgtype": "m.text", "body": "Bonjour"},
        "unread": 1,
    }
    assert told.path == "/push/abc"
    assert (told.headers["content-encoding"], told.headers["urgency"]) == ("aes128gcm", "high")
    assert int(told.headers["ttl"]) == limits.WEB_PUSH_TTL_S
    capability = (await bob.ask("GET", "/capabilities"))["capabilities"][KIND]
    assert capability["enabled"] is True
    check_vapid(told.headers["authorization"], capability["vapid"], service.url, hall)


def check_vapid(header: str, public_key: str, audience: str, hall: Hall) -> None:
    scheme, _, rest = header.partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, fields["k"]) == ("vapid", public_key)
    point = parse_url_base64(public_key)
    number = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    from cryptography.hazmat.primitives import serialization

    pem = number.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    token = jwt.decode(fields["t"], ECKey.import_key(pem), algorithms=["ES256"])
    assert token.claims["aud"] == audience
    assert token.claims["sub"].startswith("mailto:")
    left_s = token.claims["exp"] - hall.house.clock.now_ms() // 1000
    assert 0 < left_s <= 24 * 3600


@pytest.mark.anyio
async def test_the_key_of_the_server_outlives_it(tmp_path: Path) -> None:
    """Browsers subscribe to the server's key: it is the same after a restart."""
    keys = []
    for _ in range(2):
        async with open_hall(tmp_path) as hall:
            keys.append(hall.house.world.push_keys.vapid.public_key)
    assert keys[0] == keys[1]
    assert len(parse_url_base64(keys[0])) == 65


@pytest.mark.anyio
async def test_nothing_is_pushed_before_the_client_gave_the_token_back(hall: Hall, service: Gateway) -> None:
    """A subscription is silent until it is activated; wrong, late and unknown tokens are refused."""
    alice, bob, room_id = await two_in_a_room(hall)
    browser = Browser.fresh()
    assert (await acknowledge(bob, "x")).body["errcode"] == "M_NOT_FOUND"
    await bob.call("POST", "/pushers/set", wish(service, browser))
    await alice.send(room_id, "trop tôt")
    await work(hall)
    (told,) = service.pushed
    token = json.loads(browser.read(told.body))["ack_token"]
    wrong = await acknowledge(bob, "another")
    assert (wrong.status, wrong.body["errcode"]) == (400, "M_UNKNOWN_ACTIVATION_TOKEN")
    hall.house.clock.move(limits.PUSH_ACK_MS / 1000 + 1)
    late = await acknowledge(bob, token)
    assert (late.status, late.body["errcode"]) == (410, "M_EXPIRED_ACTIVATION_TOKEN")
    assert await activated(bob) == [False]
    service.pushed.clear()
    await subscribe(bob, service, browser)
    assert await activated(bob) == [True]
    again = await bob.call("POST", "/pushers/set", wish(service, browser))
    assert again.status == 200, "registered again as it was, it stays active"
    moved = await bob.call("POST", "/pushers/set", wish(service, browser, auth="ZmVkY2JhOTg3NjU0MzIxMA"))
    assert moved.status == 201
    assert await activated(bob) == [False]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [404, 410])
async def test_an_ended_subscription_ends_its_pusher(hall: Hall, service: Gateway, status: int) -> None:
    """A push service that knows the subscription no more is not called again."""
    alice, bob, room_id = await two_in_a_room(hall)
    await subscribe(bob, service, Browser.fresh())
    service.statuses = [status]
    await alice.send(room_id, "un")
    await work(hall)
    await alice.send(room_id, "deux")
    await work(hall)
    assert len(service.pushed) == 1
    assert (await bob.ask("GET", "/pushers"))["pushers"] == []
    assert (await outcomes(bob))[0] == "rejected"


@pytest.mark.anyio
async def test_a_push_service_in_trouble_is_tried_when_it_says(hall: Hall, service: Gateway) -> None:
    """429 and 5xx are retried, after the time they name; 413 is not."""
    alice, bob, room_id = await two_in_a_room(hall)
    await subscribe(bob, service, Browser.fresh())
    service.statuses, service.headers = [429, 503], {"Retry-After": "30"}
    await alice.send(room_id, "un")
    await work(hall)
    await later(hall, 20)
    assert len(service.pushed) == 1
    await later(hall, 11)
    await later(hall, 31)
    assert len(service.pushed) == 3
    service.statuses = [413]
    await alice.send(room_id, "deux")
    await work(hall)
    await later(hall, 60)
    assert len(service.pushed) == 4
    deliveries = (await ledger(bob))["deliveries"]
    assert [(each["outcome"], each["answer"]) for each in deliveries[:2]] == [("failed", "413"), ("sent", "201")]


@pytest.mark.anyio
async def test_a_long_message_is_cut_to_what_fits(hall: Hall, service: Gateway) -> None:
    """What does not fit goes, the content first; the ids always arrive."""
    alice, bob, room_id = await two_in_a_room(hall, name="Cellule")
    browser = Browser.fresh()
    await subscribe(bob, service, browser)
    event_id = await alice.send(room_id, "é" * 20_000)
    await work(hall)
    (told,) = service.pushed
    shown = json.loads(browser.read(told.body))
    assert len(told.body) <= limits.WEB_PUSH_MAX_BYTES
    assert "content" not in shown
    assert (shown["event_id"], shown["room_name"]) == (event_id, "Cellule")


@pytest.mark.anyio
async def test_a_client_may_want_events_only(hall: Hall, service: Gateway) -> None:
    """Counts alone are pushed to a browser that takes them, and not to one that wants events only."""
    alice, bob, room_id = await two_in_a_room(hall)
    one, other = Browser.fresh(), Browser.fresh()
    await subscribe(bob, service, one, events_only=True)
    await subscribe(bob, service, other)
    event_id = await alice.send(room_id, "un")
    await work(hall)
    service.pushed.clear()
    await bob.read(room_id, event_id)
    await later(hall, 2)
    (told,) = service.pushed
    assert json.loads(other.read(told.body)) == {"unread": 0}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("field", "value"),
    [("pushkey", "AAAA"), ("pushkey", "§"), ("auth", "AAAA"), ("auth", None), ("url", "ftp://x"), ("url", None)],
)
async def test_a_subscription_that_cannot_be_served_is_refused(
    hall: Hall, service: Gateway, field: str, value: str | None
) -> None:
    """A key that is no point of P-256, a secret of another length, an address that is none."""
    bob = await hall.enter("bob")
    body = wish(service, Browser.fresh())
    (body if field == "pushkey" else body["data"])[field] = value
    refused = await bob.call("POST", "/pushers/set", body)
    assert (refused.status, refused.body["errcode"]) == (400, "M_INVALID_PARAM")
