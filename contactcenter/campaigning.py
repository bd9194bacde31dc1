"""Campaigning: campaigns start, pause and stop, and place their calls tick by tick.

Twice a second, and whenever an agent has become free, each running campaign looks at a frozen picture and
decides how many calls to place; the last word and its reason are kept for the pages. Who calls in comes
first where the campaign says so, and over its target of drops only calls with an agent kept are placed.
"""

from dataclasses import replace

from contactcenter import dialling, previewing
from contactcenter.agents import AgentState
from contactcenter.claims import LINE
from contactcenter.commands import Accepted, MakeNotices, ReserveLeads, ReturnLeads, SaveCampaignState
from contactcenter.dialer import campaigns
from contactcenter.dialer.attempts import AttemptState, Outcome
from contactcenter.dialer.campaigns import RESERVED, Campaign, CampaignState, CampaignTrigger, Mode
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.pacing import Pacing, PacingInputs
from contactcenter.dialer.starting import Problem, Surroundings, problems
from contactcenter.dials import EARLY
from contactcenter.events import CampaignAsked, CampaignsChanged, CampaignsRestored, LeadsReserved
from contactcenter.floor import Floor
from contactcenter.live_campaigns import ONE_EACH, POLICIES, LiveCampaign, begin
from contactcenter.routing.decisions import Demand
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.skills import lacking
from contactcenter.routing.widening import widened
from contactcenter.values import frozen

TICK_S = 0.5
HOPPER = (10, 400)
"""Leads that are leased at a time, at least and at most: twice as many as agents work for the campaign."""
HOLD_S = 180.0
"""Leads that were not dialled in this time go back: what was true of them then may not be now."""
STEPS = {
    "start": CampaignTrigger.START,
    "pause": CampaignTrigger.PAUSE,
    "stop": CampaignTrigger.STOP,
}


# --- start, pause, stop ---


def restored(floor: Floor, event: CampaignsRestored) -> None:
    """The campaigns of the last run go on as they were."""
    for kept in event.campaigns:
        live = begin(kept, CampaignState(kept.state), event.at)
        live.restoring = True
        floor.campaigns[live.campaign.id] = live
        _set_going(floor, live, event.at)
        _pause_if_wrong(floor, live, event.at)


def asked(floor: Floor, event: CampaignAsked) -> None:
    """Somebody starts a campaign, pauses or stops it."""
    campaign = event.kept.campaign
    live = floor.campaigns.get(campaign.id)
    before = CampaignState(event.kept.state)
    if live and before is not CampaignState.ARCHIVED:
        before = live.state  # what the store says may be a moment old
    trigger = STEPS.get(event.step)
    if trigger is None:
        floor.refuse(event.request, "invalid", f"step is one of {', '.join(STEPS)}", "step")
        return
    state = campaigns.moved(campaign.name, before, trigger)
    if state is CampaignState.RUNNING and (wrong := why_not(floor, campaign, event.at)):
        floor.refuse(event.request, "invalid", wrong.says, wrong.field)
        return
    if live is None:
        live = floor.campaigns[campaign.id] = begin(event.kept, before, event.at)
    _move(floor, live, state, event.at, by=event.login)
    floor.audit(event.at, event.login, event.step, "campaign", campaign.id, name=campaign.name)
    floor.do(Accepted(request=event.request))


def why_not(floor: Floor, campaign: Campaign, at: float) -> Problem | None:
    """The first reason why it can't dial, of those that the center knows of: what the store knows (lists,
    verified numbers, the national list) was looked at by whoever asks, and is again before each call."""
    around = Surroundings(
        queues=floor.queues,
        trunks=(campaign.trunk,),
        prompts=(campaign.message, campaign.machine_message),
        scripts=floor.rules.dids,
        lists=tuple(share.list for share in campaign.lists),
        caller_ids=campaign.caller_ids,
        national_list_at=at,
        announcing=[name for name, queue in floor.queues.items() if queue.rules.recording == "announce"],
    )
    return next(iter(problems(campaign, around, at)), None)


def _move(floor: Floor, live: LiveCampaign, state: CampaignState, at: float, *, by: str) -> None:
    live.state, live.since, live.why = state, at, ""
    floor.do(SaveCampaignState(campaign=live.campaign.id, state=state.value, at=at, by=by))
    _set_going(floor, live, at)


def _set_going(floor: Floor, live: LiveCampaign, at: float) -> None:
    if live.runs:
        live.due = True
        floor.wake(f"pace {live.campaign.id}", at + TICK_S)
        _make_notices(floor, live.campaign)
    else:
        _rest(floor, live, at)
    floor.touch(campaign=live.campaign.id)


