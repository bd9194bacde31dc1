"""Reaching: who or what has answered a call of a campaign, and what becomes of him.

A person is joined to an agent whose line stands, or hears the campaign's message before the law's clock is
over; a machine is hung up on or left a message. A key in the message is on the disk before the call ends.
"""

from contactcenter import callers, dialled, dialling, handoff
from contactcenter.agents import PauseReason
from contactcenter.calls import Call, CallState, CallTrigger
from contactcenter.commands import (
    EndLeg,
    LeaveQueue,
    RunScript,
    SaveDoNotCall,
    SayNotice,
)
from contactcenter.dialer.attempts import (
    AttemptState,
    AttemptTrigger,
    Outcome,
    version_of,
)
from contactcenter.dialer.campaigns import Mode, OnMachine
from contactcenter.dials import EARLY, Dial
from contactcenter.events import (
    CallArrived,
    CallQueued,
    DialledAnswered,
    DoNotCallSaved,
    NoticeBegan,
    NoticeEnded,
    OptOutAsked,
)
from contactcenter.floor import Floor

JOINING_S = 0.5
JOINS_S = (JOINING_S, 1.5, 0.5)
"""How long a join may take that has begun when the clock is over: as usual; under load; and how long the end
of a dead line takes."""


def leg_ringing(floor: Floor, leg: str, at: float) -> None:
    """The far end rings."""
    dial = floor.dials.get(leg)
    if dial and dial.state is AttemptState.PLACED:
        dial.attempt.move(AttemptTrigger.RING, rang_at=at)
        floor.trunk(dial.record.trunk).worked()


def leg_answered(floor: Floor, leg: str, at: float) -> None:
    """The far end answers: somebody, or something."""
    dial = floor.dials.get(leg)
    if dial and dial.state in EARLY:
        dialled.answer(floor, dial, at)


def seen_answered(floor: Floor, leg: str, at: float) -> None:
    """A snapshot shows that it was answered meanwhile. Who has answered may be with his session, and is told
    of; or the dialplan has said our message to him, and is told of by nobody."""
    dial = floor.dials.get(leg)
    if dial and dial.state in EARLY:
        dialled.answer(floor, dial, at)
        dial.unheard = True


def answered(floor: Floor, event: DialledAnswered) -> None:
    """It is known what has answered, and its session waits for a word."""
    dial = floor.dials.get(event.call)
    if dial is None:
        floor.do(LeaveQueue(call=event.call, exit=Outcome.LOST.value))
        return
    if dial.person is not None or dial.state in (AttemptState.JOINED, AttemptState.DROPPING):
        return  # said before
    leg_answered(floor, dial.id, event.at)
    dial.know(heard=event.heard, greeting_ended_at=event.greeting_ended_at)
    if event.heard == "machine":
        _machine(floor, dial, event.at)
    else:
        _person(floor, dial, event.at)


def arrived(floor: Floor, event: CallArrived) -> None:
    """Somebody is with a script: one who calls, or one whom we called and whom a crash kept from his agent in
    the instant of the join. The dialplan has brought him back, as it does any caller."""
    dial = floor.dials.get(event.call)
    had_nobody = dial is not None and dial.state in (*EARLY, AttemptState.ANSWERED)
    waits = event.resumed and event.queue and event.call not in floor.calls
    if dial is None or not had_nobody or not waits or dial.mode is Mode.AGENTLESS:
        callers.arrived(floor, event)
        return
    seen_answered(floor, dial.id, event.at)
    call = dialling.open_call(floor, dial, event.at, calling=False)
    call.interaction.note(event.at, "resumed", did=call.did, caller=call.caller)
    floor.save(call.interaction)


def queued(floor: Floor, event: CallQueued) -> None:
    """Somebody waits in a queue; one who was brought back has an agent now, or the message."""
    dial, call = floor.dials.get(event.call), floor.calls.get(event.call)
    dialled_one = call and call.dialled and not call.calling and call.state is CallState.SCRIPT
    if dial and dial.person is None and dialled_one:
        _person(floor, dial, event.at)
    else:
        callers.queued(floor, event)


def _machine(floor: Floor, dial: Dial, at: float) -> None:
    """Hang up, or leave the message; an agent who was kept is free."""
    live = dialled.live(floor, dial)
    dial.person = False
    dialled.count(live, dial, at)
    if not dial.record.reserved and dial.record.placed_at is not None:
        live.learning.ended(dial.record.placed_at, at)
    if call := floor.calls.get(dial.id):
        call.calling = False
        _to_session(floor, call, "machine", at)
        floor.save(call.interaction)
    campaign = dial.settings
    leaves = campaign.detection is not None and campaign.detection.on_machine is OnMachine.LEAVE_MESSAGE
    if leaves and campaign.machine_message:
        floor.do(SayNotice(call=dial.id, text=campaign.machine_message, machine=True))
    else:
        floor.do(LeaveQueue(call=dial.id, exit="machine"))


