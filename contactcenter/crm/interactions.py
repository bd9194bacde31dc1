"""The record of every interaction: saved while it lives, final exactly once, never changed after that."""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, desc, func, insert, literal_column, select, update

from contactcenter.commands import CorrectDisposition, SaveInteraction
from contactcenter.crm import access, assignments, indexing, links, outbox, paging, recordings, roots
from contactcenter.crm.access import CENTER, Kind, Reader, Scope
from contactcenter.crm.assignments import Assignment
from contactcenter.crm.errors import Refusal
from contactcenter.crm.links import LinkedRecord
from contactcenter.crm.outbox import News
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import campaigns, corrections, interactions, timeline, workers
from contactcenter.crm.text import inert
from contactcenter.values import InteractionRecord, MatchMethod, PastInteraction, TimelineEntry, frozen

NOTE = 4000
"""Longest note; longer text is cut with a mark, see `text.inert`."""
_LONG = frozenset({"note", "error"})
_FILTERS = {name: interactions.c[name] for name in ("queue", "outcome", "campaign", "lead")} | {
    "agent": workers.c.login
}
_FIELDS = tuple(field.name for field in fields(InteractionRecord))
_CALLER_S = ("callback", "callback_known", "callback_refused", "calling_back")
"""Kinds of entries of the timeline whose `number` is the one at which the caller is reached."""
_LEAD_S = ("dialled", "opted_out")
"""… whose `number` is the one at which a lead was called."""
_TEXTS = tuple(field.name for field in fields(InteractionRecord) if field.type is str)

Saved = SaveInteraction | CorrectDisposition
"""The center's commands that write interactions: see `saved.py` for the others."""


@frozen
class Correction:
    """An outcome that the agent set after the record was final."""

    at: float
    login: str
    code: str
    note: str
    callback: str


@frozen
class Interaction:
    """One interaction with all that is known of it."""

    record: InteractionRecord
    timeline: tuple[TimelineEntry, ...]
    corrections: tuple[Correction, ...]
    """The latest last; it is what counts."""
    workers: frozenset[str]
    """Every agent who has, or had, the caller."""
    assignment: Assignment | None = None
    """Whose it is, if that was said after the record was final; `record` has it, too."""
    links: tuple[LinkedRecord, ...] = ()
    """The requests and follow-ups that it belongs to, of those that the reader sees."""


@frozen
class Beside:
    """What stands beside records of interactions, as far as the reader sees it."""

    names: dict[str, tuple[str, str]]
    """Of customers: id and name of today; an empty name is one that he does not see."""
    recorded: dict[str, int]
    """How many recordings, of those that have any."""
    campaigns: dict[str, str]
    """The names of the campaigns that placed calls."""


def get(db: Connection, interaction: str, reader: Reader) -> Interaction | None:
    """The interaction with its timeline and corrections, as the reader may see it; None when there is none
    for him."""
    seen = access.visible(reader, Kind.INTERACTION)
    row = db.execute(select(interactions).where(interactions.c.id == interaction, seen)).one_or_none()
    if row is None:
        return None
    assigned = assignments.of(db, (interaction,)).get(interaction)
    entries = db.execute(
        select(timeline).where(timeline.c.interaction_id == interaction).order_by(timeline.c.seq)
    )
    return Interaction(
        record=access.shown(reader, Kind.INTERACTION, _record(row, assigned)),
        timeline=tuple(
            TimelineEntry(at=entry.at, kind=entry.kind, detail=_detail(entry, reader)) for entry in entries
        ),
        corrections=tuple(
            access.shown(reader, Kind.INTERACTION, each)
            for each in _corrections(db, (interaction,)).get(interaction, ())
        ),
        workers=frozenset(_workers(db, (interaction,))[interaction]),
        assignment=assigned,
        links=links.of_interaction(db, interaction, reader),
    )


def page(
    db: Connection,
    reader: Reader,
    *,
    filters: dict[str, str] | None = None,
    since: float | None = None,
    until: float | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[InteractionRecord]:
    """Interactions that the reader sees, as he may see them, that arrived from `since` on and before `until`,
    the newest first.

    `filters` names any of queue, agent, outcome, customer, campaign, lead; an agent's are those in which he
    has, or had, the caller. Raises `Refusal` for others and foreign cursors.
    """
    query, key, tie = select(interactions), interactions.c.arrived_at, interactions.c.id
    query = query.where(access.visible(reader, Kind.INTERACTION))
    if reader.scope(Kind.INTERACTION) is Scope.OWN:
        filters = {"agent": reader.login, **(filters or {})}  # so that only his own are looked through
    if filters and "agent" in filters:
        query = query.join(workers, workers.c.interaction_id == tie)
        key, tie = workers.c.arrived_at, workers.c.interaction_id
    for name, value in (filters or {}).items():
        if name == "campaign":  # in so many letters: the index is of those rows only
            query = query.where(interactions.c.campaign != literal_column("''"))
        if name == "customer":
            root = roots.root_of(db, value)
            query = query.where(assignments.belong_to(roots.family(db, root) if root else (value,)))
        elif name in _FILTERS:
            query = query.where(_FILTERS[name] == value)
        else:
            raise Refusal(f"filter by one of {', '.join(_FILTERS)}, customer", field=name)
    if since is not None:
        query = query.where(key >= since)
    if until is not None:
        query = query.where(key < until)
    rows = db.execute(paging.after(query, key, tie, cursor=cursor, limit=limit, down=True)).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].arrived_at, shown[-1].id) if len(rows) > len(shown) else ""
    given = assignments.of(db, [row.id for row in shown])
    found = (_record(row, given.get(row.id)) for row in shown)
    return Page(items=tuple(access.shown(reader, Kind.INTERACTION, each) for each in found), next=more)


