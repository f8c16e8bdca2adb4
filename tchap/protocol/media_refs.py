"""Which files an event speaks of. Source: client-server API, "Matrix Content (`mxc://`) URIs", `m.room.message`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tchap.protocol.identifiers import MediaUri, parse_mxc

_MEMBER, _STICKER = "m.room.member", "m.sticker"


def find_media_refs(kind: str, state_key: str | None, content: Mapping[str, Any]) -> tuple[MediaUri, ...]:
    """The files that live as long as the event does.

    Of a message: what it was sent with. Of state: everything it names, a picture of the room for instance. A sticker
    belongs to its collection, and the picture of a member to their profile.
    """
    if kind in (_MEMBER, _STICKER):
        return ()
    texts = _of_message(content) if state_key is None else _anywhere(content)
    found = (_parse(text) for text in texts)
    return tuple(dict.fromkeys(ref for ref in found if ref is not None))


def _of_message(content: Mapping[str, Any]) -> Iterator[object]:
    yield content.get("url")
    for name, key in (("file", "url"), ("info", "thumbnail_url")):
        part = content.get(name)
        if isinstance(part, dict):
            yield part.get(key)
            sealed = part.get("thumbnail_file")
            if isinstance(sealed, dict):
                yield sealed.get("url")
    newer = content.get("m.new_content")
    if isinstance(newer, dict):
        yield from _of_message({key: value for key, value in newer.items() if key != "m.new_content"})


def _anywhere(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _anywhere(each)
    elif isinstance(value, list):
        for each in value:
            yield from _anywhere(each)
    else:
        yield value


def _parse(text: object) -> MediaUri | None:
    if not isinstance(text, str) or not text.startswith("mxc://"):
        return None
    try:
        return parse_mxc(text)
    except ValueError:
        return None
