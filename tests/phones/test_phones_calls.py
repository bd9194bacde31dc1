"""Two telephones against each other: who hears whom, and how a call may end."""

import asyncio

import pytest
from loopback import Line, caller

from contactcenter.phones import CallFailed, MalformedMessage, SipCall, State, Uri, UserAgent
from contactcenter.phones.message import Address, Request
from contactcenter.phones.tones import tone


async def test_both_hear_each_other_and_the_callee_hangs_up(line: Line) -> None:
    out, come = await line.talking()
    await asyncio.gather(out.hears(800), come.hears(440))
    assert out.ear.heard(440) < -45
    assert come.ear.heard(800) < -45
    come.hang_up()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert (out.ended_by, come.ended_by) == ("remote", "local")
    assert not line.alice.calls
    assert not line.bob.calls


async def test_the_times_of_a_call_are_in_order_on_both_sides(line: Line) -> None:
    out, come = await line.talking()
    out.hang_up()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    for times in (out.times, come.times):
        steps = [times.invite, times.ringing, times.answered, times.acknowledged, times.bye, times.ended]
        assert None not in steps
        assert steps == sorted(step for step in steps if step is not None)


async def test_keys_arrive_with_the_payload_type_of_the_called_side(line: Line) -> None:
    out, come = await line.talking()
    await out.audio.press("12#", seconds=0.06, pause=0.04)
    await come.ear.receives("12#", within=2)
    await come.audio.press("*0d", seconds=0.06, pause=0.04)
    await out.ear.receives("*0D", within=2)
    assert come.ear.digits == "12#"
    with pytest.raises(ValueError, match="no such keys"):
        await out.audio.press("1x")


async def test_speech_is_played_once_then_silence(line: Line) -> None:
    out, come = await line.talking()
    out.audio.play(tone(1200, 0.3))
    await come.hears(1200)
    await out.audio.played(within=2)
    await come.ear.hears_nothing(within=2)
    assert out.state is State.ANSWERED
    await out.hears(800)


