"""Decisions in figures, for records and pages, and in words, for people.

A decision is kept as plain JSON (`record`), and the words are made from that when somebody reads it: so an
old record can be read in another language, or in better words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from contactcenter.routing.decisions import Candidate, Decision, Part, PassedOver, Standing

Words = Mapping[str, str]

STRATEGIES: Mapping[str, Words] = {
    "en": {
        "least_flexible": "least flexible first",
        "longest_idle": "longest idle",
        "most_skilled": "most skilled",
        "round_robin": "in turn",
        "fewest_calls": "fewest calls",
        "ring_several": "several phones at once",
        "preferred": "preferred agent",
    },
    "zh": {
        "least_flexible": "技能最专一者优先",
        "longest_idle": "空闲最久",
        "most_skilled": "技能最高",
        "round_robin": "轮流",
        "fewest_calls": "接听最少",
        "ring_several": "多部话机同振",
        "preferred": "首选坐席",
    },
}

REASONS: Mapping[str, Words] = {
    "en": {
        "wrap_up": "wrap-up",
        "talking": "talking",
        "reserved": "ringing for another caller",
        "paused": "paused",
        "on_phone": "on the phone",
        "unreachable": "phone not registered",
        "skill": "skill",
        "reserve": "held back for {detail}",
        "rest": "resting",
        "preferred": "the caller waits for {detail}",
        "channel": "no room for {detail}",
    },
    "zh": {
        "wrap_up": "话后处理",
        "talking": "通话中",
        "reserved": "正在为其他来电振铃",
        "paused": "小休",
        "on_phone": "话机占用",
        "unreachable": "话机未注册",
        "skill": "技能不足",
        "reserve": "为 {detail} 保留",
        "rest": "休息",
        "preferred": "来电在等 {detail}",
        "channel": "{detail} 渠道已满",
    },
}

PARTS: Mapping[str, Words] = {
    "en": {
        "queue": "queue",
        "did": "number dialled",
        "language": "language",
        "tier": "tier",
        "save_desk": "save desk",
        "script": "script",
        "supervisor": "supervisor",
    },
    "zh": {
        "queue": "队列",
        "did": "被叫号码",
        "language": "语言",
        "tier": "客户等级",
        "save_desk": "挽留",
        "script": "流程",
        "supervisor": "班长",
    },
}

PHRASES: Mapping[str, Words] = {
    "en": {
        "given": "Given to {who} by “{rule}”",
        "idle": ": idle for {idle} s",
        "best": ", the best of {count} free agents",
        "waited": "Waited {waited} s, place {position} in {queue}",
        "waits": "Waits in {queue} for {waited} s, place {position}",
        "priority": "priority {minutes} min ({parts})",
        "needed": "needs {needs}",
        "widened": "after widening {needs}",
        "nothing": "nothing more",
        "also": "also agents of {queues}",
        "overtook": "served before {count} who came earlier, to keep the service level",
        "passed": "Passed over {list}",
        "cannot": "Not possible now: {list}",
        "nobody": "No agent of the queue is signed in",
        "left": "{reason}, {seconds} s left",
        "skill": "needs {detail} {level}, has {has}",
        "more": "{count} more ({reasons})",
        "held_back": "Not offered yet: the customer is being looked up, or Asterisk is not heard",
        "only": "Waits for {who} alone for now",
        "widens": "Will ask for less in {seconds} s",
        "comma": ", ",
        "semicolon": "; ",
        "full_stop": ". ",
        "colon": ": ",
    },
    "zh": {
        "given": "按“{rule}”分配给 {who}",
        "idle": "：已空闲 {idle} 秒",
        "best": "，是 {count} 名空闲坐席中的首选",
        "waited": "来电已等待 {waited} 秒，在 {queue} 排第 {position} 位",
        "waits": "在 {queue} 已等待 {waited} 秒，排第 {position} 位",
        "priority": "优先 {minutes} 分钟（{parts}）",
        "needed": "要求 {needs}",
        "widened": "放宽后为 {needs}",
        "nothing": "无",
        "also": "{queues} 的坐席也可接听",
        "overtook": "为保证服务水平，先于 {count} 位更早的来电",
        "passed": "跳过 {list}",
        "cannot": "目前不可接听：{list}",
        "nobody": "该队列没有坐席签入",
        "left": "{reason}，还剩 {seconds} 秒",
        "skill": "要求 {detail} {level} 级，现为 {has} 级",
        "more": "另有 {count} 人（{reasons}）",
        "held_back": "暂不分配：正在查找客户，或与 Asterisk 的连接中断",
        "only": "目前只等 {who}",
        "widens": "{seconds} 秒后放宽要求",
        "comma": "，",
        "semicolon": "；",
        "full_stop": "。",
        "colon": "：",
    },
}

NAMED = 5
"""How many of those passed over a sentence names; the record has more."""


def figures(decision: Decision) -> dict[str, str | float | int]:
    """The rule and the figures that chose the agent, flat, for the page to put into words."""
    best = decision.candidates[0]
    said: dict[str, str | float | int] = {
        "rule": decision.strategy,
        "idle_s": decision.idle_s,
        "waited_s": decision.waited_s,
        "queue": decision.queue,
        "candidates": decision.candidate_count,
        "breadth": best.breadth,
        "levels": best.levels,
        "taken": best.taken,
    }
    if minutes := sum(part.minutes for part in decision.priority):
        said["priority"] = minutes
    if decision.overtook:
        said["overtook"] = decision.overtook
    return said


def record(decision: Decision) -> dict[str, Any]:
    """Everything that the decision was taken by, as plain JSON, without what says nothing."""
    return {
        "chosen": list(decision.chosen),
        "order": decision.order,
        "score": decision.score,
        "position": decision.position,
        **_terms(decision),
        "candidates": [_candidate(each) for each in decision.candidates],
        "passed_over": [_plain(each) for each in decision.passed_over],
        "passed_counts": dict(decision.passed_counts),
    }


def standing_record(standing: Standing) -> dict[str, Any]:
    """Why a caller still waits, as plain JSON."""
    widens_at = standing.widens_at
    return {
        "at": standing.at,
        "call": standing.call,
        "queue": standing.queue,
        "waited_s": standing.waited_s,
        "score": standing.score,
        "position": standing.position,
        "held_back": standing.held_back,
        **_terms(standing),
        "passed_over": [_plain(each) for each in standing.passed_over],
        "passed_counts": dict(standing.passed_counts),
        "widens_in_s": None if widens_at is None else round(max(0.0, widens_at - standing.at), 1),
    }


def _terms(of: Decision | Standing) -> dict[str, Any]:
    demand = of.demand
    return {
        "priority": [_plain(part) for part in of.priority],
        "needs": [str(need) for need in of.asked],
        "widened": [str(need) for need in demand.needs] if demand.needs != of.asked else None,
        "queues": list(demand.queues),
        "only": demand.only,
    }


def _candidate(of: Candidate) -> dict[str, Any]:
    # Field by field: a decision has up to 20 of these, and there is one for every call.
    return {
        "login": of.login,
        "idle_s": of.idle_s,
        "breadth": of.breadth,
        "levels": of.levels,
        "short": of.short,
        "taken": of.taken,
    }


_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (PassedOver, Part)}


def _plain(value: PassedOver | Part) -> dict[str, Any]:
    said = {name: each for name in _NAMES[type(value)] if (each := getattr(value, name)) not in ("", None)}
    if isinstance(value, PassedOver) and value.reason != "skill":
        del said["level"], said["has"]
    return said


def decided(detail: Mapping[str, Any], language: str) -> str:
    """A recorded decision in words. `detail` is the timeline's: the figures, and the record as `decision`."""
    words = PHRASES[language]
    kept: Mapping[str, Any] = detail.get("decision") or {}
    rule = str(detail.get("rule", ""))
    given = words["given"].format(
        who=words["comma"].join(kept.get("chosen") or [str(detail.get("agent", ""))]),
        rule=STRATEGIES[language].get(rule, rule),
    )
    if "idle_s" in detail:
        given += words["idle"].format(idle=_s(detail["idle_s"]))
    if detail.get("candidates", 1) > 1:
        given += words["best"].format(count=detail["candidates"])
    said = [given]
    if kept:
        place = words["waited"].format(
            waited=_s(detail["waited_s"]), position=kept["position"], queue=detail["queue"]
        )
        said.append(words["comma"].join([place, *_wishes(kept, language)]))
        if detail.get("overtook"):
            said.append(words["overtook"].format(count=detail["overtook"]))
        if kept["passed_over"]:
            said.append(words["passed"].format(list=_passed(kept, language)))
    return _sentences(said, words)