def _to_session(floor: Floor, call: Call, exit: str, at: float) -> None:
    """The call is its session's alone: no agent is kept for it, and it waits for none."""
    if call.state is CallState.OFFERED:
        handoff.withdraw(floor, call, at)
    if call.state is CallState.WAITING:
        floor.leave_queue(call)
        call.move(CallTrigger.LEAVE_QUEUE)
    call.queued_at = call.returned_at = None
    call.left_queue = exit
    call.interaction.note(at, "left_dial", exit=exit)
    floor.touch(call=call.id, queue=call.queue)


def _person(floor: Floor, dial: Dial, at: float) -> None:
    live, record = dialled.live(floor, dial), dial.record
    dialled.learn_answer(live, dial, at)
    call = floor.calls.get(dial.id) or dialling.open_call(floor, dial, at, calling=False)
    call.calling = False
    call.interaction.note(at, "reached", heard=record.heard)
    if dial.mode is Mode.AGENTLESS:
        call.dialled = False  # nobody is to be found for him: he has the script
        call.announced = True
        floor.do(RunScript(call=call.id, did=dial.settings.script))
    else:
        _wait_for_agent(floor, call, at)
        # Where nothing was listened to, the answer is the moment that counts.
        heard_at = record.greeting_ended_at or (at if record.heard else record.answered_at or at)
        floor.wake(f"drop {call.id}", heard_at + live.clock_s())
    floor.save(call.interaction)
    # On the disk from now on: a crash before an agent had him leaves one who was dropped.
    dialled.keep(floor, dial)


def _wait_for_agent(floor: Floor, call: Call, at: float) -> None:
    """The agent who was kept has him, or the first whose line stands."""
    floor.answered[call.id] = None
    if made := floor.offers.get(call.offer):
        handoff.ring(floor, made, at)
        return
    if call.state is CallState.SCRIPT:
        call.move(CallTrigger.QUEUE)
    call.queued_at = call.queued_at or at
    floor.enter_queue(call)


def drop_due(floor: Floor, call_id: str, at: float) -> None:
    """The clock is over and nobody is free: the person hears who called, and how not to be called again."""
    dial, call = floor.dials.get(call_id), floor.calls.get(call_id)
    if dial is None or call is None or not call.dialled or call.calling:
        return
    if call.state is CallState.OFFERED:
        _look_at_join(floor, dial, call, at)
    elif call.state is CallState.WAITING:
        _drop(floor, dial, call, at)


def _look_at_join(floor: Floor, dial: Dial, call: Call, at: float) -> None:
    """An agent is there, and Asterisk has not said yet that they are joined. It may take a moment; a line
    that takes long is dead, and is ended, which brings the person back to his session; and if even that is
    not heard of, he is dropped."""
    made = floor.offers[call.offer]
    if not floor.servers.get(call.server):
        floor.wake(f"drop {call.id}", at + JOINING_S)  # they may well talk: the next snapshot knows
        return
    dial.joins += 1
    if dial.joins > len(JOINS_S):
        handoff.miss(floor, made, PauseReason.UNREACHABLE, at)
        _drop(floor, dial, call, at)
        return
    if dial.joins == len(JOINS_S):
        for seat in made.seats.values():
            floor.do(EndLeg(server=call.server, leg=seat.leg or seat.line_leg))
    floor.wake(f"drop {call.id}", at + JOINS_S[dial.joins - 1])


def _drop(floor: Floor, dial: Dial, call: Call, at: float) -> None:
    floor.answered.pop(call.id, None)
    dial.attempt.move(AttemptTrigger.DROP)
    dialled.count(dialled.live(floor, dial), dial, at)
    _to_session(floor, call, "dropped", at)
    floor.save(call.interaction)
    dialled.keep(floor, dial)
    floor.do(SayNotice(call=call.id, text=dial.settings.message, key=dial.settings.opt_out_key))


def notice_began(floor: Floor, event: NoticeBegan) -> None:
    """The message is being said: the law asks when."""
    if dial := floor.dials.get(event.call):
        name = "machine_message" if dial.person is False else "message"
        dial.know(message_at=event.at, message=version_of(name, getattr(dial.settings, name)))
        dialled.keep(floor, dial)


def notice_ended(floor: Floor, event: NoticeEnded) -> None:
    """The message was said to its end, or could not be."""
    if dial := floor.dials.get(event.call):
        dial.whole = event.whole


def asked_opt_out(floor: Floor, event: OptOutAsked) -> None:
    """Nobody calls this number any more; that is on the disk before the call ends."""
    dial = floor.dials.get(event.call)
    record = dial.record if dial else floor.over.get(event.call)
    if record is None:
        # Whom we did not call: where he calls from may be anybody's number.
        floor.do(LeaveQueue(call=event.call, exit="not_called"))
        return
    if dial:
        dial.know(opted_out_at=event.at)
    if call := floor.calls.get(event.call):
        call.interaction.note(event.at, "opted_out", number=record.number)
        call.left_queue = call.left_queue and "opted_out"
        floor.save(call.interaction)
    floor.do(
        SaveDoNotCall(
            number=record.number, source="key", campaign=record.campaign, attempt=record.id, at=event.at
        )
    )


def opted_out(floor: Floor, event: DoNotCallSaved) -> None:
    """It is on the disk: the session may say so, and hang up."""
    floor.do(LeaveQueue(call=event.call, exit="opted_out"))
