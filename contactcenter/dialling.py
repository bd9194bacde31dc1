"""Dialling: one attempt's course, from the store's word to its outcome.

The order is the promise: the attempt is in the store, with every rule asked in that instant, before its call
is placed; it is placed once; and whatever then happens, it has one outcome. A person who answers is joined to
an agent whose line stands, or hears the campaign's message before the law's clock is over. Only what Asterisk
or the caller's session says is taken for true; what nobody heard of is lost, and counts as dialled.
"""

from dataclasses import replace
from itertools import count

from contactcenter import callers, dialled, handoff
from contactcenter.agents import PauseReason
from contactcenter.calls import Call, CallState
from contactcenter.causes import outcome_of
from contactcenter.commands import (
    EndLeg,
    FindCustomer,
    KeepAttempt,
    PlaceCall,
    ReturnLeads,
    SaveAttempt,
)
from contactcenter.dialer.attempts import (
    Attempt,
    AttemptRecord,
    AttemptState,
    AttemptTrigger,
    Outcome,
)
from contactcenter.dialer.campaigns import Mode
from contactcenter.dialer.drops import counted
from contactcenter.dialer.leads import Lead, LeadNumber
from contactcenter.dials import EARLY, Dial, card, name, named_ms
from contactcenter.events import (
    AttemptRefused,
    AttemptSaved,
    AttemptsRestored,
)
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction
from contactcenter.live_campaigns import LiveCampaign
from contactcenter.values import InteractionRecord

SAVE_S = 5.0
"""The store's word is old after so long: what it allowed then it may forbid now."""
PATIENCE_S = 2.0
"""A call that ended so much before its ringing time was over may have rung as long as the network lets it."""


# --- from the lead to the call ---


def open_dial(
    floor: Floor, live: LiveCampaign, lead: Lead, at: float, *, server: str, agent: str = ""
) -> Dial:
    """A dial of the lead's next number; with an `agent`, he is kept for it."""
    campaign = live.campaign
    floor.numbered += 1
    floor.named_ms = max(floor.named_ms, round(at * 1000))
    number = lead.numbers[lead.next_number]
    record = AttemptRecord(
        id=name(floor.named_ms, floor.numbered),
        campaign=campaign.id,
        list=lead.list,
        lead=lead.id,
        number=number.number,
        position=lead.next_number,
        shows=live.shows(lead),
        mode=campaign.mode.value,
        profile=campaign.profile,
        trunk=campaign.trunk,
        server=server,
        reserved=bool(agent),
        state=AttemptState.SAVED.value,
        saved_at=at,
        agent=agent,
    )
    dial = Dial(attempt=Attempt(record), lead=lead, settings=campaign)
    _keep_on_floor(floor, dial)
    return dial


def _keep_on_floor(floor: Floor, dial: Dial) -> None:
    floor.dials[dial.id] = dial
    floor.dialled[dial.record.number] = dial.id
    dialled.live(floor, dial).dials.add(dial.id)


def save(floor: Floor, dial: Dial, at: float) -> None:
    """Ask the store, which writes it or says which rule forbids it."""
    trunk = floor.trunk(dial.record.trunk)
    if trunk.is_full(at):  # others were quicker than its agent
        give_up(floor, dial, Outcome.CANCELLED, at, detail="trunk_full")
        return
    trunk.take(at)
    dial.on_trunk = dial.saving = True
    dial.know(saved_at=at)
    floor.do(SaveAttempt(record=dial.record))
    floor.wake(f"save {dial.id}", at + SAVE_S)


def saved(floor: Floor, event: AttemptSaved) -> None:
    """It is in the store, and may be placed."""
    dial = floor.dials.get(event.attempt)
    if dial is None or not dial.saving:
        return
    dial.saving, dial.written = False, True
    floor.rest(f"save {dial.id}")
    if event.shows:
        _show(floor, dial, event.shows)
    if dial.given_up or not _still_wanted(floor, dial):
        dialled.close(floor, dial, dial.given_up or Outcome.CANCELLED, event.at)
    else:
        _place(floor, dial, event.at)


def _show(floor: Floor, dial: Dial, number: str) -> None:
    """Another number of ours is shown than was thought when the agent was kept."""
    dial.know(shows=number)
    if call := floor.calls.get(dial.id):
        call.did = number
        call.interaction.know(did=number)


