"""Getting the picture back: after a gap in the link to Asterisk, and after a restart of this process.

A snapshot is an ordinary event. What it changes is marked as inferred in the records: it was concluded, not
heard.
"""

from dataclasses import replace

from contactcenter import (
    calling_back,
    desks,
    dialled,
    dialling,
    handoff,
    identifying,
    legs,
    monitoring,
    reached,
    recording,
    talks,
    waiting_room,
)
from contactcenter.calls import Call, CallState, Leg
from contactcenter.dialer.attempts import AttemptState
from contactcenter.events import InteractionsRestored, ServerDown, ServerUp, Snapshot
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction, InteractionState, Outcome
from contactcenter.values import InteractionRecord, LegSeen

PLACING_S = 2.0
"""How long after it was asked for a leg of ours may be missing in a snapshot."""


def server_up(floor: Floor, event: ServerUp) -> None:
    """The link stands; what the server does meanwhile is known with the snapshot that follows."""
    _hear(floor, event.server, False, event.at)


def server_down(floor: Floor, event: ServerDown) -> None:
    """The link is gone; calls go on without us, and nobody is offered a caller whom we can't follow."""
    _hear(floor, event.server, False, event.at)


def _hear(floor: Floor, server: str, heard: bool, at: float) -> None:
    floor.servers[server] = heard
    calling_back.check_ready(floor, at)
    for call in floor.calls.values():
        if call.server == server:
            floor.check_ready(call)


def snapshot(floor: Floor, event: Snapshot) -> None:
    """Compare all that we know of a server's legs with what it says; what was heard since is newer."""
    _hear(floor, event.server, True, event.at)
    seen = {leg.leg for leg in event.legs}
    for leg_id in _missing(floor, event, seen):
        legs.end(floor, leg_id, event.at, inferred=True, restarted=event.restarted)
    for each in event.legs:
        _correct(floor, event, each)
    floor.gone = {leg: at for leg, at in floor.gone.items() if at >= event.asked_at}
    _restore_talks(floor, event)
    for call in list(floor.calls.values()):
        if call.server == event.server:
            before = call.state
            talks.settle(floor, call, event.at)
            if call.state is not before:
                call.interaction.know(inferred=True)
                floor.save(call.interaction)
    _close_unseen(floor, event, seen)


def _missing(floor: Floor, event: Snapshot, seen: set[str]) -> list[str]:
    """Legs that the server should have and hasn't: those we heard of, callers whose leg we never heard of,
    and lines and monitors that were asked for and never came about."""
    server, asked_at = event.server, event.asked_at
    heard = {leg.id: leg.heard_at for leg in floor.legs.values() if leg.server == server}
    # A call that we place takes Asterisk a moment to begin.
    callers = {
        call.id: call.arrived_at + PLACING_S * call.calling
        for call in floor.calls.values()
        if call.server == server
    }
    agents = [agent for agent in floor.agents.values() if agent.line_server == server]
    lines = {agent.line_leg: agent.line_asked_at + PLACING_S for agent in agents}
    monitors = {
        each.id: each.asked_at + PLACING_S for each in floor.monitors.values() if each.server == server
    }
    dials = {
        dial.id: (dial.record.placed_at or dial.record.saved_at) + PLACING_S
        for dial in floor.dials.values()
        if dial.record.server == server and dial.state is not AttemptState.SAVED and not dial.over
    }
    since = monitors | lines | dials | callers | heard
    return [leg for leg, at in since.items() if leg and leg not in seen and at < asked_at]


def _correct(floor: Floor, event: Snapshot, seen: LegSeen) -> None:
    leg = floor.legs.get(seen.leg)
    if seen.leg in floor.gone or (leg and leg.heard_at >= event.asked_at):
        return
    if leg is None:
        leg = Leg(
            id=seen.leg,
            server=event.server,
            heard_at=event.asked_at,
            phone=seen.phone,
            linked=seen.linked,
        )
        floor.add_leg(leg)
    leg.kept = leg.kept or seen.kept
    leg.answered = seen.answered
    if seen.leg.startswith(monitoring.PREFIX):
        monitoring.leg_seen(floor, event.server, seen, event.at)
    if leg.answered:
        desks.line_answered(floor, leg.id)
        reached.seen_answered(floor, leg.id, event.at)
    floor.move_leg(leg, seen.bridge)
    leg.room = seen.room
    recording.bridged(floor, leg, event.at)
    # One of the last run that nobody knows any more (an idle line, a consulted phone) keeps its phone busy.
    waiting_room.watch(floor, leg, event.at)


