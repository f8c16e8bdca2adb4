"""Files that operators give to the command line."""

from pathlib import Path

from tchap.base import limits
from tchap.base.errors import InvalidParam


def read_text(path: Path) -> str:
    """The whole of a file in UTF-8, without its mark; M_INVALID_PARAM for another encoding, or a file too large."""
    if path.stat().st_size > limits.MAX_IMPORT_BYTES:
        raise InvalidParam(f"{path} is too large: {limits.MAX_IMPORT_BYTES // 1024**2} MB at most.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_in_utf8(path) from error


def not_in_utf8(path: Path) -> InvalidParam:
    return InvalidParam(f"{path} is not in UTF-8: save it as 'CSV UTF-8'.")
