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
        # Applications refresh every few minutes, and each refresh ends a token: its owner's are found without a search.
        self._of_user: dict[str, set[bytes]] = {}
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
        self._of_user.setdefault(requester.user_id, set()).add(token_hash)
        if len(self._by_hash) > limits.MAX_CACHED_TOKENS:
            self._drop(next(iter(self._by_hash)))

    def forget_user(self, user_id: str, device_id: str | None = None) -> None:
        """Drops every token of the user, or of one device."""
        self.epoch += 1
        for token_hash in tuple(self._of_user.get(user_id, ())):
            if device_id in (None, self._by_hash[token_hash][0].device_id):
                self._drop(token_hash)

    def forget_all(self) -> None:
        """Drops every token: something that is remembered with all of them has changed."""
        self.epoch += 1
        self._by_hash.clear()
        self._of_user.clear()

    def _drop(self, token_hash: bytes) -> None:
        requester, _ = self._by_hash.pop(token_hash)
        hashes = self._of_user[requester.user_id]
        hashes.discard(token_hash)
        if not hashes:
            del self._of_user[requester.user_id]
