"""Records of the service pages for tests: customers, requests, follow-ups, calls that were."""

from typing import Any
from zoneinfo import ZoneInfo

from running import SETTINGS, Running

from contactcenter.commands import SaveInteraction
from contactcenter.crm import customers, followups, requests
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.followups import Followup, NewFollowup
from contactcenter.crm.requests import NewRequest, Request, RequestChange, RequestState
from contactcenter.http.settings import Choice
from contactcenter.values import CustomerCard, InteractionRecord, MatchMethod, TimelineEntry

ZONE = ZoneInfo("UTC")
KINDS = (
    Choice(code="fault", title={"zh": "故障", "en": "Fault"}),
    Choice(code="billing", title={"zh": "账单", "en": "Billing"}),
)
DAY_S = 86_400.0


def with_kinds(edge: Running) -> None:
    """Let the configuration name kinds of requests."""
    inner = edge.server._edge
    inner.settings = type(SETTINGS)(
        **{name: getattr(inner.settings, name) for name in inner.settings.__dataclass_fields__}
        | {"request_kinds": KINDS}
    )


async def customer(edge: Running, name: str, phone: str = "+8613800138000", **more: Any) -> CustomerCard:
    """A customer who is nobody's, so that everybody sees him."""
    new = NewCustomer(name=name, phones=(phone,), **more)
    return await edge.store.write(customers.create, new, at=edge.clock())


async def request(
    edge: Running, who: CustomerCard, subject: str, state: RequestState = RequestState.NEW, **more: Any
) -> Request:
    """A request in this state."""
    new = NewRequest(customer=who.id, subject=subject, **{"owner": "", "team": "", **more})
    made = await edge.store.write(requests.create, new, at=edge.clock(), zone=ZONE)
    if state is RequestState.NEW:
        return made
    solution = "It works again." if state is RequestState.SOLVED else None
    to = RequestChange(state=state, solution=solution)
    return await edge.store.write(requests.change, made.id, to, at=edge.clock())


async def change(edge: Running, one: Request, **to: Any) -> Request:
    """Somebody else changes the request meanwhile."""
    return await edge.store.write(requests.change, one.id, RequestChange(**to), at=edge.clock())


async def request_now(edge: Running, one: Request) -> Request:
    """The request as it is."""
    found = await edge.store.read(requests.get, one.id)
    assert found
    return found


async def followup(
    edge: Running, title: str, due_in: float, *, remind: bool = False, **more: Any
) -> Followup:
    """A follow-up of agent1, due in so many seconds; reminded of as soon as it is due, or now."""
    now = edge.clock()
    due_at = now + due_in
    new = NewFollowup(
        title=title, due_at=due_at, remind_at=min(due_at, now) if remind else None,
        **{"owner": "agent1", "team": "", **more},
    )  # fmt: skip
    made = await edge.store.write(followups.create, new, at=now, zone=ZONE)
    edge.server._edge.reminders.look()
    return made


async def followup_now(edge: Running, one: Followup) -> Followup:
    """The follow-up as it is."""
    found = await edge.store.read(followups.get, one.id)
    assert found
    return found


async def interaction(edge: Running, id_: str, who: CustomerCard | None = None, **more: Any) -> None:
    """A call of agent1's that is over."""
    now = edge.clock()
    fields: dict[str, Any] = {
        "id": id_, "channel": "voice", "direction": "inbound", "did": "4002", "caller": "13800138000",
        "caller_name": "", "language": "", "customer": who.id if who else "", "queue": "support",
        "match": MatchMethod.CALLER_NUMBER if who else MatchMethod.NONE, "confidence": 0.475 if who else 0.0,
        "agent": "agent1", "last_node": "", "outcome": "answered", "disposition": "solved",
        "note": "All well", "callback": "", "origin": "", "error": "", "arrived_at": now - 300,
        "queued_at": now - 295, "offered_at": now - 280, "answered_at": now - 270, "ended_at": now - 90,
        "closed_at": now - 60, "waited_s": 15.0, "talked_s": 180.0, "wrapped_s": 30.0, "offers": 1,
        "inferred": False, "final": True, "server": "", "leg": "",
    }  # fmt: skip
    record = InteractionRecord(**fields | more)
    entry = TimelineEntry(
        at=record.arrived_at, kind="identified",
        detail={"customer": record.customer, "method": record.match.value, "confidence": record.confidence},
    )  # fmt: skip
    edge.store.carry(SaveInteraction(record=record, entries=(entry,)))
    await edge.store.settled()
