"""The hopper: leads that are leased to be dialled now. Nobody else gets them until they come back.

It looks on those shelves only whose hours are open, the highest priority first, and among lists by their
weights. What may be dialled is asked here once, so that few are refused at the last moment, and again then
(`attempts.py`): what is true here may be over by then. A lead on whose number something lasting stands is
written down as refused, and goes on with its next number, or is closed.
"""

from collections import deque
from collections.abc import Collection, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, literal_column, select, union_all, update

from contactcenter.crm import appointments, attempts, campaigns, leads, lists, permits, settling
from contactcenter.crm.leads import new_id
from contactcenter.crm.permits import Permit
from contactcenter.crm.schema import appointments as agreed_rows
from contactcenter.crm.schema import attempts as attempt_rows
from contactcenter.crm.schema import campaign_lists, customers, root_of_row
from contactcenter.crm.schema import leads as lead_rows
from contactcenter.crm.shelves import Shelf
from contactcenter.dialer.attempts import AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign, shown_to
from contactcenter.dialer.hours import allowed
from contactcenter.dialer.leads import Lead, LeadNumber, LeadState
from contactcenter.dialer.permission import (
    DAY_S,
    LASTING,
    Refusal,
    Terms,
    hours_of,
    refusal,
    refuses_all,
)
from contactcenter.values import frozen

LEASE_S = 4 * 3600.0
"""For so long a lead is ours: longer than anybody looks at one. What a crash leaves is given back at the next
start (`give_all_back`); this is for what nobody thought of."""
MOST = 500
"""Leads of one lease."""
ROUNDS = 4
"""So often more leads are looked at, when some may not be dialled."""
TOGETHER = 200
"""Shelves that are looked into by one statement."""
WRITTEN = LASTING | {Refusal.TOO_OFTEN, Refusal.AFTER_DROP}
"""What is written down of a lead who is not leased. The hours, and a call that is on its way, only say when
he comes."""


@frozen
class Leased:
    """What a lease brought."""

    leads: tuple[Lead, ...] = ()
    refusal: Refusal | None = None
    """The rule by which the campaign may dial nobody at all."""


def lease(db: Connection, campaign_id: str, many: int, at: float, drift_s: float = 0.0) -> Leased:
    """Lease so many leads of the campaign's lists at most, that may be dialled at `at`. `drift_s`: how far
    our clock is from the machine's."""
    campaign = campaigns.read(db, campaign_id)
    if campaign is None or not _in_window(campaign, at):
        return Leased()
    by = permits.terms(db, campaign, drift_s)
    mixer = _Mixer(db, campaign)
    if why := refuses_all(by, at):
        _write_down(db, campaign, by, mixer, why, at)
        return Leased(refusal=why)
    _give_back_expired(db, at)
    numbers: set[str] = set()
    agreed = _agreed(db, campaign, min(many, MOST), at) if by.agents else []
    found = _take(db, campaign, by, agreed, numbers, at) if agreed else []
    for _ in range(ROUNDS):
        wanted = min(many, MOST) - len(found)
        if wanted <= 0 or not (ids := mixer.pick(by, wanted, at)):
            break
        found += _take(db, campaign, by, ids, numbers, at)
    mixer.remember()
    return Leased(leads=tuple(found))


def give_back(db: Connection, ids: Collection[str]) -> None:
    """These leads are not dialled after all: they are due as before. One that is being dialled is not given
    back by this."""
    if ids:
        db.execute(update(lead_rows).where(lead_rows.c.id.in_(list(ids)), *_idle()).values(_DUE))


def take_back(db: Connection, campaign_id: str, leased_at: float) -> None:
    """The leads of the campaign's lease of that moment are due as before: nobody heard which they are."""
    until = lead_rows.c.leased_until == leased_at + LEASE_S
    db.execute(update(lead_rows).where(*_idle(), lead_rows.c.campaign == campaign_id, until).values(_DUE))


