"""Previewing: leads for which an agent is kept before anybody is rung, so that nobody can be dropped.

A lead waits for an agent as a callback does, in the one order. The agent it finds is reserved and sees whom
he will talk to; he dials, or it dials by itself at the end of the count-down, or he skips the lead with a
reason. His phone is rung before the number outside is: who answers has him at once.
"""

from collections.abc import Collection
from dataclasses import replace
from math import ceil, inf

from contactcenter import by_hand, dialled, dialling, handoff
from contactcenter.agents import AgentState
from contactcenter.calls import CallTrigger
from contactcenter.commands import Accepted, ReturnLeads
from contactcenter.dialer.attempts import AttemptState, Outcome
from contactcenter.dialer.campaigns import Mode
from contactcenter.dialer.leads import Lead
from contactcenter.dials import EARLY, PLACE, Dial, card
from contactcenter.events import DialAsked, LeadAsked, SkipAsked
from contactcenter.floor import Floor
from contactcenter.live_campaigns import LiveCampaign
from contactcenter.routing.decisions import Decision, Part
from contactcenter.routing.matching import Waiting

AFTER_INBOUND_MIN = -10_000.0
"""Minutes of priority of a lead, where who calls in comes first."""
MOST_REASON = 200
"""Characters of an agent's reason for a skip."""


# --- waiting for an agent ---


def enter(floor: Floor, live: LiveCampaign, lead: Lead, at: float) -> None:
    """The lead waits for an agent."""
    place = f"{PLACE}{lead.id}"
    floor.leads[place] = (live.campaign.id, lead)
    minutes = AFTER_INBOUND_MIN if live.campaign.blend.inbound_first else 0.0
    floor.matcher.enter(
        Waiting(
            call=place,
            queue=live.campaign.queue,
            entered_at=at,
            priority=(Part(why="campaign", minutes=minutes),) if minutes else (),
            preferred=lead.owner,
            alone_until=own_until(live, lead),
        )
    )


def own_until(live: LiveCampaign, lead: Lead) -> float | None:
    """How long a lead waits for the agent who agreed on a call with him, and for nobody else; None: there is
    none."""
    if not lead.owner or lead.agreed_at is None:
        return None
    return lead.agreed_at + live.campaign.own_s


def could_be_had(floor: Floor, live: LiveCampaign, free: Collection[str]) -> int:
    """How many of the leads that wait for agents of the campaign's queue one of these could have."""
    queue, anyone = live.campaign.queue, {"", *free}
    return sum(
        floor.matcher.demand(place).only in anyone
        for place, (campaign, _) in floor.leads.items()
        if floor.campaigns[campaign].campaign.queue == queue
    )


def take_back(floor: Floor, live: LiveCampaign, *, before: float = inf) -> list[Lead]:
    """None of the campaign's leads who came before then waits for an agent any more."""
    places = [
        place
        for place, (campaign, _) in floor.leads.items()
        if campaign == live.campaign.id and floor.matcher.place(place)[1] < before
    ]
    for place in places:
        floor.matcher.leave(place)
    return [floor.leads.pop(place)[1] for place in places]


def begin(floor: Floor, decision: Decision, at: float) -> None:
    """An agent is there for the lead."""
    campaign, lead = floor.leads.pop(decision.call)
    for login in decision.chosen:
        floor.touch_agent(floor.agents[login])  # one is enough, and he may not be needed
    keep(floor, floor.campaigns[campaign], lead, decision, at)


def keep(floor: Floor, live: LiveCampaign, lead: Lead, decision: Decision, at: float) -> None:
    """Reserve the agent for it, show him the lead, and go on or let him look."""
    login = decision.chosen[0]
    agent = floor.agents[login]
    number = lead.numbers[lead.next_number].number
    server = agent.line_server or next((name for name, up in sorted(floor.servers.items()) if up), "")
    if not server or number in floor.dialled or not live.runs:
        floor.do(ReturnLeads(leads=(lead.id,)))
        live.ask_later(at)
        return
    campaign = live.campaign
    dial = dialling.open_dial(floor, live, lead, at, server=server, agent=login)
    floor.reserving[dial.id] = None
    if campaign.mode in (Mode.PREVIEW, Mode.MANUAL):
        dial.previewing = True
        if campaign.mode is Mode.PREVIEW and campaign.preview_s:
            dial.preview_until = at + campaign.preview_s
            floor.wake(f"preview {dial.id}", dial.preview_until)
    call = dialling.open_call(floor, dial, at, calling=True)
    call.previewing = dial.previewing
    call.queued_at = at
    call.move(CallTrigger.QUEUE)
    handoff.offer(floor, replace(decision, call=call.id, chosen=(login,)), at)
    if not dial.previewing:
        _go(floor, dial, at)


