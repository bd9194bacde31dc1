"""Requests: which state may follow which, the course, numbers, owners; links to interactions."""

import asyncio
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from stores import Keeper, save

from contactcenter.crm import (
    attachments,
    audit,
    customers,
    fields,
    followups,
    links,
    notes,
    outbox,
    requests,
    schema,
    search,
)
from contactcenter.crm.access import CENTER, Kind, Reader, Right, Scope
from contactcenter.crm.attachments import NewAttachment
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.followups import NewFollowup
from contactcenter.crm.notes import NewNote
from contactcenter.crm.requests import (
    TRANSITIONS,
    Filter,
    NewRequest,
    RequestChange,
    RequestState,
    RequestTrigger,
)
from contactcenter.crm.store import Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
AGENT = Reader(
    login="tom",
    role="agent",
    rights=frozenset(
        {Right.CUSTOMERS_READ, Right.REQUESTS_READ, Right.REQUESTS_WRITE, Right.INTERACTIONS_READ}
    ),
    scopes={Kind.CUSTOMER: Scope.TEAM, Kind.REQUEST: Scope.TEAM, Kind.INTERACTION: Scope.OWN},
)


@pytest.fixture
async def store(keeper: Keeper) -> Store:
    return await keeper.open()


async def customer(store: Store, name: str = "Ada", **more: Any) -> str:
    return (await store.write(customers.create, NewCustomer(name=name, **more), at=1.0)).id


async def opened(store: Store, *, reader: Reader = AGENT, at: float = 10.0, **more: Any) -> requests.Request:
    given = {"customer": more.pop("customer", None) or await customer(store), "subject": "No sound"} | more
    return await store.write(requests.create, NewRequest(**given), reader=reader, at=at, zone=SHANGHAI)


async def changed(
    store: Store, request: str, *, reader: Reader = AGENT, at: float = 20.0, **to: Any
) -> requests.Request:
    return await store.write(requests.change, request, RequestChange(**to), reader=reader, at=at)


async def brought_to(store: Store, state: RequestState) -> requests.Request:
    request = await opened(store, customer=await customer(store))
    if state is not RequestState.NEW:
        request = await changed(store, request.id, state=state, solution="done")
    return request


# --- states ---

LEGAL = {
    ("new", "open"), ("new", "waiting_customer"), ("new", "waiting_internal"), ("new", "solved"),
    ("new", "closed"), ("open", "waiting_customer"), ("open", "waiting_internal"), ("open", "solved"),
    ("open", "closed"), ("waiting_customer", "open"), ("waiting_customer", "waiting_internal"),
    ("waiting_customer", "solved"), ("waiting_customer", "closed"), ("waiting_internal", "open"),
    ("waiting_internal", "waiting_customer"), ("waiting_internal", "solved"), ("waiting_internal", "closed"),
    ("solved", "closed"), ("solved", "open"), ("closed", "open"),
}  # fmt: skip
"""What may follow what, written down once more by hand."""


def test_the_table_has_each_state_and_what_may_follow_it() -> None:
    assert set(TRANSITIONS) == set(RequestState)
    found = {(state.value, to.value) for state, row in TRANSITIONS.items() for to in row.values()}
    assert found == LEGAL
    used = {trigger for row in TRANSITIONS.values() for trigger in row}
    assert used == set(RequestTrigger)


async def test_every_state_goes_where_the_table_says_and_nowhere_else(store: Store) -> None:
    for state in RequestState:
        for to in RequestState:
            request = await brought_to(store, state)
            if to is state:
                continue
            if (state, to) in LEGAL:
                after = await changed(
                    store, request.id, state=to, solution="done" if state != "closed" else None
                )
                assert (after.state, after.version) == (to, request.version + 1)
                assert set(after.possible) == set(TRANSITIONS[to].values())
            else:
                with pytest.raises(Refusal, match=f"{state}: {to} can't follow") as refused:
                    await changed(store, request.id, state=to)
                assert (refused.value.code, refused.value.field) == ("illegal_now", "state")
                assert await store.read(requests.get, request.id) == request