def give_all_back(db: Connection) -> None:
    """At start: nobody has a hopper yet. Leads whose attempts are not over stay where they are."""
    db.execute(update(lead_rows).where(*_idle()).values(_DUE))


_DUE: dict[str, Any] = {"state": LeadState.DUE.value, "campaign": "", "leased_until": None}


def _idle() -> tuple[Any, ...]:
    """Leased, and without a call."""
    dialled = select(1).where(
        attempt_rows.c.lead == lead_rows.c.id, attempt_rows.c.state != AttemptState.OVER.value
    )
    # In so many letters: the index of leased leads is used if the query says so, and not by a parameter.
    return lead_rows.c.state == literal_column("'leased'"), ~dialled.correlate(lead_rows).exists()


def _give_back_expired(db: Connection, at: float) -> None:
    db.execute(update(lead_rows).where(*_idle(), lead_rows.c.leased_until < at).values(_DUE))


def _in_window(campaign: Campaign, at: float) -> bool:
    window = campaign.window
    return (window.starts_at is None or window.starts_at <= at) and (
        window.ends_at is None or at < window.ends_at
    )


# --- which come next ---


def _agreed(db: Connection, campaign: Campaign, many: int, at: float) -> list[str]:
    """The ids of leads with whom a call was agreed on for now, whatever their priority: they come first."""
    query = (
        select(lead_rows.c.id)
        .join(agreed_rows, agreed_rows.c.lead == lead_rows.c.id)
        .where(
            agreed_rows.c.state == literal_column("'open'"), agreed_rows.c.at <= at,
            agreed_rows.c.lead != literal_column("''"),
            lead_rows.c.list.in_([share.list for share in campaign.lists]),
            lead_rows.c.state == literal_column("'due'"), lead_rows.c.due_at <= at,
        )
        .order_by(agreed_rows.c.at, agreed_rows.c.id)
        .limit(many)
    )  # fmt: skip
    return list(dict.fromkeys(db.scalars(query)))


class _Mixer:
    """Picks from the campaign's lists by their weights: at each pick a list gets credit for its weight, and
    the one with the most pays for all. So any few picks in a row are mixed, too, and a list that was empty
    for a while has nothing to catch up with."""

    def __init__(self, db: Connection, campaign: Campaign) -> None:
        self._db = db
        self._of = campaign_lists.c.campaign == campaign.id
        rows = db.execute(select(campaign_lists).where(self._of).order_by(campaign_lists.c.place)).all()
        self._weights = {row.list: row.weight for row in rows}
        self._before = {row.list: row.credit for row in rows}
        self._credits = dict(self._before)

    def pick(self, by: Terms, many: int, at: float) -> list[str]:
        """The ids of leads that come next."""
        left = {list_: deque(_next_of(self._db, by, list_, many, at)) for list_ in self._weights}
        picked: list[str] = []
        while len(picked) < many and (having := [list_ for list_, ids in left.items() if ids]):
            for list_ in having:
                self._credits[list_] += self._weights[list_]
            chosen = max(having, key=lambda each: self._credits[each])
            self._credits[chosen] -= sum(self._weights[each] for each in having)
            picked.append(left[chosen].popleft())
        return picked

    def remember(self) -> None:
        """Where the mixing goes on the next time."""
        for list_, credit in self._credits.items():
            if credit != self._before[list_]:
                of = update(campaign_lists).where(self._of, campaign_lists.c.list == list_)
                self._db.execute(of.values(credit=credit))


def _next_of(db: Connection, by: Terms, list_: str, many: int, at: float) -> list[str]:
    """The ids of the list's leads that come next, those of the highest priority first."""
    found: list[str] = []
    for _, group in groupby(lists.shelves_of(db, list_), key=lambda shelf: shelf.priority):
        open_ = [shelf for shelf in group if _is_open(by, shelf, at)]
        for begin in range(0, len(open_), TOGETHER):
            some = open_[begin : begin + TOGETHER]
            found += _from_shelves(db, by, list_, some, many - len(found), at)
            if len(found) >= many:
                return found
    return found