def _go(floor: Floor, dial: Dial, at: float) -> None:
    """The agent is to talk to him: his own phone first, if no line of it stands."""
    call = floor.calls[dial.id]
    made = floor.offers[call.offer]
    if made.seats[dial.record.agent].desk:
        handoff.ring(floor, made, at)
    else:
        dialling.save(floor, dial, at)


def desk_answered(floor: Floor, leg: str, at: float) -> None:
    """The agent whose phone was rung first is there."""
    dial = floor.dials.get(floor.desk_legs.get(leg, ""))
    if dial and dial.state is AttemptState.SAVED and not dial.saving and not dial.given_up:
        dialling.save(floor, dial, at)


# --- what the agent does with it ---


def look_over(floor: Floor, attempt: str, at: float) -> None:
    """The count-down is over: it dials by itself."""
    dial = floor.dials.get(attempt)
    if dial and dial.previewing:
        _dial(floor, dial, at)


def asked_dial(floor: Floor, event: DialAsked) -> None:
    """The agent has seen enough."""
    dial = _own(floor, event.call, event.login)
    if dial is None or not dial.previewing:
        floor.refuse(event.request, "illegal_now", "there is no lead to dial")
        return
    _dial(floor, dial, event.at)
    floor.do(Accepted(request=event.request))


def _dial(floor: Floor, dial: Dial, at: float) -> None:
    dial.previewing, dial.preview_until = False, None
    floor.rest(f"preview {dial.id}")
    call = floor.calls[dial.id]
    call.previewing = False
    call.lead = card(dial)
    handoff.show_record(floor, call, at)
    _go(floor, dial, at)


def asked_skip(floor: Floor, event: SkipAsked) -> None:
    """The agent does not want this lead now; or he ends a call that nobody has answered, and that has rung
    for as long as the law wants it."""
    dial = _own(floor, event.call, event.login)
    reason = event.reason.strip()[:MOST_REASON]
    if dial is None or dial.state not in EARLY or dial.given_up:
        floor.refuse(event.request, "illegal_now", "there is no lead to skip")
    elif dial.previewing and not dialled.live(floor, dial).campaign.preview_skips:
        floor.refuse(event.request, "illegal_now", "leads of this campaign are not skipped: dial")
    elif dial.previewing and not reason:
        floor.refuse(event.request, "invalid", "say why the lead is skipped", "reason")
    elif (still := _rings_on(floor, dial, event.at)) > 0:
        says = f"let it ring for {ceil(still)} s more: the law asks for it"
        floor.refuse(event.request, "illegal_now", says)
    else:
        outcome = Outcome.SKIPPED if dial.previewing else Outcome.CANCELLED
        dialling.give_up(floor, dial, outcome, event.at, detail=reason)
        floor.do(Accepted(request=event.request))


def _rings_on(floor: Floor, dial: Dial, at: float) -> float:
    """For how many seconds a call that is on its way has to ring on, before anybody may give it up."""
    return 0.0 if dial.record.placed_at is None else dialling.ring_until(floor, dial) - at


def _own(floor: Floor, call: str, login: str) -> Dial | None:
    dial, kept = floor.dials.get(call), floor.calls.get(call)
    return dial if dial and dial.record.reserved and kept and kept.agent == login else None


# --- by hand ---


def asked_lead(floor: Floor, event: LeadAsked) -> None:
    """The agent wants the next lead."""
    live, agent = floor.campaigns.get(event.campaign), floor.agents[event.login]
    if live is None or not live.runs:
        floor.refuse(event.request, "illegal_now", "this campaign does not run")
    elif live.campaign.mode is not Mode.MANUAL:
        floor.refuse(event.request, "illegal_now", "this campaign gives its leads by itself")
    elif live.campaign.queue not in agent.queues:
        floor.refuse(event.request, "not_yours", "you are not in this campaign's queue")
    elif agent.state is not AgentState.AVAILABLE or not floor.is_free(agent):
        floor.refuse(event.request, "illegal_now", "be available, with a phone, to take a lead")
    else:
        live.wishes[event.login] = None
        live.due = True
        floor.do(Accepted(request=event.request))


def give(floor: Floor, live: LiveCampaign, lead: Lead, login: str, at: float) -> None:
    """The agent gets the lead that he asked for."""
    decided = by_hand.decision(floor, login, f"{PLACE}{lead.id}", live.campaign.queue, at)
    keep(floor, live, lead, decided, at)
