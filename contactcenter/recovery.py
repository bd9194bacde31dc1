"""Getting the picture back: after a gap in the link to Asterisk, and after a restart of this process.

A snapshot is an ordinary event. What it changes is marked as inferred in the records: it was concluded, not
heard.
"""

from dataclasses import replace

from contactcenter import desks, legs
from contactcenter.calls import Call, CallState, Leg
from contactcenter.commands import SaveInteraction
from contactcenter.events import InteractionsRestored, ServerDown, ServerUp, Snapshot
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction, Outcome
from contactcenter.values import InteractionRecord, TimelineEntry


def server_up(floor: Floor, event: ServerUp) -> None:
    """The link stands."""
    floor.servers[event.server] = True


def server_down(floor: Floor, event: ServerDown) -> None:
    """The link is gone; calls go on without us."""
    floor.servers[event.server] = False


def snapshot(floor: Floor, event: Snapshot) -> None:
    """Compare all that we know of a server's legs with what it says."""
    seen = {leg.leg: leg for leg in event.legs}
    for known in [leg for leg in floor.legs.values() if leg.server == event.server]:
        if known.id not in seen and known.started_at < event.asked_at:
            legs.end(floor, known, event.at, inferred=True, restarted=event.restarted)
    # A caller whose leg we never heard of, and who is not there either: the end was missed.
    for call in [each for each in floor.calls.values() if each.server == event.server]:
        if call.id not in seen and call.id not in floor.legs and call.arrived_at < event.asked_at:
            legs.end(
                floor,
                Leg(id=call.id, server=call.server, started_at=call.arrived_at),
                event.at,
                inferred=True,
                restarted=event.restarted,
            )
    for each in event.legs:
        leg = floor.legs.get(each.leg)
        if leg is None:
            leg = Leg(
                id=each.leg,
                server=event.server,
                started_at=event.asked_at,
                phone=each.phone,
                linked=each.linked,
            )
            floor.add_leg(leg)
        leg.answered = each.answered
        if leg.answered:
            desks.line_answered(floor, leg.id)
        floor.move_leg(leg, each.bridge)
    _restore_talks(floor, event)
    for call in list(floor.calls.values()):
        if call.server == event.server:
            before = call.state
            legs.settle(floor, call, event.at)
            if call.state is not before:
                call.interaction.know(inferred=True)
    _close_unseen(floor, event, set(seen))


def _restore_talks(floor: Floor, event: Snapshot) -> None:
    """Talks that outlived a restart of this process go on, with their record."""
    for record in [each for each in floor.restored.values() if each.server == event.server]:
        caller = floor.legs.get(record.leg)
        partners = floor.partners(caller) if caller else []
        if not partners or not record.agent:
            continue  # gone, or on the way back through the dialplan's rescue loop
        del floor.restored[record.leg]
        interaction = Interaction(replace(record, inferred=True))
        floor.interactions[record.id] = interaction
        call = Call(
            id=record.leg,
            server=record.server,
            interaction=interaction,
            did=record.did,
            caller=record.caller,
            caller_name=record.caller_name,
            arrived_at=record.arrived_at,
            state=CallState.TALKING,
            language=record.language,
            queue=record.queue,
            agent=record.agent,
            agent_leg=partners[0].id,
            answered_at=record.answered_at,
        )
        floor.calls[call.id] = call
        floor.talks[call.agent_leg] = call.id
        if queue := floor.queues.get(call.queue):
            queue.talking += 1
        interaction.note(event.at, "restored", agent=record.agent)
        floor.touch(call=call.id)


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
        if record.ended_at is not None:
            # Only the agent's wrap-up was missing.
            close(floor, record, Outcome(record.outcome), event.at)
        else:
            floor.restored[record.leg] = record
    if floor.restored:
        floor.wake("restore", event.at + floor.rules.restore_s)


def restore_due(floor: Floor, at: float) -> None:
    """Who has not turned up by now will not."""
    for record in floor.restored.values():
        close(floor, record, Outcome.SERVER_RESTART, at)
    floor.restored.clear()


def close(floor: Floor, record: InteractionRecord, outcome: Outcome, at: float) -> None:
    """A final record for an episode whose end nobody heard."""
    final = replace(
        record,
        outcome=outcome.value,
        disposition=record.disposition or (desks.NO_DISPOSITION if record.agent else ""),
        ended_at=record.ended_at or at,
        closed_at=at,
        inferred=True,
        final=True,
    )
    entry = TimelineEntry(at=at, kind="closed", detail={"outcome": outcome.value})
    floor.do(SaveInteraction(record=final, entries=(entry,)))