def _still_wanted(floor: Floor, dial: Dial) -> bool:
    """Whether there is still a reason to place it: its campaign runs as it did, and its agent is kept."""
    live = dialled.live(floor, dial)
    if not (live.runs and live.serves_as(dial.settings) and floor.servers.get(dial.record.server)):
        return False
    return not dial.record.reserved or _is_kept(floor, dial)


def _is_kept(floor: Floor, dial: Dial) -> bool:
    """Whether an agent is kept for it who can be reached: by his phone, or a line that stands."""
    call = floor.calls.get(dial.id)
    agent = floor.agents.get(call.agent) if call and call.state is CallState.OFFERED else None
    if agent is None:
        return False
    return agent.line != "persistent" or agent.line_up


def _place(floor: Floor, dial: Dial, at: float) -> None:
    live, record = dialled.live(floor, dial), dial.record
    campaign = dial.settings = live.campaign
    dial.attempt.move(AttemptTrigger.PLACE, placed_at=at, detects=campaign.detection is not None)
    floor.reserving.pop(dial.id, None)
    live.placed += 1
    if not record.reserved:
        live.learning.placed(at)
    if call := floor.calls.get(dial.id):
        call.placed = True
    floor.do(
        PlaceCall(
            server=record.server,
            leg=dial.id,
            number=record.number,
            trunk=record.trunk,
            shows=record.shows,
            ring_s=campaign.ring_s,
            interaction=dial.id,
            queue=dial.queue,
            entered_at=at,
            dialled=True,
            detection=campaign.detection,
            message=campaign.message,
        )
    )


def refused(floor: Floor, event: AttemptRefused) -> None:
    """A rule forbids it: the store has kept that, and settled the lead."""
    dial = floor.dials.get(event.attempt)
    if dial is None or not dial.saving:
        return
    live = dialled.live(floor, dial)
    live.refusals[event.refusal.value] += 1
    live.due = True
    dialled.forget(floor, dial)
    send_agent_on(floor, dial.id, event.at)


def save_overdue(floor: Floor, attempt: str, at: float) -> None:
    """The store says nothing: the agent is not to wait for it, and its word will be old."""
    if (dial := floor.dials.get(attempt)) and dial.saving:
        give_up(floor, dial, Outcome.CANCELLED, at)


def give_up(floor: Floor, dial: Dial, outcome: Outcome, at: float, detail: str = "") -> None:
    """It is to end so, before anybody has answered: at once, or with the store's or Asterisk's next word."""
    dial.given_up, dial.previewing = outcome, False
    dial.know(detail=detail)
    if dial.state is AttemptState.SAVED:
        floor.reserving.pop(dial.id, None)
        if (not dial.saving and dial.written) or (not dial.saving and outcome is Outcome.SKIPPED):
            dialled.close(floor, dial, outcome, at)
        elif not dial.saving:
            floor.do(ReturnLeads(leads=(dial.lead.id,)))
            dialled.forget(floor, dial)
        else:
            dialled.leave_trunk(floor, dial)
        send_agent_on(floor, dial.id, at)
    else:
        floor.do(EndLeg(server=dial.record.server, leg=dial.id))


def send_agent_on(floor: Floor, call_id: str, at: float) -> None:
    """The agent who was kept is free again; of the call that did not come about the record is left."""
    if call := floor.calls.get(call_id):
        call.previewing = False
        callers.over(floor, call, at)


# --- the call ---


def open_call(floor: Floor, dial: Dial, at: float, *, calling: bool) -> Call:
    """The call and its interaction: from the moment at which an agent is kept, or a person has answered."""
    record, lead = dial.record, dial.lead
    queue = dial.queue
    if queue and queue not in floor.queues:  # gone since the call was placed: as for who waited in it
        queue = floor.rules.fallback_queue
    # One of the last run may have been given up by now, and is final: an id is not used twice.
    ids = (dial.id if n == 1 else f"{dial.id}-{n}" for n in count(1))
    kept = floor.restored.pop(dial.id, None) or InteractionRecord(
        id=next(each for each in ids if each not in floor.interactions and each not in floor.closed),
        direction="outbound",
        server=record.server,
        leg=dial.id,
        did=record.shows,
        caller=record.number,
        caller_name=lead.name,
        language=lead.language,
        customer=lead.customer,
        queue=queue,
        campaign=record.campaign,
        lead=record.lead,
        attempt=record.id,
        arrived_at=at,
        queued_at=at,
    )
    interaction = Interaction(kept)
    floor.interactions[interaction.id] = interaction
    call = Call(
        id=dial.id,
        server=record.server,
        interaction=interaction,
        did=record.shows,
        caller=record.number,
        caller_name=lead.name,
        arrived_at=at,
        language=lead.language,
        identified=True,
        queue=queue,
        preferred=lead.owner,
        calling=calling,
        dialled=True,
        lead=card(dial),
    )
    floor.calls[call.id] = call
    dial.know(interaction=interaction.id)
    interaction.note(
        at,
        "dialled",
        queue=queue,
        number=record.number,
        campaign=record.campaign,
        lead=record.lead,
        attempt=record.id,
        mode=record.mode,
    )
    floor.do(FindCustomer(call=call.id, number=record.number, customer=lead.customer))
    floor.touch(call=call.id)
    return call


