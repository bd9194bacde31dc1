"""Hidden field × every reading call and every frame: what is hidden from a role comes out nowhere.

One customer and what hangs on him have a value of their own in every field that can be hidden
(`access.FIELDS`, and a custom field of each kind). For each of these fields there is a role with all rights
and all scopes from which it alone is hidden; its user calls every GET of the OpenAPI document and listens to
the live stream. A field that is new in `FIELDS` has to be added to `VALUES`.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from fake_center import call_view
from running import Browser, Running, running
from sqlalchemy import Connection, insert
from test_http_matrix import GUARDED, Operation, sample_of

from contactcenter.callbacks import CallbackRecord
from contactcenter.commands import CorrectDisposition, SaveInteraction, ScreenPop, ShowCall
from contactcenter.crm import (
    accounts,
    appointments,
    attempts,
    callbacks,
    campaigns,
    cards,
    do_not_call,
    leads,
    lists,
    readers,
    roles,
    schema,
)
from contactcenter.crm.access import CENTER, FIELDS, RIGHTS, SCOPED, Kind, Right, Scope
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.leads import LeadChange, NewLead
from contactcenter.crm.lists import NewList
from contactcenter.crm.roles import Role
from contactcenter.crm.users import User
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.values import InteractionRecord, LeadCard, MatchMethod, Note, TimelineEntry
from contactcenter.views import ReminderView

VALUES: dict[str, tuple[str, ...]] = {
    "customer.addresses": ("zqmail@example.org", "zqstreet", "13800138000"),
    "customer.phones": ("13800138000",),
    "customer.company": ("zqcompany",),
    "customer.tier": ("zqtier",),
    "customer.category": ("zqcategory",),
    "customer.save_desk": ('"save_desk": true',),
    "customer.language": ('"language": "zh", "save_desk"', '"save_desk": true, "language": "zh"'),
    "customer.balance": ("77123.45",),
    "customer.note": ("zqremark",),
    "customer.last": ('"last": [{',),
    "customer.id_number": ("11010519491231002X", "002X"),
    "customer.tags": ("zqtag",),
    "customer.custom.size": ("zqsize",),
    "request.problem": ("zqproblem",),
    "request.solution": ("zqsolution",),
    "request.custom.part": ("zqpart",),
    "interaction.caller": ("13900139000", "13700137000"),
    "interaction.caller_name": ("zqcaller",),
    "interaction.note": ("zqsaid",),
    "lead.name": ("zqlead",),
    "lead.numbers": ("13600136000",),
    "lead.fields": ("zqfield",),
}
"""Field -> texts of which none may come out. Of JSON, which is told with `", "` and `": "`."""
OPEN = "open_to_all"


def test_every_field_that_can_be_hidden_is_looked_for() -> None:
    assert FIELDS | {"customer.custom.size", "request.custom.part"} == VALUES.keys()


@dataclass
class House:
    """A running edge, a client for each role by what it hides, and the ids that paths name."""

    edge: Running
    clients: dict[str, Browser]
    ids: dict[Kind, str]
    more: dict[str, tuple[dict[str, str], ...]]
    """Path -> what is to be asked for, one after the other."""


def _role(hidden: str) -> Role:
    name = hidden.replace(".", "_")
    return Role(
        name=name,
        title={"zh": name, "en": name},
        rights=RIGHTS - {Right.CALLS_MONITOR},
        scopes=dict.fromkeys(SCOPED, Scope.ALL),
        hidden=frozenset({hidden} - {OPEN}),
    )


def _readers(db: Connection) -> None:
    for hidden in (OPEN, *VALUES):
        role = _role(hidden)
        roles.put(db, role, by=CENTER, at=1.0)
        user = User(login=f"r_{role.name}", name=role.name, role=role.name, queues=("support",))
        accounts.create(db, accounts.Account(user=user), "no hash", by=CENTER, at=1.0)


async def _made(admin: Browser, path: str, body: dict[str, Any]) -> Any:
    status, found = await admin.call("POST", path, json=body)
    assert status == 201, found
    return found


async def _furnish(edge: Running, admin: Browser) -> House:
    titles = {"zh": "x", "en": "x"}
    for kind, name in (("customer", "size"), ("request", "part")):
        field = {"kind": kind, "name": name, "title": titles, "type": "text", "searchable": True}
        await _made(admin, "/api/fields", field | {"routing": kind == "customer"})
    whole: dict[str, Any] = {
        "name": "Ada", "company": "zqcompany", "tier": "zqtier", "category": "zqcategory", "save_desk": True,
        "language": "zh", "balance": "77123.45", "note": "zqremark", "id_number": "11010519491231002X",
        "tags": ["zqtag"], "custom": {"size": "zqsize"},
        "addresses": [
            {"channel": "phone", "value": "13800138000"}, {"channel": "email", "value": "zqmail@example.org"},
            {"channel": "post", "value": "zqstreet 1"},
        ],
    }  # fmt: skip
    customer = (await _made(admin, "/api/customers", whole))["id"]
    # One more who is very like him: a pair; and one who is merged into him.
    await _made(admin, "/api/customers", whole)
    gone = (await _made(admin, "/api/customers", {"name": "Ada", "company": "zqcompany"}))["id"]
    merge = (await _made(admin, "/api/merges", {"kept": customer, "gone": gone}))["id"]
    emptied = {
        name: [] if isinstance(value, list) else "" if isinstance(value, str) else False
        for name, value in whole.items()
        if name not in ("name", "custom")
    } | {"custom": {"size": None}}
    for change in (emptied, {name: value for name, value in whole.items() if name != "name"}):
        status, found = await admin.call("PATCH", f"/api/customers/{customer}", json=change)
        assert status == 200, found
    request = await _made(
        admin,
        "/api/requests",
        {"customer": customer, "subject": "s", "problem": "zqproblem", "custom": {"part": "zqpart"}},
    )
    status, found = await admin.call(
        "PATCH", f"/api/requests/{request['id']}", json={"solution": "zqsolution", "problem": "zqproblem 2"}
    )
    assert status == 200, found
    note = await _made(admin, f"/api/customers/{customer}/notes", {"text": "plain"})
    followup = await _made(
        admin, "/api/followups", {"title": "t", "customer": customer, "due_at": edge.clock() + 999}
    )
    at = edge.clock()
    record = InteractionRecord(
        id="i1", server="main", leg="l1", did="4002", caller="+8613900139000", caller_name="zqcaller",
        customer=customer, match=MatchMethod.CALLER_NUMBER, queue="support", agent="agent1",
        outcome="answered", disposition="call_back", note="zqsaid", callback="13700137000", arrived_at=at,
        final=True,
    )  # fmt: skip
    entries = (
        TimelineEntry(at=at, kind="arrived", detail={"did": "4002", "caller": "+8613900139000"}),
        TimelineEntry(at=at, kind="dialled", detail={"number": "+8613600136000", "campaign": "c1"}),
        TimelineEntry(at=at, kind="joined", detail={"agent": "agent1", "queue": "support"}),
        TimelineEntry(at=at, kind="callback", detail={"number": "13700137000", "queue": "support"}),
        TimelineEntry(at=at, kind="transfer_asked", detail={"by": "agent1", "note": "zqsaid"}),
        TimelineEntry(at=at, kind="parted", detail={"agent": "agent1", "talked_s": 1.0}),
        TimelineEntry(at=at, kind="disposition", detail={"code": "call_back", "callback": "13700137000"}),
    )
    edge.store.carry(SaveInteraction(record=record, entries=entries))
    edge.store.carry(
        CorrectDisposition(
            interaction="i1", login="agent1", at=at, code="call_back", note="zqsaid again",
            callback="13700137000",
        )
    )  # fmt: skip
    called = InteractionRecord(
        id="i2", direction="outbound", server="main", leg="dial-1", did="", caller="+8613600136000",
        caller_name="zqlead", queue="support", agent="agent1", customer=customer, outcome="answered",
        arrived_at=at, campaign="c1", lead="l1", attempt="dial-1", final=True,
    )  # fmt: skip
    edge.store.carry(SaveInteraction(record=called))
    await edge.store.settled()
    called_back = CallbackRecord(
        id="i1", queue="support", number="13700137000", name="zqcaller", server="main", asked_at=at,
        entered_at=at, due_at=at, expires_at=at + 9, state="waiting",
    )  # fmt: skip
    await edge.store.write(callbacks.save, (called_back,))
    recording = insert(schema.recordings).values(
        id="rec1", interaction="i1", call="", server="main", queue="support", agent="agent1",
        started_at=at, length_s=1.0, silences=[], state="failed", why="",
    )  # fmt: skip
    await edge.store.write(lambda db: db.execute(recording) and None)
    ids = {
        Kind.CUSTOMER: customer, Kind.REQUEST: request["id"], Kind.NOTE: note["id"],
        Kind.FOLLOWUP: followup["id"], Kind.INTERACTION: "i1", Kind.RECORDING: "rec1", Kind.MERGE: merge,
        Kind.CALLBACK: "i1", **(await edge.store.write(_outgoing, edge.clock())),
    }  # fmt: skip
    more = {
        "/api/merges": ({"customer": customer},),
        "/api/recordings": ({"interaction": "i1"},),
        "/api/search": ({"q": "Ada"},),
        "/api/audit": (
            {"object": customer}, {"object": request["id"]},
            *({"kind": kind} for kind in ("lead", "appointment", "do_not_call")),
        ),
    }  # fmt: skip
    return House(edge, {}, ids, more)


def _outgoing(db: Connection, at: float) -> dict[Kind, str]:
    """A lead who was called, and all that was written of it."""
    number = leads.number_of("13600136000")
    list_ = lists.create(db, NewList(name="Spring"), at=at).id
    new = NewLead(numbers=(number,), name="zqlead", fields={"product": "zqfield"})
    (lead,) = leads.add_many(db, list_, [new], by="center", at=at)
    changed = LeadChange(
        name="zqlead 2", fields={"product": "zqfield 2"}, numbers=(number, leads.number_of("13600136001"))
    )
    leads.change(db, lead, changed, at=at)
    settings = Campaign(
        id="", name="Spring", mode=Mode.PREVIEW, profile="CN", queue="support", trunk="main", caller_ids=(),
        lists=(ListShare(list=list_),),
    )  # fmt: skip
    campaign = campaigns.create(db, settings, at=at).campaign.id
    over = AttemptRecord(
        id="dial-1", campaign=campaign, list=list_, lead=lead, number=number.number, position=0, shows="",
        mode="preview", profile="CN", trunk="main", state="over", outcome="no_answer", saved_at=at,
    )  # fmt: skip
    attempts.keep(db, (over,))
    agreed = NewAppointment(
        number=number.number, at=at + 9999, zone="Asia/Shanghai", name="zqlead", lead=lead, owner=""
    )
    appointment = appointments.agree(db, agreed, at=at).id
    entry = do_not_call.add(db, number.number, "agent", campaign=campaign, attempt=over.id, at=at).id
    return {
        Kind.LIST: list_, Kind.LEAD: lead, Kind.CAMPAIGN: campaign, Kind.ATTEMPT: over.id,
        Kind.APPOINTMENT: appointment, Kind.DO_NOT_CALL: entry,
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running(tmp_path_factory.mktemp("hidden")) as edge, edge.browser() as admin:
        await admin.sign_in("admin")
        house = await _furnish(edge, admin)
        await edge.store.write(_readers)
        for hidden in (OPEN, *VALUES):
            token = await edge.token(f"r_{_role(hidden).name}")
            house.clients[hidden] = edge.browser(Authorization=f"Bearer {token}")
        try:
            yield house
        finally:
            for client in house.clients.values():
                await client.http.close()


READING = [
    operation for operation in GUARDED if operation.method == "GET" and operation.path.startswith("/api/")
]


async def _answers(house: House, operation: Operation, hidden: str) -> str:
    """What the call answers, in one spelling of JSON."""
    path = operation.path
    for part in operation.parts:
        path = path.replace(f"{{{part}}}", house.ids.get(operation.of or Kind.CENTER, "x1"))
    texts, least = [], sample_of(operation).query
    for query in house.more.get(operation.path, ({},)):
        async with house.clients[hidden].http.get(path, params=least | query) as answer:
            text = (await answer.read()).decode(errors="replace")
            as_json = "json" in answer.content_type
            texts.append(json.dumps(json.loads(text), ensure_ascii=False) if as_json else text)
    return "\n".join(texts)


def _told(text: str, field: str) -> list[str]:
    return [value for value in VALUES[field] if value in text]


@pytest.mark.parametrize("operation", READING, ids=lambda operation: operation.label)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_reading_call_tells_what_is_hidden(house: House, operation: Operation) -> None:
    told = {}
    for field in VALUES:
        if found := _told(await _answers(house, operation, field), field):
            told[field] = found
    assert not told, f"{operation.label} tells whom it is hidden from: pass the record through `access.shown`"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_hidden_is_there_for_the_others(house: House) -> None:
    """Else the test above could find nothing to tell."""
    texts = [await _answers(house, operation, OPEN) for operation in READING]
    for field, values in VALUES.items():
        missing = [value for value in values if not any(value in text for text in texts)]
        assert len(missing) < len(values), f"{field}: no call tells it to who may see it"


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.asyncio(loop_scope="module")
async def test_who_looks_for_what_is_hidden_finds_nothing(house: House, field: str) -> None:
    for value in VALUES[field]:
        found = await house.clients[field].get("/api/search", q=value)
        assert found["hits"] == [], f"that {value} is found tells of it"


class Frames:
    """What a socket was sent, as an outbox."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def push(self, frame: bytes) -> None:
        """One frame more."""
        self.texts.append(json.dumps(json.loads(frame), ensure_ascii=False))

    def start_over(self) -> None:
        """A snapshot is wanted next."""
        self.texts.clear()


