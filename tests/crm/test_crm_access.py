"""The one condition: SQL shows what the rules say, in any small world; and what is hidden is blank."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.dialects import postgresql

from contactcenter.crm import access, roles, schema
from contactcenter.crm.access import CENTER, READING, RIGHTS, SCOPED, TABLES, Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.values import CustomerCard, frozen

LOGINS = ("me", "mate", "far", "lone")
TEAMS = {"me": ("east", "north"), "mate": ("east",), "far": ("west",)}
QUEUES = ("support", "sales")
OWNERS, OF_TEAM = ("", "me", "mate", "far"), ("", "east", "west")
CUSTOMERS = ("c0", "c1", "c2", "c3")


@frozen
class World:
    """A few records of each kind, by id."""

    customers: dict[str, tuple[str, str]]
    """Owner and team."""
    merged: dict[str, str]
    """Gone -> kept."""
    talks: dict[str, tuple[str, frozenset[str], str, str]]
    """Interaction -> customer, workers, queue, and whose it was said to be afterwards (or empty)."""
    work: dict[str, tuple[str, str, str]]
    """Request (and follow-up) -> owner, team, customer; a follow-up may be of none."""

    def root(self, customer: str) -> str:
        return self.merged.get(customer, customer)


whose = st.tuples(st.sampled_from(OWNERS), st.sampled_from(OF_TEAM))
talk = st.tuples(
    st.sampled_from(("", *CUSTOMERS)), st.frozensets(st.sampled_from(LOGINS), max_size=2),
    st.sampled_from(QUEUES), st.sampled_from(("", *CUSTOMERS)),
)  # fmt: skip
worlds = st.builds(
    World,
    customers=st.fixed_dictionaries(dict.fromkeys(CUSTOMERS, whose)),
    merged=st.fixed_dictionaries({}, optional={"c1": st.just("c0"), "c3": st.sampled_from(("c0", "c2"))}),
    talks=st.dictionaries(st.sampled_from(("t0", "t1", "t2", "t3")), talk, max_size=4),
    work=st.dictionaries(
        st.sampled_from(("w0", "w1", "w2")),
        st.tuples(st.sampled_from(OWNERS), st.sampled_from(OF_TEAM), st.sampled_from(CUSTOMERS)),
    ),
)
scopes = st.fixed_dictionaries(dict.fromkeys(SCOPED, st.sampled_from(Scope)))
limits = st.sampled_from((frozenset[str](), frozenset({"support"})))
attended = st.frozensets(st.sampled_from(CUSTOMERS), max_size=1)


@pytest.fixture(scope="module")
def db() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as db:
        schema.metadata.create_all(db)
        for team in ("east", "west", "north"):
            db.execute(insert(schema.teams).values(name=team, title={}, version=1))
        for login in LOGINS:
            db.execute(
                insert(schema.users).values(
                    login=login,
                    name=login,
                    role="agent",
                    password="",
                    queues=[],
                    disabled=False,
                    created_at=0.0,
                )
            )
            for place, team in enumerate(TEAMS.get(login, ())):
                db.execute(insert(schema.memberships).values(login=login, team=team, place=place))
        db.commit()
        yield db
    engine.dispose()


def write(db: Connection, world: World) -> None:
    """Put the world into the tables."""
    for id_, (owner, team) in world.customers.items():
        db.execute(
            insert(schema.customers).values(
                id=id_, number=id_, name=id_, owner=owner, team=team, created_at=0.0, updated_at=0.0,
                merged_into=world.merged.get(id_, ""),
            )
        )  # fmt: skip
        for kind, table in ((Kind.NOTE, schema.notes), (Kind.ATTACHMENT, schema.attachments)):
            _hang(db, table, f"{kind} {id_}", customer_id=id_)
        _hang(db, schema.consents, f"consent {id_}", customer_id=id_)
    for gone, kept in world.merged.items():
        _hang(db, schema.merges, f"merge {gone}", kept=kept, gone=gone)
    for one, other in (("c0", "c2"), ("c1", "c3")):
        _hang(db, schema.relations, f"relation {one}", from_id=one, to_id=other)
    for id_, (customer, workers, queue, assigned) in world.talks.items():
        _hang(db, schema.interactions, id_, customer=customer, queue=queue)
        _hang(db, schema.callbacks, id_, queue=queue)
        _hang(db, schema.recordings, id_, interaction=id_, queue=queue, agent=min(workers, default=""))
        for login in workers:
            db.execute(insert(schema.workers).values(interaction_id=id_, login=login, arrived_at=0.0))
        if assigned:
            db.execute(
                insert(schema.assignments).values(
                    interaction=id_, customer_id=assigned, method="chosen", confidence=1.0, at=0.0
                )
            )
    for id_, (owner, team, customer) in world.work.items():
        _hang(db, schema.requests, id_, customer_id=customer, owner=owner, team=team)
        _hang(db, schema.followups, id_, customer_id=customer, owner=owner, team=team)
        _hang(db, schema.followups, f"{id_} of nobody", customer_id=None, owner=owner, team=team)
        _hang(db, schema.notes, f"note of {id_}", customer_id=customer, request=id_)
        queue, agent = QUEUES[id_ == "w1"], world.customers[customer][0]
        _hang(db, schema.lists, id_, owner=owner, team=team)
        _hang(db, schema.campaigns, id_, owner=owner, team=team, queue=queue)
        _hang(db, schema.leads, id_, list=id_, owner=agent)
        _hang(db, schema.leads, f"{id_} given", list=id_)
        _hang(db, schema.attempts, id_, lead=f"{id_} given", campaign=id_, agent=agent)
        _hang(db, schema.appointments, id_, owner=owner, team=team, queue=queue)
        _hang(db, schema.do_not_call, id_)


def _hang(db: Connection, table: Any, id_: str, **values: Any) -> None:
    """A row with what it needs and nothing more."""
    kinds = {"TEXT": id_, "DOUBLE": 0.0, "INTEGER": 0, "BIGINT": 0, "BOOLEAN": False, "JSON": []}
    needed = {
        column.name: kinds[str(column.type)]
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    db.execute(insert(table).values(needed | {"id": id_} | values))


class Rules:
    """The same rules in plain Python, as `docs/roles.md` says them."""

    def __init__(self, world: World, reader: Reader) -> None:
        self.world, self.reader = world, reader

    def customer(self, id_: str) -> bool:
        root = self.world.root(id_)
        owner, team = self.world.customers[root]
        match self.reader.scope(Kind.CUSTOMER):
            case Scope.ALL:
                return True
            case Scope.TEAM if team in ("", *self.reader.teams):
                return True
        pool = owner == team == ""
        return owner == self.reader.login or pool or root in self.reader.attending or self.had(root)

    def had(self, root: str) -> bool:
        return any(
            self.reader.login in workers and self.world.root(assigned or customer) == root
            for customer, workers, _, assigned in self.world.talks.values()
        )

    def work(self, kind: Kind, owner: str, team: str, customer: str | None) -> bool:
        if owner == self.reader.login:
            return True
        within = {
            Scope.OWN: owner == team == "",
            Scope.TEAM: team in ("", *self.reader.teams),
            Scope.ALL: True,
        }[self.reader.scope(kind)]
        return within and (customer is None or self.customer(customer))

    def talk(self, kind: Kind, queue: str, workers: frozenset[str]) -> bool:
        scope = self.reader.scope(kind)
        if self.reader.login in workers or scope is Scope.ALL:
            return True
        limit = self.reader.limit(kind)
        theirs = {team for login in workers for team in TEAMS.get(login, ())}
        shared = not theirs or bool(theirs & set(self.reader.teams))
        return scope is Scope.TEAM and shared and (not limit or queue in limit)

    def outgoing(self, owner: str, team: str, queue: str = "") -> bool:
        scope, limit = self.reader.scope(Kind.LEAD), self.reader.limit(Kind.LEAD)
        if scope is not Scope.TEAM:
            return scope is Scope.ALL
        ours = team in ("", *self.reader.teams) and (not queue or not limit or queue in limit)
        return ours or owner == self.reader.login

    def visible(self, kind: Kind) -> set[str]:
        world = self.world
        match kind:
            case Kind.CUSTOMER:
                return {id_ for id_ in world.customers if self.customer(id_)}
            case Kind.NOTE:
                of_requests = {f"note of {id_}" for id_ in self.visible(Kind.REQUEST)}
                return {f"note {id_}" for id_ in world.customers if self.customer(id_)} | of_requests
            case Kind.ATTACHMENT | Kind.CONSENT:
                return {f"{kind} {id_}" for id_ in world.customers if self.customer(id_)}
            case Kind.MERGE:
                return {f"merge {gone}" for gone in world.merged if self.customer(gone)}
            case Kind.RELATION:
                ends = (("c0", "c2"), ("c1", "c3"))
                return {f"relation {a}" for a, b in ends if self.customer(a) and self.customer(b)}
            case Kind.REQUEST:
                return {id_ for id_, (o, t, c) in world.work.items() if self.work(kind, o, t, c)}
            case Kind.FOLLOWUP:
                return {id_ for id_, (o, t, c) in world.work.items() if self.work(kind, o, t, c)} | {
                    f"{id_} of nobody" for id_, (o, t, _) in world.work.items() if self.work(kind, o, t, None)
                }
            case Kind.INTERACTION | Kind.CALLBACK:
                talks = world.talks.items()
                return {id_ for id_, (_, w, q, _) in talks if self.talk(Kind.INTERACTION, q, w)}
            case Kind.RECORDING:
                talked = {id_: frozenset(sorted(w)[:1]) for id_, (_, w, _, _) in world.talks.items()}
                return {id_ for id_, w in talked.items() if self.talk(kind, world.talks[id_][2], w)}
            case Kind.LEAD:
                agents = {id_: world.customers[c][0] for id_, (_, _, c) in world.work.items()}
                lists = {id_ for id_, (o, t, _) in world.work.items() if self.outgoing(o, t)}
                mine = {id_ for id_, agent in agents.items() if agent == self.reader.login} | lists
                return mine | {f"{id_} given" for id_ in mine}
            case Kind.LIST:
                return {
                    id_ for id_, (o, t, c) in world.work.items()
                    if self.outgoing(o, t) or self.reader.login in (o, world.customers[c][0])
                }  # fmt: skip
            case Kind.CAMPAIGN | Kind.APPOINTMENT:
                return {
                    id_ for id_, (o, t, _) in world.work.items()
                    if o == self.reader.login or self.outgoing(o, t, QUEUES[id_ == "w1"])
                }  # fmt: skip
            case Kind.ATTEMPT:
                return self.visible(Kind.CAMPAIGN) | {
                    id_ for id_, (_, _, c) in world.work.items()
                    if world.customers[c][0] == self.reader.login
                }  # fmt: skip
            case Kind.DO_NOT_CALL:
                return set(world.work)
        raise AssertionError(f"say in {__file__} who sees a record of the kind {kind}")


@settings(max_examples=120, deadline=None)
@given(world=worlds, given_scopes=scopes, limit=limits, attending=attended)
def test_the_condition_says_what_the_rules_say(
    db: Connection,
    world: World,
    given_scopes: dict[Kind, Scope],
    limit: frozenset[str],
    attending: frozenset[str],
) -> None:
    reader = Reader(
        login="me", rights=RIGHTS, scopes=given_scopes, teams=TEAMS["me"], queues=limit, attending=attending
    )
    rules = Rules(world, reader)
    with db.begin_nested() as undone:
        write(db, world)
        for kind, table in TABLES.items():
            seen = access.visible(reader, kind)
            assert set(db.scalars(select(table.c.id).where(seen))) == rules.visible(kind), kind
            other = table.alias("other")
            again = set(db.scalars(select(other.c.id).where(access.visible(reader, kind, other))))
            assert again == rules.visible(kind), f"{kind}, by an alias"
        many = select(schema.customers.c.id).where(access.visible(reader, Kind.CUSTOMER, many=True))
        assert set(db.scalars(many)) == rules.visible(Kind.CUSTOMER), "the form for lists"
        known = {
            id_
            for id_, (_, logins, queue, _) in world.talks.items()
            if reader.knows_talk(queue, logins, {team for each in logins for team in TEAMS.get(each, ())})
        }
        assert known == rules.visible(Kind.INTERACTION), "the form for what was read without him"
        undone.rollback()


@settings(max_examples=60, deadline=None)
@given(
    world=worlds, of=st.fixed_dictionaries(dict.fromkeys(LOGINS, scopes)), limit=limits, attending=attended
)
def test_many_readers_at_once_see_what_each_of_them_sees(
    db: Connection,
    world: World,
    of: dict[str, dict[Kind, Scope]],
    limit: frozenset[str],
    attending: frozenset[str],
) -> None:
    readers = [
        Reader(login=login, rights=RIGHTS, scopes=of[login], teams=TEAMS.get(login, ()), queues=limit)
        for login in LOGINS
    ]
    readers[0] = replace(readers[0], attending=attending)
    blind = Reader(login="mate", rights=RIGHTS - set(READING.values()), scopes=of["mate"])
    with db.begin_nested() as undone:
        write(db, world)
        for kind in TABLES:
            seen = {reader.login: frozenset(Rules(world, reader).visible(kind)) for reader in readers}
            ids = sorted({*frozenset().union(*seen.values()), *CUSTOMERS, "w0", "t0", "unknown"})
            expected = {login: some for login, some in seen.items() if some}
            assert access.audience(db, readers, kind, ids) == expected, kind
            assert access.concerned(db, readers, kind, ids) == frozenset(expected), kind
            assert access.audience(db, readers, kind, ()) == {}
            assert access.audience(db, (blind,), kind, ids) == {}
        undone.rollback()


@pytest.mark.parametrize("kind", TABLES)
def test_nothing_is_visible_without_its_right(kind: Kind) -> None:
    reader = Reader(login="me", rights=RIGHTS - {READING[kind]}, scopes=dict.fromkeys(SCOPED, Scope.ALL))
    assert str(access.visible(reader, kind)) == "false"
    assert str(access.visible(CENTER, kind)) == "true"


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("kind", TABLES)
def test_postgresql_takes_the_conditions_too(kind: Kind, scope: Scope) -> None:
    reader = Reader(
        login="me", rights=RIGHTS, scopes=dict.fromkeys(SCOPED, scope), teams=("east",),
        queues=frozenset(QUEUES),
    )  # fmt: skip
    query = select(TABLES[kind]).where(access.visible(reader, kind))
    assert "SELECT" in str(query.compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("kind", TABLES)
def test_one_record_is_found_without_looking_through_any_table(
    db: Connection, kind: Kind, scope: Scope
) -> None:
    reader = Reader(login="me", rights=RIGHTS, scopes=dict.fromkeys(SCOPED, scope), teams=("east",))
    table = TABLES[kind]
    query = select(table.c.id).where(table.c.id == "x", access.visible(reader, kind))
    sql = str(query.compile(db, compile_kwargs={"literal_binds": True}))
    plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").scalars(3).all()
    assert not [step for step in plan if step.startswith("SCAN") and "CONSTANT" not in step]


def test_a_note_is_seen_without_its_customer_by_who_has_its_request(db: Connection) -> None:
    reader = Reader(login="me", rights=RIGHTS)
    world = World(
        customers=dict.fromkeys(CUSTOMERS, ("far", "west")), merged={}, talks={},
        work={"w0": ("me", "", "c0"), "w1": ("far", "west", "c0")},
    )  # fmt: skip
    with db.begin_nested() as undone:
        write(db, world)
        seen = set(db.scalars(select(schema.notes.c.id).where(access.visible(reader, Kind.NOTE))))
        undone.rollback()
    assert seen == {"note of w0"}


# --- hidden fields ---


class Page(BaseModel):
    """A record as a route gives it."""

    id: str
    balance: str
    custom: dict[str, Any]
    tags: list[str]
    hidden: list[str] = []


HIDING = Reader(
    login="me",
    rights=RIGHTS,
    hidden=frozenset(
        {"customer.balance", "customer.custom.passport", "customer.tags", "customer.last", "request.problem"}
    ),
)


def test_what_is_hidden_is_blank_and_named() -> None:
    page = Page(id="c1", balance="12.50", custom={"passport": "P1", "size": 4}, tags=["vip"])
    seen = access.shown(HIDING, Kind.CUSTOMER, page)
    assert seen == Page(
        id="c1", balance="", custom={"size": 4}, tags=[],
        hidden=["balance", "custom.passport", "last", "tags"],
    )  # fmt: skip
    assert page.balance == "12.50", "the record itself stays"
    card = CustomerCard(id="c1", number="1", name="Wang", balance="12.50", phones=("+1",))
    assert access.shown(HIDING, Kind.CUSTOMER, card) == replace(
        card, balance="", hidden=("balance", "custom.passport", "last", "tags")
    )
    assert access.shown(HIDING, Kind.REQUEST, {"problem": "secret", "due_at": 1.0}) == {
        "problem": "", "due_at": 1.0,
    }  # fmt: skip
    assert access.shown(Reader(login="you"), Kind.CUSTOMER, card) is card


@pytest.mark.parametrize(
    ("hidden", "phones", "channels"),
    [
        ("customer.phones", [], ["email"]),
        ("customer.addresses", [], []),
        ("customer.tier", ["+1"], ["phone", "email"]),
    ],
)
def test_phones_are_among_the_addresses(hidden: str, phones: list[str], channels: list[str]) -> None:
    reader = Reader(login="me", hidden=frozenset({hidden}))
    document = {"phones": ["+1"], "addresses": [{"channel": "phone"}, {"channel": "email"}]}
    shown = access.shown(reader, Kind.CUSTOMER, document)
    assert (shown["phones"], [each["channel"] for each in shown["addresses"]]) == (phones, channels)
    assert reader.hides(Kind.CUSTOMER, "phones") == (phones == [])
    assert reader.hides(Kind.CUSTOMER, "addresses") == (channels == [])


def test_what_is_hidden_can_neither_be_written_nor_asked_for() -> None:
    access.check_shown(HIDING, Kind.CUSTOMER, ("name", "custom.size"))
    for name in ("balance", "custom.passport"):
        with pytest.raises(Refusal) as refused:
            access.check_shown(HIDING, Kind.CUSTOMER, ("name", name))
        assert (refused.value.code, refused.value.field) == ("hidden", name)


def test_every_field_that_can_be_hidden_is_one_that_there_is() -> None:
    known = {f"customer.{name}" for name in CustomerCard.__dataclass_fields__}
    tables = {"customer": schema.customers, "request": schema.requests, "interaction": schema.interactions}
    known |= {f"lead.{column.name}" for column in schema.leads.columns}
    known |= {f"{kind}.{column.name}" for kind, table in tables.items() for column in table.columns}
    assert access.FIELDS - known <= {"customer.addresses", "customer.tags", "lead.numbers"}


def test_a_role_in_the_database_may_name_a_right_of_a_later_version(db: Connection) -> None:
    with db.begin_nested() as undone:
        roles.ensure(db)
        db.execute(
            schema.roles.update()
            .where(schema.roles.c.name == "sales")
            .values(rights=["customers.read", "opportunities.read"])
        )
        found = roles.get(db, "sales")
        undone.rollback()
    assert found
    assert found.rights == {Right.CUSTOMERS_READ}
