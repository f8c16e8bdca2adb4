"""The one route table: every module of the API, concatenated."""

from tchap.api.admin import register as admin_register
from tchap.api.client import (
    account,
    aliases,
    auth_fallback,
    capabilities,
    cross_signing,
    devices,
    key_backup,
    keys,
    login,
    media,
    memberships,
    messages,
    passwords,
    profiles,
    public_rooms,
    register,
    rooms,
    state,
    to_device,
    tokens,
    user_directory,
    versions,
    voip,
)
from tchap.api.client import account_data as personal_data
from tchap.api.client import (
    filters,
    notifications,
    presence,
    push_rules,
    pushers,
    read_markers,
    receipts,
    sync,
    tags,
    typing,
)
from tchap.api.identity import info
from tchap.api.public import email_link, health, mailbox, server_keys, terms, well_known
from tchap.api.routing import Route

_ACCOUNTS: tuple[Route, ...] = (
    *register.ROUTES,
    *login.ROUTES,
    *tokens.ROUTES,
    *passwords.ROUTES,
    *account.ROUTES,
    *devices.ROUTES,
    *profiles.ROUTES,
    *user_directory.ROUTES,
    *auth_fallback.ROUTES,
    *admin_register.ROUTES,
)
_KEYS: tuple[Route, ...] = (
    *keys.ROUTES,
    *cross_signing.ROUTES,
    *key_backup.ROUTES,
    *to_device.ROUTES,
    *media.ROUTES,
    *voip.ROUTES,
)
_ROOMS: tuple[Route, ...] = (
    *rooms.ROUTES,
    *memberships.ROUTES,
    *aliases.ROUTES,
    *public_rooms.ROUTES,
_SYNC: tuple[Route, ...] = (
    *sync.ROUTES,
    *filters.ROUTES,
    *receipts.ROUTES,
    *read_markers.ROUTES,
    *typing.ROUTES,
    *personal_data.ROUTES,
    *tags.ROUTES,
    *push_rules.ROUTES,
    *pushers.ROUTES,
    *notifications.ROUTES,
    *presence.ROUTES,
    *messages.ROUTES,
    *state.ROUTES,
)
_PUBLIC: tuple[Route, ...] = (
    *health.ROUTES,
    *versions.ROUTES,
    *capabilities.ROUTES,
    *info.ROUTES,
    *well_known.ROUTES,
    *server_keys.ROUTES,
    *mailbox.ROUTES,
    *email_link.ROUTES,
    *terms.ROUTES,
)

ROUTES: tuple[Route, ...] = (*_PUBLIC, *_ACCOUNTS, *_ROOMS, *_KEYS)
ROUTES: tuple[Route, ...] = (*_PUBLIC, *_ACCOUNTS, *_KEYS, *_SYNC)
