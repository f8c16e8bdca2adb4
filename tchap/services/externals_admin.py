"""Guests from outside, for those who look after an administration: whom its agents vouch for, and an end to it."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base.errors import NotFound
from tchap.base.identity import Requester
from tchap.policy.administrations import Act
from tchap.services.administration_rights import check_act
from tchap.services.administrations import externals_of
from tchap.services.externals import Ended, follow_sponsors, tell_ended
from tchap.services.world import World
from tchap.storage import audit, sponsorships
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.sponsorships import Guest


@dataclass(frozen=True, slots=True)
class Stay:
    """One agent's word for one address, in the name of an administration."""

    administration_id: str
    email: str
    sponsor: str


async def find_guests_of_administration(
    world: World, requester: Requester, administration_id: str, page: tuple[tuple[str, str], int]
) -> list[Guest]:
    """Those its agents vouch for, past ones too, in order; `page`: the (address, sponsor) after which, and how many.

    Forbidden for who does not look after it.
    """
    await check_act(world, requester, Act.SEE_GUESTS, [administration_id])
    after, limit = page
    return await world.store.read(sponsorships.find_guests_in, administration_id, after, limit)


async def end_stay_above(world: World, requester: Requester, stay: Stay) -> None:
    """Ends what an agent vouched for; that agent does not begin it again by themselves. Forbidden, NotFound."""
    await check_act(world, requester, Act.END_GUEST, [stay.administration_id])
    now_ms = world.clock.now_ms()
    done = AdminAct(requester.user_id, "end_guest", stay.sponsor, now_ms, stay.email, stay.administration_id)
    tell_ended(world, await world.store.write(_end, stay, done, externals_of(world.settings)))


async def _end(tx: Tx, stay: Stay, done: AdminAct, externals: str | None) -> Ended:
    known = await sponsorships.find_sponsorship(tx, stay.email, stay.sponsor)
    if known is None or known.administration_id != stay.administration_id:
        raise _nobody()
    if not await sponsorships.set_ended(tx, stay.email, stay.sponsor, done.admin, done.done_ts):
        raise _nobody()
    await audit.add_act(tx, done)
    return await follow_sponsors(tx, stay.email, done.done_ts, externals)


def _nobody() -> NotFound:
    return NotFound("Nobody of this address is invited.", "Personne n'est invité à cette adresse.")