async def test_solving_says_how_and_reopening_forgets_when(store: Store) -> None:
    request = await opened(store)
    with pytest.raises(Refusal, match="say how it was solved") as refused:
        await changed(store, request.id, state=RequestState.SOLVED)
    assert refused.value.field == "solution"
    solved = await changed(store, request.id, state=RequestState.SOLVED, solution="Unmuted", at=30.0)
    assert (solved.solved_at, solved.closed_at) == (30.0, None)
    closed = await changed(store, request.id, state=RequestState.CLOSED, at=40.0)
    assert (closed.solved_at, closed.closed_at) == (30.0, 40.0)
    with pytest.raises(Refusal, match="reopen it first"):
        await changed(store, request.id, subject="Other")
    again = await changed(store, request.id, state=RequestState.OPEN, subject="Other", at=50.0)
    assert (again.state, again.subject, again.solved_at, again.closed_at) == ("open", "Other", None, None)


# --- what is kept ---


async def test_the_course_has_each_step_and_the_audit_log_and_outbox_each_write(store: Store) -> None:
    request = await opened(store)
    await changed(store, request.id, priority=4, state=RequestState.OPEN)
    step = await store.write(requests.add_progress, request.id, " Asked the vendor ", reader=AGENT, at=30.0)
    assert (step.seq, step.detail) == (3, {"text": "Asked the vendor"})
    page = await store.read(requests.steps, request.id, AGENT, limit=3)
    assert [each.kind for each in page.items] == ["progress", "state", "changed"]
    assert page.items[2].detail == {"before": {"priority": 2}, "after": {"priority": 4}}
    assert page.items[1].detail == {"from": "new", "to": "open"}
    rest = await store.read(requests.steps, request.id, AGENT, cursor=page.next)
    assert [(each.kind, each.login) for each in rest.items] == [("opened", "tom")]
    found = await store.read(outbox.after, 0, kind="request")
    assert [each.event for each in found] == ["request.created", "request.changed", "request.progress"]
    assert {each.detail["customer"] for each in found} == {request.customer}
    rows = await store.read(lambda db: audit.page(db, filters={"kind": "request"}).items)
    assert [row.act for row in rows] == ["progress", "change", "create"]
    # A change that changes nothing leaves nothing behind.
    same = await changed(store, request.id, priority=4, state=RequestState.OPEN)
    assert same.version == 2
    assert len(await store.read(outbox.after, 0, kind="request")) == 3


async def test_a_lost_update_is_refused(store: Store) -> None:
    request = await opened(store)
    await changed(store, request.id, priority=3)
    with pytest.raises(ChangedMeanwhile):
        await store.write(
            requests.change, request.id, RequestChange(priority=1), reader=AGENT, at=9.0, expected=1
        )


async def test_numbers_are_of_the_year_in_the_centers_zone_and_given_once(store: Store) -> None:
    new_year = 1_798_732_800.0  # 2026-12-31 16:00 UTC, midnight in Shanghai
    who = await customer(store)
    found = [
        await opened(store, customer=who, at=at)
        for at in (new_year - 1, new_year - 1, new_year, new_year + 1)
    ]
    assert [each.number for each in found] == ["2026-000001", "2026-000002", "2027-000001", "2027-000002"]
    at_once = await asyncio.gather(*(opened(store, customer=who, at=new_year) for _ in range(5)))
    assert len({each.number for each in at_once}) == 5


async def test_wrong_input_names_its_field(store: Store) -> None:
    who = await customer(store)
    for field, given in {
        "subject": {"subject": " "},
        "priority": {"priority": 5},
        "customer": {"customer": "nobody"},
        "owner": {"owner": "nobody"},
        "team": {"team": "none"},
        "problem": {"problem": "x" * 20_001},
        "custom.nope": {"custom": {"nope": 1}},
    }.items():
        with pytest.raises(Refusal) as refused:
            await opened(store, **{"customer": who, **given})
        assert refused.value.field == field