def _is_open(by: Terms, shelf: Shelf, at: float) -> bool:
    """Whether its leads may be looked at. Those of whom nobody knows the hours are, to be refused."""
    return not shelf.zones or allowed(hours_of(by, shelf.zones, shelf.regions), at)


def _from_shelves(
    db: Connection, by: Terms, list_: str, open_: Sequence[Shelf], many: int, at: float
) -> list[str]:
    """Those that have been due for longest. Of each shelf only as many are read as may be wanted."""
    texts = {f"shelf_{place}": shelf.text for place, shelf in enumerate(open_)}
    query = _query(len(open_), agents=by.agents)
    return list(db.scalars(query, {"list": list_, "at": at, "many": many, **texts}))


@cache
def _query(shelves: int, *, agents: bool) -> Select[Any]:
    """Kept: to make it takes longer than to read by it. Who was dropped, and with whom a call was agreed on,
    is for campaigns with `agents`."""
    agreed = select(1).where(
        agreed_rows.c.lead == lead_rows.c.id, agreed_rows.c.lead != literal_column("''"),
        agreed_rows.c.state == literal_column("'open'"),
    )  # fmt: skip
    anybody = [] if agents else [lead_rows.c.dropped_at.is_(None), ~agreed.correlate(lead_rows).exists()]
    each_shelf = [
        select(lead_rows.c.id, lead_rows.c.due_at)
        .where(
            lead_rows.c.list == bindparam("list"), lead_rows.c.state == literal_column("'due'"),
            lead_rows.c.shelf == bindparam(f"shelf_{place}"), lead_rows.c.due_at <= bindparam("at"), *anybody,
        )
        .order_by(lead_rows.c.due_at, lead_rows.c.id)
        .limit(bindparam("many", type_=Integer))
        .subquery()
        for place in range(shelves)
    ]  # fmt: skip
    together = union_all(*(select(each.c.id, each.c.due_at) for each in each_shelf)).subquery()
    query = select(together.c.id).order_by(together.c.due_at, together.c.id)
    return query.limit(bindparam("many", type_=Integer))


# --- whether they may be dialled ---


@frozen
class _Looked:
    """A lead that was looked at."""

    row: Row[Any]
    numbers: tuple[LeadNumber, ...]
    permit: Permit

    @property
    def number(self) -> LeadNumber:
        """The one that is next."""
        place: int = self.row.next_number
        return self.numbers[place]


def _take(
    db: Connection, campaign: Campaign, by: Terms, ids: Sequence[str], numbers: set[str], at: float
) -> list[Lead]:
    """Lease those of the leads that may be dialled; the others are settled. `numbers`: those of leads that
    were taken before: no two with the same one."""
    query = select(lead_rows).where(lead_rows.c.id.in_(ids), lead_rows.c.state == LeadState.DUE.value)
    rows = {row.id: row for row in db.execute(query.with_for_update(skip_locked=True))}
    held = leads.numbers_of(db, rows)
    sound = [rows[id_] for id_ in ids if id_ in rows and rows[id_].next_number < len(held[id_])]
    targets = [permits.target_of(row, held[row.id][row.next_number]) for row in sound]
    known = permits.permits(db, by, targets, at)
    taken: list[_Looked] = []
    refused: list[AttemptRecord] = []
    for row, permit in zip(sound, known, strict=True):
        one = _Looked(row=row, numbers=held[row.id], permit=permit)
        why = refusal(by, permit.dialled, at, reserved=by.agents)
        if why is None and one.number.number in numbers:
            why = Refusal.RINGING
        if why is None:
            numbers.add(one.number.number)
            taken.append(one)
            continue
        if why in WRITTEN:
            refused.append(_refused(campaign, one, why, at))
        settling.after_refusal(db, by, row, one.numbers, row.next_number, why, permit.dialled, at)
    attempts.refuse_all(db, refused)
    _hold(db, [row.id for row in rows.values() if row.next_number >= len(held[row.id])], at)
    if taken:
        leased = {"state": LeadState.LEASED.value, "campaign": campaign.id, "leased_until": at + LEASE_S}
        of = update(lead_rows).where(lead_rows.c.id.in_([one.row.id for one in taken]))
        db.execute(of.values(leased))
    return _leads(db, campaign, taken)


