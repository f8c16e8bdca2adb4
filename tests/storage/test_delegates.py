"""Delegates, what they look after and what is done to the people of administrations, alike on both engines."""

import pytest

from tchap.storage import (
    accounts,
    administration_people,
    administration_walks,
    audit,
    delegates,
    identity,
    pushers,
    reports,
)
from tchap.storage import administrations as book
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.administration_walks import CLOSE, PLACE, SHOW, WARN, Task
from tchap.storage.administrations import Administration, Domain
from tchap.storage.audit import AdminAct
from tchap.storage.database import Store
from tchap.storage.delegates import Delegate
from tchap.storage.pushers import Pusher
from tchap.storage.reports import Report

pytestmark = pytest.mark.anyio

INSTANCE = "a.example.fr"


async def build(store: Store) -> None:
    """A ministry, its two directorates and an office below the first."""
    for name, parent in (("ministry", None), ("left", "ministry"), ("right", "ministry"), ("office", "left")):
        await store.write(
            book.add_administration, Administration(name, name.title(), "", INSTANCE, 1, parent_id=parent)
        )


async def settle(store: Store, name: str, of: str | None, email: str = "") -> str:
    user_id = f"@{name}:{INSTANCE}"
    await store.write(accounts.add_account, Account(user_id, INSTANCE, None, 1, administration_id=of))
    await store.write(accounts.add_email, AccountEmail(email or f"{name}@x.fr", user_id, 1, 1))
    return user_id


async def name(store: Store, of: str, email: str, user_id: str | None = None) -> bool:
    return await store.write(delegates.add_delegate, Delegate(of, email, user_id, "console", 5))


async def test_the_tree_is_walked_both_ways(store: Store) -> None:
    """Everything below, everything above, also where somebody made a ring."""
    await build(store)
    assert await store.read(book.find_below, ["left"]) == {"left", "office"}
    assert await store.read(book.find_below, ["left", "right"]) == {"left", "office", "right"}
    assert await store.read(book.find_lineage, "office") == {"office", "left", "ministry"}
    assert await store.read(book.find_lineage, "nobody") == frozenset()
    ring = Administration("ministry", "Ministry", "", INSTANCE, 1, parent_id="office")
    await store.write(book.set_administration, ring)
    assert await store.read(book.find_below, ["office"]) == {"ministry", "left", "right", "office"}
    assert await store.read(book.find_lineage, "office") == {"office", "left", "ministry"}


async def test_a_delegate_is_one_while_an_agent_of_it_or_of_what_is_above(store: Store) -> None:
    """Waiting addresses give nothing; the right is the account's once claimed, and only while it is at home there."""
    await build(store)
    user_id = await settle(store, "camille", "ministry")
    assert await name(store, "left", "camille@x.fr")
    assert not await name(store, "left", "camille@x.fr")
    assert await store.read(delegates.find_delegated, user_id) == frozenset()
    await store.write(delegates.claim, "camille@x.fr", user_id)
    assert await store.read(delegates.find_delegated, user_id) == {"left"}
    await name(store, "right", "camille@x.fr", user_id)
    for of, looked_after in (("left", {"left"}), ("right", {"right"}), ("office", set()), (None, set())):
        await store.write(book.set_administrations, [(user_id, of)])
        assert await store.read(delegates.find_delegated, user_id) == looked_after, of
    ended = await store.write(delegates.remove_delegations, user_id, ["left"])
    assert [each.administration_id for each in ended] == ["right"]
    gone = await store.write(delegates.remove_delegate, "left", "camille@x.fr")
    assert gone == Delegate("left", "camille@x.fr", user_id, "console", 5)
    assert await store.write(delegates.remove_delegate, "left", "camille@x.fr") is None


async def test_a_delegate_keeps_their_rights_under_another_address(store: Store) -> None:
    """Known by the new address; what waits for that one stays the account's once."""
    await build(store)
    user_id = await settle(store, "camille", "ministry")
    await name(store, "left", "camille@x.fr", user_id)
    await name(store, "right", "camille@x.fr", user_id)
    await name(store, "right", "new@x.fr")
    await store.write(delegates.follow_address, user_id, "new@x.fr")
    await store.write(delegates.claim, "new@x.fr", user_id)
    found = await store.read(delegates.find_delegates, ["left", "right"])
    assert [(each.administration_id, each.email, each.user_id) for each in found] == [
        ("left", "new@x.fr", user_id),
        ("right", "new@x.fr", user_id),
    ]


async def test_people_are_counted_listed_and_found(store: Store) -> None:
    """Living accounts alone, in order, with their address and their name."""
    await build(store)
    users = [await settle(store, letter, "left") for letter in "cab"]
    await settle(store, "d", "right")
    await store.write(accounts.set_deactivated, users[1], 2, False)
    assert await store.read(administration_people.count_people, ["left", "right", "office"]) == {"left": 2, "right": 1}
    found = await store.read(administration_people.find_people, "left", "", 1)
    assert [(each.user_id, each.email, each.display_name) for each in found] == [(users[2], "b@x.fr", None)]
    found = await store.read(administration_people.find_people, "left", users[2], 5)
    assert [each.user_id for each in found] == [users[0]]
    person = await store.read(administration_people.find_person, "left", "b@x.fr")
    assert person is not None
    assert person.user_id == users[2]
    assert await store.read(administration_people.find_person, "right", "b@x.fr") is None