async def test_an_ear_that_waits_learns_of_the_end_of_the_call(line: Line) -> None:
    out, come = await line.talking()
    await out.hears(800)
    waiting = asyncio.gather(
        out.loses(800, within=5),
        out.hears(1200, within=5),
        out.ear.receives("1", within=5),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    come.hang_up()
    lost_s, *missed = await waiting
    assert isinstance(lost_s, float)
    assert [str(each) for each in missed] == [
        "hearing 1200 Hz: the call ended first",
        "the keys 1: the call ended first",
    ]
    await out.wait_ended()


async def test_hold_silences_both_and_resume_brings_both_back(line: Line) -> None:
    out, come = await line.talking()
    await asyncio.gather(out.hears(800), come.hears(440))
    await out.hold()
    await come.wait_held()
    await asyncio.gather(out.loses(800), come.loses(440))
    await out.resume()
    await come.wait_resumed()
    await asyncio.gather(out.hears(800), come.hears(440))


async def test_the_called_side_may_hold_as_well(line: Line) -> None:
    out, come = await line.talking()
    await come.hold()
    await out.wait_held()
    await out.hold()
    await come.wait_held()
    await come.resume()
    assert out.session.on_hold
    assert come.session.held
    await out.resume()
    await come.wait_resumed()
    await asyncio.gather(out.hears(800), come.hears(440))


async def test_two_holds_at_the_same_instant_are_settled(line: Line) -> None:
    out, come = await line.talking()
    await asyncio.gather(out.hold(), come.hold())
    assert out.session.held
    assert come.session.held


@pytest.mark.parametrize("status", [486, 603, 480])
async def test_a_refusal_reaches_the_caller(line: Line, status: int) -> None:
    line.habit = lambda call: call.reject(status)
    out, come = await line.ringing()
    with pytest.raises(CallFailed) as refused:
        await out.wait_answered()
    assert refused.value.status == status
    await come.wait_ended(1)  # by the ACK: without it the callee would wait for 64 * T1, 2.6 s
    assert (out.ended_by, come.ended_by) == ("remote", "local")


async def test_the_caller_gives_up_while_it_rings(line: Line) -> None:
    out, come = await line.ringing()
    await out.wait_ringing()
    out.hang_up()
    assert out.state is State.ENDING
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert (out.status, come.status) == (487, 487)
    assert (out.ended_by, come.ended_by) == ("local", "remote")


async def test_the_caller_gives_up_before_any_answer_to_the_invite(line: Line) -> None:
    sent: list[bytes] = []
    send = line.alice.socket.send

    def recorded(data: bytes, to: Address) -> None:
        sent.append(data)
        send(data, to)

    line.alice.socket.send = recorded
    out = line.alice.call(line.uri(), caller=caller(), media=False)
    out.hang_up()
    assert [data.split()[0] for data in sent] == [b"INVITE"], "a CANCEL might overtake it"
    await out.wait_ended()
    await line.arrived[0].wait_ended()
    assert line.arrived[0].status == 487


async def test_an_answer_that_crosses_the_cancel_ends_with_bye(line: Line) -> None:
    out, come = await line.ringing()
    await out.wait_ringing()
    come.answer()
    out.hang_up()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert out.times.bye is not None


async def test_both_hang_up_at_the_same_instant(line: Line) -> None:
    out, come = await line.talking()
    out.hang_up()
    come.hang_up()
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert not line.alice.calls
    assert not line.bob.calls


async def test_the_callee_hangs_up_before_the_ack_came(line: Line) -> None:
    out, come = await line.ringing()
    come.answer()
    come.hang_up()
    assert come.times.bye is None, "no BYE before the ACK"
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert out.ended_by == "remote"


async def test_a_call_goes_to_its_peer_whatever_address_it_is_for(line: Line) -> None:
    out = line.alice.call(Uri("200", "127.0.0.9", 9), caller=caller(), peer=line.bob.address)
    await out.wait_ringing()
    assert line.arrived[0].called == "200"
    out.hang_up()
    await asyncio.gather(out.wait_ended(), line.arrived[0].wait_ended())
    assert out.status == 487


async def test_a_call_without_media_talks_sip_only(line: Line) -> None:
    line.bob.media = False
    out, come = await line.ringing(media=False)
    come.answer()
    await out.wait_answered()
    await out.hold()
    await come.wait_held()
    with pytest.raises(RuntimeError, match="media=False"):
        out.audio.play_tone(440)
    out.hang_up()
    await come.wait_ended()


async def test_a_blind_transfer_makes_the_far_end_call_the_third(line: Line) -> None:
    third: list[SipCall] = []

    def answer(call: SipCall) -> None:
        third.append(call)
        call.audio.play_tone(1200)
        call.answer()

    carol = UserAgent(on_call=answer)
    out, come = await line.talking()
    await out.transfer(str(Uri("300", *carol.address)))
    await asyncio.gather(out.wait_ended(), come.wait_ended())
    assert come.referred is not None
    await come.referred.hears(1200)
    assert third[0].called == "300"
    assert ("Referred-By", "<sip:100@127.0.0.1>") in third[0].headers
    carol.close()


async def test_a_blind_transfer_to_nobody_fails_and_keeps_the_call(line: Line) -> None:
    carol = UserAgent()  # no `on_call`: refuses with 480
    out, _ = await line.talking()
    with pytest.raises(CallFailed) as refused:
        await out.transfer(str(Uri("300", *carol.address)))
    assert refused.value.status == 480
    assert out.state is State.ANSWERED
    await out.hears(800)
    carol.close()


async def test_an_attended_transfer_connects_the_two_others(line: Line) -> None:
    third: list[SipCall] = []

    def answer(call: SipCall) -> None:
        third.append(call)
        call.answer()

    carol = UserAgent(on_call=answer)
    out, come = await line.talking()
    await out.hold()
    consult = line.alice.call(Uri("300", *carol.address), caller=caller())
    await consult.wait_answered()
    await out.transfer_to(consult)
    await asyncio.gather(out.wait_ended(), come.wait_ended(), consult.wait_ended(), third[0].wait_ended())
    assert come.referred is not None
    assert third[0].replaced_by is not None
    third[0].replaced_by.audio.play_tone(1200)
    come.referred.audio.play_tone(800)
    await asyncio.gather(come.referred.hears(1200), third[0].replaced_by.hears(800))
    carol.close()


HOSTILE = ['"; evil', "back\\slash", "张伟 <sip:x@y>", "a,b;c=d", "'); DROP TABLE", "%0d%0a", " "]


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_arrive_as_they_are(line: Line, name: str) -> None:
    out, come = await line.ringing(name=name, media=False)
    assert come.caller_name == name
    out.hang_up()
    await come.wait_ended()


@pytest.mark.parametrize("name", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\0b", "\ud800"])
async def test_a_name_that_would_write_headers_is_refused(line: Line, name: str) -> None:
    with pytest.raises(MalformedMessage):
        line.alice.call(line.uri(), caller=caller(name=name))
    assert not line.alice.calls


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("NOTIFY", 200), ("INFO", 200), ("PRACK", 405)]
)
async def test_requests_within_a_call_are_answered(line: Line, method: str, status: int) -> None:
    out, come = await line.talking()
    assert await _status(line.alice, out, out.dialog.request(method)) == status
    assert come.state is State.ANSWERED


async def test_a_request_older_than_the_last_one_is_refused(line: Line) -> None:
    out, come = await line.talking()
    late = out.dialog.request("BYE")
    assert await _status(line.alice, out, out.dialog.request("OPTIONS")) == 200
    assert await _status(line.alice, out, late) == 500
    assert come.state is State.ANSWERED


async def test_an_update_refreshes_the_session_and_an_info_may_carry_a_key(line: Line) -> None:
    out, come = await line.talking()
    assert await _status(line.alice, out, out.dialog.request("UPDATE", [("Session-Expires", "1800")])) == 200
    relay = [("Content-Type", "application/dtmf-relay")]
    key = out.dialog.request("INFO", relay, b"Signal=7\r\nDuration=160\r\n")
    assert await _status(line.alice, out, key) == 200
    assert come.ear.digits == "7"
    nonsense = out.dialog.request("UPDATE", [("Content-Type", "application/sdp")], b"v=0\r\n")
    assert await _status(line.alice, out, nonsense) == 488
    await out.hears(800)


async def test_an_invite_without_an_offer_gets_one_and_takes_the_answer_from_the_ack(line: Line) -> None:
    out, come = await line.talking()
    finals: list[bytes] = []
    line.alice.send(out.dialog, out.dialog.request("INVITE"), lambda response: finals.append(response.body))
    await come.watchers.until(lambda: any(finals), 2, "the offer")
    assert b"m=audio" in finals[-1]
    ack = out.dialog.request("ACK", [("Content-Type", "application/sdp")], finals[-1])
    line.alice.transmit(out.dialog, ack)
    await come.wait_answered()


async def _status(agent: UserAgent, call: SipCall, request: Request) -> int:
    final: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    agent.send(call.dialog, request, lambda response: final.set_result(response.status))
    return await asyncio.wait_for(final, 5)
