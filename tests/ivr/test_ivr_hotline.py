"""The demo hotline, played through without a telephone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactcenter.agi.lint import lint
from contactcenter.agi.simulator import simulate
from contactcenter.events import CustomerFound, LanguageChosen
from contactcenter.values import CustomerCard, MatchMethod

HOTLINE = Path(__file__).parents[2] / "dialplans/ivr/hotline.py"
LI = CustomerCard(id="c1", number="10001", name="李雷", phones=("13800001111",), balance="12.50")
HAN = CustomerCard(id="c2", number="10002", name="韩梅梅", phones=("+8613900002222",))

Dialled = Callable[..., Any]


@pytest.fixture
def caller(simulated_caller: Dialled) -> Dialled:
    return lambda **settings: simulated_caller(HOTLINE, **settings)


@pytest.mark.parametrize(
    ("key", "language", "said"),
    [("1", "zh", "销售请按一"), ("2", "en", "For sales"), (",", "zh", "销售请按一"), ("7", "zh", "销售")],
)
async def test_language(caller: Dialled, key: str, language: str, said: str) -> None:
    someone = caller()
    await someone.presses(key)
    assert someone.heard(said)
    chosen = [event.language for event in someone.events if isinstance(event, LanguageChosen)]
    assert chosen == [language]
    assert someone.remembered["CC_LANGUAGE"] == language


@pytest.mark.parametrize(
    ("key", "queue"),
    [("1", "sales"), ("2", "support"), ("0", "support"), (",,,", "support"), ("777", "support")],
)
async def test_main_menu_leads_to_a_person(caller: Dialled, key: str, queue: str) -> None:
    someone = caller()
    await someone.presses("2" + key)
    assert someone.queue == queue
    await someone.leaves_queue("answered")
    assert someone.ended
    assert someone.result == "answered"
    assert someone.said[-1].name == "goodbye"


async def test_known_caller_hears_his_balance(caller: Dialled) -> None:
    someone = caller(customers=[LI, HAN])
    await someone.presses("23")
    assert someone.heard("is twelve yuan fifty.")
    await someone.presses("1")
    assert [what.name for what in someone.said].count("balance") == 2
    await someone.stays_silent()
    assert someone.result == "self service"
    in_chinese = caller(customers=[LI])
    await in_chinese.presses("13")
    assert in_chinese.heard("您的账户余额是十二元五角。")


async def test_entered_number_is_told_and_beats_the_callers(caller: Dialled) -> None:
    someone = caller(customers=[LI, HAN], caller="anonymous")
    await someone.presses("2310002#")
    (found,) = [event for event in someone.events if isinstance(event, CustomerFound)]
    assert found.method is MatchMethod.ENTERED_NUMBER
    assert found.customers == (HAN,)
    assert someone.heard("There is no balance")


async def test_unknown_customer_goes_to_a_person(caller: Dialled) -> None:
    someone = caller()
    await someone.presses("2399999#")
    assert someone.heard("could not find your account")
    assert someone.queue == "support"


@pytest.mark.parametrize("exit", ["no_agents", "timeout", "full", "closed"])
async def test_who_finds_nobody_may_be_called_back(caller: Dialled, exit: str) -> None:
    someone = caller()
    await someone.presses("21")
    await someone.leaves_queue(exit)
    assert someone.said[-1].name == ("closed" if exit == "closed" else "no_agent")
    await someone.presses("91")
    assert someone.callback == "13800001111"
    assert someone.result == "callback"


async def test_closed(caller: Dialled) -> None:
    someone = caller(closed=["support"])
    await someone.presses("12")
    assert someone.heard("非工作时间")
    assert not someone.queue
    await someone.presses(",,")
    assert someone.result == "closed"


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ("1", "13800001111"),
        ("2021555#1", "021555"),
        ("202#021555#1", "021555"),  # too short a number, then a right one
        ("2021555#2021666#1", "021666"),
        (",,,", ""),
        ("2,,,", ""),
    ],
)
async def test_callback(caller: Dialled, keys: str, number: str) -> None:
    someone = caller()
    await someone.presses("29" + keys)
    assert someone.ended
    assert someone.callback == number
    assert someone.result == ("callback" if number else "no callback")


async def test_callback_to_no_telephone_number_asks_for_one(caller: Dialled) -> None:
    someone = caller(caller="alice;drop")
    await someone.presses("29")
    assert someone.said[-1].name == "callback_number"


async def test_keys_before_the_prompt_ends_count(caller: Dialled) -> None:
    someone = caller()
    someone._keys.extend("21")  # both pressed while the welcome plays
    await someone.dials()
    assert someone.queue == "sales"


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("", "language"),
        ("2", "main"),
        ("23", "customer_number"),
        ("29", "callback_offer"),
        ("21", "queue sales"),
    ],
)
async def test_hang_up_leaves_the_last_node_known(caller: Dialled, keys: str, node: str) -> None:
    someone = caller()
    await someone.dials()
    await someone.presses(keys)
    await someone.hangs_up()
    assert someone.hung_up
    assert someone.node == node


async def test_no_fault_in_the_hotline() -> None:
    assert await lint(HOTLINE, ["sales", "support"]) == []


async def test_terminal_tells_the_whole_story() -> None:
    lines: list[str] = []
    assert await simulate(HOTLINE, "21a", write=lines.append)
    story = "\n".join(lines)
    assert 'zh  welcome: "您好，欢迎致电' in story
    assert "[main] 1" in story
    assert "script ended: answered" in story
    assert not await simulate(HOTLINE, "2h", write=lines.append)
    assert lines[-1] == "caller hung up"
    assert not await simulate(HOTLINE, "2", write=lines.append)  # no more keys: he hangs up, too


@pytest.mark.parametrize(("key", "said"), [("1", "因台风暂停服务。"), ("2", "Closed: {storm}.")])
async def test_an_emergency_is_announced_before_a_callback_is_offered(
    caller: Dialled, key: str, said: str
) -> None:
    someone = caller(emergencies={"sales": {"zh": "因台风暂停服务。", "en": "Closed: {storm}."}})
    await someone.presses(key + "1")
    assert [what.text for what in someone.said].index(said) == len(someone.said) - 2
    assert someone.said[-1].name == "closed"
    await someone.presses("91")
    assert someone.callback