# --- the end ---


def leg_ended(floor: Floor, leg: str, cause: int, at: float, *, inferred: bool) -> None:
    """The leg is gone, or never came about: what became of the attempt."""
    dial = floor.dials.get(leg)
    if dial is None or dial.state is AttemptState.SAVED:
        return
    live, record = dialled.live(floor, dial), dial.record
    if dial.over:
        return
    if dial.state is AttemptState.JOINED:
        _talk_over(floor, dial, cause, at)
        return
    outcome = _outcome(dial, cause, at, inferred=inferred)
    if not record.reserved and dial.person is None and record.placed_at is not None:
        if dial.given_up:
            live.learning.given_up(record.placed_at)
        else:
            live.learning.ended(record.placed_at, at)
    if outcome is Outcome.CONGESTION:
        floor.trunk(record.trunk).failed(at)
    elif dial.state in EARLY and outcome in (Outcome.BUSY, Outcome.REJECTED, Outcome.INVALID):
        floor.trunk(record.trunk).worked()
    dialled.close(floor, dial, outcome, at, cause=cause)


def _talk_over(floor: Floor, dial: Dial, cause: int, at: float) -> None:
    """The agent's word on it comes with the end of his wrap-up, if anybody still works on it."""
    dialled.leave_trunk(floor, dial)
    dial.know(ended_at=at, cause=cause)
    if dial.record.joined_at is not None:
        dialled.live(floor, dial).learning.talked(at - dial.record.joined_at)
    lives = dial.record.interaction in floor.interactions
    if lives or dial.id in floor.restored or dial.id in floor.finals:
        dialled.keep(floor, dial)
    else:
        dialled.close(floor, dial, Outcome.CONNECTED, at)


def _outcome(dial: Dial, cause: int, at: float, *, inferred: bool) -> Outcome:
    record = dial.record
    if dial.state is AttemptState.DROPPING:
        return Outcome.DROPPED
    if dial.state is AttemptState.ANSWERED:
        if dial.person is False:
            return Outcome.MESSAGE_LEFT if dial.whole else Outcome.MACHINE
        if dial.person and dial.mode is Mode.AGENTLESS:
            return Outcome.ANNOUNCED
        nobody_knows = inferred or (dial.unheard and dial.person is None)
        return Outcome.LOST if nobody_knows else Outcome.HUNG_UP
    if dial.given_up:
        return dial.given_up
    if inferred:
        return Outcome.LOST
    return outcome_of(
        cause,
        rang=dial.state is AttemptState.RINGING,
        long_enough=at - (record.placed_at or at) >= dial.settings.ring_s - PATIENCE_S,
    )


def settle(floor: Floor, at: float) -> None:
    """After each event: talks whose record is final have their outcome, and nobody is kept for nothing."""
    for id_, record in floor.finals.items():
        dial = floor.dials.get(id_)
        if dial and dial.over:
            _conclude(floor, dial, record, at)
    floor.finals = {
        id_: record
        for id_, record in floor.finals.items()
        if (dial := floor.dials.get(id_)) and dial.state is AttemptState.JOINED
    }
    for id_ in list(floor.reserving):
        _look_after(floor, floor.dials[id_], at)


def let_go(floor: Floor, at: float) -> None:
    """After each event: a call that rings for an agent who is kept no more rings on as long as the law wants,
    for whoever is free. Who answers it is dropped if nobody is."""
    unkept, floor.unkept = floor.unkept, {}
    for id_ in unkept:
        dial = floor.dials.get(id_)
        if dial and _rings_for_nobody(floor, dial):
            call = floor.calls.get(id_)
            if call and (made := floor.offers.get(call.offer)):
                handoff.miss(floor, made, PauseReason.UNREACHABLE, at)
                floor.unkept.clear()
            floor.wake(f"unkept {id_}", ring_until(floor, dial))


