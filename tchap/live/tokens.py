"""Access tokens seen lately, by hash: the hot road asks the database nothing about who is asking."""

from collections import OrderedDict

from tchap.base import limits
from tchap.base.identity import Requester


class TokenCache:
    """Bounded, least recently used out first. A token that ends must be taken out by whoever ends it.

    ``epoch`` rises at every removal, so that a look-up that was under way while a token ended is not remembered.
    """

    def __init__(self) -> None:
        self._by_hash: OrderedDict[bytes, tuple[Requester, int | None]] = OrderedDict()
        self.epoch = 0

    def find(self, token_hash: bytes, now_ms: int) -> Requester | None:
        found = self._by_hash.get(token_hash)
        if found is None or (found[1] is not None and found[1] <= now_ms):
            return None
        self._by_hash.move_to_end(token_hash)
        return found[0]

    def remember(self, token_hash: bytes, requester: Requester, expires_ms: int | None, epoch: int) -> None:
        if epoch != self.epoch:
            return
        self._by_hash[token_hash] = (requester, expires_ms)
        if len(self._by_hash) > limits.MAX_CACHED_TOKENS:
            self._by_hash.popitem(last=False)

    def forget_user(self, user_id: str, device_id: str | None = None) -> None:
        """Drops every token of the user, or of one device."""
        self.epoch += 1
        ended = [
            token_hash
            for token_hash, (requester, _) in self._by_hash.items()
            if requester.user_id == user_id and device_id in (None, requester.device_id)
        ]
        for token_hash in ended:
            del self._by_hash[token_hash]
