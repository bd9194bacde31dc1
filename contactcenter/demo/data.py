"""Made-up customers of an operator's hotline, and what they called about in the last thirty days.

The same seed and time give the same data. Telephone numbers belong to nobody: China reserves none for
fiction, so +86 154 …, a mobile prefix given to no operator, is used; Britain and North America reserve
+44 7700 900xxx and +1 … 555 01xx. Customer 1 has 154 0000 0001, customer 2 154 0000 0002 …; every tenth is
from abroad.
"""

import random

from contactcenter.commands import SaveInteraction
from contactcenter.crm import customers
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.store import Store
from contactcenter.values import InteractionRecord, MatchMethod, TimelineEntry

CUSTOMERS, CALLS = 200, 400
_DAY = 86_400.0
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = (
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明",
    "超", "秀兰", "建国", "志强", "晓梅", "雨桐", "子轩", "欣怡", "浩然", "思远",
)  # fmt: skip
_ENGLISH = (
    "Alice Ames", "Ben Carter", "Chloe Davies", "Daniel Evans", "Emma Fox", "Frank Green", "Grace Hill",
    "Harry Irwin", "Isla Jones", "Jack King", "Kate Lewis", "Liam Moore", "Mia Nolan", "Noah Owens",
    "Olivia Price", "Peter Quinn", "Ruby Reid", "Sam Scott", "Tara Underwood", "William Young",
)  # fmt: skip
_COMPANIES = ("华东物流有限公司", "星河科技", "青禾食品", "蓝海贸易有限公司", "Northwind Trading", "和谐医院")
_TIERS = (("standard", 70), ("silver", 18), ("gold", 9), ("platinum", 3))
_NOTES = (
    "",
    "",
    "",
    "",
    "喜欢下午接听来电",
    "宽带到期前一个月提醒续约",
    "有两张副卡",
    "prefers e-mail for invoices",
)
_TALKS = {
    "support": (
        "网络不稳定，已远程重置光猫",
        "短信收不到，已刷新信号",
        "咨询国际漫游资费",
        "router replaced",
    ),
    "sales": ("办理5G套餐升级", "咨询家庭宽带优惠", "询问合约机价格", "asked about the family plan"),
}


async def fill(store: Store, *, dispositions: tuple[str, ...] = ("resolved",), seed: int = 1) -> bool:
    """Fill an empty store; false when it has customers already. Returns when all is committed.

    `dispositions` are the codes that the configuration knows; the history draws from them.
    """
    if (await store.read(customers.page, limit=1)).items:
        return False
    dice = random.Random(seed)  # noqa: S311 - nothing secret, and it must repeat
    news = [_customer(dice, n) for n in range(1, CUSTOMERS + 1)]
    ids = await store.write(customers.create_many, news, at=store.now())
    for n in range(CALLS):
        who = min(int(dice.expovariate(1 / 40)), CUSTOMERS - 1)  # few call often, most seldom
        store.carry(_call(dice, n, ids[who], news[who], dispositions, store.now()))
    await store.settled()
    return True


def phone_of(n: int) -> str:
    """The first telephone number of customer `n`."""
    if n % 10:
        return f"154{n:08}"
    nth = n // 10
    return f"+44 7700 900{nth:03}" if nth % 2 else f"+1 212 555 01{nth:02}"


def _customer(dice: random.Random, n: int) -> NewCustomer:
    abroad, main = n % 10 == 0, phone_of(n)
    english = _ENGLISH[(n // 10 - 1) % len(_ENGLISH)]
    name = english if abroad else dice.choice(_SURNAMES) + dice.choice(_GIVEN)
    second = (f"154{n + 5000:08}",) if dice.random() < 0.4 else ()
    tier = dice.choices([tier for tier, _ in _TIERS], [weight for _, weight in _TIERS])[0]
    return NewCustomer(
        name=name, phones=(main, *second), tier=tier, language="en" if abroad else "zh",
        company=dice.choice(_COMPANIES) if dice.random() < 0.15 else "",
        balance=f"{dice.triangular(-80, 600, 60):.2f}", note=dice.choice(_NOTES),
    )  # fmt: skip


def _call(
    dice: random.Random, n: int, customer: str, who: NewCustomer, dispositions: tuple[str, ...], now: float
) -> SaveInteraction:
    queue = dice.choices(("support", "sales"), (3, 2))[0]
    # Whole days back at an hour between 9 and 18 in the center's morning zone, UTC+8: 1:00 to 10:00 UTC.
    arrived = (now // _DAY - dice.randint(1, 30)) * _DAY + dice.triangular(1, 10, 3) * 3600
    answered = dice.random() < 0.92
    waited = round(dice.expovariate(1 / (18 if answered else 55)), 1)
    talked = round(dice.lognormvariate(5.0, 0.6), 1) if answered else 0.0
    wrapped = round(dice.uniform(5, 40), 1) if answered else 0.0
    queued = arrived + dice.uniform(8, 25)
    picked_up = queued + waited if answered else None
    ended = queued + waited + talked
    agents = {"support": (1, 3, 4, 6, 7, 9, 10), "sales": (2, 3, 5, 6, 8, 9)}[queue]
    agent = f"agent{dice.choice(agents)}" if answered else ""
    record = InteractionRecord(
        id=f"demo-{n:05}", server="demo", leg=f"demo-{n:05}", did="4001", caller=who.phones[0],
        language=who.language, customer=customer, match=MatchMethod.CALLER_NUMBER, queue=queue, agent=agent,
        outcome="answered" if answered else "abandoned", last_node="queue",
        disposition=dice.choice(dispositions) if answered else "",
        note=dice.choice(_TALKS[queue]) if answered else "",
        arrived_at=arrived, queued_at=queued, offered_at=picked_up, answered_at=picked_up, ended_at=ended,
        closed_at=ended + wrapped, waited_s=waited, talked_s=talked, wrapped_s=wrapped, offers=int(answered),
        final=True,
    )  # fmt: skip
    entries = (
        TimelineEntry(at=arrived, kind="arrived", detail={"did": "4001"}),
        TimelineEntry(at=queued, kind="queued", detail={"queue": queue}),
        *(
            [TimelineEntry(at=picked_up, kind="joined", detail={"agent": agent, "queue": queue})]
            if picked_up
            else []
        ),
        TimelineEntry(at=ended, kind="ended", detail={}),
    )
    return SaveInteraction(record=record, entries=entries)