def waits(kept: Mapping[str, Any], language: str) -> str:
    """Why a caller still waits, in words; `kept` is `standing_record`'s."""
    words = PHRASES[language]
    place = words["waits"].format(queue=kept["queue"], waited=_s(kept["waited_s"]), position=kept["position"])
    said = [words["comma"].join([place, *_wishes(kept, language)])]
    if kept["held_back"]:
        said.append(words["held_back"])
    if kept["only"]:
        said.append(words["only"].format(who=kept["only"]))
    if kept["passed_over"]:
        said.append(words["cannot"].format(list=_passed(kept, language)))
    else:
        said.append(words["nobody"])
    if kept["widens_in_s"] is not None:
        said.append(words["widens"].format(seconds=_s(kept["widens_in_s"])))
    return _sentences(said, words)


def _wishes(kept: Mapping[str, Any], language: str) -> list[str]:
    """Priority and needs, as far as there are any."""
    words, said = PHRASES[language], []
    if parts := kept["priority"]:
        named = (f"{PARTS[language].get(each['why'], each['why'])} {each['minutes']:+g}" for each in parts)
        minutes = f"{sum(each['minutes'] for each in parts):+g}"
        said.append(words["priority"].format(minutes=minutes, parts=words["comma"].join(named)))
    if kept["needs"]:
        wanted = words["needed"].format(needs=words["comma"].join(kept["needs"]))
        if kept["widened"] is not None:
            left = words["comma"].join(kept["widened"]) or words["nothing"]
            wanted += words["semicolon"] + words["widened"].format(needs=left)
        said.append(wanted)
    if len(kept["queues"]) > 1:
        said.append(words["also"].format(queues=words["comma"].join(kept["queues"][1:])))
    return said


