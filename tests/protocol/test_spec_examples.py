"""The specification's own example events, where a copy of it is beside the project or where ``MATRIX_SPEC`` says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tchap.protocol.events import EventFields, build_event, client_format, event_id_of, parse_pdu, redact
from tchap.protocol.filters import parse_filter
from tchap.protocol.push_rules import KINDS, Rule, default_rules, rule_json
from tchap.protocol.room_versions import ROOM_VERSIONS
from tests.fuzz.specification import find_specification

SPEC = find_specification() or Path("/nowhere")
EXAMPLES = sorted((SPEC / "data" / "event-schemas" / "examples").glob("m.room*.yaml"))
LAW = ROOM_VERSIONS["11"]

pytestmark = pytest.mark.skipif(not EXAMPLES, reason="no copy of the specification at hand")


def read(path: Path) -> dict[str, Any]:
    """An example with what it refers to."""
    found = yaml.safe_load(path.read_text())
    base = read(path.parent / found.pop("$ref")) if "$ref" in found else {}
    return {**base, **found}


ROOM_EVENTS = [path for path in EXAMPLES if "room_id" in read(path)]


@pytest.mark.parametrize("path", ROOM_EVENTS, ids=lambda path: path.stem)
def test_example_events(path: Path) -> None:
    """Each example room event can be built, sent, read, redacted and shown as written."""
    example = read(path)
    fields = EventFields(
        room_id=example["room_id"],
        type=example["type"],
        sender=example["sender"],
        content=example["content"],
        origin_server_ts=example["origin_server_ts"],
        depth=1,
        state_key=example.get("state_key"),
    )
    built = build_event(LAW, fields)
    event = parse_pdu(LAW, {**built.pdu, "signatures": {}})
    shown = client_format(event)
    assert event.event_id == built.event.event_id == event_id_of(LAW, redact(LAW, built.pdu))
    assert {key: shown[key] for key in ("type", "sender", "room_id")} == {
        key: example[key] for key in ("type", "sender", "room_id")
    }
    assert shown["content"].items() >= example["content"].items()


def test_example_push_rules() -> None:
    """Our predefined rules are those of the example, where it shows them."""
    example = read(SPEC / "data" / "event-schemas" / "examples" / "m.push_rules.yaml")["content"]["global"]
    ours = default_rules("@user:example.org")
    for kind in KINDS:
        mine: dict[str, Rule] = {rule.rule_id: rule for rule in ours.of_kind(kind)}
        for theirs in example.get(kind, []):
            if theirs["rule_id"] in mine:
                assert set(theirs) <= set(rule_json(kind, mine[theirs["rule_id"]]))


def test_example_filter() -> None:
    """The example of a filter in the API's description is lawful."""
    text = (SPEC / "data" / "api" / "client-server" / "filter.yaml").read_text()
    post = yaml.safe_load(text)["paths"]["/user/{userId}/filter"]["post"]
    schema = post["requestBody"]["content"]["application/json"]
    assert parse_filter(schema.get("example") or schema["schema"]["example"])
