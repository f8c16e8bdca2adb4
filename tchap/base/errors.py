"""The caller's errors: what a request can be refused with, in the words of the specification.

The status that goes with each ``errcode`` is decided in ``api/errors.py`` alone
(client-server API, "Standard error response").
"""

from typing import Any


class MatrixError(Exception):
    """A refusal the caller must hear: an ``errcode``, a sentence in English and in French, further JSON fields."""

    def __init__(self, errcode: str, en: str, fr: str | None = None, **extra: Any) -> None:
        super().__init__(errcode, en)
        self.errcode = errcode
        self.en = en
        self.fr = fr or en
        self.status_hint: int | None = extra.pop("status_hint", None)
        self.extra: dict[str, Any] = extra


class Forbidden(MatrixError):
    """``M_FORBIDDEN``: the caller may not do this."""

    def __init__(self, en: str, fr: str | None = None, **extra: Any) -> None:
        super().__init__("M_FORBIDDEN", en, fr, **extra)


class NotFound(MatrixError):
    """``M_NOT_FOUND``: there is no such thing, or the caller may not know of it."""

    def __init__(self, en: str, fr: str | None = None, **extra: Any) -> None:
        super().__init__("M_NOT_FOUND", en, fr, **extra)


class BadJson(MatrixError):
    """``M_BAD_JSON``: JSON, but not of the shape asked for."""

    def __init__(self, en: str, fr: str | None = None, **extra: Any) -> None:
        super().__init__("M_BAD_JSON", en, fr, **extra)


class MissingParam(MatrixError):
    """``M_MISSING_PARAM``: a required field is not there."""

    def __init__(self, name: str) -> None:
        super().__init__("M_MISSING_PARAM", f"The field '{name}' is missing.", f"Il manque le champ « {name} ».")


class InvalidParam(MatrixError):
    """``M_INVALID_PARAM``: a field has a value that cannot be used."""

    def __init__(self, en: str, fr: str | None = None, **extra: Any) -> None:
        super().__init__("M_INVALID_PARAM", en, fr, **extra)


class LimitExceeded(MatrixError):
    """``M_LIMIT_EXCEEDED``: too many requests; ``retry_after_ms`` says when to try again."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(
            "M_LIMIT_EXCEEDED",
            "Too many requests: please wait a moment.",
            "Trop de demandes : merci de patienter un instant.",
            retry_after_ms=retry_after_ms,
        )
        self.retry_after_ms = retry_after_ms


class InteractiveAuthNeeded(Exception):
    """User-interactive authentication must go on: ``body`` is the 401 answer, flows, params and session."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__("user-interactive authentication needed")
        self.body = body
