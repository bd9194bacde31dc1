"""The evidence of a campaign, read from its attempts (`dialer/evidence.py`). Reads only."""

from math import inf

from sqlalchemy import Connection, Select, literal_column, or_, select

from contactcenter.crm import attempts, campaigns
from contactcenter.crm.access import CENTER, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import attempts as rows
from contactcenter.crm.schema import campaigns as campaign_rows
from contactcenter.crm.schema import do_not_call
from contactcenter.dialer.attempts import Outcome
from contactcenter.dialer.evidence import Evidence
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.reports import Report

DAY_S = 86400.0
BEFORE_S = 4 * DAY_S
"""Before a period that is asked for alone: pauses after a drop and calls of the last day begin there."""


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
        unwanted=frozenset(db.scalars(unwanted(campaign))),
    )
    since, until = 0.0, inf
    if period is not None and row.started_at is not None:
        long = PROFILES[row.campaign.profile].period_days * DAY_S
        since = row.started_at + (period - 1) * long - BEFORE_S if period > 1 else 0.0
        until = row.started_at + period * long
    for record in attempts.every_of_campaign(db, campaign, since=since):
        if record.saved_at >= until:
            break
        evidence.take(record)
    return evidence.report(at, only=period)


def id_of(db: Connection, campaign: str) -> str:
    """The id of the campaign with this id or name. Raises `Refusal` `not_found`."""
    named = or_(campaign_rows.c.id == campaign, campaign_rows.c.name == campaign)
    found = db.scalars(select(campaign_rows.c.id).where(named)).all()
    if not found:
        raise Refusal(f"there is no campaign {campaign!r}", code="not_found")
    return campaign if campaign in found else found[0]


def unwanted(campaign: str) -> Select[str]:
    """The campaign's attempts at numbers that were on the own list when they were saved: their ids."""
    return (
        select(rows.c.id)
        .join(do_not_call, do_not_call.c.number == rows.c.number)
        .where(
            rows.c.campaign == campaign,
            do_not_call.c.number != literal_column("''"),  # the index is of these, and used if it is said
            rows.c.saved_at > do_not_call.c.at,
            rows.c.outcome != Outcome.REFUSED.value,
        )
    )
