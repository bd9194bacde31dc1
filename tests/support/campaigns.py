"""Campaigns as somebody makes them over the API, with numbers whose clocks allow a call whenever it is."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.agent import Agent

CALLER_ID = "+13055550100"
MESSAGE = "This is Example. Call +13055550100. Press 9 to be left alone."
PLACES = {
    "Asia/Shanghai": "+86154000",
    "Europe/London": "+4477009",
    "America/Lima": "+519999",
    "Pacific/Auckland": "+642100",
}
"""Zone -> how numbers begin there; five digits follow."""


def day_and_night() -> tuple[str, str]:
    """The zones of `PLACES` where it is day and night: where the clock is nearest to the middle of the hours
    that the law allows, and farthest from it."""

    def apart(zone: str) -> float:
        now = datetime.now(tz=UTC).astimezone(ZoneInfo(zone))
        hours = abs(now.hour + now.minute / 60 - 14.5)
        return min(hours, 24 - hours)

    day, *_, night = sorted(PLACES, key=apart)
    return day, night


async def verify_caller_id(boss: Agent) -> None:
    """The number that campaigns show is ours."""
    own = {"verified": True, "note": "contract 7"}
    await boss.do("PUT", f"/api/caller-ids/{CALLER_ID.removeprefix('+')}", own)


async def make_list(boss: Agent, name: str) -> str:
    """An empty list, by its id."""
    return str((await boss.do("POST", "/api/lists", {"name": name}))["id"])


async def make_campaign(boss: Agent, name: str, list_: str, **settings: Any) -> str:
    """A campaign that dials the list, by its id; `settings` are further ones, its mode at least."""
    body = {
        "name": name, "profile": "US", "queue": "sales", "lists": [{"list": list_}],
        "caller_ids": [CALLER_ID], "marketing": False, "ring_s": 15, "calls_a_day": 1, "message": MESSAGE,
    }  # fmt: skip
    return str((await boss.do("POST", "/api/campaigns", body | settings))["id"])
