"""Announcements on a real Asterisk: who answers chooses by keys, in the IVR script of the campaign."""

from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from tests.support.dialler import NOTICE_HZ, dialling, far_ends, human
from tests.support.voices import AGENT_HZ

CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    mode=Mode.AGENTLESS,
    profile="US",
    queue="sales",
    lists=(ListShare(list="l1"),),
    trunk="carrier",
    caller_ids=("+13055550100",),
    message="This is Example. Call +13055550100.",
    script="4005",
    ring_s=15,
)


async def test_one_wants_no_more_calls_and_another_wants_an_agent() -> None:
    never, agent = "+13055550001", "+13055550002"
    async with dialling(CAMPAIGN) as dialler, far_ends(dialler) as world:
        world.habits = {number: human(0.2) for number in (never, agent)}
        async with dialler.agent("tom", "101"):
            dialler.leads(never, agent)
            dialler.start()
            calls = {number: await world.call(number) for number in (never, agent)}
            for number, key in ((never, "9"), (agent, "1")):
                await calls[number].wait_answered()
                await calls[number].hears(NOTICE_HZ)
                await calls[number].audio.press(key)
            await calls[never].wait_ended()
            ended = await dialler.store.outcome(never)
            assert (ended.outcome, ended.disposition, ended.detail) == ("announced", "done", "coming?: 9")
            assert ended.opted_out_at
            assert dialler.store.do_not_call == [never]
            await calls[agent].hears(AGENT_HZ)
            calls[agent].hang_up()
            talked = await dialler.store.outcome(agent)
            assert (talked.outcome, talked.agent, talked.detail) == ("connected", "tom", "coming?: 1")
            assert talked.joined_at
