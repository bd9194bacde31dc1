"""Attempts: each dial of a number, with what a regulator asks for; written before its call is placed.

Its law: whether a number may be dialled is asked in the transaction that writes the attempt, whatever was
true before. So two campaigns never dial a number at once, and nobody is dialled who said no a moment ago. A
refusal is written down, too. What an attempt was never changes once it is over, and its record stays as long
as the law wants it: the database sees to both.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from contactcenter.commands import CorrectDisposition
from contactcenter.crm import access, attempt_rows, campaigns, leads, paging, permits, settling
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.attempt_rows import COLUMNS, NAMES
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import attempts, interactions
from contactcenter.crm.schema import leads as lead_rows
from contactcenter.crm.text import inert
from contactcenter.crm.zones import where
from contactcenter.dialer.attempts import AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign, shown_to
from contactcenter.dialer.leads import LeadNumber, LeadState
from contactcenter.dialer.permission import Dialled, Refusal, Terms, refusal
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dials import PREFIX
from contactcenter.values import frozen

YEAR_S = 366 * 86_400.0
_LONGEST_YEARS = max(each.record_years for each in PROFILES.values())
_MANY = 2_000
_LATER = ("disposition", "detail")
"""What may still come when the attempt is over: the agent's word."""
_GROUNDS = ("id", "shows", "marketing", "zones", "regions", "consent", "national_list_at")
"""What stays as the rules were asked by."""


@frozen
class Begun:
    """What became of the wish to dial."""

    record: AttemptRecord
    """As it is written: with the record that allowed it, and the age of the national list."""
    refusal: Refusal | None = None
    """The rule that forbids it."""
    due_at: float | None = None
    """When its lead is due again after a refusal; None: never, or somebody else has it."""


# --- reading ---


def get(db: Connection, attempt: str, reader: Reader = CENTER) -> AttemptRecord | None:
    """The attempt as the reader may see it, or None."""
    seen = access.visible(reader, Kind.ATTEMPT)
    row = db.execute(select(*COLUMNS).where(attempts.c.id == attempt, seen)).one_or_none()
    return _shown(attempt_rows.record(row), reader) if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    campaign: str = "",
    lead: str = "",
    number: str = "",
    outcome: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[AttemptRecord]:
    """Attempts that the reader sees, the newest first: of a campaign, a lead, a number (E.164), with an
    outcome. Raises `Refusal`."""
    query = select(*COLUMNS).where(access.visible(reader, Kind.ATTEMPT))
    if number:
        access.check_shown(reader, Kind.LEAD, ("numbers",))
    for name, value in (("campaign", campaign), ("lead", lead), ("number", number), ("outcome", outcome)):
        if value:
            query = query.where(attempts.c[name] == value)
    query = paging.after(query, attempts.c.saved_at, attempts.c.id, cursor=cursor, limit=limit, down=True)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].saved_at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=tuple(_shown(attempt_rows.record(row), reader) for row in shown), next=more)


def unfinished(db: Connection) -> tuple[AttemptRecord, ...]:
    """Those that are not over: at start, what the last run left. What an agent said of the talk is in its
    interaction until his wrap-up is over."""
    query = (
        select(*COLUMNS)
        .where(attempts.c.state != literal_column("'over'"))
        .order_by(attempts.c.saved_at, attempts.c.id)
    )
    found = [attempt_rows.record(row) for row in db.execute(query)]
    talks = select(interactions.c.id, interactions.c.disposition).where(
        interactions.c.id.in_([each.interaction for each in found if each.interaction])
    )
    said = {row.id: row.disposition for row in db.execute(talks)} if found else {}
    return tuple(replace(each, disposition=said.get(each.interaction, each.disposition)) for each in found)


def newest(db: Connection) -> str:
    """The last id that the center gave; empty: none. Its ids grow with time."""
    beyond = PREFIX[:-1] + chr(ord(PREFIX[-1]) + 1)
    query = select(func.max(attempts.c.id)).where(attempts.c.id >= PREFIX, attempts.c.id < beyond)
    return db.scalar(query) or ""


def of_campaign(
    db: Connection, campaign: str, *, after: tuple[float, str] | None = None, limit: int = _MANY
) -> tuple[AttemptRecord, ...]:
    """A campaign's attempts, the oldest first, beyond the one saved then with that id: some at a time, for
    its evidence."""
    query = select(*COLUMNS).where(attempts.c.campaign == campaign)
    if after is not None:
        at, id_ = after
        beyond = (attempts.c.saved_at > at) | ((attempts.c.saved_at == at) & (attempts.c.id > id_))
        query = query.where(attempts.c.saved_at >= at, beyond)
    query = query.order_by(attempts.c.saved_at, attempts.c.id).limit(limit)
    return tuple(map(attempt_rows.record, db.execute(query)))


