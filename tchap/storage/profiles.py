"""Profiles: display name, avatar and the free fields of 1.16."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tchap.base.encoding import decode_json, encode_json
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Profile:
    """`fields` holds everything but the display name and the avatar."""

    user_id: str
    display_name: str | None = None
    avatar_url: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


_COLUMNS = "user_id, display_name, avatar_url, fields"


async def find_profile(tx: Tx, user_id: str) -> Profile | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM profiles WHERE user_id = $1", user_id)
    return None if row is None else _profile(row)


async def find_profiles(tx: Tx, user_ids: Sequence[str]) -> dict[str, Profile]:
    """The profiles that exist, by user id."""
    rows = await tx.all(f"SELECT {_COLUMNS} FROM profiles WHERE user_id IN_LIST($1)", user_ids)
    return {row[0]: _profile(row) for row in rows}


async def set_profile(tx: Tx, profile: Profile) -> None:
    await tx.run(
        "INSERT INTO profiles (user_id, display_name, avatar_url, fields) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name,"
        " avatar_url = excluded.avatar_url, fields = excluded.fields",
        profile.user_id,
        profile.display_name,
        profile.avatar_url,
        encode_json(profile.fields),
    )


async def set_fields(tx: Tx, changed: Sequence[Profile]) -> None:
    """Keeps the free fields of these profiles."""
    rows = [(encode_json(profile.fields), profile.user_id) for profile in changed]
    await tx.many("UPDATE profiles SET fields = $1 WHERE user_id = $2", sorted(rows, key=lambda row: row[1]))


async def remove_profile(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM profiles WHERE user_id = $1", user_id)


def _profile(row: Row) -> Profile:
    return Profile(row[0], row[1], row[2], cast(dict[str, Any], decode_json(row[3])))
