"""The configuration's versions, and changes in layers: whatever is changed, taken back it is as it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select
from stores import REFUSED, Keeper

from contactcenter.crm import audit, changes, configurations, roles
from contactcenter.crm.changes import Change, Done, Place
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import metadata, users

DOCUMENT = {
    "queues": {
        "support": {"opening": "calendar", "priority": 0},
        "sales": {"opening": "calendar", "priority": 2},
    }
}
STAFF = {
    "tom": (["support"], {"zh": 5}),
    "ida": (["sales", "support"], {"zh": 9, "billing": 3}),
    "max": ([], {}),
}


def skill(name: str, item: str) -> Place:
    return Place(kind="agent", name=name, part="skills", item=item)


def member(name: str, item: str) -> Place:
    return Place(kind="agent", name=name, part="queues", item=item)


def key(name: str, item: str) -> Place:
    return Place(kind="queue", name=name, part="rules", item=item)


def check(document: dict[str, Any]) -> None:
    """The configuration's own check: here, that priorities are not absurd."""
    for name, queue in document["queues"].items():
        if queue["priority"] > 100:
            raise Refusal("at most 100", field=f"queues.{name}.priority")


@dataclass
class Books:
    """A store with a staff and a configuration, and acts on it."""

    db: Connection
    at: float = 1000.0

    def apply(self, wanted: dict[Place, Any], login: str = "boss", until: float | None = None) -> Done:
        self.at += 1
        return changes.apply(self.db, wanted, check, login=login, at=self.at, until=until)

    def undo(self, change: Change | int, login: str = "boss") -> Done:
        self.at += 1
        return changes.undo(
            self.db, change if isinstance(change, int) else change.id, check, login=login, at=self.at
        )

    def finish(self, change: Change) -> Done | None:
        self.at += 1
        return changes.finish(self.db, change.id, check, at=self.at)

    def truth(self) -> dict[str, Any]:
        """Everything that changes can change."""
        rows = self.db.execute(select(users.c.login, users.c.queues, users.c.skills).order_by(users.c.login))
        version = configurations.current(self.db)
        assert version
        return {row.login: (sorted(row.queues), row.skills) for row in rows} | version.document["queues"]

    def fields(self, login: str) -> tuple[list[str], dict[str, int]]:
        found: tuple[list[str], dict[str, int]] = self.truth()[login]
        return found


def open_books() -> Books:
    db = create_engine("sqlite://").connect()
    metadata.create_all(db)
    roles.ensure(db)
    rows = [
        {
            "login": login, "name": login, "role": "agent", "password": "", "queues": queues,
            "skills": skills, "disabled": False, "created_at": 0.0,
        }
        for login, (queues, skills) in STAFF.items()
    ]  # fmt: skip
    db.execute(insert(users), rows)
    db.execute(insert(users), [{**rows[0], "login": "boss", "role": "supervisor"}])
    configurations.add(db, DOCUMENT, expected=0, login="file", comment="", at=0.0)
    return Books(db)


@pytest.fixture
def books() -> Iterator[Books]:
    books = open_books()
    yield books
    books.db.close()


# --- versions ---


async def test_versions_follow_each_other_and_never_change(keeper: Keeper) -> None:
    store = await keeper.open()
    assert await store.read(configurations.current) is None
    first = await store.write(configurations.add, DOCUMENT, expected=0, login="file", comment="", at=1.0)
    changed = {"queues": {"support": {"opening": "closed", "priority": 0}}}
    second = await store.write(
        configurations.add, changed, expected=1, login="boss", comment=" fire drill ", at=2.0
    )
    assert (first.version, second.version, second.comment) == (1, 2, "fire drill")
    assert await store.read(configurations.current) == second
    assert await store.read(configurations.get, 1) == first
    assert await store.read(configurations.get, 3) is None
    page = await store.read(configurations.page, limit=1)
    assert [line.version for line in page.items] == [2]
    assert [line.version for line in (await store.read(configurations.page, cursor=page.next)).items] == [1]
    (row,) = (await store.read(audit.page)).items
    assert (row.act, row.object, row.login) == ("configure", "2", "boss")
    before = {"support": {"opening": "calendar"}, "sales": DOCUMENT["queues"]["sales"]}
    assert row.before == {"queues": before}
    assert row.after == {"queues": {"support": {"opening": "closed"}}}
    for sql in (
        "UPDATE configurations SET document = '{}'",
        "DELETE FROM configurations",
        {
            "sqlite": "INSERT OR REPLACE INTO configurations SELECT version, at, 'x', comment, document "
            "FROM configurations",
            "postgresql": "TRUNCATE configurations",
        }[keeper.engine],
    ):
        with pytest.raises(REFUSED, match="never changes"):
            keeper.rows(sql)


