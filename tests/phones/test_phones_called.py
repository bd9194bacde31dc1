"""The people whom the demo's campaigns call: one answers and speaks, one is busy, one is out."""

import pytest
from loopback import caller

from contactcenter.demo.called import AWAY, BUSY, CalledPeople
from contactcenter.phones import CallFailed, Uri, UserAgent

HOST = "127.0.0.3"


async def test_who_is_called_does_what_his_number_says() -> None:
    free = UserAgent(HOST)
    port = free.address[1]
    free.close()
    people, agent = CalledPeople((HOST, port)), UserAgent()
    await people.start()
    try:
        answers, engaged, rings = (
            agent.call(Uri(f"86154000000{digit}0{digit}", HOST, port), caller=caller())
            for digit in (0, BUSY, AWAY)
        )
        with pytest.raises(CallFailed) as caught:
            await engaged.wait_answered()
        assert caught.value.status == 486
        await rings.wait_ringing()
        await answers.wait_answered()
        assert rings.state == "ringing"
    finally:
        await people.stop()
        await answers.wait_ended()
        agent.close()


async def test_where_somebody_else_listens_nobody_is_and_the_demo_goes_on() -> None:
    other = UserAgent(HOST)
    people = CalledPeople(other.address)
    await people.start()
    await people.stop()
    other.close()