async def test_addresses_are_renamed_within_one_administration(store: Store) -> None:
    """Exactly those under the domain, those of delegates and of mail notifications with them; collisions are told."""
    await build(store)
    user_id = await settle(store, "a", "left", "a@old.fr")
    await settle(store, "b", "left", "b@sub.old.fr")
    await settle(store, "c", "right", "c@old.fr")
    await name(store, "left", "a@old.fr", user_id)
    await name(store, "office", "a@old.fr", user_id)
    await name(store, "left", "later@old.fr")
    await store.write(identity.set_unbound, "a@old.fr", user_id, 1)
    await store.write(identity.set_unbound, "a@new.fr", "@gone:x", 1)
    pusher = Pusher(user_id, "m.email", "a@old.fr", "email", "", "", None, "fr", b"{}", "D")
    await store.write(pushers.set_pusher, pusher, 1, False)
    args = ("left", "old.fr", "new.fr")
    assert await store.read(administration_people.find_collisions, *args) == []
    assert await store.write(administration_people.rename_emails, *args) == 1
    await store.write(delegates.rename_emails, *args)
    await store.write(pushers.rename_mail_pushers, *args)
    await store.write(identity.rename_unbound, *args)
    await store.write(identity.rename_hashes, [("a@old.fr", "a@new.fr")])
    assert [each.email for each in await store.read(accounts.find_emails_of, user_id)] == ["a@new.fr"]
    assert "a@new.fr" not in await store.read(identity.find_addresses, "", 9)
    assert await store.read(accounts.find_email, "c@old.fr") is not None
    found = await store.read(delegates.find_delegates, ["left", "office"])
    assert [(each.administration_id, each.email) for each in found] == [
        ("left", "a@new.fr"),
        ("left", "later@new.fr"),
        ("office", "a@new.fr"),
    ]
    assert [each.pushkey for each in await store.read(pushers.find_pushers, user_id)] == ["a@new.fr"]
    await settle(store, "e", "left", "a@old.fr")
    assert await store.read(administration_people.find_collisions, *args) == ["a@new.fr"]


async def test_whose_agents_people_are_waits_for_nothing_else(store: Store) -> None:
    """Walks come when they are due, the oldest first, PLACE before all; progress is kept until the end."""
    add = administration_walks.add_walk
    await store.write(add, Task(SHOW, "left"), 1)
    await store.write(add, Task(CLOSE, "left", "x.fr", "9"), 9)
    await store.write(add, Task(PLACE, "left", "x.fr"), 5)
    assert await store.read(administration_walks.find_due, 0) is None
    kinds = []
    while (walk := await store.read(administration_walks.find_due, 8)) is not None:
        kinds.append(walk.kind)
        await store.write(administration_walks.set_progress, walk.walk_id, "@a:x", 2)
        (kept,) = [each for each in await store.read(administration_walks.find_walks_of, "left") if each.done]
        assert (kept.walk_id, kept.after_user, kept.done) == (walk.walk_id, "@a:x", 2)
        await store.write(administration_walks.remove_walk, walk.walk_id)
    assert kinds == [PLACE, SHOW]
    await store.write(add, Task(WARN, "left", "y.fr", "9"), 9)
    await store.write(administration_walks.remove_closings, "x.fr")
    assert [each.domain for each in await store.read(administration_walks.find_walks_of, "left")] == ["y.fr"]


async def test_a_closed_domain_is_free_again(store: Store) -> None:
    """Somebody else's until then; afterwards whoever is given it has it."""
    await build(store)
    assert await store.write(book.add_domain, Domain("x.fr", "left", 1))
    assert not await store.write(book.add_domain, Domain("x.fr", "right", 2))
    await store.write(book.set_domain, Domain("x.fr", "left", 1, book.CLOSED))
    assert await store.write(book.add_domain, Domain("x.fr", "right", 3))
    assert await store.read(book.find_domain, "x.fr") == Domain("x.fr", "right", 3)
    assert await store.read(book.find_domains_of, ["left"]) == []
    assert await store.read(book.find_taken_ids, ["left", "new"]) == {"left"}
    assert (await store.read(book.find_every_name))[0] == ("Left", "left")
    assert [each.name for each in await store.read(book.find_administrations, ["right", "left"])] == ["Left", "Right"]


async def test_the_audit_of_one_administration(store: Store) -> None:
    """Only what concerns it, the newest first."""
    for number, of in enumerate(("left", "right", None, "left")):
        await store.write(audit.add_act, AdminAct("console", "act", str(number), 5, None, of))
    found = await store.read(audit.find_acts_on, ["left"], 2**53, 5)
    assert [act.target for _, act in found] == ["3", "0"]
    assert [act.target for _, act in await store.read(audit.find_acts_on, ["left"], found[0][0], 5)] == ["0"]
    assert [act.administration_id for _, act in await store.read(audit.find_acts, 2**53, 5)] == [
        *("left", None, "right", "left")
    ]


async def test_reports_on_the_people_of_one_administration(store: Store) -> None:
    """On them and their messages, but for operators; neither on rooms nor on others."""
    await build(store)
    mine, chief, other = [await settle(store, each, of) for each, of in (("a", "left"), ("b", "left"), ("c", "right"))]
    await store.write(accounts.set_admin, chief, True)
    ids = []
    for reported in (mine, chief, other, None):
        report = Report(0, "user", "open", other, "", reported, "", None, None, None, "", None, 1, 1)
        ids.append(await store.write(reports.add_report, report))
    found = await store.read(reports.find_reports_on, ["left"], ("open",), (0, 9))
    assert [each.report_id for each in found] == [ids[0]]
    assert await store.read(reports.find_reports_on, ["left"], ("closed",), (0, 9)) == []
