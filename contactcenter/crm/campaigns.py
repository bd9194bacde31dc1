"""Campaigns: what they dial by, how far they are, and what was counted of them.

Its law: what became of a campaign's attempts is counted in the transaction that writes it, one row for each
of its days and each outcome. So the share of drops is there after any crash, and nothing is added up again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from contactcenter.crm import access, attempt_rows, outbox, ownerships, paging, records, samples
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.attempt_rows import COLUMNS
from contactcenter.crm.errors import Refusal
from contactcenter.crm.outbox import News
from contactcenter.crm.paging import Page
from contactcenter.crm.samples import NewSample
from contactcenter.crm.schema import attempts, campaign_days, campaign_lists, campaigns, lists
from contactcenter.crm.text import entered
from contactcenter.dialer.attempts import NOT_PLACED, AttemptRecord, AttemptState
from contactcenter.dialer.campaigns import (
    TRANSITIONS,
    Campaign,
    CampaignKept,
    CampaignState,
    CampaignTrigger,
    ListShare,
)
from contactcenter.dialer.drops import Counted, Drops, counted
from contactcenter.dialer.profiles import PROFILES
from contactcenter.values import frozen

DAY_S = 86_400.0
DAYS = 60
"""So many of its last days the center is told of."""
RECENT = 2_000
"""So many of its last attempts the center learns from again, after a start."""
MOST_LISTS = 50
_CAPS = {
    "name": 120, "queue": 64, "trunk": 64, "message": 4000, "machine_message": 4000, "script": 64,
    "opt_out_key": 1, "talk_script": 20_000, "form": 4000,
}  # fmt: skip
_APART = ("id", "name", "mode", "profile", "queue", "lists")
"""Fields of a campaign that have columns or a table of their own."""
_GOING = (CampaignState.RUNNING.value, CampaignState.PAUSED.value)
log = structlog.get_logger(__name__)


@frozen
class CampaignRow:
    """A campaign as it is stored."""

    campaign: Campaign
    state: CampaignState
    owner: str
    team: str
    started_at: float | None
    """When it was started first: its periods are counted from there."""
    version: int
    created_at: float
    created_by: str
    updated_at: float


# --- reading ---


def get(db: Connection, campaign: str, reader: Reader = CENTER) -> CampaignRow | None:
    """The campaign as the reader may see it, or None."""
    seen = access.visible(reader, Kind.CAMPAIGN)
    row = db.execute(select(campaigns).where(campaigns.c.id == campaign, seen)).one_or_none()
    return _rows(db, [row])[0] if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    states: Collection[CampaignState] = (),
    queue: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[CampaignRow]:
    """Campaigns that the reader sees, those that were changed last first. Raises `Refusal`."""
    query = select(campaigns).where(access.visible(reader, Kind.CAMPAIGN))
    if states:
        query = query.where(campaigns.c.state.in_([each.value for each in states]))
    if queue:
        query = query.where(campaigns.c.queue == queue)
    query = paging.after(query, campaigns.c.updated_at, campaigns.c.id, cursor=cursor, limit=limit, down=True)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].updated_at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=_rows(db, shown), next=more)


def read(db: Connection, campaign: str) -> Campaign | None:
    """What the campaign dials by, or None: for the store's own work."""
    found = get(db, campaign)
    return found.campaign if found else None


def whose(db: Connection) -> dict[str, tuple[str, str]]:
    """Owner and team of every campaign, by its id: for who sees those that live."""
    rows = db.execute(select(campaigns.c.id, campaigns.c.owner, campaigns.c.team))
    return {row.id: (row.owner, row.team) for row in rows}


def kept(db: Connection, campaign: str, at: float) -> CampaignKept | None:
    """The campaign with what its pacing goes on from, or None."""
    row = db.execute(select(campaigns).where(campaigns.c.id == campaign)).one_or_none()
    return _kept(db, [row], at)[0] if row else None


