"""Chance, given through World so that tests can choose it."""

from __future__ import annotations

import secrets
import string


class Entropy:
    """The operating system's randomness; tests give a subclass that repeats itself."""

    def token(self, nbytes: int = 32) -> str:
        """A secret of `nbytes` random bytes as URL-safe base64 without padding (32 bytes: 43 letters)."""
        return secrets.token_urlsafe(nbytes)

    def letters(self, count: int) -> str:
        """`count` random ASCII letters, about 5.7 bits each: identifiers that people may see."""
        return "".join(secrets.choice(string.ascii_letters) for _ in range(count))

    def spell(self, alphabet: str, count: int) -> str:
        """`count` random letters of this alphabet: a code that people copy from one screen to another."""
        return "".join(secrets.choice(alphabet) for _ in range(count))

    def code(self, count: int) -> str:
        """`count` random digits: a code sent by mail."""
        return "".join(secrets.choice(string.digits) for _ in range(count))
