"""`/api/agents`: the agent sessions of this moment."""

from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.views import AgentView

routes = Routes("agents")


class AgentFilter(Paged):
    """Which agents."""

    state: str = ""
    queue: str = ""


@routes.get("/api/agents", right=Right.SIGNED_IN)
async def list_agents(visit: Visit, query: AgentFilter) -> Items[AgentView]:
    """The agents who are signed in; an agent sees himself. Times are seconds since the epoch, UTC."""
    agents: list[AgentView] = visit.edge.live.seen(visit.visitor.reader, "agents")
    chosen = (
        agent
        for agent in agents
        if (not query.state or agent.state == query.state)
        and (not query.queue or query.queue in agent.queues)
    )
    return cut(chosen, lambda agent: agent.login, query)
