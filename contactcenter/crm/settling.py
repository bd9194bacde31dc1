"""Settling: what becomes of a lead after an attempt, or after a rule forbade one. Each settles its lead once.

A lead that somebody closed or held meanwhile stays so: what became of the attempt is in the attempt.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from contactcenter.crm import appointments, permits, shelves
from contactcenter.crm.leads import NO_NUMBER
from contactcenter.crm.schema import attempts, leads
from contactcenter.dialer import recycling
from contactcenter.dialer.attempts import PERSON, AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign
from contactcenter.dialer.drops import left_alone
from contactcenter.dialer.leads import LeadNumber, LeadState
from contactcenter.dialer.permission import CAMPAIGNS, LASTING, Dialled, Refusal, Terms, next_moment, refusal
from contactcenter.dialer.recycling import Rule, Tried

SOON_S = 60.0
"""When a lead is looked at again that only somebody else's call stood in the way of."""
MENDED_S = 900.0
"""… of a campaign that can't dial at all until somebody mends it."""
WEEK_S = 7 * 86_400.0
"""… that no hour of the next week suits."""
_BACK: Mapping[str, Any] = {"campaign": "", "leased_until": None}
"""In nobody's hopper."""


def tried(db: Connection, ids: Collection[str], rules: Mapping[str, Rule]) -> dict[str, tuple[Tried, ...]]:
    """What was tried with each of these leads, the oldest first; refusals were no tries."""
    query = (
        select(
            attempts.c.lead, attempts.c.position, attempts.c.saved_at, attempts.c.ended_at,
            attempts.c.outcome, attempts.c.disposition,
        )
        .where(
            attempts.c.lead.in_(list(ids)), attempts.c.state == AttemptState.OVER.value,
            attempts.c.outcome != Outcome.REFUSED.value,
        )
        .order_by(attempts.c.saved_at, attempts.c.id)
    )  # fmt: skip
    found: dict[str, list[Tried]] = defaultdict(list)
    for row in db.execute(query) if ids else ():
        at = row.saved_at if row.ended_at is None else row.ended_at
        said = row.disposition if row.disposition in rules else row.outcome
        found[row.lead].append(Tried(outcome=said, number=row.position, at=at))
    return {id_: tuple(found.get(id_, ())) for id_ in ids}


def after_attempt(
    db: Connection, record: AttemptRecord, campaign: Campaign | None, numbers: Sequence[LeadNumber]
) -> None:
    """The attempt is over: its lead is due again or closed, by the campaign's rules. `numbers`: the lead's
    own."""
    row = db.execute(select(leads).where(leads.c.id == record.lead)).one_or_none()
    if row is None or row.last_attempt == record.id:
        return
    values: dict[str, Any] = _after_drop(row, record)
    if record.outcome == Outcome.CONNECTED:
        ended_at = record.saved_at if record.ended_at is None else record.ended_at
        appointments.keep(db, row.id, record.id, begun_at=record.saved_at, at=ended_at)
    agreed = appointments.of_lead(db, row.id)
    if agreed and agreed.created_at > record.saved_at and row.state == LeadState.LEASED.value:
        # What was agreed on in the talk is what becomes of the lead, whatever the rules say.
        values |= _due(row, numbers, _place_of(numbers, agreed.number, record.position), agreed.at)
        values["last_attempt"] = record.id
    elif row.state == LeadState.LEASED.value and (row.campaign == record.campaign or not row.campaign):
        values |= _by_rules(db, row, record, campaign, numbers)
    at = record.saved_at if record.ended_at is None else record.ended_at
    db.execute(
        update(leads)
        .where(leads.c.id == row.id)
        .values(**values, version=row.version + 1, updated_at=max(row.updated_at, at))
    )


def after_word(
    db: Connection, record: AttemptRecord, campaign: Campaign | None, numbers: Sequence[LeadNumber]
) -> None:
    """The agent's word came after the attempt had settled its lead without: that counts, if nothing else has
    said meanwhile what becomes of him."""
    row = db.execute(select(leads).where(leads.c.id == record.lead)).one_or_none()
    if row is None or row.last_attempt != record.id or appointments.of_lead(db, row.id):
        return
    if campaign and record.disposition in campaign.rules and row.state != LeadState.LEASED.value:
        _write(db, row, _by_rules(db, row, record, campaign, numbers), row.updated_at)


