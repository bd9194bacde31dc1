"""What the pages tell the center of the customers whose calls go on: who it is, and that a record changed."""

from dataclasses import replace
from functools import partial

from contactcenter.crm import assignments, cards
from contactcenter.events import CustomerChanged, CustomerChosen
from contactcenter.http.problems import Problem
from contactcenter.http.visit import Edge, Visit
from contactcenter.values import CERTAINTY, CustomerCard, MatchMethod


async def choose(visit: Visit, interaction: str, customer: str, method: MatchMethod) -> None:
    """Let this be the interaction's customer: in the center while it lives, else beside its final record.

    Whether the visitor may know of the interaction was checked. Raises `Refusal` when he does not see the
    customer.
    """
    card = await visit.edge.store.read(cards.seen, customer, visit.reader)
    try:
        await visit.steer(partial(CustomerChosen, interaction=interaction, customer=card, method=method))
    except Problem as problem:
        if problem.code != "unknown":
            raise
        await visit.edge.store.write(
            assignments.assign, interaction, card.id, method, reader=visit.reader, at=visit.edge.now()
        )
    _show(visit.edge, interaction, card, method)


def _show(edge: Edge, interaction: str, card: CustomerCard, method: MatchMethod) -> None:
    """On the pages that still have the interaction's pop: after the talk the center pops nothing more."""
    known = replace(card, confidence=CERTAINTY[method])
    for pop in list(edge.live.pops.values()):
        if pop.interaction == interaction and [each.id for each in pop.customers] != [card.id]:
            edge.live.carry(replace(pop, customers=(known,), match=method))


async def refresh(edge: Edge, customer: str) -> None:
    """A customer's record, or what is to be done for him, is another: whoever has him on the line sees it. Of
    one who was merged into another, he sees that one."""
    if edge.live.shows(customer):
        card = await edge.store.read(cards.get, customer)
        if card:
            was = customer if card.id != customer else ""
            edge.tell(CustomerChanged(at=edge.now(), customer=card, was=was))
