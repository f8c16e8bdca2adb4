"""The memory of access tokens."""

import pytest

from tchap.base import limits
from tchap.base.identity import Requester
from tchap.live.tokens import TokenCache

JEAN, ZOE = "@jean:a.example.fr", "@zoe:b.example.fr"


def remember(cache: TokenCache, token: bytes, user_id: str, device_id: str = "PHONE") -> None:
    cache.remember(token, Requester(user_id, device_id, 1, "a.example.fr"), None, cache.epoch)


def known(cache: TokenCache) -> set[bytes]:
    return {token for token in (b"1", b"2", b"3", b"4") if cache.find(token, 0) is not None}


def test_a_device_or_a_person_is_forgotten() -> None:
    """Only the tokens of that device go, or all of that person's; nobody else's."""
    cache = TokenCache()
    remember(cache, b"1", JEAN)
    remember(cache, b"2", JEAN, "LAPTOP")
    remember(cache, b"3", ZOE)
    cache.forget_user(JEAN, "LAPTOP")
    assert known(cache) == {b"1", b"3"}
    cache.forget_user(JEAN)
    cache.forget_user(JEAN)
    assert known(cache) == {b"3"}


def test_the_token_seen_longest_ago_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full, the memory drops what was used longest ago, and nothing of it stays behind."""
    monkeypatch.setattr(limits, "MAX_CACHED_TOKENS", 2)
    cache = TokenCache()
    remember(cache, b"1", JEAN)
    remember(cache, b"2", JEAN)
    assert cache.find(b"1", 0) is not None
    remember(cache, b"3", ZOE)
    assert known(cache) == {b"1", b"3"}
    cache.forget_user(JEAN)
    assert known(cache) == {b"3"}


def test_a_look_up_that_was_under_way_is_not_remembered() -> None:
    """What was read before a token ended may be that token."""
    cache = TokenCache()
    before = cache.epoch
    cache.forget_user(JEAN)
    cache.remember(b"1", Requester(JEAN, "PHONE", 1, "a.example.fr"), None, before)
    assert known(cache) == set()