def every_of_campaign(db: Connection, campaign: str, *, since: float = 0.0) -> Iterator[AttemptRecord]:
    """All of them that were saved from then on, without holding them in memory."""
    after = (since, "")
    while some := of_campaign(db, campaign, after=after):
        yield from some
        after = (some[-1].saved_at, some[-1].id)


# --- writing ---


def begin(db: Connection, record: AttemptRecord, at: float, drift_s: float = 0.0) -> Begun:
    """Write the attempt if every rule allows its call at `at`; else write the refusal, and settle its lead.
    The number that it shows is another one of the campaign's, if its own is not verified any more. `drift_s`:
    how far our clock is from the machine's.

    Asked again for an attempt that is there (nobody knew whether it was written), it answers as it is: one
    whose call came about is not allowed again, whoever asks.
    """
    known = db.execute(select(*COLUMNS).where(attempts.c.id == record.id)).one_or_none()
    if known is not None:
        return _as_it_is(attempt_rows.record(known))
    record = storable(record)
    campaign = campaigns.read(db, record.campaign)
    lead = db.execute(select(lead_rows).where(lead_rows.c.id == record.lead)).one_or_none()
    numbers = leads.numbers_of(db, [lead.id])[lead.id] if lead else ()
    if campaign is None or (record.lead and not _is_leased(lead, record.campaign)):
        return _refuse(db, record, Refusal.NOT_DUE, None, at)
    if lead is not None and lead.due_at > at:
        # He was moved while he was in the hopper, such as an appointment of his.
        settling.postpone(db, lead, at)
        return _refuse(db, record, Refusal.NOT_DUE, None, at)
    number = next((each for each in numbers if each.number == record.number), None)
    if lead and number is None:  # somebody changed it since he was leased
        due_at = settling.put_back(db, lead, numbers, at)
        return replace(_refuse(db, record, Refusal.NOT_DUE, None, at), due_at=due_at)
    by = permits.terms(db, campaign, drift_s)
    target = permits.target_of(lead, number) if lead and number else _target(record)
    (permit,) = permits.permits(db, by, [target], at, ignoring=record.id)
    shown = permits.numbers_shown(db, campaign)
    if shown and record.shows not in shown:
        record = replace(record, shows=shown_to(record.lead, shown))
    record = replace(
        record, marketing=by.marketing, zones=target.zones, regions=target.regions, consent=permit.consent,
        national_list_at=_looked_at(by),
    )  # fmt: skip
    why = refusal(by, permit.dialled, at, reserved=record.reserved)
    if why is None and not _insert_open(db, record):
        why = Refusal.RINGING  # another program was faster: the one writer is not the only guard
    if why is None:
        return Begun(record=record)
    return _refuse(db, record, why, _Lead(by=by, row=lead, numbers=numbers, dialled=permit.dialled), at)


def keep(db: Connection, records: Iterable[AttemptRecord]) -> None:
    """Write attempts as they stand now, each in its last state. One that is over from now on is counted, and
    settles its lead, once; after that only the agent's word may come."""
    last = {record.id: storable(record) for record in records}
    if not last:
        return
    query = select(attempts.c.id, attempts.c.state, attempts.c.disposition).where(attempts.c.id.in_(last))
    rows = db.execute(query).all()
    known = {row.id: row.state for row in rows}
    unsaid = {row.id for row in rows if not row.disposition}
    over = AttemptState.OVER.value
    fresh = [record for id_, record in last.items() if id_ not in known]
    going = [record for id_, record in last.items() if known.get(id_, over) != over]
    ended = [record for id_, record in last.items() if known.get(id_) == over]
    if fresh:
        db.execute(insert(attempts), [_values(record) for record in fresh])
    if going:
        _update(db, going, [name for name in NAMES if name not in _GROUNDS])
    if ended:
        _update(db, ended, _LATER)
    _settle(db, [record for record in (*going, *fresh) if record.state == over])
    _heed(db, [record for record in ended if record.disposition and record.id in unsaid])


