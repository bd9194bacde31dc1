"""What of the live center, and of what comes from it, a visitor may steer and look up; and that trying more
is written down.

Who sees what is `crm/access.py`'s to say. Here it is turned into answers: what a visitor may not know of is
404, as what does not exist. What he may know of and is limited from, by the queues that are his, is 403 with
a row in the audit log.
"""

from collections.abc import Iterable

from contactcenter.crm import interactions, users
from contactcenter.crm.access import CENTER
from contactcenter.crm.interactions import Interaction
from contactcenter.crm.users import User
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.visit import Visit
from contactcenter.views import CallView


def check_call(visit: Visit, call: str, act: str) -> CallView:
    """The live call, if the visitor may do `act` to it. Raises `Problem` 403 or 404."""
    view = visit.edge.live.calls.get(call)
    reader = visit.visitor.reader
    if view is None or not reader.shares(visit.edge.live.teams_at(view)):
        raise not_found("call")
    if not reader.oversees((view.queue,), visit.edge.live.teams_at(view)):
        raise refusal(visit, act, "call", call, "This call is in none of your queues.")
    return view


def check_own_call(visit: Visit, call: str) -> None:
    """Whether the visitor sees the call: at which of them he may ask for something is the center's to say.

    Raises `Problem` 404: a call that exists but is not his, and one that does not exist, look the same.
    """
    if not visit.edge.live.sees(visit.visitor.reader, "calls", call):
        raise not_found("call")


async def check_agent(visit: Visit, login: str, act: str) -> User:
    """The agent, signed in or not, if the visitor may do `act` to him. Raises `Problem` 403 or 404."""
    user = await visit.edge.store.read(users.takes_calls, login)
    teams = visit.edge.live.teams.get(login, ())
    if user is None or not visit.visitor.reader.shares(teams):
        raise not_found("agent")
    live = visit.edge.live.agents.get(login)
    if not visit.visitor.reader.oversees(live.queues if live else user.queues, teams):
        raise refusal(visit, act, "agent", login, "This agent is in none of your queues.")
    return user


async def check_interaction(visit: Visit, id_: str, act: str) -> Interaction:
    """The interaction, if the visitor sees it. Raises `Problem` 403 or 404."""
    if found := await visit.edge.store.read(interactions.get, id_, visit.reader):
        return found
    limit = visit.reader.limit()
    other = await visit.edge.store.read(interactions.get, id_, CENTER) if limit else None
    if other and other.record.queue not in limit:
        raise refusal(visit, act, "interaction", id_, "This interaction is in none of your queues.")
    raise not_found("interaction")


def check_queues(visit: Visit, queues: Iterable[str], act: str) -> None:
    """Whether the visitor may do `act` to each of these queues. Raises `Problem` 403, naming the first."""
    for queue in queues:
        if not visit.visitor.reader.oversees((queue,)):
            raise refusal(visit, act, "queue", queue, f"The queue {queue} is not one of yours.")


def check_all(visit: Visit, act: str, kind: str, id_: str) -> None:
    """Whether the visitor may do what concerns every queue. Raises `Problem` 403."""
    if visit.visitor.reader.limit():
        raise refusal(visit, act, kind, id_, "This concerns all queues, and some are not yours.")


def refusal(visit: Visit, act: str, kind: str, id_: str, why: str) -> Problem:
    """The 403 to raise; that it was tried is in the audit log."""
    visit.audit(act, kind, id_, granted=False, detail={"why": why})
    return Problem(403, "out_of_scope", why)
