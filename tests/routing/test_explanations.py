"""Decisions in words: one readable sentence each, in both languages, from what the record keeps."""

import json

import pytest

from contactcenter.routing import explanations
from contactcenter.routing.decisions import BOUND, Part
from contactcenter.routing.explanations import PARTS, PHRASES, REASONS, decided, figures, record, waits
from contactcenter.routing.matching import Policy, Reserve
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from tests.routing.test_matching import Matcher, agent, call, matcher, queue


def floor() -> Matcher:
    steps = (Widening(after_s=10, lower={"en": 1}),)
    made = matcher((queue("support", priority=1, widening=steps), queue("sales")))
    made.free(agent("agent2", 5.0, ("support",), skills={"en": 1}))
    made.free(agent("agent3", 5.0, ("support",)))
    made.busy(agent("agent4", queues=("support",)), "wrap_up", until=112.0)
    made.busy(agent("agent5", queues=("support",)), "paused", detail="lunch")
    made.busy(agent("other", queues=("sales",)), "talking")
    for n in range(30):
        made.busy(agent(f"busy{n:02}", queues=("support",)), "talking")
    made.enter(call("ann", 90.0, 2, "support", needs=needs({"en": 3}, {"law": 2})))
    return made


def test_a_decision_says_everything_in_a_sentence() -> None:
    (decision,) = floor().matches(100.0)
    detail = json.loads(json.dumps(figures(decision) | {"decision": record(decision)}))
    assert decided(detail, "en") == (
        "Given to agent2 by “least flexible first”: idle for 95 s. "
        "Waited 10 s, place 1 in support, priority +3 min (queue +1, script +2), "
        "needs en 3, law 2?; after widening en 1, en 3?, law 2?. "
        "Passed over agent3: needs en 1, has 0; agent4: wrap-up, 12 s left; busy00: talking; "
        "busy01: talking; busy02: talking; 28 more (paused 1, talking 27)."
    )
    assert decided(detail, "zh") == (
        "按“技能最专一者优先”分配给 agent2：已空闲 95 秒。"
        "来电已等待 10 秒，在 support 排第 1 位，优先 +3 分钟（队列 +1，流程 +2），"
        "要求 en 3，law 2?；放宽后为 en 1，en 3?，law 2?。"
        "跳过 agent3：要求 en 1 级，现为 0 级；agent4：话后处理，还剩 12 秒；busy00：通话中；"
        "busy01：通话中；busy02：通话中；另有 28 人（小休 1，通话中 27）。"
    )


def test_a_record_is_bounded_however_many_agents_there_are() -> None:
    made = matcher(calls=[call("ann", needs=needs({"en": 1}))])
    for n in range(500):
        made.free(agent(f"able{n:03}", n, skills={"en": 1 + n % 9}))
        made.free(agent(f"unable{n:03}", n, skills={"fr": 1 + n % 9}))
        made.busy(agent(f"busy{n:03}"), "talking")
    (decision,) = made.matches(1000.0)
    assert (len(decision.candidates), decision.candidate_count) == (BOUND, 500)
    assert (len(decision.passed_over), decision.passed_counts) == (BOUND, {"skill": 500, "talking": 500})
    assert len(json.dumps(record(decision))) < 5000


def test_an_old_record_without_the_whole_decision_is_read_too() -> None:
    old = {"agent": "tom", "rule": "longest_idle", "idle_s": 7.4, "waited_s": 3.0, "queue": "support"}
    assert decided(old, "en") == "Given to tom by “longest idle”: idle for 7 s."
    assert decided({"agent": "tom"}, "zh") == "按“”分配给 tom。"


def test_why_somebody_waits() -> None:
    made = floor()
    made.busy(agent("agent2", queues=("support",), skills={"en": 1}), "talking")
    standing = made.standing("ann", 95.0)
    assert standing is not None
    kept = json.loads(json.dumps(explanations.standing_record(standing)))
    assert waits(kept, "en").startswith(
        "Waits in support for 5 s, place 1, priority +3 min (queue +1, script +2), needs en 3, law 2?. "
        "Not possible now: agent2: needs en 3, has 1; agent3: needs en 3, has 0"
    )
    assert waits(kept, "en").endswith("Will ask for less in 5 s.")
    assert waits(kept, "zh").endswith("5 秒后放宽要求。")
    assert made.standing("nobody", 95.0) is None


def test_whom_the_caller_waits_for_and_what_is_held_back() -> None:
    made = matcher((queue("a"),), policy=Policy(reserves=(Reserve(skill="vip", hold_s=15.0),)))
    made.free(agent("rare", 0.0, skills={"vip": 3}))
    made.busy(agent("tom"), "talking")
    made.enter(call("ann", 0.0, preferred="tom"), ready=False)
    assert made.matches(1.0) == []
    standing = made.standing("ann", 1.0)
    assert standing is not None
    kept = explanations.standing_record(standing)
    assert waits(kept, "en") == (
        "Waits in a for 1 s, place 1. Not offered yet: the customer is being looked up, or Asterisk is not "
        "heard. Waits for tom alone for now. Not possible now: rare: held back for vip, 14 s left; tom: "
        "talking."
    )
    empty = matcher(calls=[call("bob")]).standing("bob", 1.0)
    assert empty is not None
    assert "No agent of the queue is signed in." in waits(explanations.standing_record(empty), "en")


@pytest.mark.parametrize("table", [explanations.STRATEGIES, REASONS, PARTS, PHRASES])
def test_both_languages_have_every_word(table: dict[str, dict[str, str]]) -> None:
    assert table["zh"].keys() == table["en"].keys()


def test_a_part_without_a_word_keeps_its_name() -> None:
    made = matcher((queue("a"),))
    made.enter(call("ann", 0.0))
    standing = made.standing("ann", 1.0)
    assert standing is not None
    kept = explanations.standing_record(standing) | {"priority": [{"why": "luck", "minutes": 1.5}]}
    assert Part(why="luck", minutes=1.5)
    assert "priority +1.5 min (luck +1.5)" in waits(kept, "en")