def heed_words(db: Connection, said: Iterable[CorrectDisposition]) -> None:
    """An agent's word on a call came when its record was final: on one of which nothing was said, it is what
    becomes of the lead, as if it had come in time."""
    for each in said:
        leg = select(interactions.c.leg).where(interactions.c.id == each.interaction)
        connected = attempts.c.outcome == Outcome.CONNECTED.value
        query = select(*COLUMNS).where(attempts.c.id == leg.scalar_subquery(), connected)
        row = db.execute(query).one_or_none()
        if row is not None and not row.disposition:
            keep(db, [replace(attempt_rows.record(row), disposition=each.code)])


def refuse_all(db: Connection, refused: Sequence[AttemptRecord]) -> None:
    """Write down refusals of leads that never came into a hopper; who asks settles them."""
    if refused:
        db.execute(insert(attempts), [_values(storable(record)) for record in refused])
        campaigns.count(db, refused)


def sweep(db: Connection, *, at: float) -> None:
    """Delete records that no law wants any more, some at a time; the database itself refuses all others. What
    was counted of them stays."""
    over = attempts.c.state == literal_column("'over'")
    old = select(attempts.c.id).where(attempts.c.kept_until < at, over).limit(_MANY)
    db.execute(delete(attempts).where(attempts.c.id.in_(old)))


def storable(record: AttemptRecord) -> AttemptRecord:
    """The record with all text made inert."""
    texts: dict[str, Any] = {
        name: inert(value, 500) for name, value in asdict(record).items() if isinstance(value, str)
    }
    return replace(record, **texts)


# --- parts ---


@frozen
class _Lead:
    by: Terms
    row: Row[Any] | None
    numbers: tuple[LeadNumber, ...]
    dialled: Dialled


def _refuse(db: Connection, record: AttemptRecord, why: Refusal, about: _Lead | None, at: float) -> Begun:
    refused = replace(
        record, state=AttemptState.OVER.value, outcome=Outcome.REFUSED.value, refusal=why.value, ended_at=at
    )
    refuse_all(db, [refused])
    due_at = None
    if about is not None and about.row is not None:
        due_at = settling.after_refusal(
            db, about.by, about.row, about.numbers, record.position, why, about.dialled, at
        )
    return Begun(record=refused, refusal=why, due_at=due_at)


def _as_it_is(record: AttemptRecord) -> Begun:
    if record.state == AttemptState.SAVED:
        return Begun(record=record)
    refused = record.outcome == Outcome.REFUSED
    return Begun(record=record, refusal=Refusal(record.refusal) if refused else Refusal.NOT_DUE)


def _is_leased(lead: Row[Any] | None, campaign: str) -> bool:
    return lead is not None and lead.state == LeadState.LEASED.value and lead.campaign == campaign


def _target(record: AttemptRecord) -> permits.Target:
    place = where(record.number)
    return permits.Target(number=record.number, zones=place.zones, regions=place.regions)


def _looked_at(by: Terms) -> float | None:
    """The age that counts: of no list where the law knows none."""
    return by.national_list_at if by.profile.national_list_days is not None else None


def _insert_open(db: Connection, record: AttemptRecord) -> bool:
    """False when the number has an open attempt."""
    try:
        with db.begin_nested():
            db.execute(insert(attempts).values(_values(record)))
    except IntegrityError:
        return False
    return True


def _update(db: Connection, records: Sequence[AttemptRecord], names: Sequence[str]) -> None:
    rows = [
        {f"new_{name}": attempt_rows.value(record, name) for name in names} | {"this": record.id}
        for record in records
    ]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    db.execute(update(attempts).where(attempts.c.id == bindparam("this")).values(values), rows)


def _settle(db: Connection, ended: Sequence[AttemptRecord]) -> None:
    if not ended:
        return
    campaigns.count(db, ended)
    numbers = leads.numbers_of(db, {record.lead for record in ended})
    known: dict[str, Campaign | None] = {}
    for record in ended:
        if record.campaign not in known:
            known[record.campaign] = campaigns.read(db, record.campaign)
        settling.after_attempt(db, record, known[record.campaign], numbers[record.lead])


def _heed(db: Connection, said: Sequence[AttemptRecord]) -> None:
    numbers = leads.numbers_of(db, {record.lead for record in said})
    for record in said:
        settling.after_word(db, record, campaigns.read(db, record.campaign), numbers[record.lead])


def _values(record: AttemptRecord) -> dict[str, Any]:
    years = PROFILES[record.profile].record_years if record.profile in PROFILES else _LONGEST_YEARS
    return {**attempt_rows.values(record), "kept_until": record.saved_at + years * YEAR_S}


def _shown(record: AttemptRecord, reader: Reader) -> AttemptRecord:
    return replace(record, number="") if reader.hides(Kind.LEAD, "numbers") else record