def _passed(kept: Mapping[str, Any], language: str) -> str:
    """Who could not take the call: some by name, the rest by reason."""
    words = PHRASES[language]
    named = kept["passed_over"][:NAMED]
    said = [f"{each['login']}{words['colon']}{_reason(each, language)}" for each in named]
    rest = dict(kept["passed_counts"])
    for each in named:
        rest[each["reason"]] -= 1
    left = {reason: count for reason, count in rest.items() if count > 0}
    if left:
        reasons = words["comma"].join(f"{_word(reason, language)} {count}" for reason, count in left.items())
        said.append(words["more"].format(count=sum(left.values()), reasons=reasons))
    return words["semicolon"].join(said)


def _reason(passed: Mapping[str, Any], language: str) -> str:
    words, reason = PHRASES[language], str(passed["reason"])
    detail = str(passed.get("detail", ""))
    if reason == "skill":
        return words["skill"].format(detail=detail, level=passed["level"], has=passed["has"])
    said = REASONS[language].get(reason, reason).format(detail=detail)
    if reason == "paused" and detail:
        said += f" ({detail})" if language == "en" else f"（{detail}）"
    if "seconds" in passed:
        said = words["left"].format(reason=said, seconds=_s(passed["seconds"]))
    return said


def _word(reason: str, language: str) -> str:
    return REASONS[language].get(reason, reason).replace("{detail}", "…")


def _s(seconds: float) -> str:
    return f"{seconds:.0f}"


def _sentences(said: Iterable[str], words: Words) -> str:
    return "".join(f"{each}{words['full_stop']}" for each in said).strip()
