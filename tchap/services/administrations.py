"""Which administration an address, and so an agent, belongs to. The database has the last word; it is asked each time,
so that a domain opened a moment ago takes its first agent without a restart, whatever the process."""

from __future__ import annotations

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.policy.domains import Home, administration_id_of, find_home, listings_of
from tchap.policy.emails import Email, parse_email
from tchap.protocol.identifiers import server_of
from tchap.services.directory_listing import list_people
from tchap.services.world import World
from tchap.storage import administrations
from tchap.storage.administrations import Administration, Domain
from tchap.storage.database import Store, Tx


async def home_of(world: World, email: Email) -> Home | None:
    """Where the address belongs by its domain; None where no instance takes it."""
    return await world.store.read(find_home_in, email, externals_of(world.settings))


async def find_administration(world: World, email: Email) -> Administration | None:
    """Whose address it is; None for nobody's here."""
    home = await home_of(world, email)
    if home is None or home.administration_id is None:
        return None
    return await world.store.read(administrations.find_administration, home.administration_id)


def externals_of(settings: Settings) -> str | None:
    """The instance of externals, where there is one."""
    return next((instance.name for instance in settings.instances if instance.is_external), None)


async def find_home_in(tx: Tx, email: Email, externals: str | None) -> Home | None:
    """`home_of`, within a transaction."""
    return find_home(email, await administrations.find_listed(tx, listings_of(email.domain)), externals)


async def plant_administrations(store: Store, settings: Settings, clock: Clock) -> None:
    """Writes down those of the configuration file that the database does not know, and whose agents there are."""
    named = [each for each in settings.administrations if each.instance in settings.instance_names]
    wanted = [
        (
            Administration(administration_id_of(each.name), each.name, each.label, each.instance, clock.now_ms()),
            tuple(domain.lower() for domain in each.domains),
        )
        for each in named
    ]
    if await store.write(_plant, wanted):
        await _place_everybody(store, externals_of(settings))


async def _plant(tx: Tx, wanted: list[tuple[Administration, tuple[str, ...]]]) -> bool:
    """Whether a domain is new."""
    is_new = False
    for administration, domains in wanted:
        await administrations.add_administration(tx, administration)
        kept = await administrations.find_administration_named(tx, administration.name)
        owner = administration.administration_id if kept is None else kept.administration_id
        for domain in domains:
            # One that was closed or renamed since does not come back with every start.
            if await administrations.find_domain(tx, domain) is None:
                is_new |= await administrations.add_domain(tx, Domain(domain, owner, administration.created_ts))
    return is_new


async def _place_everybody(store: Store, externals: str | None) -> None:
    """Accounts made before their administration was written down are its agents."""
    after = ""
    while True:
        batch = await store.read(administrations.find_unplaced, after, limits.PLACING_BATCH)
        if not batch:
            return
        await store.write(_place, batch, externals)
        after = batch[-1][0]


async def _place(tx: Tx, batch: list[tuple[str, str]], externals: str | None) -> None:
    emails = {user_id: parse_email(address) for address, user_id in batch if server_of(user_id) != externals}
    names = {name for email in emails.values() for name in listings_of(email.domain)}
    listed = await administrations.find_listed(tx, names)
    homes = {user_id: find_home(email, listed, externals) for user_id, email in emails.items()}
    placed = [(user_id, home.administration_id) for user_id, home in homes.items() if home is not None]
    await administrations.set_administrations(tx, placed)
    await list_people(tx, [user_id for user_id, _ in placed])