async def _frames(house: House, hidden: str) -> str:
    """What the stream tells when the caller is offered to the reader, and to a page that is opened then."""
    login, live = f"r_{_role(hidden).name}", house.edge.server._edge.live
    known = await house.edge.store.read(readers.of, login)
    card = await house.edge.store.read(cards.get, house.ids[Kind.CUSTOMER])
    assert known
    assert card
    stream, frames = live.stream(known.reader), Frames()
    stream.subscribe(frames, None)
    caller = {"caller": "13900139000", "caller_name": "zqcaller"}
    view = call_view(f"call-{login}", agent=login, customer=card.id, customer_name=card.name, **caller)
    live.carry(ShowCall(view=view))
    stream.flush()
    live.carry(
        ScreenPop(
            login=login, offer="o1", call=view.id, interaction="i1", queue="support",
            match=MatchMethod.CALLER_NUMBER, customers=(card,), waited_s=0.0, why={},
            notes=(Note(by="agent1", text="zqsaid"),), **caller,
        )
    )  # fmt: skip
    called = {"caller": "+8613600136000", "caller_name": "zqlead"}
    view = call_view(f"dial-{login}", agent=login, campaign=house.ids[Kind.CAMPAIGN], **called)
    live.carry(ShowCall(view=view))
    frames.push(stream.snapshot())
    lead = LeadCard(
        campaign=view.campaign, campaign_name="Spring", lead=house.ids[Kind.LEAD], attempt="dial-1",
        name="zqlead", number="+8613600136000", fields={"product": "zqfield"}, talk_script="zqlead zqfield",
    )  # fmt: skip
    live.carry(
        ScreenPop(
            login=login, offer="o2", call=view.id, interaction="i2", queue="support",
            match=MatchMethod.CALLER_NUMBER, customers=(), waited_s=0.0, why={}, lead=lead, **called,
        )
    )  # fmt: skip
    agreed = ReminderView(
        id=house.ids[Kind.APPOINTMENT], kind="appointment", title="zqlead", customer="", request="",
        owner=login, team="", due_at=house.edge.clock() + 99, remind_at=0.0,
    )  # fmt: skip
    live.remind((agreed,), {})
    frames.push(stream.snapshot())
    stream.unsubscribe(frames)
    return "\n".join(frames.texts)


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_frame_tells_what_is_hidden(house: House, field: str) -> None:
    assert _told(await _frames(house, field), field) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_frames_tell_the_others(house: House) -> None:
    frames = await _frames(house, OPEN)
    absent = {field for field in VALUES if not _told(frames, field)}
    assert absent == {"customer.id_number", "request.problem", "request.solution", "request.custom.part"}
