"""Who may enter a queue."""

from zoneinfo import ZoneInfo

from contactcenter.interactions import Outcome
from contactcenter.routing.hours import Calendar
from contactcenter.routing.queues import Queue
from tests.core.world import NOON, queue


def test_a_queue_says_why_it_takes_nobody() -> None:
    shut = Calendar(zone=ZoneInfo("Europe/Berlin"), week=((),) * 7)
    assert Queue(queue("a", calendar=shut)).refusal(NOON, 0) is Outcome.CLOSED
    assert Queue(queue("a", max_waiting=1)).refusal(NOON, 1) is Outcome.FULL
    assert Queue(queue("a")).refusal(NOON, 0) is Outcome.NO_AGENTS
    assert Queue(queue("a", without_agents=True)).refusal(NOON, 0) is None
    assert Queue(queue("a"), signed_in={"tom"}).refusal(NOON, 0) is None
