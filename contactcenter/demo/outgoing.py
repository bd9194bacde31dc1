"""Campaigns to try: one that is ready to be started, and one that has dialled for a week and is paused.

Their leads are customers of the demo's, and whoever is called is simulated (`called.py`). The leads of the
first are in three parts of the world, so that somebody may be called at any hour of the day. What the second
has behind it went through the store as real calls do, by the clock of those days: the hopper chose whom to
dial, the campaign's rules said when again, and its figures are counted.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from contactcenter.commands import SaveInteraction
from contactcenter.crm import (
    appointments,
    attempts,
    caller_ids,
    campaigns,
    customers,
    do_not_call,
    hopper,
    leads,
    lists,
)
from contactcenter.crm.access import CENTER
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.customers import Customer
from contactcenter.crm.leads import NewLead
from contactcenter.crm.lists import NewList
from contactcenter.crm.store import Store
from contactcenter.demo import data
from contactcenter.demo.called import AWAY, BUSY, MACHINE, OUT, TRUNK
from contactcenter.dialer.attempts import AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.recycling import Rule
from contactcenter.events import AttemptsRestored, CampaignsRestored, Event
from contactcenter.values import InteractionRecord, MatchMethod, TimelineEntry

SHOWN = "+8615400004001"
"""The number that is shown to who is called."""
OWNER = "supervisor1"
BY = replace(CENTER, login=OWNER)
CONSENT = "办理业务时签署的协议，第 7 条"
WELCOME, UPGRADE = "新装宽带回访", "5G套餐升级推荐"
DAYS, CALLS_A_DAY = 6, 40
DROPPED = f"+86{data.phone_of(55)}"
"""Who answered when nobody was free, and wants no more calls."""
PRODUCTS = ("千兆宽带", "500M宽带", "全屋Wi-Fi", "宽带电视套餐")
PLANS = ("畅享59", "畅享99", "家庭129", "商务199")
_DAY = 86_400.0
_FIRST = 100_000
"""Customer *n* has the account number *n* above this."""
_SELLERS = ("agent2", "agent3", "agent5", "agent6", "agent8", "agent9")
_NOTES = ("已介绍家庭套餐，客户满意", "约定下周再联系", "暂不考虑，资费已说明", "已办理升级，次月生效")
_SCRIPT = (
    "您好，请问是{name}吗？我是客服中心的回访专员。\n您最近办理了{产品}，想了解一下安装和使用情况。\n"
    "If the customer prefers English: how has {产品} been working since the installation?"
)
_FORM = "安装是否按时？ | 是 | 否\n网速是否满意？ | 满意 | 一般 | 不满意\n还需要什么帮助？"
_OFFER = "您好，{name}！您目前使用的是{套餐}，现在升级 5G 家庭套餐首月免费，占用您一分钟可以吗？"
_MESSAGE = "您好，这里是客服中心。抱歉，现在没有座席接听，如有需要请拨打 4001。不想再接到来电请按 9。"


async def fill(store: Store, dispositions: Sequence[str]) -> None:
    """Make them, beside the demo's customers; `dispositions` is what the agents may say. Returns when all is
    committed."""
    dice = random.Random(5)  # noqa: S311 - nothing secret, and it must repeat
    began = _morning(store.now()) - (DAYS + 1) * _DAY
    await store.write(caller_ids.put, SHOWN, verified=True, note="演示号码：合同已核对", reader=BY, at=began)
    found = (await store.read(customers.page, limit=data.CUSTOMERS)).items
    people = sorted(found, key=lambda one: one.number)
    abroad = [one for one in people if one.language == "en"]
    at_home = [one for one in people if one.language != "en"]
    await _welcome(store, [*at_home[:24], *abroad], began)
    await _upgrade(store, dice, at_home[24:164], dispositions, began)
    await _left_alone(store, began)
    await store.settled()


async def restored(store: Store) -> tuple[Event, ...]:
    """What the center is told of them, as at a start."""
    at = store.now()
    going = await store.read(campaigns.running, at)
    newest = await store.read(attempts.newest)
    return CampaignsRestored(at=at, campaigns=going), AttemptsRestored(at=at, records=(), newest=newest)


def _morning(now: float) -> float:
    """Nine o'clock of this day in China."""
    return (now + 8 * 3600) // _DAY * _DAY + 3600


def _lead(who: Customer, fields: Mapping[str, str], priority: int = 0) -> NewLead:
    n = int(who.number) - _FIRST
    numbers = [leads.number_of(data.phone_of(n), "mobile")]
    if n % 4 == 0:
        numbers.append(leads.number_of(f"154{n + 5000:08}", "home"))
    return NewLead(
        name=who.name, customer=who.id, language=who.language, numbers=tuple(numbers), fields=fields,
        priority=priority,
    )  # fmt: skip