def ring_until(floor: Floor, dial: Dial) -> float:
    """Before this moment the law lets nobody end a call that rings."""
    rings_since = dial.record.rang_at or dial.record.placed_at or 0.0
    return rings_since + dialled.live(floor, dial).profile.ring_s


def unkept_due(floor: Floor, attempt: str, at: float) -> None:
    """It has rung as long as the law wants: it ends, unless somebody was found meanwhile."""
    dial = floor.dials.get(attempt)
    if dial is None or not _rings_for_nobody(floor, dial):
        return
    if (until := ring_until(floor, dial)) > at:  # it began to ring later than it was placed
        floor.wake(f"unkept {attempt}", until)
    else:
        give_up(floor, dial, Outcome.CANCELLED, at)


def _rings_for_nobody(floor: Floor, dial: Dial) -> bool:
    placed = dial.state in EARLY and dial.state is not AttemptState.SAVED
    return placed and dial.record.reserved and not dial.given_up and not _is_kept(floor, dial)


def _conclude(floor: Floor, dial: Dial, final: InteractionRecord, at: float) -> None:
    live = dialled.live(floor, dial)
    agent = floor.agents.get(final.agent)
    live.learning.wrapped_up(final.wrapped_s, returned=agent is not None and agent.can_take_calls)
    had_him = final.agent or dial.record.agent
    said = final.disposition or dial.record.disposition  # the agent's word, or the script's
    dialled.close(floor, dial, Outcome.CONNECTED, at, disposition=said, agent=had_him)


def _look_after(floor: Floor, dial: Dial, at: float) -> None:
    """An agent who missed his phone, or wants to go, is kept for nobody."""
    agent = floor.agents.get(dial.record.agent)
    goes = agent is None or (dial.previewing and agent.afterwards in ("paused", "offline"))
    if goes or not _is_kept(floor, dial):
        give_up(floor, dial, Outcome.CANCELLED, at)


# --- after a restart ---


def restored(floor: Floor, event: AttemptsRestored) -> None:
    """What the last run left without an outcome: it goes on if its leg does, else it is lost. Nothing is
    placed again. No name is given twice, though the clock may have been set back meanwhile."""
    floor.named_ms = max(floor.named_ms, named_ms(event.newest) + 1)
    for record in event.records:
        live = floor.campaigns.get(record.campaign)
        if live is None or record.ended_at is not None:
            over = _conclude_unheard(floor, record, event.at)
            if live:
                live.steering.count(counted(over, live.profile.clock_s), event.at)
        elif record.id not in floor.dials:
            _go_on(floor, live, record)
    for live in floor.campaigns.values():
        live.restoring = False


def _go_on(floor: Floor, live: LiveCampaign, record: AttemptRecord) -> None:
    state = AttemptState(record.state)
    if state is AttemptState.SAVED:
        # Nobody knows whether it was placed: as if it was.
        detects = live.campaign.detection is not None
        record = replace(record, state=AttemptState.PLACED.value, placed_at=record.saved_at, detects=detects)
    lead = Lead(
        id=record.lead,
        list=record.list,
        numbers=(LeadNumber(number=record.number),) * (record.position + 1),
        next_number=record.position,
    )
    settings = replace(live.campaign, mode=Mode(record.mode))
    dial = Dial(attempt=Attempt(record), lead=lead, settings=settings, written=True, on_trunk=True)
    dial.person = True if state in (AttemptState.JOINED, AttemptState.DROPPING) else None
    floor.trunk(record.trunk).calls += 1
    _keep_on_floor(floor, dial)


def _conclude_unheard(floor: Floor, record: AttemptRecord, at: float) -> AttemptRecord:
    """Nobody will hear more of it: the record as it is then."""
    outcome = Outcome.LOST if record.joined_at is None else Outcome.CONNECTED
    ended_at = record.ended_at or at
    over = replace(record, state=AttemptState.OVER.value, outcome=outcome.value, ended_at=ended_at)
    floor.do(KeepAttempt(record=over))
    return over


def unheard(floor: Floor, at: float) -> None:
    """Long after a restart: attempts of servers that did not come back."""
    for dial in list(floor.dials.values()):
        if dial.written and not dial.over and not floor.servers.get(dial.record.server):
            joined = dial.record.joined_at is not None
            dialled.close(floor, dial, Outcome.CONNECTED if joined else Outcome.LOST, at)