def _make_notices(floor: Floor, campaign: Campaign) -> None:
    if texts := tuple(text for text in (campaign.message, campaign.machine_message) if text):
        floor.do(MakeNotices(texts=texts))


def _rest(floor: Floor, live: LiveCampaign, at: float) -> None:
    """Nothing new is placed: who is reserved for a lead is free again; calls that are out go on."""
    floor.rest(f"pace {live.campaign.id}")
    live.wishes.clear()
    _give_back(floor, live)
    _free_kept(floor, live, at)


def _free_kept(floor: Floor, live: LiveCampaign, at: float) -> None:
    """Whoever is kept for a lead that is not dialled yet is free again."""
    for id_ in sorted(live.dials):
        if id_ in floor.reserving:
            dialling.give_up(floor, floor.dials[id_], Outcome.CANCELLED, at)


def _give_back(floor: Floor, live: LiveCampaign) -> None:
    leads = [*live.hopper, *previewing.take_back(floor, live)]
    live.hopper.clear()
    if leads:
        floor.do(ReturnLeads(leads=tuple(lead.id for lead in leads)))


def changed(floor: Floor, event: CampaignsChanged) -> None:
    """Campaigns have other settings: the very next call goes by them."""
    for campaign in event.campaigns:
        if live := floor.campaigns.get(campaign.id):
            # Calls that are out go on as they were placed.
            same = live.serves_as(campaign)
            live.take(campaign)
            _make_notices(floor, campaign)
            _give_back(floor, live)
            if not same:
                _free_kept(floor, live, event.at)
            _pause_if_wrong(floor, live, event.at)
            live.due = live.runs
            floor.touch(campaign=campaign.id)


def rules_changed(floor: Floor, at: float) -> None:
    """The configuration is another one: leads that waited for an agent are chosen anew, and a campaign whose
    queue or script is no more rests."""
    floor.leads, leads = {}, floor.leads
    for campaign, lead in leads.values():
        floor.campaigns[campaign].hopper.appendleft(lead)
    floor.trunks = {
        name: replace(trunk, rules=floor.rules.trunks.get(name, trunk.rules))
        for name, trunk in floor.trunks.items()
    }
    for live in floor.campaigns.values():
        _pause_if_wrong(floor, live, at)


def _pause_if_wrong(floor: Floor, live: LiveCampaign, at: float) -> None:
    """One that could not be started as it is does not go on."""
    if live.runs and (wrong := why_not(floor, live.campaign, at)):
        _move(floor, live, CampaignState.PAUSED, at, by="center")
        live.why = wrong.lack.value


# --- the tick ---


def tick(floor: Floor, campaign: str, at: float) -> None:
    """Half a second is over."""
    live = floor.campaigns.get(campaign)
    if live and live.runs:
        live.due = True
        floor.wake(f"pace {campaign}", at + TICK_S)


def settle(floor: Floor, at: float) -> bool:
    """After each event: campaigns whose time has come place their calls. Returns whether a lead waits for an
    agent since."""
    freed, floor.freed = floor.freed, {}
    leads = len(floor.leads)
    for live in list(floor.campaigns.values()):
        if live.runs and (live.due or live.campaign.queue in freed):
            live.due = False
            _pace(floor, live, at)
        elif not (live.runs or live.state is CampaignState.PAUSED or live.dials or live.restoring):
            del floor.campaigns[live.campaign.id]
            floor.touch(campaign=live.campaign.id)
    return len(floor.leads) > leads


def _pace(floor: Floor, live: LiveCampaign, at: float) -> None:
    window = live.campaign.window
    if window.ends_at is not None and at >= window.ends_at:
        _move(floor, live, CampaignState.STOPPED, at, by="center")
        return
    live.turn(at)
    crew = _crew(floor, live, at)
    _fill(floor, live, crew, at)
    decided = _decided(floor, live, crew, at)
    for _ in range(decided.place):
        if not _next(floor, live, crew, at):
            decided = replace(decided, why="no_leads")
            break
    live.why, live.wanted, live.paced_at = decided.why, decided.place, at
    floor.touch(campaign=live.campaign.id)


@frozen
class Crew:
    """Who works for a campaign now. Times are seconds that something has lasted."""

    free: tuple[str, ...]
    """Logins of who could take a call now, on any phone, at the latest when the queue has widened."""
    lines: int
    """Those of them whose lines stand, and who could be given a person at once."""
    talking: tuple[float, ...]
    """With lines, and with the skills that the queue needs from the first second."""
    wrapping_up: tuple[float, ...]
    signed_in: int
    servers: tuple[str, ...]
    """Where their lines stand, each once, the one with most free ones first."""