def beside(db: Connection, records: Sequence[InteractionRecord], reader: Reader) -> Beside:
    """Whose these are, and how many recordings there are of them."""
    return Beside(
        names=roots.named(db, {record.customer for record in records if record.customer}, reader),
        recorded=recordings.counts(db, [record.id for record in records], reader),
        campaigns=_campaigns(db, {record.campaign for record in records if record.campaign}),
    )


def _campaigns(db: Connection, ids: Collection[str]) -> dict[str, str]:
    """Each with its name: whoever sees the call has been told it by the lead's card."""
    query = select(campaigns.c.id, campaigns.c.name).where(campaigns.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in db.execute(query)} if ids else {}


def last_of(
    db: Connection, *family: str, count: int = 10, reader: Reader = CENTER
) -> tuple[PastInteraction, ...]:
    """The last interactions of a customer, by the ids of all its rows (`roots.family`), that the reader sees:
    the newest first, with the outcome that counts today."""
    query = (
        select(interactions)
        .where(assignments.belong_to(family), access.visible(reader, Kind.INTERACTION))
        .order_by(desc(interactions.c.arrived_at))
        .limit(count)
    )
    rows = db.execute(query).all()
    corrected = _corrections(db, [row.id for row in rows])
    had = _workers(db, [row.id for row in rows])
    past = []
    for row in rows:
        late = corrected[row.id][-1] if row.id in corrected else None
        one = PastInteraction(
            id=row.id, at=row.arrived_at, channel=row.channel, direction=row.direction, queue=row.queue,
            agent=row.agent, outcome=row.outcome, disposition=late.code if late else row.disposition,
            note=late.note if late else row.note, workers=tuple(sorted(had[row.id])),
        )  # fmt: skip
        past.append(access.shown(reader, Kind.INTERACTION, one))
    return tuple(past)


def unfinished(db: Connection) -> tuple[InteractionRecord, ...]:
    """What is not final: at start, what the last run left open."""
    query = select(interactions).where(~interactions.c.final).order_by(interactions.c.arrived_at)
    return tuple(map(_record, db.execute(query)))


def storable(command: Saved) -> Saved:
    """The command with all text made inert, so that no caller's name can make its own record unwritable."""
    if isinstance(command, CorrectDisposition):
        return replace(
            command,
            code=inert(command.code),
            note=inert(command.note, NOTE),
            callback=inert(command.callback),
        )
    record, entries = command.record, command.entries
    changed: dict[str, Any] = {}
    for name in _TEXTS:
        was = getattr(record, name)
        if (now := inert(was, NOTE if name in _LONG else 200)) is not was:
            changed[name] = now
    return SaveInteraction(
        record=replace(record, **changed) if changed else record,
        entries=tuple(
            replace(
                entry,
                kind=inert(entry.kind),
                detail={
                    inert(name): inert(value, 1000) if isinstance(value, str) else value
                    for name, value in entry.detail.items()
                },
            )
            for entry in entries
        ),
    )


