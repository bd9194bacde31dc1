"""Claims: what speaks for a caller who waits: minutes of priority, needs, and whom he would like best.

Queue, number, customer, language, script and supervisor each add their part under their own name, so that a
decision can say why somebody came first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field

from contactcenter.calls import Call
from contactcenter.routing import conditions
from contactcenter.routing.decisions import Part
from contactcenter.routing.matching import Waiting
from contactcenter.routing.skills import Need, merged
from contactcenter.values import CustomerCard, frozen

LINE = "line"
"""The channel of who has answered our call: only an agent whose line stands has him in time."""
DIALLED_MIN = 10_000.0
"""Minutes of priority of who has answered our call: before everybody who called himself, for two seconds."""


@frozen
class Claim:
    """What one circumstance adds."""

    priority: float = 0.0
    """Minutes of waiting, given in advance."""
    needs: tuple[Need, ...] = ()


@frozen
class Conditional:
    """What a circumstance adds while something holds of the customer."""

    name: str
    when: str
    """A condition: see `routing/conditions.py`."""
    claim: Claim
    queues: frozenset[str] = frozenset()
    """In these queues only; empty: in all."""


@frozen
class Claims:
    """The circumstances that count, besides what a queue's own rules say."""

    dids: Mapping[str, Claim] = field(default_factory=dict)
    """By the number that was dialled."""
    tiers: Mapping[str, Claim] = field(default_factory=dict)
    """By the customer's tier."""
    languages: Mapping[str, Claim] = field(default_factory=dict)
    """By the language that the caller chose, else the customer's."""
    save_desk: Claim = Claim()
    """Of a customer who is about to leave us."""
    conditions: tuple[Conditional, ...] = ()
    """By what else is known of the customer."""


def waiting(call: Call, claims: Claims, *, last_agent: bool) -> Waiting:
    """What the matcher is told of a call that waits; its queue's own part is added there. `last_agent` is
    whether the agent whom the customer spoke with last is preferred, when the script names none."""
    customer = customer_of(call)
    found = list(_claims(call, customer, claims))
    script = Claim(priority=call.priority, needs=call.needs)
    raised = Claim(priority=call.interaction.record.raised)
    parts = [*found, ("script", script), ("supervisor", raised)]
    if call.dialled:
        parts.append(("dialled", Claim(priority=DIALLED_MIN)))
    preferred = call.preferred
    if not preferred and last_agent and customer:
        preferred = next((past.agent for past in customer.last if past.agent), "")
    return Waiting(
        call=call.id,
        queue=call.queue,
        entered_at=call.queued_at or call.arrived_at,
        priority=tuple(Part(why=why, minutes=claim.priority) for why, claim in parts if claim.priority),
        needs=merged(*(claim.needs for _, claim in parts)),
        preferred=preferred,
        channel=LINE if call.dialled and not call.calling else "voice",
    )


def customer_of(call: Call) -> CustomerCard | None:
    """The customer, when there is no doubt who it is."""
    return call.customers[0] if len(call.customers) == 1 else None


def _claims(call: Call, customer: CustomerCard | None, claims: Claims) -> Iterator[tuple[str, Claim]]:
    language = call.language or (customer.language if customer else "")
    if claim := claims.dids.get(call.did):
        yield "did", claim
    if claim := claims.languages.get(language):
        yield "language", claim
    if customer and (claim := claims.tiers.get(customer.tier)):
        yield "tier", claim
    if customer and customer.save_desk:
        yield "save_desk", claims.save_desk
    if customer:
        for each in claims.conditions:
            if (not each.queues or call.queue in each.queues) and conditions.is_so(each.when, customer):
                yield each.name, each.claim
