"""Samples: of the calls that a campaign's detection took for machines, how many somebody has listened to, and
how many of those were persons; with what proves it, in words.

Nobody hears in the record of a call whether the detection was right. As long as nobody has listened, the
usual share of persons among the machines is taken (`dialer/drops.py`); a sample bounds it. A sample is of the
values that the detection had then: others need one of their own. It only grows: what was wrong is outweighed,
and not taken away.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, func, insert, select

from contactcenter.crm import records
from contactcenter.crm.access import Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import campaign_samples
from contactcenter.crm.text import entered
from contactcenter.dialer.campaigns import Detection
from contactcenter.values import frozen

MOST_HEARD = 100_000
"""In one sample."""
_COUNTED = ("heard", "persons")


@frozen
class NewSample:
    """What somebody has found."""

    heard: int
    persons: int
    proof: str
    """Which calls, who listened, where that is written down."""


@frozen
class Sample:
    """What somebody has found, and when."""

    id: str
    heard: int
    persons: int
    proof: str
    login: str
    at: float
    counts: bool
    """It is of the values that the detection has today."""


def key_of(detection: Detection) -> str:
    """The values of a detection by which it judges; what is done with a machine is none of them."""
    values = {
        name: value
        for name, value in msgspec.to_builtins(detection).items()
        if name not in (*_COUNTED, "on_machine")
    }
    return json.dumps(values, sort_keys=True)


def of(db: Connection, campaign: str, detection: Detection | None) -> tuple[Sample, ...]:
    """The samples of a campaign with this detection, the newest first."""
    key = key_of(detection) if detection else ""
    query = select(campaign_samples).where(campaign_samples.c.campaign == campaign)
    query = query.order_by(campaign_samples.c.at.desc(), campaign_samples.c.id)
    return tuple(
        Sample(
            id=row.id, heard=row.heard, persons=row.persons, proof=row.proof, login=row.login, at=row.at,
            counts=row.detection == key,
        )
        for row in db.execute(query)
    )  # fmt: skip


def sums(db: Connection, campaigns: Collection[str]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """How many were heard and were persons in all, by campaign and the detection's values (`key_of`)."""
    table = campaign_samples
    query = (
        select(table.c.campaign, table.c.detection, func.sum(table.c.heard), func.sum(table.c.persons))
        .where(table.c.campaign.in_(sorted(campaigns)))
        .group_by(table.c.campaign, table.c.detection)
    )
    found = db.execute(query) if campaigns else ()
    return {(campaign, key): (int(heard), int(persons)) for campaign, key, heard, persons in found}


def add(
    db: Connection, campaign: str, detection: Detection | None, new: NewSample, *, reader: Reader, at: float
) -> None:
    """Enter a sample of what this detection took for machines. Raises `Refusal` naming the field."""
    if detection is None:
        says = "the campaign has no detection: nobody is taken for a machine"
        raise Refusal(says, code="illegal_now", field="detection")
    if not 1 <= new.heard <= MOST_HEARD:
        raise Refusal(f"from 1 to {MOST_HEARD} calls", field="heard")
    if not 0 <= new.persons <= new.heard:
        raise Refusal(f"from 0 to the {new.heard} that were listened to", field="persons")
    if not (proof := entered(new.proof, "proof", 1000)):
        raise Refusal("say which calls were listened to, and by whom", field="proof")
    values: dict[str, Any] = {"heard": new.heard, "persons": new.persons, "proof": proof}
    key = key_of(detection)
    row = {"id": uuid4().hex, "campaign": campaign, "detection": key, **values, "login": reader.login}
    db.execute(insert(campaign_samples).values(**row, at=at))
    records.changed(
        db, "campaign", campaign, {}, {"sample": {**values, "detection": json.loads(key)}}, by=reader.login,
        at=at, act="sample",
    )  # fmt: skip
