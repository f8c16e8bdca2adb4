"""Which files go with an event."""

from typing import Any

import pytest

from tchap.protocol.media_refs import find_media_refs

A, B, C = (f"mxc://un.example.fr/{name}" for name in "abc")
SEALED = {"url": A, "key": {}, "iv": "…"}


@pytest.mark.parametrize(
    ("kind", "state_key", "content", "ids"),
    [
        ("m.room.message", None, {"msgtype": "m.text", "body": A}, ""),
        ("m.room.message", None, {"msgtype": "m.file", "url": A}, "a"),
        ("m.room.message", None, {"msgtype": "m.image", "url": A, "info": {"thumbnail_url": B}}, "ab"),
        ("m.room.message", None, {"file": SEALED, "info": {"thumbnail_file": {"url": B}}}, "ab"),
        ("m.room.message", None, {"url": A, "m.new_content": {"url": B, "info": {"thumbnail_url": C}}}, "abc"),
        ("m.room.message", None, {"url": A, "info": {"thumbnail_url": A}}, "a"),
        ("m.room.message", None, {"url": "https://un.example.fr/a", "info": [], "file": 3}, ""),
        ("m.room.message", None, {"url": "mxc://un.example.fr/../a"}, ""),
        ("m.room.message", None, {"m.new_content": {"m.new_content": {"url": A}}}, ""),
        ("m.sticker", None, {"url": A}, ""),
        ("m.room.member", "@a:un.example.fr", {"avatar_url": A}, ""),
        ("m.room.avatar", "", {"url": A, "info": {"thumbnail_url": B}}, "ab"),
        ("im.ponies.room_emotes", "x", {"images": {"oui": {"url": A}, "non": {"url": B}}, "list": [C]}, "abc"),
        ("m.room.encrypted", None, {"ciphertext": "…"}, ""),
    ],
)
def test_the_files_of_an_event(kind: str, state_key: str | None, content: dict[str, Any], ids: str) -> None:
    """Those a message was sent with, and all that state names; not those of members, stickers or plain words."""
    assert "".join(each.media_id for each in find_media_refs(kind, state_key, content)) == ids
