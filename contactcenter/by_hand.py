"""By hand: an agent asks for somebody himself, and is the only one who is offered him."""

from contactcenter.floor import Floor
from contactcenter.routing.decisions import Candidate, Decision, Demand


def decision(floor: Floor, login: str, place: str, queue: str, at: float) -> Decision:
    """As if the matcher had found the agent, who is free, for what waits at this place."""
    agent = floor.agents[login]
    idle_s = round(at - agent.idle_since, 3)
    best = Candidate(
        login=login,
        idle_s=idle_s,
        breadth=len(agent.queues) + len(agent.skills),
        levels=0,
        short=0,
        taken=agent.taken,
    )
    return Decision(
        at=at,
        call=place,
        queue=queue,
        chosen=(login,),
        strategy="manual",
        order=floor.rules.policy.order,
        waited_s=0.0,
        idle_s=idle_s,
        score=at,
        priority=(),
        position=1,
        overtook=0,
        demand=Demand(queues=(queue,), only=login),
        asked=(),
        candidates=(best,),
        candidate_count=1,
    )
