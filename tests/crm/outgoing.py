"""What the tests of outgoing calls share: campaigns, lists, leads and attempts in a store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contactcenter.crm import attempts, caller_ids, campaigns, hopper, leads, lists
from contactcenter.crm.leads import NewLead
from contactcenter.crm.lists import NewList
from contactcenter.crm.store import Store
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.dialer.leads import Lead, LeadNumber

NOON = datetime(2026, 3, 3, 12, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
"""A Tuesday."""
HOUR = 3600.0
OURS = "+861065529988"
CHINA = ("Asia/Shanghai",)


def number(n: int = 0, zones: Sequence[str] = CHINA, regions: Sequence[str] = ("CN",)) -> LeadNumber:
    return LeadNumber(number=f"+861380013{n:04}", zones=tuple(zones), regions=tuple(regions))


class World:
    """A store with a number that is ours, for campaigns to show."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def begin(self) -> "World":
        await self.store.write(
            caller_ids.put, OURS, verified=True, note="the carrier's contract", at=NOON - 9 * HOUR
        )
        return self

    async def list(self, name: str = "spring", consent: str = "form 7") -> str:
        made = await self.store.write(lists.create, NewList(name=name, consent=consent), at=NOON - HOUR)
        return made.id

    async def campaign(self, *shares: str | ListShare, **fields: Any) -> Campaign:
        values: dict[str, Any] = {
            "id": "", "name": "Spring", "mode": Mode.PREDICTIVE, "profile": "CN", "queue": "sales",
            "trunk": "main", "caller_ids": (OURS,), "message": "We are …",
            "lists": tuple(
                each if isinstance(each, ListShare) else ListShare(list=each) for each in shares
            ),
        }  # fmt: skip
        made = await self.store.write(campaigns.create, Campaign(**values | fields), at=NOON - HOUR)
        id_ = made.campaign.id
        await self.store.write(campaigns.save_state, id_, "running", by="boss", at=NOON - HOUR)
        return made.campaign

    async def leads(self, list_: str, *new: NewLead, at: float = NOON - HOUR) -> tuple[str, ...]:
        return await self.store.write(leads.add_many, list_, new, by="boss", at=at)

    async def lease(self, campaign: Campaign, many: int = 10, at: float = NOON) -> tuple[Lead, ...]:
        return (await self.store.write(hopper.lease, campaign.id, many, at)).leads

    async def begun(self, record: AttemptRecord, at: float | None = None) -> attempts.Begun:
        return await self.store.write(attempts.begin, record, record.saved_at if at is None else at)

    async def ended(self, record: AttemptRecord, outcome: str, *, after: float = 30, **fields: Any) -> None:
        """Its call was placed, and ended so."""
        placed = {"placed_at": record.saved_at, "ended_at": record.saved_at + after, "state": "over"}
        over = replace(record, **{**placed, "outcome": outcome, **fields})
        await self.store.write(attempts.keep, (over,))


def attempt(campaign: Campaign, lead: Lead, at: float = NOON, **fields: Any) -> AttemptRecord:
    values: dict[str, Any] = {
        "id": leads.new_id(at), "campaign": campaign.id, "list": lead.list, "lead": lead.id,
        "number": lead.numbers[lead.next_number].number, "position": lead.next_number,
        "shows": campaign.caller_ids[0], "mode": campaign.mode.value, "profile": campaign.profile,
        "trunk": campaign.trunk, "state": "saved", "saved_at": at,
    }  # fmt: skip
    return AttemptRecord(**values | fields)
