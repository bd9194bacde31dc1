"""Wrap-ups: the agent's work on the record after the talk, ended by the outcome or by the center's clock.

The interaction can't be final before the last agent who works on it is done. Who only helped with another's
caller has nothing to wrap up.
"""

from contactcenter import desks
from contactcenter.agents import AgentSession, AgentState, AgentTrigger
from contactcenter.commands import Accepted, CorrectDisposition
from contactcenter.events import DispositionSet, MoreTimeAsked
from contactcenter.floor import Floor


def begin(floor: Floor, agent: AgentSession, queue: str, at: float) -> None:
    """The clock of the wrap-up is the center's own."""
    rules = floor.queues[queue].rules if queue in floor.queues else None
    agent.until = at + (rules.wrap_up_s if rules else 0)
    if agent.until <= at:
        finish(floor, agent, at)
    else:
        floor.wake(f"wrap {agent.login}", agent.until)
    floor.touch_agent(agent)


def due(floor: Floor, login: str, at: float) -> None:
    """A wrap-up's time may be over; it isn't when the agent got more time, or is in a later one."""
    agent = floor.agents.get(login)
    if agent and agent.state is AgentState.WRAP_UP and agent.until is not None and at >= agent.until:
        finish(floor, agent, at)


def finish(floor: Floor, agent: AgentSession, at: float) -> None:
    """The wrap-up is over: free for the next call, or for what was wished for."""
    end_work(floor, agent, at)
    agent.move(AgentTrigger.FINISH, at)
    desks.grant_wish(floor, agent, at)


def end_work(floor: Floor, agent: AgentSession, at: float) -> None:
    """The agent is done with the interaction, which closes if nobody else works on it."""
    wrapped = at - agent.since
    agent.until = None
    interaction = floor.interactions.get(agent.interaction)
    agent.interaction = ""
    if interaction:
        interaction.know(wrapped_s=interaction.record.wrapped_s + wrapped)
        interaction.note(at, "wrapped_up", agent=agent.login, wrapped_s=round(wrapped, 3))
        if queue := floor.queues.get(interaction.record.queue):
            queue.waits.worked(at - agent.served_at)
        interaction.work_done(agent.login, at)
        floor.save(interaction)


def dismiss(floor: Floor, agent: AgentSession, at: float) -> None:
    """The agent only helped with another's caller: free at once, without a wrap-up."""
    agent.move(AgentTrigger.PART, at)
    if interaction := floor.interactions.get(agent.interaction):
        interaction.workers.discard(agent.login)
    agent.interaction = ""
    agent.move(AgentTrigger.FINISH, at)
    desks.grant_wish(floor, agent, at)


def asked_more_time(floor: Floor, event: MoreTimeAsked) -> None:
    """The agent needs longer."""
    agent = floor.agents[event.login]
    interaction = floor.interactions.get(agent.interaction)
    if agent.state is not AgentState.WRAP_UP or agent.until is None or interaction is None:
        floor.refuse(event.request, "illegal_now", "there is no wrap-up to extend")
        return
    queue = floor.queues.get(interaction.record.queue)
    more = queue.rules.more_time_s if queue else 0
    agent.until += more
    interaction.note(event.at, "more_time", agent=agent.login, seconds=more)
    floor.wake(f"wrap {agent.login}", agent.until)
    floor.do(Accepted(request=event.request))
    floor.touch_agent(agent)


def set_disposition(floor: Floor, event: DispositionSet) -> None:
    """The agent's outcome. It ends the wrap-up; after the record is final it is kept as a correction."""
    if event.code not in floor.rules.dispositions:
        known = ", ".join(sorted(floor.rules.dispositions))
        floor.refuse(event.request, "invalid", f"{event.code!r} is no outcome; there are: {known}", "code")
        return
    interaction = floor.interactions.get(event.interaction)
    if interaction is None:
        _correct(floor, event)
        return
    agent = floor.agents.get(event.login)
    if event.login not in interaction.workers and event.login != interaction.record.agent:
        floor.refuse(event.request, "not_yours", "this interaction is not yours")
        return
    interaction.know(
        disposition=event.code, note=event.note, callback=event.callback or interaction.record.callback
    )
    interaction.note(event.at, "disposition", agent=event.login, code=event.code, callback=event.callback)
    if agent and agent.state is AgentState.WRAP_UP and agent.interaction == interaction.id:
        finish(floor, agent, event.at)
    else:
        floor.save(interaction)
    floor.do(Accepted(request=event.request))


def _correct(floor: Floor, event: DispositionSet) -> None:
    owner = floor.closed.get(event.interaction)
    if owner is None:
        floor.refuse(event.request, "unknown", "there is no such interaction that could still be changed")
    elif owner != event.login:
        floor.refuse(event.request, "not_yours", "this interaction is not yours")
    else:
        floor.do(
            CorrectDisposition(
                interaction=event.interaction,
                login=event.login,
                at=event.at,
                code=event.code,
                note=event.note,
                callback=event.callback,
            ),
            Accepted(request=event.request),
        )