def _crew(floor: Floor, live: LiveCampaign, at: float) -> Crew:
    queue = live.campaign.queue
    rules = floor.queues[queue].rules if queue in floor.queues else QueueRules(name=queue, title={})
    at_once = Demand(queues=(queue,), needs=rules.needs, channel=LINE)
    # Who asks for a lead gets it, whatever the queue needs.
    at_last = () if live.campaign.mode is Mode.MANUAL else widened(rules.needs, rules.widening)
    free: list[str] = []
    talking: list[float] = []
    wrapping_up: list[float] = []
    signed_in = lines = 0
    servers: dict[str, int] = {}
    for agent in floor.agents.values():
        if queue not in agent.queues or agent.state is AgentState.OFFLINE:
            continue
        if lacking(agent.skills, at_last):
            continue  # no call of this queue ever reaches this agent
        signed_in += 1
        # Who answers has two seconds: no skill is widened in them.
        stands = agent.line == "persistent" and agent.line_up and not lacking(agent.skills, at_once.needs)
        if stands:
            servers[agent.line_server] = servers.get(agent.line_server, 0)
        if floor.is_free(agent):
            free.append(agent.login)
            if stands and floor.matcher.takes(agent.login, at_once):
                lines += 1
                servers[agent.line_server] += 1
        elif stands and agent.state is AgentState.TALKING:
            talking.append(at - agent.since)
        elif stands and agent.state is AgentState.WRAP_UP:
            wrapping_up.append(at - agent.since)
    best = sorted(servers, key=lambda server: (-servers[server], server))
    return Crew(
        free=tuple(free),
        lines=lines,
        talking=tuple(talking),
        wrapping_up=tuple(wrapping_up),
        signed_in=signed_in,
        servers=tuple(best),
    )


def _fill(floor: Floor, live: LiveCampaign, crew: Crew, at: float) -> None:
    """See to it that there are leads; those that were held too long go back first."""
    old = previewing.take_back(floor, live, before=at - HOLD_S)
    if at - live.filled_at > HOLD_S:
        old += live.hopper
        live.hopper.clear()
    if old:
        floor.do(ReturnLeads(leads=tuple(lead.id for lead in old)))
    least, most = HOPPER
    wanted = max(least, min(most, 2 * max(crew.signed_in, len(live.dials))))
    if live.campaign.mode is Mode.AGENTLESS:
        wanted = max(least, min(most, live.campaign.most_calls))
    if len(live.hopper) <= wanted // 2 and not live.asking and at >= live.ask_from:
        live.asking = True
        floor.do(ReserveLeads(campaign=live.campaign.id, many=wanted - len(live.hopper)))


def leads_reserved(floor: Floor, event: LeadsReserved) -> None:
    """The store's leads are here, if there were any."""
    live = floor.campaigns.get(event.campaign)
    leads = event.leads
    if live:
        live.asking = False
        live.barred = event.refusal.value if event.refusal else ""
    if live is None or not live.runs:
        if leads:
            floor.do(ReturnLeads(leads=tuple(lead.id for lead in leads)))
        return
    live.filled_at = event.at
    known = {lead.id for lead in live.hopper} | {floor.dials[each].lead.id for each in live.dials}
    known |= {lead.id for _, lead in floor.leads.values()}
    fresh = [lead for lead in leads if lead.id not in known]
    live.hopper.extend(lead for lead in fresh if lead.agreed_at is None)
    # With whom a call was agreed on now comes before who has only waited longer.
    live.hopper.extendleft(reversed([lead for lead in fresh if lead.agreed_at is not None]))
    if leads:
        live.due = True
    else:
        live.ask_later(event.at)


def _decided(floor: Floor, live: LiveCampaign, crew: Crew, at: float) -> Pacing:
    """How many calls to place now, and why."""
    campaign, inbound = live.campaign, floor.callers_waiting(live.campaign.queue)
    if campaign.window.starts_at is not None and at < campaign.window.starts_at:
        return Pacing(place=0, why="not_yet")
    if live.barred and not live.hopper:
        return Pacing(place=0, why=live.barred)
    if not any(floor.servers.values()):
        return Pacing(place=0, why="no_server")
    if inbound and campaign.blend.inbound_first and campaign.mode is not Mode.AGENTLESS:
        return Pacing(place=0, why="inbound_first")
    trunk = floor.trunk(campaign.trunk)
    if at < trunk.rests_until:
        return Pacing(place=0, why="trunk_rests")
    below, room = _below_throttle(floor, live), trunk.room(at)
    if not (below and room):
        return Pacing(place=0, why="trunk_full" if below else "throttled")
    wanted = _wanted(floor, live, crew, at)
    return replace(wanted, place=min(wanted.place, below, room))