async def test_a_lost_update_is_refused_with_both_versions(keeper: Keeper) -> None:
    store = await keeper.open()
    for expected, login in ((0, "file"), (1, "ann")):
        await store.write(configurations.add, DOCUMENT, expected=expected, login=login, comment="", at=1.0)
    with pytest.raises(Refusal, match="you changed version 1, and there is version 2 of ann") as refused:
        await store.write(configurations.add, DOCUMENT, expected=1, login="ben", comment="", at=2.0)
    assert refused.value.code == "stale"
    assert len((await store.read(audit.page)).items) == 1, "nothing was written"


# --- changes ---


def test_many_agents_are_changed_at_once_and_taken_back(books: Books) -> None:
    before = books.truth()
    done = books.apply(
        {
            member("tom", "sales"): True,
            member("ida", "sales"): False,
            skill("tom", "zh"): 8,
            skill("ida", "billing"): None,
            skill("max", "en"): 4,
            key("support", "opening"): "closed",
        }
    )
    assert books.fields("tom") == (["sales", "support"], {"zh": 8})
    assert books.fields("ida") == (["support"], {"zh": 9})
    assert books.truth()["support"]["opening"] == "closed"
    told = {agent.login: agent.skills for agent in done.agents}
    assert told == {"tom": {"zh": 8}, "ida": {"zh": 9}, "max": {"en": 4}}
    assert done.version
    assert (done.version.version, done.version.comment) == (2, "change 1")
    undone = books.undo(done.change, "admin")
    assert books.truth() == before
    assert (undone.change.state, undone.change.ended_by) == ("undone", "admin")
    with pytest.raises(Refusal, match="was undone by admin already"):
        books.undo(done.change)
    rows = [(row.act, row.kind, row.object, row.login) for row in audit.page(books.db).items][::-1]
    assert rows == [
        ("configure", "configuration", "2", "boss"),
        *(("change", "agent", login, "boss") for login in ("tom", "ida", "max")),
        ("change", "queue", "support", "boss"),
        ("configure", "configuration", "3", "admin"),
        *(("undo", "agent", login, "admin") for login in ("tom", "ida", "max")),
        ("undo", "queue", "support", "admin"),
    ]
    assert audit.broken(books.db) is None


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({skill("nobody", "zh"): 5}, "not_found", "agents"),
        ({skill("boss", "zh"): 5}, "not_found", "agents"),
        ({key("vip", "priority"): 5}, "not_found", "rules"),
        ({skill("tom", "zh"): 5}, "unchanged", ""),
        ({skill("tom", "Zh!"): 5}, "invalid", "skills"),
        ({skill("tom", "zh"): 11}, "invalid", "skills.zh"),
        ({key("support", "priority"): 101}, "invalid", "queues.support.priority"),
    ],
)
def test_what_can_t_be_is_refused_whole(
    books: Books, wanted: dict[Place, Any], code: str, field: str
) -> None:
    before = books.truth()
    with pytest.raises(Refusal) as refused, books.db.begin_nested():  # as the store's writer does
        books.apply(wanted)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert books.truth() == before
    if code != "unchanged":
        with pytest.raises(Refusal), books.db.begin_nested():
            books.apply({member("tom", "sales"): True, **wanted})
        assert books.truth() == before


@pytest.mark.parametrize("until", [1000.0, 1000.0 + 400 * 86400])
def test_a_change_can_t_return_in_the_past_or_in_another_age(books: Books, until: float) -> None:
    with pytest.raises(Refusal) as refused:
        books.apply({skill("tom", "zh"): 8}, until=until)
    assert refused.value.field == "until"


def test_undo_is_refused_when_somebody_changed_the_same_since(books: Books) -> None:
    first = books.apply({skill("tom", "zh"): 8, member("tom", "sales"): True}).change
    second = books.apply({skill("tom", "zh"): 2}, "ann").change
    with pytest.raises(Refusal, match="tom's skill zh was changed again by ann in change 2") as refused:
        books.undo(first)
    assert refused.value.code == "changed_since"
    assert books.fields("tom") == (["sales", "support"], {"zh": 2})
    books.undo(second)
    books.undo(first)
    assert books.fields("tom") == (["support"], {"zh": 5})


def test_undo_is_refused_when_the_configuration_says_something_else_by_now(books: Books) -> None:
    change = books.apply({key("support", "opening"): "closed"}).change
    configurations.add(books.db, DOCUMENT, expected=2, login="ann", comment="", at=9.0)
    with pytest.raises(Refusal, match="opening of support is calendar by now, not closed") as refused:
        books.undo(change)
    assert refused.value.code == "changed_since"
    gone = {"queues": {"sales": DOCUMENT["queues"]["sales"]}}
    configurations.add(books.db, gone, expected=3, login="ann", comment="", at=9.0)
    with pytest.raises(Refusal, match="opening of support is gone by now"):
        books.undo(change)


