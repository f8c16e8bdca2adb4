"""Cases brought closer to the truth, then bent: ids that exist, and one value that should not be there."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

_DEEP: list[Any] = []
for _ in range(60):
    _DEEP = [_DEEP]

# What a careless or a hostile client writes where something else is expected.
MISFITS: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**53, 2**63, 2**64, 10**40, 0.5, 1e300, -0.0,
    "", " ", "\x00", "a\x00b", "\n", "\u2028", "😀", "é" * 200, "x" * 300, "y" * 70_000, "..", "/", "%00", "*",
    "?" * 40, "@", "@:", "!:x", "#", "$", "@a:b", "mxc://", "mxc://a/b", "s1", "1_2_3", "-5", "1e9", "true", "null",
    [], {}, [None], [[]], [{}], [""], {"": None}, {"\x00": "\x00"}, {"auth": 1}, ["x"] * 3_000, _DEEP,
]  # fmt: skip


def put_known(case: Any, known: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
    """Names things that exist: by the parameter's name, or in the body by the first letter of an id."""
    case.path_parameters = {
        name: quote(known[name], safe="") if name in known else value for name, value in case.path_parameters.items()
    }
    case.query = {name: known.get(name, value) for name, value in case.query.items()}
    if isinstance(case.body, dict | list):
        case.body = _renamed(case.body, known, kinds)


def _renamed(value: Any, known: Mapping[str, Any], kinds: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            _renamed(name, known, kinds): known[name] if name in known else _renamed(inner, known, kinds)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, known, kinds) for inner in value]
    return kinds.get(value[:1], value) if isinstance(value, str) and ":" in value else value


@st.composite
def bent(draw: st.DrawFn, cases: st.SearchStrategy[Any]) -> Any:
    """A case with one misfit somewhere in its path, query or body; now and then none."""
    case = draw(cases)
    places = [*_places("path", case.path_parameters), *_places("query", case.query), *_places("body", case.body)]
    if places and draw(st.integers(0, 9)):
        part, *steps = draw(st.sampled_from(places))
        misfit = draw(st.sampled_from(MISFITS))
        if part == "path":
            case.path_parameters = {**case.path_parameters, steps[0]: quote(_short(misfit), safe="")}
        elif part == "query":
            case.query = {**case.query, steps[0]: _short(misfit)}
        else:
            case.body = _replaced(case.body, steps, misfit)
    return case


@st.composite
def bent_value(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with one or two misfits somewhere inside, or a key under another name; now and then as it is."""
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
        _, *steps = draw(st.sampled_from(list(_places("body", value)) or [("body",)]))
        value = _replaced(value, steps, draw(st.sampled_from(MISFITS)))
    return value


def _short(value: Any) -> str:
    return str(value)[:5_000] or "."


def _places(part: str, value: Any) -> Iterator[tuple[Any, ...]]:
    """Every value inside, as the steps that lead there."""
    if part == "body" and isinstance(value, dict | list):
        yield (part,)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inner:
        yield (part, step)
        yield from ((part, step, *more) for _, *more in _places("", child))


def _replaced(value: Any, steps: list[Any], misfit: Any) -> Any:
    if not steps:
        return misfit
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[steps[0]] = _replaced(value[steps[0]], steps[1:], misfit)
    return copy