async def _list(store: Store, name: str, note: str, new: Sequence[NewLead], at: float) -> str:
    made = NewList(name=name, note=note, consent=CONSENT, owner=OWNER)
    one = await store.write(lists.create, made, reader=BY, at=at)
    await store.write(leads.add_many, one.id, new, by=OWNER, at=at)
    return one.id


async def _welcome(store: Store, people: Sequence[Customer], at: float) -> None:
    """Agents look at each lead and dial: nobody has been called yet."""
    new = [
        _lead(one, {"产品": PRODUCTS[n % 4], "安装日期": f"11月{n % 20 + 1}日"}, priority=int(n < 5))
        for n, one in enumerate(people)
    ]
    list_ = await _list(store, "11月新装用户", "装机系统导出，回访后关闭", new, at)
    campaign = Campaign(
        id="", name=WELCOME, mode=Mode.PREVIEW, profile="CN", queue="support", trunk=TRUNK, marketing=False,
        lists=(ListShare(list=list_),), caller_ids=(SHOWN,), message=_MESSAGE, preview_s=30,
        talk_script=_SCRIPT, form=_FORM,
        rules={
            Outcome.NO_ANSWER: Rule(after_s=2 * 3600, limit=3, other_time=True, next_number=True),
            Outcome.BUSY: Rule(after_s=900, limit=4),
        },
    )  # fmt: skip
    await store.write(campaigns.create, campaign, reader=BY, at=at)


async def _upgrade(
    store: Store, dice: random.Random, people: Sequence[Customer],
    dispositions: Sequence[str], at: float,
) -> None:  # fmt: skip
    """Dialled ahead of the agents for some days."""
    new = [_lead(one, {"套餐": dice.choice(PLANS)}, priority=dice.randint(0, 2)) for one in people]
    list_ = await _list(store, "套餐到期用户", "三个月内合约到期", new, at)
    campaign = Campaign(
        id="", name=UPGRADE, mode=Mode.PREDICTIVE, profile="CN", queue="sales", trunk=TRUNK,
        lists=(ListShare(list=list_),), caller_ids=(SHOWN,), message=_MESSAGE, talk_script=_OFFER,
        form="是否有意向？ | 有 | 没有 | 再联系", most_calls=20,
        rules={
            Outcome.NO_ANSWER: Rule(after_s=4 * 3600, limit=3, other_time=True, next_number=True),
            Outcome.BUSY: Rule(after_s=1800, limit=4),
            Outcome.REJECTED: Rule(after_s=_DAY, limit=2, next_number=True),
        },
    )  # fmt: skip
    made = await store.write(campaigns.create, campaign, reader=BY, at=at)
    campaign = made.campaign
    await store.write(campaigns.save_state, campaign.id, "running", by=OWNER, at=at)
    talked, names = [], {}
    for day in range(DAYS):
        morning = at + day * _DAY + 3600
        for lead, over in await store.write(_dialled, dice, campaign, dispositions, morning):
            if over.outcome == Outcome.CONNECTED:
                talked.append(over)
                names[lead.id] = lead.name
                store.carry(_interaction(dice, campaign, lead, over))
            if over.opted_out_at is not None:
                await store.write(
                    do_not_call.add, over.number, "key", campaign=campaign.id, attempt=over.id,
                    at=over.opted_out_at,
                )  # fmt: skip
    await store.write(campaigns.save_state, campaign.id, "paused", by=OWNER, at=at + DAYS * _DAY)
    await _agreed(store, campaign, talked, names)


def _dialled(
    db: Any, dice: random.Random, campaign: Campaign, dispositions: Sequence[str], at: float
) -> list[tuple[Lead, AttemptRecord]]:
    """One day's calls, in one transaction. Answers what became of them."""
    over = []
    for lead in hopper.lease(db, campaign.id, CALLS_A_DAY, at).leads:
        at += dice.uniform(60, 180)
        over.append((lead, _over(dice, _attempt(dice, campaign, lead, at), dispositions)))
    attempts.keep(db, [record for _, record in over])
    return over