def running(db: Connection, at: float) -> tuple[CampaignKept, ...]:
    """At start: the campaigns that run or are paused, and those with attempts that are not over. One that
    can't be read is left out, and said in the log."""
    with_open = select(attempts.c.campaign).where(attempts.c.state != literal_column("'over'"))
    query = select(campaigns).where(or_(campaigns.c.state.in_(_GOING), campaigns.c.id.in_(with_open)))
    found: list[CampaignKept] = []
    for row in db.execute(query.order_by(campaigns.c.id)).all():
        try:
            found += _kept(db, [row], at)
        except (msgspec.ValidationError, KeyError):  # of another version: no reason not to take calls
            log.exception("a campaign can't be read, and does not dial", campaign=row.id)
    return tuple(found)


def outcomes(
    db: Connection, campaign: str, *, since: int | None = None, until: int | None = None
) -> dict[str, int]:
    """How many attempts ended with each outcome, on the campaign's days from `since` on and before `until`;
    None: from the first one, to the last."""
    query = select(campaign_days.c.outcome, func.sum(campaign_days.c.calls)).where(
        campaign_days.c.campaign == campaign, *_days(since, until)
    )
    return {outcome: int(calls) for outcome, calls in db.execute(query.group_by(campaign_days.c.outcome))}


def days_of(db: Connection, campaign: str, *, since: int = 0) -> dict[int, Drops]:
    """What was counted on each of the campaign's days from `since` on, as its steering counts; days on which
    nothing was are left out."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    query = select(campaign_days).where(campaign_days.c.campaign == campaign, *_days(since, None))
    for row in db.execute(query):
        found[row.day][row.counted] += row.calls
    return {
        day: Drops(
            connected=of[Counted.CONNECTED], dropped=of[Counted.DROPPED], machines=of[Counted.MACHINE],
        )
        for day, of in sorted(found.items())
    }  # fmt: skip


def day_of(started_at: float, at: float) -> int:
    """Which of the campaign's days that is: 0 is the first."""
    return max(0, int((at - started_at) // DAY_S))


# --- writing ---


def create(
    db: Connection,
    new: Campaign,
    *,
    owner: str | None = None,
    team: str | None = None,
    reader: Reader = CENTER,
    at: float,
) -> CampaignRow:
    """Write a campaign down; it starts only when nothing is wrong with it (`dialer/starting.py`). Its id is
    given here. `owner`, `team`: None is who makes it, and his first team. Raises `Refusal`."""
    campaign = replace(_checked(db, new, reader, ()), id=uuid4().hex)
    ownerships.check(db, owner or "", team or "")
    ownerships.check_reach(db, reader, Kind.LEAD, owner or "", team or "")
    owner = reader.login if owner is None else owner
    team = reader.home if team is None else team
    row: dict[str, Any] = {
        **_columns(campaign), "id": campaign.id, "state": CampaignState.DRAFT.value, "owner": owner,
        "team": team, "started_at": None, "version": 1, "created_at": at, "created_by": reader.login,
        "updated_at": at,
    }  # fmt: skip
    db.execute(insert(campaigns).values(row))
    _put_lists(db, campaign.id, campaign.lists)
    told = _told(row, campaign.lists)
    records.changed(db, "campaign", campaign.id, None, told, by=reader.login, at=at)
    return _written(db, campaign.id)


def change(
    db: Connection,
    campaign: str,
    to: Campaign,
    *,
    owner: str | None = None,
    team: str | None = None,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> CampaignRow:
    """Let the campaign have these settings; None leaves owner and team. The very next call goes by them.

    Raises `Refusal`: `not_found`, `illegal_now` for one that is archived, or the wrong field; and
    `ChangedMeanwhile`.
    """
    row = check_visible(db, campaign, reader)
    records.expect(row.version, expected)
    if row.state == CampaignState.ARCHIVED.value:
        raise Refusal("an archived campaign is not changed any more", code="illegal_now", field="state")
    before = _rows(db, [row])[0].campaign
    if row.started_at is not None and to.profile != before.profile:
        says = "what was dialled so far is proven by this profile: make another campaign for another one"
        raise Refusal(says, code="illegal_now", field="profile")
    after = replace(_checked(db, to, reader, [each.list for each in before.lists], row.id), id=row.id)
    values = _columns(after)
    values["owner"] = row.owner if owner is None else owner
    values["team"] = row.team if team is None else team
    ownerships.check(db, owner or "", team or "")
    ownerships.check_reach(db, reader, Kind.LEAD, owner or "", team or "")
    was, now = _told(dict(row._mapping), before.lists), _told({**row._mapping, **values}, after.lists)
    if was == now:
        return _written(db, row.id)
    version = row.version + 1
    db.execute(
        update(campaigns).where(campaigns.c.id == row.id).values(**values, version=version, updated_at=at)
    )
    if after.lists != before.lists:
        _put_lists(db, row.id, after.lists)
    records.changed(db, "campaign", row.id, was, now, by=reader.login, at=at, version=version)
    return _written(db, row.id)


def archive(
    db: Connection, campaign: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> CampaignRow:
    """Put a campaign away that is a draft or was stopped. Raises `Refusal`: `not_found`, `illegal_now`; and
    `ChangedMeanwhile`."""
    row = check_visible(db, campaign, reader)
    records.expect(row.version, expected)
    state = CampaignState(row.state)
    if CampaignTrigger.ARCHIVE not in TRANSITIONS[state]:
        raise Refusal(f"the campaign is {state}: stop it first", code="illegal_now", field="state")
    to, version = CampaignState.ARCHIVED.value, row.version + 1
    db.execute(
        update(campaigns).where(campaigns.c.id == row.id).values(state=to, version=version, updated_at=at)
    )
    records.changed(
        db, "campaign", row.id, {"state": row.state}, {"state": to}, by=reader.login, at=at, version=version,
        act="archive",
    )  # fmt: skip
    return _written(db, row.id)


def add_sample(
    db: Connection, campaign: str, new: NewSample, *, reader: Reader = CENTER, at: float
) -> CampaignRow:
    """Enter how many of its machines somebody has listened to, and how many of those were persons: its
    detection has the sums from now on. Raises `Refusal`: `not_found`, `illegal_now`, or the wrong field."""
    row = check_visible(db, campaign, reader)
    samples.add(db, row.id, _rows(db, [row])[0].campaign.detection, new, reader=reader, at=at)
    return _written(db, row.id)


def save_state(db: Connection, campaign: str, state: str, *, by: str, at: float) -> None:
    """The center says what state the campaign is in. The first start is kept: periods count from it. The
    center writes the audit log itself; whoever is to be told is told here."""
    row = db.execute(select(campaigns).where(campaigns.c.id == campaign)).one_or_none()
    if row is None or row.state == state:
        return
    started_at = row.started_at
    if started_at is None and state == CampaignState.RUNNING.value:
        started_at = at
    version = row.version + 1
    db.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign)
        .values(state=state, started_at=started_at, version=version, updated_at=at)
    )
    news = News(
        event="campaign.changed", kind="campaign", record_id=campaign, version=version,
        detail={"changed": ["state"], "state": state},
    )  # fmt: skip
    outbox.put(db, news, by=by, at=at)


def count(db: Connection, ended: Sequence[AttemptRecord]) -> None:
    """Count attempts that are over from now on, each once."""
    ids = {record.campaign for record in ended}
    query = select(campaigns.c.id, campaigns.c.started_at, campaigns.c.profile).where(campaigns.c.id.in_(ids))
    of = {row.id: row for row in db.execute(query)} if ids else {}
    found = Counter(
        (
            record.campaign,
            day_of(of[record.campaign].started_at or record.saved_at, record.saved_at),
            record.outcome,
            counted(record, _clock_s(of[record.campaign].profile)).value,
        )
        for record in ended
        if record.campaign in of
    )
    for (campaign, day, outcome, what), calls in found.items():
        where = (
            campaign_days.c.campaign == campaign, campaign_days.c.day == day,
            campaign_days.c.outcome == outcome, campaign_days.c.counted == what,
        )  # fmt: skip
        more = update(campaign_days).where(*where).values(calls=campaign_days.c.calls + calls)
        if db.execute(more).rowcount == 0:
            row = {"campaign": campaign, "day": day, "outcome": outcome, "counted": what, "calls": calls}
            db.execute(insert(campaign_days).values(row))


def check_visible(db: Connection, campaign: str, reader: Reader) -> Row[Any]:
    """The row of a campaign that the reader sees. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.CAMPAIGN)
    row = db.execute(select(campaigns).where(campaigns.c.id == campaign, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such campaign", code="not_found")
    return row


# --- parts ---


def _checked(db: Connection, new: Campaign, reader: Reader, held: Collection[str], own: str = "") -> Campaign:
    """The campaign as it may be written down. `held`: the lists that it has already, seen or not."""
    texts: dict[str, Any] = {name: entered(getattr(new, name), name, cap) for name, cap in _CAPS.items()}
    if not texts["name"]:
        raise Refusal("give it a name", field="name")
    taken = select(campaigns.c.id).where(campaigns.c.name == texts["name"], campaigns.c.id != own)
    if db.scalar(taken) is not None:
        raise Refusal("another campaign has this name", code="taken", field="name")
    if new.profile not in PROFILES:
        raise Refusal(f"one of {', '.join(PROFILES)}", field="profile")
    ids = [each.list for each in new.lists]
    if len(set(ids)) < len(ids):
        raise Refusal("each list once", field="lists")
    if len(ids) > MOST_LISTS:
        raise Refusal(f"at most {MOST_LISTS} lists", field="lists")
    seen = select(lists.c.id).where(lists.c.id.in_(ids), access.visible(reader, Kind.LIST))
    known = {*db.scalars(seen), *held}
    for place, share in enumerate(new.lists):
        if share.list not in known:
            raise Refusal("there is no such list", field=f"lists.{place}.list")
        if not 1 <= share.weight <= 1000:
            raise Refusal("a weight from 1 to 1000", field=f"lists.{place}.weight")
    caller_ids = tuple(dict.fromkeys(entered(each, "caller_ids", 32) for each in new.caller_ids))
    if len(caller_ids) > 1000:
        raise Refusal("at most 1000 numbers", field="caller_ids")
    if len(new.rules) > 200 or any(len(each) > 64 for each in new.rules):
        raise Refusal("at most 200 rules, each for an outcome of at most 64 characters", field="rules")
    return replace(new, **texts, caller_ids=caller_ids)


def _columns(campaign: Campaign) -> dict[str, Any]:
    if campaign.detection is not None:  # what was listened to is in a table of its own, with its proof
        campaign = replace(campaign, detection=replace(campaign.detection, heard=0, persons=0))
    document = msgspec.to_builtins(campaign)
    settings = {name: value for name, value in document.items() if name not in _APART}
    try:
        settings = json.loads(json.dumps(settings, allow_nan=False))  # as the database gives it back
    except ValueError:
        raise Refusal("one of its numbers is none", field="settings") from None
    return {
        "name": campaign.name, "mode": campaign.mode.value, "profile": campaign.profile,
        "queue": campaign.queue, "settings": settings,
    }  # fmt: skip


def _put_lists(db: Connection, campaign: str, shares: Sequence[ListShare]) -> None:
    """The mixing begins anew: what one list was ahead of another by counts no more."""
    db.execute(delete(campaign_lists).where(campaign_lists.c.campaign == campaign))
    rows = [
        {"campaign": campaign, "list": share.list, "place": place, "weight": share.weight}
        for place, share in enumerate(shares)
    ]
    if rows:
        db.execute(insert(campaign_lists), rows)


def _written(db: Connection, campaign: str) -> CampaignRow:
    row = db.execute(select(campaigns).where(campaigns.c.id == campaign)).one()
    return _rows(db, [row])[0]


def _rows(db: Connection, rows: Sequence[Row[Any]]) -> tuple[CampaignRow, ...]:
    ids = [row.id for row in rows]
    query = select(campaign_lists).where(campaign_lists.c.campaign.in_(ids))
    shares: dict[str, list[ListShare]] = defaultdict(list)
    for each in db.execute(query.order_by(campaign_lists.c.place)) if ids else ():
        shares[each.campaign].append(ListShare(list=each.list, weight=each.weight))
    heard = samples.sums(db, ids)
    return tuple(
        CampaignRow(
            campaign=_campaign(row, shares[row.id], heard), state=CampaignState(row.state), owner=row.owner,
            team=row.team, started_at=row.started_at, version=row.version, created_at=row.created_at,
            created_by=row.created_by, updated_at=row.updated_at,
        )
        for row in rows
    )  # fmt: skip


def _campaign(
    row: Row[Any], shares: Iterable[ListShare], heard: Mapping[tuple[str, str], tuple[int, int]]
) -> Campaign:
    apart = {"id": row.id, "name": row.name, "mode": row.mode, "profile": row.profile, "queue": row.queue}
    lists_ = [{"list": each.list, "weight": each.weight} for each in shares]
    found = msgspec.convert({**row.settings, **apart, "lists": lists_}, Campaign)
    if (detection := found.detection) is None:
        return found
    listened, persons = heard.get((row.id, samples.key_of(detection)), (0, 0))
    return replace(found, detection=replace(detection, heard=listened, persons=persons))


def _kept(db: Connection, rows: Sequence[Row[Any]], at: float) -> tuple[CampaignKept, ...]:
    found = []
    for row, known in zip(rows, _rows(db, rows), strict=True):
        day = 0 if row.started_at is None else day_of(row.started_at, at)
        length = PROFILES[row.profile].period_days
        begun = day - day % length
        # Periods of 30 days lie within the days that are told of; a longer one begins before them.
        since = min(day - DAYS, begun)
        placed = sum(
            calls for outcome, calls in outcomes(db, row.id, since=begun).items() if outcome not in NOT_PLACED
        )
        found.append(
            CampaignKept(
                campaign=known.campaign, state=row.state, started_at=row.started_at,
                days=days_of(db, row.id, since=since), placed=placed, recent=_recent(db, row.id),
            )
        )  # fmt: skip
    return tuple(found)


def _recent(db: Connection, campaign: str) -> tuple[AttemptRecord, ...]:
    query = (
        select(*COLUMNS)
        .where(
            attempts.c.campaign == campaign, attempts.c.state == AttemptState.OVER.value,
            attempts.c.outcome.not_in([each.value for each in NOT_PLACED]),
        )
        .order_by(attempts.c.saved_at.desc(), attempts.c.id.desc())
        .limit(RECENT)
    )  # fmt: skip
    return tuple(map(attempt_rows.record, reversed(db.execute(query).all())))


def _clock_s(profile: str) -> float:
    """Of a profile of another version the strictest."""
    known = PROFILES.get(profile)
    return known.clock_s if known else min(each.clock_s for each in PROFILES.values())


def _days(since: int | None, until: int | None) -> list[ColumnElement[bool]]:
    found = []
    if since is not None:
        found.append(campaign_days.c.day >= since)
    if until is not None:
        found.append(campaign_days.c.day < until)
    return found


def _told(row: Mapping[str, Any], shares: Iterable[ListShare]) -> dict[str, Any]:
    """For the audit log: every setting by its name."""
    apart = {name: row[name] for name in ("name", "state", "mode", "profile", "queue", "owner", "team")}
    return {**row["settings"], **apart, "lists": {each.list: each.weight for each in shares}}