def test_a_return_takes_its_layer_out_from_under_a_newer_one(books: Books) -> None:
    passing = books.apply({skill("tom", "zh"): 8, member("tom", "sales"): True}, until=2000.0).change
    lasting = books.apply({skill("tom", "zh"): 2}).change
    done = books.finish(passing)
    assert done
    assert (done.change.state, done.change.ended_by) == ("returned", "center")
    assert books.fields("tom") == (["support"], {"zh": 2}), "what covers it stays"
    books.undo(lasting)
    assert books.fields("tom") == (["support"], {"zh": 5}), "and knows what was beneath"
    assert books.finish(passing) is None


def test_what_is_so_only_for_a_while_can_be_made_so_for_good(books: Books) -> None:
    passing = books.apply({skill("tom", "zh"): 8}, until=2000.0).change
    lasting = books.apply({skill("tom", "zh"): 8}).change
    with pytest.raises(Refusal, match="in change 2"):
        books.undo(passing)
    books.finish(passing)
    assert books.fields("tom") == (["support"], {"zh": 8})
    books.undo(lasting)
    assert books.fields("tom") == (["support"], {"zh": 5})


def test_a_return_leaves_what_somebody_changed_elsewhere(books: Books) -> None:
    passing = books.apply({key("support", "opening"): "closed", skill("tom", "zh"): 8}, until=2000.0).change
    elsewhere = {"queues": {"support": {"opening": "open", "priority": 0}}}
    configurations.add(books.db, elsewhere, expected=2, login="ann", comment="", at=9.0)
    done = books.finish(passing)
    assert done
    assert [cell.place for cell in done.left] == [key("support", "opening")]
    assert books.truth()["support"]["opening"] == "open"
    assert books.fields("tom") == (["support"], {"zh": 5})
    assert audit.page(books.db).items[0].detail["left"] == ["opening of support"]


def test_a_return_to_what_would_no_longer_do_leaves_it(books: Books) -> None:
    passing = books.apply({key("support", "priority"): 50}, until=2000.0).change

    def stricter(document: dict[str, Any]) -> None:
        if document["queues"]["support"]["priority"] < 10:
            raise Refusal("at least 10", field="queues.support.priority")

    done = changes.finish(books.db, passing.id, stricter, at=3000.0)
    assert done
    assert done.version is None
    assert [cell.place.item for cell in done.left] == ["priority"]


def test_lists_and_what_passes(books: Books) -> None:
    late = books.apply({skill("tom", "zh"): 8}, until=3000.0).change
    soon = books.apply({skill("ida", "zh"): 8}, until=2000.0).change
    lasting = books.apply({skill("max", "zh"): 8}).change
    assert [change.id for change in changes.passing(books.db)] == [soon.id, late.id]
    books.finish(soon)
    page = changes.page(books.db, limit=2)
    assert [change.id for change in page.items] == [lasting.id, soon.id]
    assert [change.id for change in changes.page(books.db, cursor=page.next).items] == [late.id]
    assert [change.id for change in changes.page(books.db, state="active").items] == [lasting.id, late.id]
    assert changes.get(books.db, 99) is None


NAMES, QUEUES = st.sampled_from([*STAFF]), st.sampled_from(["support", "sales"])
CELLS = st.one_of(
    st.tuples(st.builds(skill, NAMES, st.sampled_from(["zh", "en"])), st.sampled_from([None, 1, 5, 9])),
    st.tuples(st.builds(member, NAMES, QUEUES), st.booleans()),
    st.tuples(st.builds(key, QUEUES, st.just("priority")), st.integers(0, 3)),
)
ACTS = st.one_of(
    st.tuples(st.just("apply"), st.lists(CELLS, min_size=1, max_size=4).map(dict), st.booleans()),
    st.tuples(st.just("undo"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("finish"), st.integers(0, 9), st.booleans()),
)


@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, max_size=12))
def test_whatever_is_changed_once_all_is_taken_back_it_is_as_it_was(acts: list[Any]) -> None:
    books = open_books()
    original = books.truth()
    try:
        for act, what, timed in acts:
            active = changes.page(books.db, state="active").items
            passing = [change for change in active if change.until is not None]
            try:
                if act == "apply":
                    books.apply(what, until=books.at + 5000 if timed else None)
                elif act == "undo" and active:
                    books.undo(active[what % len(active)])
                elif act == "finish" and passing:
                    books.finish(passing[what % len(passing)])
            except Refusal as refusal:
                if refusal.code not in ("unchanged", "changed_since"):
                    raise
        for change in changes.passing(books.db):
            books.finish(change)
        for change in changes.page(books.db, state="active").items:  # the newest first
            books.undo(change)
        assert books.truth() == original
        assert audit.broken(books.db) is None
    finally:
        books.db.close()