async def test_custom_fields_of_requests_are_checked_kept_and_hidden(store: Store) -> None:
    field = {"kind": "request", "name": "serial", "title": {"zh": "序列号", "en": "Serial"}, "type": "text"}
    await store.write(
        fields.create, fields.Field(**field | {"type": fields.FieldType.TEXT}), by="admin", at=1.0
    )
    request = await opened(store, custom={"serial": "A-1"})
    assert request.custom == {"serial": "A-1"}
    request = await changed(store, request.id, custom={"serial": "A-2"})
    assert request.custom == {"serial": "A-2"}
    blind = Reader(
        login="tom", rights=AGENT.rights, scopes=AGENT.scopes,
        hidden=frozenset({"request.custom.serial", "request.problem"}),
    )  # fmt: skip
    shown = await store.read(requests.get, request.id, blind)
    assert shown
    assert shown.custom == {}
    assert set(shown.hidden) == {"custom.serial", "problem"}
    (step, *_) = (await store.read(requests.steps, request.id, blind)).items
    assert step.detail == {"before": {"custom": {}}, "after": {"custom": {}}}
    with pytest.raises(Refusal) as refused:
        await changed(store, request.id, reader=blind, custom={"serial": "A-3"})
    assert refused.value.code == "hidden"


# --- whose it is ---


async def test_scope_decides_who_sees_and_counts_a_request(store: Store, keeper: Keeper) -> None:
    def people(db: Any) -> None:
        for team in ("east", "west"):
            db.execute(schema.teams.insert().values(name=team, title={"zh": team, "en": team}, version=1))
        for login in ("tom", "eve"):
            db.execute(
                schema.users.insert().values(
                    login=login, name=login, role="agent", password="", queues=[], disabled=False,
                    created_at=1.0,
                )
            )  # fmt: skip

    await store.write(people)
    east = Reader(login="tom", rights=AGENT.rights, scopes=AGENT.scopes, teams=("east",))
    west = Reader(login="eve", rights=AGENT.rights, scopes=AGENT.scopes, teams=("west",))
    who = await customer(store, team="east")
    request = await opened(store, customer=who, reader=east)
    assert (request.owner, request.team) == ("tom", "east")
    assert await store.read(requests.get, request.id, west) is None
    assert (await store.read(requests.page, west)).items == ()
    assert sum((await store.read(requests.counts, west)).values()) == 0
    assert (await store.read(requests.counts, east))[RequestState.NEW] == 1
    # Given to somebody who does not see the customer: his own work he sees, but not whose it is.
    await changed(store, request.id, reader=east, owner="eve", team="west")
    given = await store.read(requests.get, request.id, west)
    assert given
    assert given.customer_name == ""
    owners = await store.read(
        lambda db: db.execute(
            select(schema.ownerships.c.owner).where(schema.ownerships.c.kind == "request").order_by("at")
        ).scalars().all()
    )  # fmt: skip
    assert owners == ["tom", "eve"]


async def test_lists_page_filter_and_sort(store: Store) -> None:
    who = await customer(store)
    made = [
        await opened(store, customer=who, at=10.0 + n, subject=f"s{n}", due_at=None if n == 2 else 100.0 - n)
        for n in range(5)
    ]
    await changed(store, made[0].id, state=RequestState.CLOSED, at=99.0)
    for sort, expected in {
        "updated": "s0 s4 s3 s2 s1", "opened": "s4 s3 s2 s1 s0", "due": "s4 s3 s1 s0 s2",
        "number": "s4 s3 s2 s1 s0",
    }.items():  # fmt: skip
        found, cursor = [], ""
        while True:
            page = await store.read(requests.page, AGENT, sort=sort, cursor=cursor, limit=2)
            found += [each.subject for each in page.items]
            if not (cursor := page.next):
                break
        assert " ".join(found) == expected, sort
    asked = Filter(states=(RequestState.NEW,), customer=who, owner="tom", due_before=98.0)
    assert [each.subject for each in (await store.read(requests.page, AGENT, asked, sort="due")).items] == [
        "s4", "s3",
    ]  # fmt: skip
    with pytest.raises(Refusal):
        await store.read(requests.page, AGENT, sort="subject")