def write(db: Connection, commands: Sequence[Saved]) -> int:
    """Carry out the commands in their order; answers how many came for an interaction already final.

    Those change nothing, neither the row nor the timeline. Only the one writer may call this: it reads which
    rows exist before it writes, and nobody else may write in between.
    """
    saves = [command for command in commands if isinstance(command, SaveInteraction)]
    entry_count = select(func.count()).where(timeline.c.interaction_id == interactions.c.id).scalar_subquery()
    ids = {save.record.id for save in saves}
    query = select(interactions.c.id, interactions.c.final, entry_count).where(interactions.c.id.in_(ids))
    known = {id_: (final, count) for id_, final, count in db.execute(query)} if saves else {}
    closed = {id_ for id_, (final, _) in known.items() if final}
    seqs = {id_: count for id_, (_, count) in known.items()}
    latest: dict[str, InteractionRecord] = {}
    had: dict[tuple[str, str], float] = {}
    entries: list[dict[str, Any]] = []
    refused = 0
    for save in saves:
        id_ = save.record.id
        if id_ in closed:
            refused += 1
            continue
        latest[id_] = save.record
        if save.record.agent:
            had[id_, save.record.agent] = save.record.arrived_at
        if save.record.final:
            closed.add(id_)
        for entry in save.entries:
            seq = seqs.get(id_, 0)
            seqs[id_] = seq + 1
            entries.append(
                {
                    "interaction_id": id_,
                    "seq": seq,
                    "at": entry.at,
                    "kind": entry.kind,
                    "detail": entry.detail,
                }
            )
    if fresh := [_row(record) for id_, record in latest.items() if id_ not in known]:
        db.execute(insert(interactions), fresh)
    if older := [_row(record) | {"this": id_} for id_, record in latest.items() if id_ in known]:
        db.execute(_OVERWRITE, older)
    _add_workers(db, had)
    if entries:
        db.execute(insert(timeline), entries)
    late = [
        {"interaction_id": c.interaction, "login": c.login, "at": c.at, "code": c.code, "note": c.note,
         "callback": c.callback}
        for c in commands if isinstance(c, CorrectDisposition)
    ]  # fmt: skip
    if late:
        db.execute(insert(corrections), late)
    noted = [each.customer for each in latest.values() if each.final and each.note and each.customer]
    indexing.index(db, "customer", noted)  # what was said in the talk finds who it was with
    _tell(db, [each for each in latest.values() if each.final], late)
    return refused


def _tell(db: Connection, ended: Sequence[InteractionRecord], late: Sequence[dict[str, Any]]) -> None:
    """Put what is final, and what was set after that, into the outbox. What is still going on is told by the
    center itself, live."""
    news = [
        News(event="interaction.ended", kind="interaction", record_id=each.id, detail=_whose(each.customer))
        for each in ended
    ]
    if news:
        at = max(each.ended_at or each.arrived_at for each in ended)
        outbox.put_all(db, news, by=CENTER.login, at=at)
    for each in late:
        of = db.scalar(select(interactions.c.customer).where(interactions.c.id == each["interaction_id"]))
        corrected = News(
            event="interaction.corrected", kind="interaction", record_id=each["interaction_id"],
            detail=_whose(of or ""),
        )  # fmt: skip
        outbox.put(db, corrected, by=each["login"], at=each["at"])


def _whose(customer: str) -> dict[str, Any]:
    return {"customer": customer} if customer else {}


def _add_workers(db: Connection, had: dict[tuple[str, str], float]) -> None:
    if not had:
        return
    query = select(workers.c.interaction_id, workers.c.login)
    known = {
        tuple(row) for row in db.execute(query.where(workers.c.interaction_id.in_({id_ for id_, _ in had})))
    }
    fresh = [
        {"interaction_id": id_, "login": login, "arrived_at": at}
        for (id_, login), at in had.items()
        if (id_, login) not in known
    ]
    if fresh:
        db.execute(insert(workers), fresh)


# What is set are the parameters of `_row`, under the columns' own names.
_OVERWRITE = update(interactions).where(interactions.c.id == bindparam("this"), ~interactions.c.final)


def _row(record: InteractionRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _FIELDS} | {"match": record.match.value}


def _record(row: Row[Any], assigned: Assignment | None = None) -> InteractionRecord:
    values = dict(row._mapping) | {"match": MatchMethod(row.match)}
    if assigned:
        values |= {
            "customer": assigned.customer, "match": assigned.method, "confidence": assigned.confidence,
        }  # fmt: skip
    return InteractionRecord(**values)


def _workers(db: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """Every agent who has, or had, the caller, by interaction."""
    found: dict[str, list[str]] = {id_: [] for id_ in ids}
    query = select(workers.c.interaction_id, workers.c.login).where(workers.c.interaction_id.in_(ids))
    for row in db.execute(query) if ids else ():
        found[row.interaction_id].append(row.login)
    return found


def _detail(entry: Row[Any], reader: Reader) -> dict[str, Any]:
    """What a line of the timeline tells the reader."""
    detail: dict[str, Any] = access.shown(reader, Kind.INTERACTION, entry.detail)
    hidden = entry.kind in (*_CALLER_S, *_LEAD_S) and reader.hides(Kind.INTERACTION, "caller")
    hidden = hidden or (entry.kind in _LEAD_S and reader.hides(Kind.LEAD, "numbers"))
    return detail | {"number": ""} if hidden and "number" in detail else detail


def _corrections(db: Connection, ids: Sequence[str]) -> dict[str, tuple[Correction, ...]]:
    found: dict[str, tuple[Correction, ...]] = {}
    query = select(corrections).where(corrections.c.interaction_id.in_(ids)).order_by(corrections.c.id)
    for row in db.execute(query) if ids else ():
        one = Correction(at=row.at, login=row.login, code=row.code, note=row.note, callback=row.callback)
        found[row.interaction_id] = (*found.get(row.interaction_id, ()), one)
    return found
