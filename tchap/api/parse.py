"""Readers of untyped JSON at the door: each gives a value of one type or raises the specification's error."""

from typing import Any

from tchap.base.errors import BadJson, InvalidParam, MissingParam

_WORDS = {str: "a string", int: "an integer", bool: "a boolean", list: "an array", dict: "an object"}


def _wrong(name: str, kind: type) -> BadJson:
    return BadJson(f"The field '{name}' must be {_WORDS[kind]}.", f"Le champ « {name} » n'a pas le bon type.")


def maybe_str(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(name, str)
    if value is not None:
        _check_text(name, value)
    return value


def _check_text(name: str, value: str) -> None:
    """PostgreSQL keeps no text with a NUL; content that may hold one is kept as JSON, and not read here."""
    if "\0" in value:
        raise InvalidParam(f"The field '{name}' holds a NUL character.", f"Le champ « {name} » contient un NUL.")


def need_str(body: dict[str, Any], name: str) -> str:
    value = maybe_str(body, name)
    if value is None:
        raise MissingParam(name)
    return value


def maybe_int(body: dict[str, Any], name: str, low: int | None = None, high: int | None = None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, int)
    if (low is not None and value < low) or (high is not None and value > high):
        raise BadJson(f"The field '{name}' is out of range.", f"Le champ « {name} » est hors limites.")
    return value


def need_int(body: dict[str, Any], name: str, low: int | None = None, high: int | None = None) -> int:
    value = maybe_int(body, name, low, high)
    if value is None:
        raise MissingParam(name)
    return value


def maybe_bool(body: dict[str, Any], name: str, default: bool = False) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _wrong(name, bool)
    return value


def maybe_flag(body: dict[str, Any], name: str) -> bool | None:
    """A boolean, None when absent: what is not said stays as it is."""
    return None if body.get(name) is None else maybe_bool(body, name)


def need_bool(body: dict[str, Any], name: str) -> bool:
    if body.get(name) is None:
        raise MissingParam(name)
    return maybe_bool(body, name)


def maybe_list(body: dict[str, Any], name: str) -> list[Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise _wrong(name, list)
    return value


def maybe_strs(body: dict[str, Any], name: str) -> list[str]:
    """A list of strings, empty when absent."""
    values = maybe_list(body, name) or []
    if not all(isinstance(value, str) for value in values):
        raise BadJson(f"The field '{name}' must be an array of strings.", f"Le champ « {name} » n'a pas le bon type.")
    for value in values:
        _check_text(name, value)
    return values


def maybe_dict(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise _wrong(name, dict)
    return value


def need_dict(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = maybe_dict(body, name)
    if value is None:
        raise MissingParam(name)
    return value