# --- links ---


async def test_an_interaction_belongs_to_a_request_until_it_is_taken_apart(store: Store) -> None:
    store.carry(save("i1", agent="tom", final=True))
    store.carry(save("i2", agent="eve", final=True))
    await store.settled()
    request = await opened(store, interaction="i1")
    (linked,) = await store.read(links.of_record, "request", request.id, AGENT)
    assert (linked.interaction, linked.agent) == ("i1", "tom")
    (found,) = await store.read(links.of_interaction, "i1", AGENT)
    assert (found.kind, found.number) == ("request", request.number)
    with pytest.raises(Refusal, match="no such interaction"):  # another's talk
        await store.write(requests.link, request.id, "i2", reader=AGENT, at=5.0)
    await store.write(requests.link, request.id, "i1", reader=AGENT, at=5.0)  # it is already
    await store.write(requests.link, request.id, "i2", reader=CENTER, at=5.0)
    assert len(await store.read(links.of_record, "request", request.id, AGENT)) == 1, "as far as he sees"
    await store.write(requests.unlink, request.id, "i1", reader=AGENT, at=6.0)
    with pytest.raises(Refusal):
        await store.write(requests.unlink, request.id, "i1", reader=AGENT, at=6.0)
    kinds = [each.kind for each in (await store.read(requests.steps, request.id, AGENT)).items]
    assert kinds == ["unlinked", "linked", "opened"]


async def test_the_card_of_a_caller_has_what_is_still_to_be_done(store: Store) -> None:
    who = await customer(store, phones=("13900000001",))
    for n in range(7):
        await opened(store, customer=who, subject=f"s{n}", priority=4 if n == 3 else 2, at=10.0 + n)
    first = (await store.read(requests.page, AGENT, sort="opened")).items[0]
    await changed(store, first.id, state=RequestState.CLOSED)
    (card,) = await store.find_customer("13900000001")
    assert [each.subject for each in card.requests] == ["s3", "s5", "s4", "s2", "s1"]


async def test_what_hangs_on_a_request_goes_with_it_to_another_customer(store: Store) -> None:
    one, other = await customer(store, "One"), await customer(store, "Other")
    request = await opened(store, customer=one)
    note = await store.write(
        notes.add, one, NewNote(text="a xylophone is missing", request=request.id), at=11.0
    )
    elsewhere = await store.write(notes.add, one, NewNote(text="likes trumpets"), at=11.0)
    new = NewAttachment(
        id="f1", name="a.txt", media_type="text/plain", bytes=5, sha256="0", request=request.id
    )  # fmt: skip
    file = await store.write(attachments.add, one, new, at=12.0, most=10)
    planned = await store.write(
        followups.create,
        NewFollowup(title="Call", due_at=99.0, request=request.id),
        at=13.0,
        zone=SHANGHAI,
    )
    await changed(store, request.id, customer=other)

    async def whose(module: Any, id_: str) -> Any:
        return await store.read(module.get, id_, CENTER)

    moved = await whose(notes, note.id)
    assert (moved.customer, moved.version) == (other, note.version + 1)
    assert (await whose(attachments, file.id)).customer == other
    assert (await whose(followups, planned.id)).customer == other
    assert (await whose(notes, elsewhere.id)).customer == one
    rows = (await store.read(audit.page, filters={"kind": "note", "object": note.id})).items
    assert (rows[0].before, rows[0].after) == ({"customer": one}, {"customer": other})
    boss = replace(AGENT, scopes=dict.fromkeys(Kind, Scope.ALL))
    for word, found in (("xylophone", other), ("trumpets", one)):
        hits = (await store.read(search.find, boss, word, kinds=("customer",))).hits
        assert [hit.id for hit in hits] == [found], word