def _write_down(
    db: Connection, campaign: Campaign, by: Terms, mixer: _Mixer, why: Refusal, at: float
) -> None:
    """The campaign may dial nobody: that is kept with the lead who is next, once a day while it lasts. He is
    due as before."""
    known = select(attempt_rows.c.id).where(
        attempt_rows.c.campaign == campaign.id, attempt_rows.c.saved_at > at - DAY_S,
        attempt_rows.c.refusal == why.value,
    )  # fmt: skip
    if db.execute(known.order_by(attempt_rows.c.saved_at.desc()).limit(1)).first() is not None:
        return
    for id_ in mixer.pick(by, 1, at):
        row = db.execute(select(lead_rows).where(lead_rows.c.id == id_)).one()
        numbers = leads.numbers_of(db, [id_])[id_]
        if row.next_number < len(numbers):
            (permit,) = permits.permits(db, by, [permits.target_of(row, numbers[row.next_number])], at)
            one = _Looked(row=row, numbers=numbers, permit=permit)
            attempts.refuse_all(db, [_refused(campaign, one, why, at)])


def _hold(db: Connection, ids: Sequence[str], at: float) -> None:
    """Leads without the number that is next: nobody can dial them."""
    if ids:
        held = {"state": LeadState.HELD.value, "why": leads.NO_NUMBER, "updated_at": at}
        db.execute(update(lead_rows).where(lead_rows.c.id.in_(ids)).values(held))


def _leads(db: Connection, campaign: Campaign, taken: Sequence[_Looked]) -> list[Lead]:
    tried = settling.tried(db, [one.row.id for one in taken], campaign.rules)
    agreed = appointments.of_leads(db, [one.row.id for one in taken])
    ids = sorted({one.row.customer for one in taken if one.row.customer})
    query = select(customers.c.id, root_of_row(customers).label("root")).where(customers.c.id.in_(ids))
    roots = {row.id: row.root for row in db.execute(query)} if ids else {}
    return [
        Lead(
            id=one.row.id, list=one.row.list, name=one.row.name,
            customer=roots.get(one.row.customer, ""), language=one.row.language, priority=one.row.priority,
            numbers=one.numbers, next_number=one.row.next_number, tried=tried[one.row.id],
            dropped_at=one.permit.dialled.dropped_at, fields=one.row.fields,
            owner=agreed[one.row.id].owner if one.row.id in agreed else one.row.owner,
            agreed_at=agreed[one.row.id].at if one.row.id in agreed else None,
        )
        for one in taken
    ]  # fmt: skip


def _refused(campaign: Campaign, one: _Looked, why: Refusal, at: float) -> AttemptRecord:
    """The record of a number that was not dialled."""
    return AttemptRecord(
        id=new_id(at), campaign=campaign.id, list=one.row.list, lead=one.row.id, number=one.number.number,
        position=one.row.next_number, shows=shown_to(one.row.id, campaign.caller_ids),
        mode=campaign.mode.value, profile=campaign.profile, trunk=campaign.trunk,
        state=AttemptState.OVER.value, saved_at=at, ended_at=at, outcome=Outcome.REFUSED.value,
        refusal=why.value, consent=one.permit.consent, marketing=campaign.marketing, zones=one.number.zones,
        regions=one.number.regions,
    )  # fmt: skip