def _restore_talks(floor: Floor, event: Snapshot) -> None:
    """Talks that outlived a restart of this process go on, with their record."""
    for kept in [each for each in floor.restored.values() if each.server == event.server]:
        caller = floor.legs.get(kept.leg)
        own = _other_side(kept, floor.partners(caller) if caller else [])
        if own is None:
            continue  # gone, or on the way back through the dialplan's rescue loop
        login = kept.agent if own.phone and own.id == kept.agent_leg else ""
        agent = floor.agents.get(login) or floor.agent_of_phone(own.phone)
        if agent and not agent.can_join:
            continue
        del floor.restored[kept.leg]
        login = agent.login if agent else login
        record = replace(
            kept,
            agent=login or kept.agent,
            agent_leg=own.id,
            answered_at=kept.answered_at or event.at,
            inferred=True,
        )
        interaction = Interaction(record)
        floor.interactions[record.id] = interaction
        call = Call(
            id=record.leg,
            server=record.server,
            interaction=interaction,
            did=record.did,
            caller=record.caller,
            caller_name=record.caller_name,
            arrived_at=record.arrived_at,
            state=CallState.TALKING if own.phone else CallState.OUTSIDE,
            language=record.language,
            queue=record.queue,
            agent=login,
            agent_leg=record.agent_leg,
            answered_at=record.answered_at,
        )
        floor.calls[call.id] = call
        floor.talks[call.agent_leg] = call.id
        call.dialled = call.id in floor.dials
        dialled.joined(floor, call, login, event.at)
        if call.state is CallState.TALKING and (queue := floor.queues.get(call.queue)):
            queue.talking += 1
        interaction.note(event.at, "restored", agent=login)
        _part_others(floor, call, event.at)
        identifying.look_up(floor, call, event.at)
        recording.claim(floor, call, event.at)
        floor.save(interaction)
        floor.touch(call=call.id, queue=call.queue)
        if agent:
            handoff.make_room(floor, call, agent, event.at)
            desks.begin_talk(floor, call, agent, event.at)


def _part_others(floor: Floor, call: Call, at: float) -> None:
    """Of a conference the talk of caller and agent is kept. Who asked the third, and for whom, is not known
    any more: nobody could drop him, or give him the caller."""
    for leg in floor.partners(floor.legs[call.id]):
        if leg.id != call.agent_leg:
            waiting_room.let_go(floor, leg.id)
            call.interaction.note(at, "consult_ended", reason="server_restart", phone=leg.phone)


def _other_side(record: InteractionRecord, partners: list[Leg]) -> Leg | None:
    """Whom the caller talks to. The record may be a moment older than the talk: then any phone will do, and
    whose it is shows when its agent signs in."""
    phones = [leg for leg in partners if leg.phone]
    return next((leg for leg in partners if leg.id == record.agent_leg), phones[0] if phones else None)


def _close_unseen(floor: Floor, event: Snapshot, seen: set[str]) -> None:
    """Interactions of the last run whose callers are gone."""
    for record in [each for each in floor.restored.values() if each.server == event.server]:
        if record.leg not in seen:
            del floor.restored[record.leg]
            outcome = Outcome.ASTERISK_RESTART if event.restarted else Outcome.SERVER_RESTART
            close(floor, record, outcome, event.at)


def restored(floor: Floor, event: InteractionsRestored) -> None:
    """The last run left these open; each gets its final record, at the latest after `restore_s`."""
    for record in event.records:
        if record.id in floor.interactions or record.id in floor.closed:
            continue  # its caller was quicker than the store
        if record.ended_at is not None:
            # Only the agent's wrap-up was missing.
            interaction = Interaction(replace(record, inferred=True), InteractionState.WRAP_UP)
            interaction.close_if_done(event.at)
            floor.save(interaction)
        else:
            floor.restored[record.leg] = record
    if floor.restored or floor.dials:
        floor.wake("restore", event.at + floor.rules.restore_s)


def restore_due(floor: Floor, at: float) -> None:
    """Who has not turned up by now will not."""
    for record in floor.restored.values():
        close(floor, record, Outcome.SERVER_RESTART, at)
    floor.restored.clear()
    dialling.unheard(floor, at)


def close(floor: Floor, record: InteractionRecord, outcome: Outcome, at: float) -> None:
    """A final record for an episode whose end nobody heard."""
    interaction = Interaction(replace(record, inferred=True))
    interaction.caller_gone(at, Outcome.ANSWERED if record.answered_at is not None else outcome)
    floor.save(interaction)
    calling_back.unheard(floor, record, at)
