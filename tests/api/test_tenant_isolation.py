"""Whoever looks after one administration can do nothing to another, and learns nothing of it.

Every administrative route is tried: one that nobody classed in `tests/support/tenants` fails this suite.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tchap.api.routes import ROUTES
from tchap.services.administration_walks import walk_some
from tchap.services.server_notices import tell_some
from tests.support.house import House, Reply, open_house
from tests.support.tenants import CALM, CASES, LISTS, OTHERS, Case, Place, Town, build_town, find_rows

ADMINISTRATIVE = ("/_tchap/admin", "/_synapse")
OUTSIDERS = ("delegate of a part", "agent", "former delegate", "agent of elsewhere")
REFUSALS = (401, 403)


def is_administrative(path: str) -> bool:
    return path.startswith(ADMINISTRATIVE) or "/admin/" in path or path.endswith("/admin")


ADMIN_ROUTES = sorted({(route.method, route.path) for route in ROUTES if is_administrative(route.path)})


@pytest.mark.parametrize("route", ADMIN_ROUTES, ids=" ".join)
def test_every_administrative_route_is_classed(route: tuple[str, str]) -> None:
    """Each has a case to be tried with, or a reason to have none."""
    assert route in {case.route for case in CASES} | set(LISTS) | set(OTHERS), "class it in tests/support/tenants.py"


def test_what_is_classed_exists() -> None:
    """No case is for a route that is gone, and each asks for its own route."""
    assert {case.route for case in CASES} | set(LISTS) | set(OTHERS) <= set(ADMIN_ROUTES)


@dataclass(slots=True)
class Stage:
    """A town that lives as long as the module, so that many stories can be tried in it."""

    runner: asyncio.Runner
    house: House
    town: Town

    async def ask(self, who: str | None, case: Case, there: Place, home: Place) -> Reply:
        method, path, body = case.of(there, home)
        token = self.town.people[who].token if who is not None else None
        return await self.house.call(method, path, body, token)

    async def settle(self) -> None:
        """All that was begun comes to its end."""
        while await walk_some(self.house.world) or await tell_some(self.house.world):
            continue

    async def rows(self, word: str) -> list[str]:
        return await self.house.world.store.read(find_rows, word)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()

        async def build() -> Stage:
            house = await stack.enter_async_context(open_house(tmp_path_factory.mktemp("town"), CALM))
            built = Stage(runner, house, await build_town(house))
            await built.settle()
            return built

        try:
            yield runner.run(build())
        finally:
            runner.run(stack.aclose())


def same(left: Reply, right: Reply) -> bool:
    return (left.status, left.body) == (right.status, right.body)


@settings(max_examples=25, deadline=None)
@given(
    story=st.lists(
        st.tuples(st.sampled_from(("delegate", None, *OUTSIDERS)), st.sampled_from(CASES)), min_size=1, max_size=25
    ),
    at_home=st.lists(st.sampled_from([case for case in CASES if case.works and not case.lasts]), max_size=3),
)
def test_nobody_touches_another_administration(
    stage: Stage, story: list[tuple[str | None, Case]], at_home: list[Case]
) -> None:
    """Whatever they try in whatever order, also between acts at home: nothing of Zeta changes, and each answer is the
    one that is given for what does not exist."""

    async def tell() -> None:
        town = stage.town
        before = await stage.rows("zeta")
        for case in at_home:
            reply = await stage.ask("delegate", case, town.alpha, town.alpha)
            assert reply.status < 500
        for who, case in story:
            reply = await stage.ask(who, case, town.zeta, town.alpha)
            nothing = await stage.ask(who, case, town.ghost, town.alpha)
            assert reply.status in REFUSALS or reply.status == 400, (who, case.route, reply)
            assert same(reply, nothing), (who, case.route, reply, nothing)
            assert "zeta" not in str(reply.body).lower()
        await stage.settle()
        assert await stage.rows("zeta") == before

    stage.runner.run(tell())


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.route))
def test_each_operation_is_refused_on_another_administration(stage: Stage, case: Case) -> None:
    """Every one of them, for everybody who is no operator; and for who is not above, on what is above them."""

    async def tell() -> None:
        town = stage.town
        before = await stage.rows("zeta"), await stage.rows("alpha")
        for who in ("delegate", None, *OUTSIDERS):
            reply = await stage.ask(who, case, town.zeta, town.alpha)
            assert same(reply, await stage.ask(who, case, town.ghost, town.alpha)), (who, reply)
            assert reply.status in REFUSALS or (who, reply.status) == ("delegate", 400), (who, reply)
        for who in OUTSIDERS[case.rises :]:
            reply = await stage.ask(who, case, town.alpha, town.part)
            assert same(reply, await stage.ask(who, case, town.ghost, town.part)), (who, reply)
        assert (await stage.rows("zeta"), await stage.rows("alpha")) == before

    stage.runner.run(tell())


@pytest.mark.parametrize("route", LISTS, ids=" ".join)
def test_lists_hold_what_is_theirs(stage: Stage, route: tuple[str, str]) -> None:
    """A delegate reads of Alpha and its part, the part's of the part alone, an operator of all; others nothing."""

    async def tell() -> None:
        people, house = stage.town.people, stage.house
        texts = {}
        for who in ("delegate", "delegate of a part"):
            texts[who] = str(await house.ask(*route, None, people[who].token)).lower()
            assert "partie" in texts[who]
            assert "zeta" not in texts[who]
        assert "alpha" in texts["delegate"]
        own = texts["delegate of a part"].replace("'parent_id': 'alpha'", "")
        assert "alpha" not in own
        assert "zeta" in str(await house.ask(*route, None, stage.town.office.operator.token)).lower()
        for who in OUTSIDERS[1:]:
            assert (await house.call(*route, None, people[who].token)).status == 403

    stage.runner.run(tell())


def test_the_same_operations_work_at_home(stage: Stage) -> None:
    """One after the other, on Alpha by its own delegate: so the refusals above are not those of a broken door."""

    async def tell() -> None:
        town = stage.town
        for case in CASES:
            if case.route[1].endswith(("/move", "/close")):
                continue
            reply = await stage.ask("delegate", case, town.alpha, town.alpha)
            wanted = (200,) if case.works else (400, 403)
            assert reply.status in wanted, (case.route, reply)
        await stage.settle()

    stage.runner.run(tell())


def test_what_cannot_be_undone_works_at_home_once_confirmed(stage: Stage) -> None:
    """A delegate moves a domain to the part below, and closes it there."""

    async def tell() -> None:
        town = stage.town
        delegate = town.people["delegate"]
        path = f"{town.alpha.one}/domains/*.sous.{town.alpha.domain}/move"
        moved = await town.office.confirmed(delegate, path, to=town.part.administration_id)
        assert moved.body["administration_id"] == town.part.administration_id
        closes_ts = stage.house.clock.now_ms() + 40 * 24 * 3600 * 1000
        path = f"{town.part.one}/domains/*.sous.{town.alpha.domain}/close"
        closed = await town.office.confirmed(delegate, path, closes_ts=closes_ts)
        assert closed.body["status"] == "closing"
        to_zeta = f"{town.alpha.one}/domains/{town.alpha.domain}/move"
        before = await stage.rows("zeta")
        stolen = await town.office.confirmed(delegate, to_zeta, to=town.zeta.administration_id)
        assert stolen.status == 403
        assert await stage.rows("zeta") == before

    stage.runner.run(tell())