def _below_throttle(floor: Floor, live: LiveCampaign) -> int:
    """How many more calls the campaign may have at once."""
    going = sum(not floor.dials[each].over for each in live.dials)
    return max(0, live.campaign.most_calls - going)


def _wanted(floor: Floor, live: LiveCampaign, crew: Crew, at: float) -> Pacing:
    campaign = live.campaign
    spare = campaign.blend.keep_free
    if campaign.mode is Mode.AGENTLESS:
        return Pacing(place=campaign.most_calls, why="announcement")
    if campaign.mode is Mode.MANUAL:
        wishes = [login for login in live.wishes if login in crew.free]
        live.wishes = dict.fromkeys(wishes)
        return Pacing(place=len(wishes), why="asked")
    if _keeps_agents(live, at):
        entered = previewing.could_be_had(floor, live, crew.free)
        why = "one_each" if campaign.mode in RESERVED else "drops"
        return Pacing(place=max(0, len(crew.free) - spare - entered), why=why)
    inputs = _inputs(floor, live, crew, at)
    if campaign.mode is Mode.POWER and live.steering.credit(at) < 0:
        return ONE_EACH.place(inputs)
    return POLICIES[campaign.mode].place(inputs)


def _keeps_agents(live: LiveCampaign, at: float) -> bool:
    """Whether an agent is reserved before a call is placed: by its mode, or because too many were dropped."""
    return live.campaign.mode in RESERVED or (
        live.campaign.mode is not Mode.AGENTLESS and live.steering.level(at) == 0.0
    )


def _inputs(floor: Floor, live: LiveCampaign, crew: Crew, at: float) -> PacingInputs:
    """The picture. Calls of all campaigns that want the same agents are in it."""
    queue = live.campaign.queue
    rivals = {
        name
        for agent in floor.agents.values()
        if queue in agent.queues and agent.state is not AgentState.OFFLINE
        for name in agent.queues
    } | {queue}
    unanswered = [
        dial
        for dial in floor.dials.values()
        if dial.queue in rivals and not dial.record.reserved and dial.state in EARLY
    ]
    # Who has answered and is listened to by the detection may be a person in a moment: as if it rang.
    heard = [
        dial
        for dial in floor.dials.values()
        if dial.queue in rivals
        and dial.state is AttemptState.ANSWERED
        and dial.person is None
        and not dial.record.reserved
    ]
    ringing = tuple(at - (dial.record.placed_at or at) for dial in (*unanswered, *heard))
    return PacingInputs(
        idle=max(0, crew.lines - live.campaign.blend.keep_free),
        talking=crew.talking,
        wrapping_up=crew.wrapping_up,
        ringing=ringing,
        waiting=sum(floor.dials[each].queue in rivals for each in floor.answered if each in floor.dials),
        level=live.campaign.ratio if live.campaign.mode is Mode.POWER else live.steering.level(at),
        learnt=live.learning.learnt(at),
        room=min(_below_throttle(floor, live), floor.trunk(live.campaign.trunk).room(at)),
    )


# --- the next lead ---


def _next(floor: Floor, live: LiveCampaign, crew: Crew, at: float) -> bool:
    """Dial the next lead, or keep an agent for it; False: there is none."""
    while lead := _taken(live, at):
        number = lead.numbers[lead.next_number].number if lead.next_number < len(lead.numbers) else ""
        if not number or number in floor.dialled:
            floor.do(ReturnLeads(leads=(lead.id,)))
            live.ask_later(at)  # else the store would give the same one again and again
            continue
        _dial(floor, live, lead, crew, at)
        return True
    return False


def _taken(live: LiveCampaign, at: float) -> Lead | None:
    """The next lead out of the hopper: by hand, none who waits for another agent than who asks."""
    asks = next(iter(live.wishes), "")
    for lead in live.hopper:
        own_until = previewing.own_until(live, lead)
        if live.campaign.mode is Mode.MANUAL and own_until and at < own_until and lead.owner != asks:
            continue
        live.hopper.remove(lead)
        return lead
    return None


def _dial(floor: Floor, live: LiveCampaign, lead: Lead, crew: Crew, at: float) -> None:
    mode = live.campaign.mode
    if mode is Mode.MANUAL:
        login = next(iter(live.wishes))
        del live.wishes[login]
        previewing.give(floor, live, lead, login, at)
    elif mode is not Mode.AGENTLESS and (
        _keeps_agents(live, at) or lead.dropped_at is not None or lead.owner
    ):
        previewing.enter(floor, live, lead, at)
    else:
        up = [name for name, heard in sorted(floor.servers.items()) if heard]
        server = next((name for name in crew.servers if floor.servers.get(name)), up[0])
        dialling.save(floor, dialling.open_dial(floor, live, lead, at, server=server), at)
