"""The parts of an interaction, folded from its timeline."""

from contactcenter.parts import parts
from contactcenter.values import TimelineEntry


def line(at: float, kind: str, **detail: str | float | int | bool | None) -> TimelineEntry:
    return TimelineEntry(at=at, kind=kind, detail=detail)


TIMELINE = (
    line(1, "arrived", did="4003"),
    line(2, "joined", agent="tom", queue="sales"),
    line(5, "transfer_asked", by="tom", to="agent", name="pam", note="no, wait"),
    line(6, "transfer_failed", by="tom", name="pam", reason="busy"),
    line(7, "consult_asked", by="tom", to="agent", name="zoe", note="a refund"),
    line(9, "parted", agent="tom", talked_s=7.0),
    line(9, "joined", agent="zoe", queue="sales"),
    line(12, "consult_asked", by="zoe", to="number", name="139", note="only a question"),
    line(14, "consult_ended", by="zoe", name="139", reason="dropped"),
    line(15, "transfer_asked", by="zoe", to="number", name="1380", note=""),
    line(16, "parted", agent="zoe", talked_s=7.0),
    line(16, "joined_outside", number="1380", queue="sales"),
)


def test_each_talk_is_a_part_with_what_was_told_to_the_next() -> None:
    tom, zoe, outside = parts(TIMELINE)
    assert (tom.agent, tom.joined_at, tom.parted_at, tom.talked_s, tom.note) == ("tom", 2, 9, 7.0, "a refund")
    assert (zoe.agent, zoe.queue, zoe.note) == ("zoe", "sales", "")
    assert (outside.agent, outside.number, outside.parted_at, outside.talked_s) == ("", "1380", None, None)


def test_the_number_outside_hangs_up() -> None:
    assert parts((*TIMELINE, line(30, "parted_outside", talked_s=14.0)))[-1].talked_s == 14.0


def test_who_never_talked_has_no_parts() -> None:
    assert parts((line(1, "arrived"), line(2, "queued", queue="sales"), line(3, "ended"))) == ()


def test_a_talk_over_a_restart_is_one_part() -> None:
    assert len(parts((line(1, "joined", agent="tom"), line(5, "restored", agent="tom")))) == 1
    assert len(parts((line(5, "restored", agent="tom"),))) == 1
