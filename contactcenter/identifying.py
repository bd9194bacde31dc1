"""Identifying: who a caller is, as far as anybody knows, and who is to see it.

What an agent says beats what the caller keyed in, and that beats what his number says, whichever comes first.
Whoever has the caller, is offered him or is asked about him sees the record of now; the interaction keeps
whose it is, how that is known, and how sure it is.
"""

from dataclasses import replace

from contactcenter import guests, handoff
from contactcenter.calls import Call
from contactcenter.commands import Accepted, FindCustomer
from contactcenter.events import CustomerChanged, CustomerChosen, CustomerFound
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction
from contactcenter.values import CERTAINTY, CustomerCard, MatchMethod

IDENTIFY_S = 0.3
"""How long a waiting caller is held back from agents so that the record can be popped with the offer."""

SAID = (MatchMethod.CHOSEN, MatchMethod.CREATED)
"""An agent said who it is: no look-up changes that."""
RANK = {MatchMethod.ENTERED_NUMBER: 1} | dict.fromkeys(SAID, 2)
"""What beats what; the others are 0."""


def look_up(floor: Floor, call: Call, at: float) -> None:
    """Ask who it may be; of a call that outlived a restart, for the record of who it was known to be."""
    record = call.interaction.record
    if record.match in RANK and record.customer:
        call.match = record.match
        floor.do(
            FindCustomer(
                call=call.id, number=call.caller, customer=record.customer, method=record.match
            )
        )  # fmt: skip
    else:
        floor.do(FindCustomer(call=call.id, number=call.caller))
    floor.wake(f"identify {call.id}", at + IDENTIFY_S)


def give_up(floor: Floor, call_id: str) -> None:
    """The store takes too long: the caller is offered without a record rather than not at all."""
    if call := floor.calls.get(call_id):
        call.identified = True
        floor.check_ready(call)


def found(floor: Floor, event: CustomerFound) -> None:
    """The store's answer, or a script's."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    call.identified = True
    floor.rest(f"identify {call.id}")
    beaten = RANK.get(event.method, 0) < RANK.get(call.match, 0)
    if beaten or (event.method in SAID and (call.customers or not event.customers)):
        floor.check_ready(call)  # known already, or its record can't be read now: whose it is stays
        return
    _know(floor, call, event.customers, event.method, event.at)
    best = event.customers[0] if event.customers else None
    call.interaction.note(
        event.at,
        "identified",
        customer=best.id if best else "",
        method=event.method.value,
        matches=len(event.customers),
        confidence=best.confidence if best else 0.0,
    )


def chosen(floor: Floor, event: CustomerChosen) -> None:
    """An agent says who it is: of a call, or in the wrap-up. A final record never changes."""
    interaction = floor.interactions.get(event.interaction)
    if interaction is None:
        floor.refuse(event.request, "unknown", "there is no such interaction that lives")
        return
    card = replace(event.customer, confidence=CERTAINTY[event.method])
    before = interaction.record.customer
    call = floor.calls.get(interaction.record.leg)
    if call and call.interaction is interaction:
        call.identified = True
        floor.rest(f"identify {call.id}")
        _know(floor, call, (card,), event.method, event.at)
    else:
        _keep(interaction, card, event.method)
    interaction.note(
        event.at, "customer_chosen", customer=card.id, method=event.method.value, by=event.login,
        before=before,
    )  # fmt: skip
    floor.audit(
        event.at, event.login, "choose_customer", "interaction", interaction.id, customer=card.id,
        before=before, method=event.method.value,
    )  # fmt: skip
    floor.save(interaction)
    floor.do(Accepted(request=event.request))


def changed(floor: Floor, event: CustomerChanged) -> None:
    """A record is another by now: whoever has it on the page for a call sees what it is. Of two that a caller
    may be, and that were merged, one is left, as sure as both were."""
    ids = {event.customer.id, event.was} - {""}
    for call in floor.calls.values():
        sure = sum(card.confidence for card in call.customers if card.id in ids)
        if (event.was or event.customer.id) not in {card.id for card in call.customers}:
            continue
        now = replace(event.customer, confidence=min(1.0, sure))
        seen = (now if card.id in ids else card for card in call.customers)
        cards = tuple({card.id: card for card in seen}.values())
        if cards != call.customers:
            call.customers = cards
            if event.was:
                _keep(call.interaction, cards[0], call.match)
            floor.restate(call)
            _show(floor, call, event.at)


def _know(floor: Floor, call: Call, cards: tuple[CustomerCard, ...], method: MatchMethod, at: float) -> None:
    news = cards != call.customers
    call.customers, call.match = cards, method
    _keep(call.interaction, cards[0] if cards else None, method)
    floor.restate(call)
    if news:
        _show(floor, call, at)
    else:
        floor.touch(call=call.id)


def _keep(interaction: Interaction, best: CustomerCard | None, method: MatchMethod) -> None:
    interaction.know(
        customer=best.id if best else "", match=method, confidence=best.confidence if best else 0.0
    )


def _show(floor: Floor, call: Call, at: float) -> None:
    """On all pages that the caller is on."""
    floor.touch(call=call.id)
    handoff.show_record(floor, call, at)
    consult = floor.consults.get(call.consult)
    if consult and consult.login:
        guests.show_record(floor, call, consult)