def _by_rules(
    db: Connection, row: Row[Any], record: AttemptRecord, campaign: Campaign | None,
    numbers: Sequence[LeadNumber],
) -> dict[str, Any]:  # fmt: skip
    """What the campaign's rules say of the lead after his last attempt."""
    rules = campaign.rules if campaign else {}
    so_far = tried(db, (row.id,), rules)[row.id]
    zone = next(iter(_number(numbers, record.position).zones), "UTC")
    most = campaign.attempts if campaign else recycling.MOST_ATTEMPTS
    next_ = recycling.after(rules, so_far, len(numbers), zone, most)
    if next_.closed:
        values = {"state": LeadState.CLOSED.value, "why": next_.why, **_BACK}
    else:
        values = _due(row, numbers, next_.number if next_.number < len(numbers) else 0, next_.at)
    return values | {"last_attempt": record.id}


def after_refusal(
    db: Connection, by: Terms, row: Row[Any], numbers: Sequence[LeadNumber], position: int,
    why: Refusal, dialled: Dialled, at: float,
) -> float | None:  # fmt: skip
    """A rule forbids this number of the lead, whose row that is: another number is next, or it waits. When it
    is due again; None: never, or that is not ours to say."""
    if why is Refusal.NOT_DUE:
        return None
    if why in LASTING:
        place = _elsewhere(db, by, row, numbers, position, at)
        if place is None:
            closed = {"state": LeadState.CLOSED.value, "why": why.value, **_BACK}
            _write(db, row, closed, at)
            return None
        _write(db, row, _due(row, numbers, place, at), at)
        return at
    if why in CAMPAIGNS:
        due_at: float = at + MENDED_S
    elif why is Refusal.RINGING:
        due_at = at + SOON_S
    else:
        moment = next_moment(by, dialled, at)
        due_at = at + WEEK_S if moment is None else moment
    _write(db, row, _due(row, numbers, position, due_at), at)
    return due_at


def put_back(db: Connection, row: Row[Any], numbers: Sequence[LeadNumber], at: float) -> float | None:
    """The lead, whose row that is, is dialled by what he has now: at once, or never if that is no number.
    Answers when."""
    if not numbers:
        _write(db, row, {"state": LeadState.HELD.value, "why": NO_NUMBER, **_BACK}, at)
        return None
    place = row.next_number if row.next_number < len(numbers) else 0
    _write(db, row, _due(row, numbers, place, at), at)
    return at


def postpone(db: Connection, row: Row[Any], at: float) -> None:
    """The lead, whose row that is, is due at another time than when it was leased: it waits for that."""
    _write(db, row, {"state": LeadState.DUE.value, **_BACK}, at)


def _elsewhere(
    db: Connection, by: Terms, row: Row[Any], numbers: Sequence[LeadNumber], position: int, at: float
) -> int | None:
    """The place of the lead's next number that nothing lasting stands against; None: there is none."""
    places = [(position + step) % len(numbers) for step in range(1, len(numbers))]
    targets = [permits.target_of(row, numbers[place]) for place in places]
    known = permits.permits(db, by, targets, at) if targets else []
    for place, permit in zip(places, known, strict=True):
        if refusal(by, permit.dialled, at, reserved=True) not in LASTING:
            return place
    return None


def _due(row: Row[Any], numbers: Sequence[LeadNumber], place: int, at: float) -> dict[str, Any]:
    number = _number(numbers, place)
    return {
        "state": LeadState.DUE.value, "why": "", "due_at": at, "next_number": place,
        "shelf": shelves.shelf_of(row.priority, number.zones, number.regions), **_BACK,
    }  # fmt: skip


def _after_drop(row: Row[Any], record: AttemptRecord) -> dict[str, Any]:
    """Who was dropped is called with an agent reserved, until somebody has talked to him."""
    if left_alone(record):
        return {"dropped_at": record.ended_at}
    return {"dropped_at": None} if record.outcome in PERSON - {Outcome.HUNG_UP} else {}


def _number(numbers: Sequence[LeadNumber], place: int) -> LeadNumber:
    return numbers[place] if place < len(numbers) else LeadNumber(number="")


def _place_of(numbers: Sequence[LeadNumber], number: str, usual: int) -> int:
    return next((place for place, each in enumerate(numbers) if each.number == number), usual)


def _write(db: Connection, row: Row[Any], values: Mapping[str, Any], at: float) -> None:
    db.execute(
        update(leads).where(leads.c.id == row.id).values(**values, version=row.version + 1, updated_at=at)
    )
