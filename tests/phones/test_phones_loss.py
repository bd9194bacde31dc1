"""A network that loses and doubles datagrams: calls still begin and end, once."""

import asyncio
import random
import re
from collections.abc import Callable

import pytest
from loopback import Line, caller

from contactcenter.phones import CallFailed, SipCall, State, UserAgent
from contactcenter.phones.message import Address


def between(agent: UserAgent, passes: Callable[[bytes], int]) -> None:
    """Lets each SIP datagram that `agent` sends pass as often as `passes` says."""
    send = agent.socket.send

    def lossy(data: bytes, to: Address) -> None:
        for _ in range(passes(data)):
            send(data, to)

    agent.socket.send = lossy


def identity(data: bytes) -> bytes:
    """Start line and CSeq: the same for a repetition, also of an ACK, which has a new branch each time."""
    found = re.search(rb"CSeq: [^\r]*", data)
    assert found
    return data.split(b"\r\n")[0] + found[0]


def first_of_each_lost() -> Callable[[bytes], int]:
    seen: set[bytes] = set()

    def passes(data: bytes) -> int:
        known = identity(data) in seen
        seen.add(identity(data))
        return int(known)

    return passes


async def test_every_message_is_lost_once(line: Line) -> None:
    between(line.alice, first_of_each_lost())
    between(line.bob, first_of_each_lost())
    out, come = await line.talking()
    await asyncio.gather(out.hears(800), come.hears(440))
    await out.hold()
    await come.wait_held()
    out.hang_up()
    await asyncio.gather(out.wait_ended(1), come.wait_ended(1))  # by answers: giving up takes 2.6 s
    assert len(line.arrived) == 1


async def test_a_refusal_is_repeated_until_it_is_acknowledged(line: Line) -> None:
    between(line.alice, first_of_each_lost())
    between(line.bob, first_of_each_lost())
    line.habit = lambda call: call.reject(486)
    out, come = await line.ringing()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert out.status == 486


async def test_every_message_comes_twice(line: Line) -> None:
    between(line.alice, lambda _: 2)
    between(line.bob, lambda _: 2)
    out, come = await line.talking()
    await out.hold()
    out.hang_up()
    come.hang_up()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert len(line.arrived) == 1


async def test_nobody_there_is_a_408(line: Line) -> None:
    between(line.alice, lambda _: 0)
    out = line.alice.call(line.uri(), caller=caller())
    with pytest.raises(CallFailed) as failed:
        await out.wait_answered()
    assert failed.value.status == 408
    assert out.state is State.ENDED


async def test_a_call_whose_ack_never_comes_is_ended_by_the_callee(line: Line) -> None:
    between(line.alice, lambda data: not data.startswith(b"ACK "))
    out, come = await line.ringing()
    come.answer()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert (out.ended_by, come.ended_by) == ("remote", "local")


async def test_a_bye_that_nobody_answers_ends_all_the_same(line: Line) -> None:
    out, _ = await line.talking()
    between(line.bob, lambda _: 0)
    out.hang_up()
    assert out.state is State.ENDING
    await out.wait_ended()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_lost_no_call_is_left(line: Line, seed: int) -> None:
    chance = random.Random(seed)
    between(line.alice, lambda _: chance.choices((0, 1, 2), (3, 6, 1))[0])
    between(line.bob, lambda _: chance.choices((0, 1, 2), (3, 6, 1))[0])
    habits: list[Callable[[SipCall], None]] = [SipCall.ring, SipCall.answer, SipCall.reject]

    def habit(call: SipCall) -> None:
        chance.choice(habits)(call)
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.3), call.hang_up)

    line.habit = habit
    calls = [line.alice.call(line.uri(), caller=caller(), media=False) for _ in range(8)]
    for call in calls:
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.4), call.hang_up)
    await asyncio.gather(*(call.wait_ended(15) for call in calls))
    await asyncio.gather(*(call.wait_ended(15) for call in line.arrived))
    assert not line.alice.calls
    assert not line.bob.calls
