"""Steering: rules and agents that change while callers wait, ring and talk.

A change is one event, so it falls between two others, and the very next decision goes by it. What has begun
is not torn: a phone that rings may be answered, a talk and a wrap-up go on. An offer whose phone does not yet
ring is taken back, and decided anew.
"""

from contactcenter import calling_back, handoff
from contactcenter.calls import Call, CallState
from contactcenter.events import AgentChanged, RulesChanged
from contactcenter.floor import Floor
from contactcenter.offers import Offer, OfferState
from contactcenter.routing.queues import Queue


def rules_changed(floor: Floor, event: RulesChanged) -> None:
    """Other rules from now on: who waits keeps his place, and goes on waiting by the new ones.

    Callers of a queue that is no more go on to the fallback queue, one whose agent's phone rings with him.
    """
    for made in [each for each in floor.offers.values() if each.state is OfferState.POPPED]:
        _take_back(floor, made, event.at)
    waiting = [call for call in floor.calls.values() if call.state is CallState.WAITING]
    for call in waiting:
        floor.leave_queue(call)
    gone = floor.take_rules(event.rules)
    for call in floor.calls.values():
        if call.queued_at is not None and call.queue in gone:
            _reroute(floor, call, floor.queues[event.rules.fallback_queue], event.at)
    for call in waiting:
        floor.enter_queue(call)
    calling_back.reenter(floor, event.rules.fallback_queue, event.at)


def _reroute(floor: Floor, call: Call, queue: Queue, at: float) -> None:
    name = queue.rules.name
    call.interaction.note(at, "rerouted", queue=name, before=call.queue)
    call.interaction.know(queue=name)
    call.queue = name
    floor.save(call.interaction)
    floor.touch(call=call.id, queue=name)


def agent_changed(floor: Floor, event: AgentChanged) -> None:
    """An agent can do something else from now on, or belongs to other queues."""
    agent = floor.agents.get(event.login)
    if agent is None:
        return  # not signed in: his session will begin with what the store has
    agent.queues, agent.skills = event.queues, event.skills
    floor.touch_agent(agent)
    made = floor.offers.get(agent.offer)
    if made and made.state is OfferState.POPPED:
        _take_back(floor, made, event.at)


def _take_back(floor: Floor, made: Offer, at: float) -> None:
    call = floor.calls[made.call]
    handoff.withdraw(floor, call, at)
    floor.enter_queue(call)
    floor.save(call.interaction)