def _attempt(dice: random.Random, campaign: Campaign, lead: Lead, at: float) -> AttemptRecord:
    """As the center saves it before the call is placed."""
    return AttemptRecord(
        id=UUID(int=dice.getrandbits(128)).hex, campaign=campaign.id, list=lead.list, lead=lead.id,
        number=lead.numbers[lead.next_number].number, position=lead.next_number, shows=SHOWN,
        mode=campaign.mode.value, profile=campaign.profile, trunk=campaign.trunk, server="demo",
        state=AttemptState.SAVED.value, saved_at=at, consent=CONSENT,
    )  # fmt: skip


def _over(dice: random.Random, record: AttemptRecord, dispositions: Sequence[str]) -> AttemptRecord:
    """What became of it."""
    at = record.saved_at + 0.1
    over = replace(record, state=AttemptState.OVER.value, placed_at=at)
    digit = int(record.number[-1])
    if digit == BUSY:
        return replace(over, outcome=Outcome.BUSY.value, cause=17, ended_at=at + 2)
    rang = replace(over, rang_at=at + 1.2)
    if digit in (OUT, AWAY, MACHINE):
        return replace(rang, outcome=Outcome.NO_ANSWER.value, ended_at=at + 26.2)
    if dice.random() < 0.06:
        return replace(rang, outcome=Outcome.REJECTED.value, cause=21, ended_at=at + 6)
    answered = at + dice.uniform(4, 16)
    rang = replace(rang, answered_at=answered)
    if record.number == DROPPED:
        heard = answered + 1.9
        return replace(
            rang, outcome=Outcome.DROPPED.value, message_at=heard, message=_MESSAGE, ended_at=heard + 12,
            opted_out_at=heard + 9,
        )  # fmt: skip
    joined = answered + dice.uniform(0.1, 0.6)
    return replace(
        rang, outcome=Outcome.CONNECTED.value, joined_at=joined, agent=dice.choice(_SELLERS),
        interaction=record.id, disposition=dice.choice(dispositions), cause=16,
        ended_at=joined + dice.lognormvariate(4.3, 0.6),
    )  # fmt: skip


def _interaction(dice: random.Random, campaign: Campaign, lead: Lead, over: AttemptRecord) -> SaveInteraction:
    """The talk, in the history of its customer."""
    at, joined, ended = over.answered_at or 0.0, over.joined_at or 0.0, over.ended_at or 0.0
    wrapped = dice.uniform(5, 40)
    record = InteractionRecord(
        id=over.interaction, direction="outbound", server=over.server, leg=over.id, did=over.shows,
        caller=over.number, caller_name=lead.name, language=lead.language, customer=lead.customer,
        match=MatchMethod.CALLER_NUMBER, queue=campaign.queue, agent=over.agent, outcome="answered",
        disposition=over.disposition, note=dice.choice(_NOTES), arrived_at=at, queued_at=at, offered_at=at,
        answered_at=joined, ended_at=ended, closed_at=ended + wrapped, waited_s=joined - at,
        talked_s=ended - joined, wrapped_s=wrapped, offers=1, final=True,
    )  # fmt: skip
    dialled = {
        "queue": campaign.queue, "number": over.number, "campaign": campaign.id, "lead": lead.id,
        "attempt": over.id, "mode": over.mode,
    }  # fmt: skip
    entries = (
        TimelineEntry(at=at, kind="dialled", detail=dialled),
        TimelineEntry(at=joined, kind="joined", detail={"agent": over.agent, "queue": campaign.queue}),
        TimelineEntry(at=ended, kind="ended", detail={}),
    )
    return SaveInteraction(record=record, entries=entries)


async def _agreed(
    store: Store, campaign: Campaign, talked: Sequence[AttemptRecord], names: Mapping[str, str]
) -> None:
    """Some who talked want another call: tomorrow and the day after."""
    morning = _morning(store.now())
    for n, one in enumerate(talked[-3:]):
        wish = NewAppointment(
            number=one.number, name=names[one.lead], zone="Asia/Shanghai",
            at=morning + (1 + n) * _DAY + (n + 1) * 3600,
            owner="" if n == 2 else one.agent, queue=campaign.queue, lead=one.lead, campaign=campaign.id,
            interaction=one.interaction, note=("详谈家庭套餐", "等客户问过家人", "下午方便")[n],
        )  # fmt: skip
        await store.write(appointments.agree, wish, at=one.ended_at or one.saved_at)


async def _left_alone(store: Store, at: float) -> None:
    """Some who want no calls, with how they said so."""
    for n, (source, reason) in enumerate(
        (("letter", "来函要求停止营销"), ("agent", ""), ("complaint", "12321 投诉"))
    ):
        number = f"+86154{9001 + n:08}"
        await store.write(do_not_call.add, number, source, reason=reason, by=OWNER, at=at + n * _DAY)
