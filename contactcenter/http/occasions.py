"""Occasions: what a live call, or an interaction, gives to what is opened from it in one act."""

from contactcenter.crm import interactions, links
from contactcenter.crm.errors import Refusal
from contactcenter.http.problems import Problem
from contactcenter.http.visit import Visit
from contactcenter.values import MatchMethod, frozen


@frozen
class Occasion:
    """From which something is opened."""

    interaction: str = ""
    customer: str = ""
    """Empty: nobody, or not known which of several."""
    matches: int = 0
    """How many customers it may be."""
    queue: str = ""
    owner: str = ""
    """Who has the call."""
    team: str = ""
    language: str = ""


async def occasion(visit: Visit, call: str, interaction: str) -> Occasion:
    """What the body's `call` or `interaction` gives; nothing without either.

    Raises `Problem` 422 for one that does not exist, or that the visitor may not know of.
    """
    if call and interaction:
        raise Problem(422, "invalid", "Give a call or an interaction.", field="interaction")
    if call:
        return _of_call(visit, call)
    if not interaction:
        return Occasion()
    await visit.edge.store.read(links.check_interaction, interaction, visit.reader)
    found = await visit.edge.store.read(interactions.get, interaction, visit.reader)
    if found is None:
        raise Refusal("there is no such interaction", field="interaction")
    record = found.record
    # One of several who share the number is never more likely than not (`crm/matching.py`).
    doubtful = record.match is MatchMethod.CALLER_NUMBER and 0 < record.confidence <= 0.5
    return Occasion(
        interaction=interaction, customer=record.customer, matches=1 + doubtful, queue=record.queue,
        owner=record.agent, team=_home(visit, record.agent), language=record.language,
    )  # fmt: skip


def customer_of(given: str, occasion: Occasion) -> str:
    """The customer of what is opened. Raises `Problem` 422 when the call does not say which it is."""
    if given:
        return given
    if occasion.matches > 1:
        says = "Several customers may be the caller: name one, or choose one for the call first."
        raise Problem(422, "several_matches", says, field="customer")
    return occasion.customer


def _of_call(visit: Visit, call: str) -> Occasion:
    view = visit.edge.live.call(visit.reader, call)
    if view is None:
        raise Problem(422, "invalid", "There is no such call.", field="call")
    return Occasion(
        interaction=view.interaction, customer=view.customer, matches=view.matches, queue=view.queue,
        owner=view.agent, team=_home(visit, view.agent), language=view.language,
    )  # fmt: skip


def _home(visit: Visit, login: str) -> str:
    """The team of what this agent has."""
    return next(iter(visit.edge.live.teams.get(login, ())), "")
