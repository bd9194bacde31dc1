"""Scope: the one place that decides whom a supervisor may steer and what he may look up, and that writes down
who tried without.

A supervisor with queues of his own has these in his scope, with their calls and agents; one without, and
every administrator, has all. What is out of scope is refused with 403 and a row in the audit log. What does
not exist is 404, as for everybody.
"""

from collections.abc import Iterable

from contactcenter.crm import interactions, users
from contactcenter.crm.interactions import Interaction
from contactcenter.crm.users import User
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.visit import Visit
from contactcenter.views import CallView


def check_call(visit: Visit, call: str, act: str) -> CallView:
    """The live call, if the visitor may do `act` to it. Raises `Problem` 403 or 404."""
    view = visit.edge.live.calls.get(call)
    if view is None:
        raise not_found("call")
    if not visit.visitor.oversees((view.queue,)):
        raise refusal(visit, act, "call", call, "This call is in none of your queues.")
    return view


def check_own_call(visit: Visit, call: str) -> None:
    """Whether the visitor sees the call: at which of them he may ask for something is the center's to say.

    Raises `Problem` 404: a call that exists but is not his, and one that does not exist, look the same.
    """
    if not visit.edge.live.sees(visit.visitor.viewer, "calls", call):
        raise not_found("call")


async def check_agent(visit: Visit, login: str, act: str) -> User:
    """The agent, signed in or not, if the visitor may do `act` to him. Raises `Problem` 403 or 404."""
    user = await visit.edge.store.read(users.get, login)
    if user is None or user.role != "agent":
        raise not_found("agent")
    live = visit.edge.live.agents.get(login)
    if not visit.visitor.oversees(live.queues if live else user.queues):
        raise refusal(visit, act, "agent", login, "This agent is in none of your queues.")
    return user


async def check_interaction(visit: Visit, id_: str, act: str) -> Interaction:
    """The interaction, if the visitor has, or had, its caller or it is in his scope.

    Raises `Problem` 403 or 404: to an agent, another's interaction and none look the same.
    """
    found = await visit.edge.store.read(interactions.get, id_)
    if found is None:
        raise not_found("interaction")
    visitor = visit.visitor
    if visitor.login in found.workers or visitor.oversees((found.record.queue,)):
        return found
    if visitor.sees_all:
        raise refusal(visit, act, "interaction", id_, "This interaction is in none of your queues.")
    raise not_found("interaction")


def check_queues(visit: Visit, queues: Iterable[str], act: str) -> None:
    """Whether the visitor may do `act` to each of these queues. Raises `Problem` 403, naming the first."""
    for queue in queues:
        if not visit.visitor.oversees((queue,)):
            raise refusal(visit, act, "queue", queue, f"The queue {queue} is not one of yours.")


def check_all(visit: Visit, act: str, kind: str, id_: str) -> None:
    """Whether the visitor may do what concerns every queue. Raises `Problem` 403."""
    if visit.visitor.scope:
        raise refusal(visit, act, kind, id_, "This concerns all queues, and some are not yours.")


def refusal(visit: Visit, act: str, kind: str, id_: str, why: str) -> Problem:
    """The 403 to raise; that it was tried is in the audit log."""
    visit.audit(act, kind, id_, granted=False, detail={"why": why})
    return Problem(403, "out_of_scope", why)
