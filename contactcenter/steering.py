"""Steering: rules and agents that change while callers wait, ring and talk.

A change is one event, so it falls between two others, and the very next decision goes by it. What has begun
is not torn: a phone that rings may be answered, a talk and a wrap-up go on. An offer whose phone does not yet
ring is taken back, and decided anew.
"""

from collections.abc import Collection, Mapping

from contactcenter import calling_back, campaigning, handoff, recording
from contactcenter.calls import Call, CallState
from contactcenter.commands import Accepted
from contactcenter.events import AgentChanged, ChangeTimed, EligibleAsked, RulesChanged
from contactcenter.floor import Floor
from contactcenter.offers import Offer, OfferState
from contactcenter.routing.decisions import BOUND, Demand
from contactcenter.routing.queues import Queue
from contactcenter.routing.skills import lacking


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
        recording.announce(floor, call, event.at)
        floor.enter_queue(call)
    recording.rules_changed(floor, event.at)
    calling_back.reenter(floor, event.rules.fallback_queue, event.at)
    campaigning.rules_changed(floor, event.at)


def _reroute(floor: Floor, call: Call, queue: Queue, at: float) -> None:
    name = queue.rules.name
    if call.counted:
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


def change_timed(floor: Floor, event: ChangeTimed) -> None:
    """Some changes hold for a while only."""
    floor.wake(f"return {event.change}", event.until)


def asked_eligible(floor: Floor, event: EligibleAsked) -> None:
    """A supervisor wants to know what a change would bring, before it is made."""
    answer = {login: eligible(floor, login, *wanted) for login, wanted in event.agents.items()}
    floor.do(Accepted(request=event.request, answer=answer))


def eligible(
    floor: Floor, login: str, queues: Collection[str], skills: Mapping[str, int]
) -> dict[str, int | list[str]]:
    """How many of the waiting callers the agent may be offered now and with these queues and skills, and the
    first of those who would be new to him. Whether he is free is not asked."""
    agent = floor.agents.get(login)
    before, after = set(), []
    for call in (each for each in floor.calls.values() if each.state is CallState.WAITING):
        demand = floor.matcher.demand(call.id)
        if agent and _fits(demand, login, agent.queues, agent.skills):
            before.add(call.id)
        if _fits(demand, login, queues, skills):
            after.append(call.id)
    new = sorted((each for each in after if each not in before), key=floor.matcher.place)
    return {"before": len(before), "after": len(after), "calls": new[:BOUND]}


def _fits(demand: Demand, login: str, queues: Collection[str], skills: Mapping[str, int]) -> bool:
    return (
        demand.only in ("", login)
        and not {*demand.queues}.isdisjoint(queues)
        and lacking(skills, demand.needs) is None
    )


def _take_back(floor: Floor, made: Offer, at: float) -> None:
    call = floor.calls[made.call]
    handoff.withdraw(floor, call, at)
    floor.enter_queue(call)
    floor.save(call.interaction)
