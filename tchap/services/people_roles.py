"""Where people work and what they do: told by their identity provider or by a file, never by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tchap.base import limits
from tchap.policy.people_files import Fault, Role, parse_roles
from tchap.services.directory_listing import FUNCTION, UNIT, list_people
from tchap.storage import accounts, profiles
from tchap.storage.database import Store, Tx
from tchap.storage.profiles import Profile


@dataclass(slots=True)
class Report:
    """What became of a file: lines that changed or confirmed somebody, lines of nobody here, lines that say nothing."""

    known: int = 0
    unknown: list[Role] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


async def import_roles(store: Store, lines: Iterable[str]) -> Report:
    """Gives people the units and functions of a file (`policy/people_files`), batch by batch.

    What was written stays where a later line fails; the same file can be read again.
    """
    report, batch = Report(), list[Role]()
    for read in parse_roles(lines):
        if isinstance(read, Fault):
            report.faults.append(read)
            continue
        batch.append(read)
        if len(batch) == limits.DIRECTORY_BATCH:
            await _import_batch(store, batch, report)
            batch = []
    await _import_batch(store, batch, report)
    return report


async def _import_batch(store: Store, batch: Sequence[Role], report: Report) -> None:
    unknown = await store.write(_set_roles_of, batch)
    report.unknown += unknown
    report.known += len(batch) - len(unknown)


async def _set_roles_of(tx: Tx, roles: Sequence[Role]) -> list[Role]:
    """Those whose address is nobody's."""
    owners = await accounts.find_owners(tx, [role.email for role in roles])
    said = {owners[role.email]: (role.unit, role.function) for role in roles if role.email in owners}
    await set_roles(tx, said)
    return [role for role in roles if role.email not in owners]


async def set_roles(tx: Tx, said: dict[str, tuple[str | None, str | None]]) -> None:
    """`(unit, function)` by user id, where None leaves what is known and an empty text takes it away."""
    known = await profiles.find_profiles(tx, list(said))
    changed = [_with_role(profile, *said[user_id]) for user_id, profile in known.items()]
    changed = [profile for profile in changed if profile != known[profile.user_id]]
    if changed:
        await profiles.set_fields(tx, changed)
        await list_people(tx, [profile.user_id for profile in changed])


def _with_role(profile: Profile, unit: str | None, function: str | None) -> Profile:
    fields = dict(profile.fields)
    for key, text in ((UNIT, unit), (FUNCTION, function)):
        if text:
            fields[key] = text
        elif text is not None:
            fields.pop(key, None)
    return replace(profile, fields=fields)
