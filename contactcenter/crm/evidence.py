"""The evidence of a campaign, read from its attempts (`dialer/evidence.py`). Reads only."""

from collections.abc import Iterator

from sqlalchemy import Connection, Row, or_, select

from contactcenter.crm import campaigns
from contactcenter.crm.access import CENTER, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import attempts, do_not_call
from contactcenter.crm.schema import campaigns as campaign_rows
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.evidence import Evidence
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.reports import Report

DAY_S = 86400.0
BEFORE_S = 4 * DAY_S
"""Before a period that is asked for alone: pauses after a drop and calls of the last day begin there."""
AT_ONCE = 2000
_COLUMNS = tuple(attempts.c[name] for name in AttemptRecord.__dataclass_fields__)


def report(
    db: Connection, campaign: str, *, at: float, period: int | None = None, reader: Reader = CENTER
) -> Report:
    """What a campaign, by its id, can show; of all its periods, or of one (1 is the first). Raises `Refusal`
    `not_found` for one that the reader does not see."""
    row = campaigns.get(db, campaign, reader)
    if row is None:
        raise Refusal("there is no such campaign", code="not_found")
    written = select(do_not_call.c.attempt, do_not_call.c.at).where(do_not_call.c.campaign == campaign)
    evidence = Evidence(
        row.campaign,
        row.started_at,
        written_down={each.attempt: each.at for each in db.execute(written) if each.attempt},
    )
    since, until = None, None
    if period is not None and row.started_at is not None:
        long = PROFILES[row.campaign.profile].period_days * DAY_S
        since = row.started_at + (period - 1) * long - BEFORE_S if period > 1 else None
        until = row.started_at + period * long
    for record in _attempts(db, campaign, since, until):
        evidence.take(record)
    return evidence.report(at, only=period)


def id_of(db: Connection, campaign: str) -> str:
    """The id of the campaign with this id or name. Raises `Refusal` `not_found`."""
    named = or_(campaign_rows.c.id == campaign, campaign_rows.c.name == campaign)
    found = db.scalars(select(campaign_rows.c.id).where(named)).all()
    if not found:
        raise Refusal(f"there is no campaign {campaign!r}", code="not_found")
    return campaign if campaign in found else found[0]


def _attempts(
    db: Connection, campaign: str, since: float | None, until: float | None
) -> Iterator[AttemptRecord]:
    """The campaign's attempts in the order in which they were saved, from `since` on and before `until`."""
    query = select(*_COLUMNS).where(attempts.c.campaign == campaign)
    if since is not None:
        query = query.where(attempts.c.saved_at >= since)
    if until is not None:
        query = query.where(attempts.c.saved_at < until)
    query = query.order_by(attempts.c.saved_at, attempts.c.id).execution_options(yield_per=AT_ONCE)
    for row in db.execute(query):
        yield _record(row)


def _record(row: Row[tuple[object, ...]]) -> AttemptRecord:
    return AttemptRecord(**row._mapping)
