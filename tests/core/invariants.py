"""What must be true of the floor after every event, and of all the commands taken together.

`check(floor)` and `Ledger` are for every test that feeds a center: stories, the machine, recorded traces.
Each assertion's text is a sentence that says what was broken.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from contactcenter import claims
from contactcenter.agents import BUSY, AgentSession, AgentState
from contactcenter.callbacks import PREFIX as CALLBACK
from contactcenter.callbacks import CallbackState
from contactcenter.calls import Call, CallState
from contactcenter.claims import LINE
from contactcenter.commands import (
    Accepted,
    Command,
    CorrectDisposition,
    DropRecording,
    FinishRecording,
    OfferCall,
    Refused,
    SaveInteraction,
    SaveIntervals,
    SaveRecording,
    ScreenPop,
)
from contactcenter.consults import ANSWERED
from contactcenter.counting import miscounted
from contactcenter.dialer.attempts import AttemptState
from contactcenter.dials import PLACE as LEAD
from contactcenter.events import Event, FiguresRestored, InteractionsRestored, RecordingsRestored
from contactcenter.figures import KINDS, needed
from contactcenter.floor import Floor
from contactcenter.interactions import InteractionState
from contactcenter.intervals import CENTER, Key, count_again_from
from contactcenter.live_recordings import RUNNING, Notice, Phase
from contactcenter.monitors import MonitorState
from contactcenter.offers import OfferState
from contactcenter.routing.matching import FREE
from contactcenter.tallies import Tally, total
from contactcenter.values import (
    InteractionEntries,
    InteractionRecord,
    IntervalRow,
    RecordingRecord,
    RecordingState,
    TimelineEntry,
)


def check(floor: Floor) -> None:
    """Raise AssertionError, with a sentence, if the floor contradicts itself."""
    for problem in _problems(floor):
        raise AssertionError(problem)


def check_empty(floor: Floor) -> None:
    """Nothing of a call is left: to be called when the last leg ended and the last wrap-up is done."""
    for what in (
        "calls",
        "legs",
        "bridges",
        "talks",
        "offers",
        "consults",
        "interactions",
        "restored",
        "monitors",
        "restored_recordings",
    ):
        assert not getattr(floor, what), f"{what} are left over: {getattr(floor, what)}"
    for queue in floor.queues.values():
        order = floor.matcher.order(queue.rules.name)
        left = [waiting for waiting in order if not waiting.startswith((CALLBACK, LEAD))]
        assert not left, f"somebody still waits in {queue.rules.name}: {left}"
        assert queue.talking == 0, f"{queue.rules.name} counts {queue.talking} talks and there is none"
    for agent in floor.agents.values():
        assert agent.state not in BUSY, f"agent {agent.login} is stuck in {agent.state}"


def _problems(floor: Floor) -> Iterator[str]:
    for call in floor.calls.values():
        yield from _call(floor, call)
    for agent in floor.agents.values():
        yield from _agent(floor, agent)
    yield from _offers(floor)
    yield from _queues(floor)
    yield from _interactions(floor)
    yield from _legs(floor)
    yield from _monitors(floor)
    yield from _dials(floor)


def _dials(floor: Floor) -> Iterator[str]:
    numbers = Counter(dial.record.number for dial in floor.dials.values())
    for number, many in numbers.items():
        if many > 1:
            yield f"{number} is dialled {many} times at once"
    for name, dial in floor.dials.items():
        call, record = floor.calls.get(name), dial.record
        if name != record.id or record.outcome:
            yield f"dial {name} has the outcome {record.outcome!r} and is still on the floor"
        if record.campaign not in floor.campaigns or name not in floor.campaigns[record.campaign].dials:
            yield f"dial {name} belongs to campaign {record.campaign}, which doesn't know"
        if dial.previewing and (call is None or call.state is not CallState.OFFERED):
            yield f"dial {name} is looked at by nobody"
        if record.reserved and dial.state is AttemptState.SAVED and not dial.saving and not dial.given_up:
            agent = floor.agents.get(record.agent)
            if agent is None or agent.call != name:
                yield f"dial {name} keeps {record.agent}, who doesn't know"
        if dial.state is AttemptState.DROPPING and call and call.state is CallState.TALKING:
            yield f"dial {name} is dropped and talks"
        waits = call is not None and call.state is CallState.WAITING and call.dialled and not call.calling
        if waits and name not in floor.answered:
            yield f"dial {name} has answered, and nobody counts him"
    for live in floor.campaigns.values():
        if unknown := live.dials - floor.dials.keys():
            yield f"campaign {live.campaign.id} believes that {unknown} live"
    on_trunks = Counter(dial.record.trunk for dial in floor.dials.values() if dial.on_trunk)
    for name, trunk in floor.trunks.items():
        if trunk.calls != on_trunks[name]:
            yield f"trunk {name} counts {trunk.calls} calls and there are {on_trunks[name]}"


def _call(floor: Floor, call: Call) -> Iterator[str]:
    state = call.state
    if state is CallState.ENDED:
        yield f"call {call.id} has ended and is still on the floor"
    places = [name for name in floor.queues if call.id in floor.matcher.order(name)]
    if places != ([call.queue] if state is CallState.WAITING else []):
        yield f"call {call.id} is {state.value} in {call.queue!r}, and its places are {places}"
    if state in (CallState.WAITING, CallState.OFFERED) and call.queued_at is None:
        yield f"call {call.id} waits without a time of entry"
    if call.taken and call.queued_at is not None:
        yield f"call {call.id} is answered and still counted as waiting"
    if (state is CallState.OFFERED) != (call.offer in floor.offers):
        yield f"call {call.id} is {state.value} with offer {call.offer!r}"
    consult = floor.consults.get(call.consult)
    # Somebody may be rung for a caller whose agent is gone: nobody has him then.
    alone = state is CallState.HELD and not call.agent_leg and consult is not None and consult.blind
    if (call.taken and not alone) != (floor.talks.get(call.agent_leg) == call.id):
        yield f"call {call.id} is {state.value}, and its agent's leg {call.agent_leg!r} says otherwise"
    if call.draft and state not in (CallState.SCRIPT, CallState.WAITING):
        yield f"call {call.id} is {state.value} and leaves a message"
    recording = call.recording
    policy = floor.queues[call.queue].rules.recording if call.queue in floor.queues else "never"
    explained = recording is not None and recording.phase in (*RUNNING, Phase.FAILED)
    if (
        state in (CallState.TALKING, CallState.OUTSIDE)
        and policy != "never"
        and not explained
        and not call.interaction.record.inferred
    ):
        yield f"call {call.id} talks in {call.queue}, and there is neither a recording nor a reason"
    caller = floor.legs.get(call.id)
    nobody = not call.taken and not call.phone_transferred and not (caller and caller.bridge)
    if recording and recording.phase in RUNNING and nobody:
        yield f"call {call.id} is {state.value} and recorded with nobody"
    agent = floor.agents.get(call.agent)
    if call.talks and agent and (agent.state, agent.call) != (AgentState.TALKING, call.id):
        yield f"call {call.id} talks with {agent.login}, who is {agent.state.value} with {agent.call!r}"
    if not call.talks and state is not CallState.OFFERED and call.agent:
        yield f"call {call.id} is {state.value} and has agent {call.agent}"
    if (state is CallState.HELD) != (call.held_at is not None):
        yield f"call {call.id} is {state.value}, on hold since {call.held_at}"
    if call.joining and state is not CallState.HELD and not call.parking:
        yield f"call {call.id} is {state.value} and to be joined to {call.joining}"
    if bool(call.consult) != (consult is not None and consult.call == call.id):
        yield f"call {call.id} has consult {call.consult!r}, which doesn't know"
    if consult and not call.talks:
        yield f"call {call.id} is {state.value} with an open consult"
    if floor.interactions.get(call.interaction.id) is not call.interaction:
        yield f"call {call.id} has an interaction that is not on the floor"
    if call.interaction.state is not InteractionState.OPEN:
        yield f"call {call.id} lives and its interaction is {call.interaction.state.value}"


def _agent(floor: Floor, agent: AgentSession) -> Iterator[str]:
    state, who = agent.state, f"agent {agent.login}"
    offer = floor.offers.get(agent.offer)
    consult = floor.consults.get(agent.consult)
    if bool(agent.consult) != (consult is not None and consult.login == agent.login):
        yield f"{who} has consult {agent.consult!r}, which doesn't know"
    rung = consult is not None and consult.state not in ANSWERED
    if (state is AgentState.RESERVED) != (rung or (offer is not None and agent.login in offer.seats)):
        yield f"{who} is {state.value} with offer {agent.offer!r} and consult {agent.consult!r}"
    if state is not AgentState.RESERVED and agent.offer:
        yield f"{who} is {state.value} and keeps offer {agent.offer}"
    call = floor.calls.get(agent.call)
    talks = call is not None and call.talks and call.agent == agent.login
    helps = consult is not None and consult.state in ANSWERED and consult.call == agent.call
    if (state is AgentState.TALKING) != (talks or helps):
        yield f"{who} is {state.value} with call {agent.call!r}"
    if state not in (AgentState.RESERVED, AgentState.TALKING) and agent.call:
        yield f"{who} is {state.value} and keeps call {agent.call}"
    if (state is AgentState.WRAP_UP) != (agent.until is not None):
        yield f"{who} is {state.value} with deadline {agent.until}"
    interaction = floor.interactions.get(agent.interaction)
    if (state in BUSY) != bool(agent.interaction):
        yield f"{who} is {state.value} with interaction {agent.interaction!r}"
    if consult and (consult.call != agent.call or talks):
        yield f"{who} was asked into {consult.call} and has {agent.call!r}"
    works = state in (AgentState.TALKING, AgentState.WRAP_UP)
    if works and (interaction is None or agent.login not in interaction.workers):
        yield f"{who} is {state.value} on interaction {agent.interaction!r}, which doesn't know"
    if agent.afterwards and state not in BUSY:
        yield f"{who} is {state.value}, and the wish for {agent.afterwards!r} was not granted"
    if agent.leaving and state not in BUSY:
        yield f"{who} signed out, is {state.value}, and the session is still there"
    if state is AgentState.AVAILABLE and agent.line == "persistent" and not agent.line_up:
        yield f"{who} is available without the line that would be joined"
    if agent.line_leg and floor.lines.get(agent.line_leg) != agent.login:
        yield f"{who} has line {agent.line_leg}, which belongs to {floor.lines.get(agent.line_leg)!r}"


def _offers(floor: Floor) -> Iterator[str]:
    for name, offer in floor.offers.items():
        call = floor.calls.get(offer.call)
        if name != offer.id or offer.state not in (OfferState.POPPED, OfferState.RINGING):
            yield f"offer {offer.id} is {offer.state.value} and still open"
        if call is None or call.offer != offer.id or call.agent != offer.sole or not offer.seats:
            yield f"offer {offer.id} is open and its call doesn't know"
        for login in offer.seats:
            agent = floor.agents.get(login)
            if agent is None or agent.offer != offer.id or agent.call != offer.call:
                yield f"offer {offer.id} is open and its agent {login} doesn't know"


def _queues(floor: Floor) -> Iterator[str]:
    if lost := miscounted(floor):
        yield f"{lost} wait and are not counted, or the other way"
    for name, queue in floor.queues.items():
        order = floor.matcher.order(name)
        for waiting in order:
            call = floor.calls.get(waiting)
            if waiting.startswith(LEAD):
                if waiting not in floor.leads:
                    yield f"{waiting} waits in {name} and nobody knows the lead"
                continue
            if waiting.startswith(CALLBACK):
                if floor.callbacks[waiting.removeprefix(CALLBACK)].state is not CallbackState.WAITING:
                    yield f"{waiting} waits in {name} and is under way"
                continue
            if call is None:
                yield f"{waiting} waits in {name} and is no call"
                continue
            last_agent = queue.rules.last_agent
            terms = claims.waiting(call, floor.rules.claims, last_agent=last_agent)
            minutes = queue.rules.priority + sum(part.minutes for part in terms.priority)
            if floor.matcher.place(waiting) != (terms.entered_at - 60.0 * minutes, call.queued_at, waiting):
                yield f"the place of {waiting} in {name} is not the one it entered"
            yield from _left_standing(floor, call)
        places = [floor.matcher.place(each) for each in order]
        if any(b <= a for a, b in pairwise(places)):
            yield f"{name} is out of order: {places}"
        if (len(order), min((entered for _, entered, _ in places), default=None)) != (
            floor.matcher.waiting(name),
            floor.matcher.longest_since(name),
        ):
            yield f"{name} miscounts who waits: {order}"
        members = [agent for agent in floor.agents.values() if name in agent.queues]
        if queue.serving != {
            agent.login for agent in members if agent.state not in (AgentState.OFFLINE, AgentState.PAUSED)
        }:
            yield f"{name} believes that {queue.serving} serve it"
        if queue.signed_in != {agent.login for agent in members if agent.state is not AgentState.OFFLINE}:
            yield f"{name} believes that {queue.signed_in} are signed in"
        if queue.free != {agent.login for agent in members if floor.is_free(agent)}:
            yield f"{name} believes that {queue.free} are free"
        talking = sum(c.talks and c.answered_at is not None and c.queue == name for c in floor.calls.values())
        if queue.talking != talking:
            yield f"{name} counts {queue.talking} talks and there are {talking}"


def _left_standing(floor: Floor, call: Call) -> Iterator[str]:
    """After every event nobody waits whom a free agent could take."""
    if not call.identified or call.notice is Notice.ASKED or call.draft or not floor.servers.get(call.server):
        return
    demand = floor.matcher.demand(call.id)
    for agent in floor.agents.values():
        if (
            floor.is_free(agent)
            and floor.matcher.state(agent.login) == FREE
            and demand.only in ("", agent.login)
            and {*demand.queues} & {*agent.queues}
            and (demand.channel != LINE or agent.line == "persistent")
            and all(agent.skills.get(need.skill, 0) >= need.level for need in demand.needs if need.required)
        ):
            yield f"{call.id} waits for {demand} although {agent.login} is free"


def _interactions(floor: Floor) -> Iterator[str]:
    live = Counter(call.interaction.id for call in floor.calls.values())
    for name, interaction in floor.interactions.items():
        if interaction.record.final or interaction.state is InteractionState.FINAL:
            yield f"interaction {name} is final and still on the floor"
        if live[name] != (interaction.state is InteractionState.OPEN):
            yield f"interaction {name} is {interaction.state.value} and has {live[name]} calls"
        if interaction.state is InteractionState.WRAP_UP and not interaction.workers:
            yield f"interaction {name} waits for agents, and nobody works on it"
        for login in interaction.workers:
            worker = floor.agents.get(login)
            if worker is None or worker.interaction != name:
                yield f"interaction {name} waits for {login}, who doesn't work on it"
        if name in floor.closed:
            yield f"interaction {name} was closed and lives again"


def _legs(floor: Floor) -> Iterator[str]:
    for leg in floor.legs.values():
        if leg.bridge and leg.id not in floor.bridges.get(leg.bridge, ()):
            yield f"leg {leg.id} is in bridge {leg.bridge}, which doesn't know"
        if leg.phone and leg.id not in floor.phone_legs[leg.phone]:
            yield f"leg {leg.id} is phone {leg.phone}'s, which doesn't know"
    for bridge, members in floor.bridges.items():
        if not members or any(leg not in floor.legs or floor.legs[leg].bridge != bridge for leg in members):
            yield f"bridge {bridge} has {members}"
    for phone, members in floor.phone_legs.items():
        if any(leg not in floor.legs or floor.legs[leg].phone != phone for leg in members):
            yield f"phone {phone} has {members}"
    for leg_id, call_id in floor.talks.items():
        call = floor.calls.get(call_id)
        if call is None or call.agent_leg != leg_id:
            yield f"leg {leg_id} is said to talk in {call_id}, which doesn't know"


def _monitors(floor: Floor) -> Iterator[str]:
    for name, monitor in floor.monitors.items():
        call, who = floor.calls.get(monitor.call), f"monitor {name} of {monitor.login}"
        if name != monitor.id or monitor.state is MonitorState.ENDED:
            yield f"{who} is {monitor.state.value} and still on the floor"
        if monitor.ending:
            continue  # its leg is being hung up
        if call is None:
            yield f"{who} is at call {monitor.call}, which is over"
        elif call.agent_leg != monitor.hears and not floor.passed_on(call):
            yield f"{who} hears {monitor.hears}, and the talk is on {call.agent_leg!r}"
        settled = monitor.began_at is not None and not (monitor.awaiting or monitor.taking)
        if settled and monitor.told[0] != monitor.hears and floor.servers.get(monitor.server):
            yield f"{who} is to hear {monitor.hears}, and Asterisk was told {monitor.told[0]}"
        others = [each for each in floor.monitors.values() if each.login == monitor.login]
        if len(others) > 1:
            yield f"{monitor.login} is at {len(others)} calls at once"
    heard = {monitor.id for monitor in floor.monitors.values()}
    for leg in heard & floor.talks.keys():
        yield f"the supervisor's leg {leg} is taken for an agent's"


class Ledger:
    """The commands as the outside world gets them, over any number of restarts of the center."""

    def __init__(self) -> None:
        self.records: dict[str, InteractionRecord] = {}
        """Interaction -> its record as last saved."""
        self.finals: set[str] = set()
        self.timelines: dict[str, list[TimelineEntry]] = {}
        self.rows: dict[tuple[int, Key], IntervalRow] = {}
        """The rows of the quarters, as last saved."""
        self.pops: dict[tuple[str, str], ScreenPop] = {}
        """Offer and agent -> what is popped there."""
        self._popped_offers: dict[str, int] = {}
        self._called: set[str] = set()
        self._last_entry: dict[str, float] = {}
        self.recordings: dict[str, RecordingRecord] = {}
        """Recording -> its row as last saved."""
        self.begun: list[RecordingRecord] = []
        """Those that began with the last event."""
        self._picked_up: set[str] = set()
        self._known_recordings: set[str] = set()
        """Those that this run of the center made, or was told of."""

    def take(self, event: Event, commands: Iterable[Command]) -> None:
        """Assert that the commands are allowed after all that went before."""
        answers = []
        self.begun = begun = []
        if isinstance(event, InteractionsRestored):
            self._known_recordings.clear()
        elif isinstance(event, RecordingsRestored):
            self._known_recordings |= {row.id for row in event.records}
        for command in commands:
            match command:
                case SaveInteraction():
                    self._save(command)
                case SaveIntervals(rows=rows):
                    assert len({(row.start, row.kind, row.name) for row in rows}) == len(rows)
                    self.rows |= {(row.start, (row.kind, row.name)): row for row in rows}
                case ScreenPop():
                    self._pop(command)
                case OfferCall(offer=offer):
                    popped = {popped for popped, _ in self.pops}
                    assert offer in popped, f"offer {offer} rings before its record was popped"
                    assert offer not in self._called, f"offer {offer} rings twice"
                    self._called.add(offer)
                case SaveRecording(record=row):
                    before = self.recordings.get(row.id)
                    if before is None and row.state is RecordingState.RUNNING:
                        begun.append(row)
                    assert before is None or before.state is RecordingState.RUNNING, (
                        f"recording {row.id} is {row.state} after it was {before and before.state}"
                    )
                    spans = [span for span in row.silences if span.end_s is not None]
                    assert all(span.begin_s <= (span.end_s or 0) for span in spans), f"odd spans: {spans}"
                    self.recordings[row.id] = row
                    self._known_recordings.add(row.id)
                case FinishRecording(record=row):
                    assert self.recordings[row.id] == row, f"recording {row.id} is picked up before its row"
                    assert row.id not in self._picked_up, f"recording {row.id} is picked up twice"
                    self._picked_up.add(row.id)
                case DropRecording(recording=name):
                    assert name not in self.recordings, f"recording {name} has a row and is dropped"
                case CorrectDisposition(interaction=name):
                    assert name in self.finals, f"a correction of {name}, which is not final"
                case Accepted(request=request) | Refused(request=request):
                    answers.append(request)
        asked = [request] if (request := getattr(event, "request", "")) else []
        assert answers == asked, f"request {asked} got the answers {answers}"

    def _save(self, save: SaveInteraction) -> None:
        record = save.record
        assert record.id not in self.finals, f"{record.id} is saved after its final record"
        for entry in save.entries:
            last = self._last_entry.get(record.id, 0.0)
            assert entry.at >= last, f"the timeline of {record.id} goes back in time at {entry.kind}"
            self._last_entry[record.id] = entry.at
            self.timelines.setdefault(record.id, []).append(entry)
        self.records[record.id] = record
        if record.final:
            self.finals.add(record.id)
            assert record.outcome, f"{record.id} is final without an outcome"
            assert record.ended_at is not None, f"{record.id} is final and never ended"
            assert record.closed_at is not None, f"{record.id} is final and never closed"
            assert record.arrived_at <= record.ended_at <= record.closed_at, (
                f"{record.id} ends before it began"
            )
            assert bool(record.agent) == bool(record.disposition), (
                f"{record.id} has an agent or an outcome only"
            )
        assert min(record.waited_s, record.talked_s, record.wrapped_s) >= 0, (
            f"{record.id} lasted less than 0 s"
        )

    def _pop(self, pop: ScreenPop) -> None:
        if shown := self.pops.get((pop.offer, pop.login)):
            same = (pop.customers, pop.lead) == (shown.customers, shown.lead)
            assert not same, f"offer {pop.offer} pops twice with the same record"
            self.pops[pop.offer, pop.login] = pop
            return
        if not pop.offer:  # of a talk that outlived a restart
            self.pops[pop.offer, pop.login] = pop
            return
        saved = self.records.get(pop.interaction)
        before = self._popped_offers.get(pop.interaction, 0)
        assert saved is not None, f"offer {pop.offer} pops and its interaction was never saved"
        if pop.offer in self.asked_in(pop.interaction):
            self.pops[pop.offer, pop.login] = pop
            return
        several = any(popped == pop.offer for popped, _ in self.pops)
        assert several or saved.offers > before, f"offer {pop.offer} pops before its record is saved"
        self._popped_offers[pop.interaction] = saved.offers
        self.pops[pop.offer, pop.login] = pop

    def asked_in(self, interaction: str) -> set[object]:
        """The consults of an interaction that its saved timeline knows."""
        return {entry.detail.get("consult") for entry in self.timelines.get(interaction, ())}

    def check(self, floor: Floor) -> None:
        """Started = final + live, at all times."""
        live = floor.interactions.keys() | {record.id for record in floor.restored.values()}
        open_ones = self.records.keys() - self.finals
        assert open_ones == live, f"started, not final and not live, or the other way: {open_ones ^ live}"

        for row in self.begun:
            call, queue = floor.calls.get(row.call), floor.queues.get(row.queue)
            announces = queue is not None and queue.rules.recording == "announce"
            runs_on = bool(row.source)  # a part of one that began before the queue announced
            assert runs_on or not announces or call is None or call.notice is Notice.TOLD, (
                f"{row.id} began, and its caller is {call and call.notice.value}"
            )
        known = self._known_recordings
        running = {name for name, row in self.recordings.items() if row.state is RecordingState.RUNNING}
        recorded = [call.recording for call in floor.calls.values() if call.recording]
        alive = {row.id for recording in recorded for row in recording.parts.values()}
        alive |= {row.id for rows in floor.restored_recordings.values() for row in rows}
        assert running & known <= alive, f"recordings that nobody ends: {running & known - alive}"

    def recordings_restored(self, at: float) -> RecordingsRestored:
        """What the recordings' edge would tell a center that starts now."""
        running = [row for row in self.recordings.values() if row.state is RecordingState.RUNNING]
        return RecordingsRestored(at=at, records=tuple(running))

    def restored(self, at: float) -> InteractionsRestored:
        """What the store would tell a center that starts now."""
        records = [record for record in self.records.values() if not record.final]
        return InteractionsRestored(at=at, records=tuple(records))

    def figures_restored(self, at: float) -> FiguresRestored:
        """What the store would tell of the figures."""
        begin = count_again_from(max((row.saved_at for row in self.rows.values()), default=0.0), at)
        return FiguresRestored(
            at=at,
            rows=tuple(row for row in self.rows.values() if row.start >= at - 26 * 3600),
            counted_from=begin,
            entries=tuple(
                InteractionEntries(
                    id=name,
                    final=name in self.finals,
                    entries=tuple(needed(each) for each in timeline if each.kind in KINDS),
                )
                for name, timeline in self.timelines.items()
                if name not in self.finals or any(each.at >= begin for each in timeline)
            ),
        )

    def counted(self, key: Key) -> Tally:
        """All that was ever counted under one name, by the saved rows."""
        return total(row.counts for (_, name), row in self.rows.items() if name == key)

    def check_figures(self, floor: Floor) -> None:
        """Offered = answered + abandoned + exits + waiting, over all runs. The rows must have been saved."""
        names = sorted({name for _, (kind, name) in self.rows if kind == "queue"})
        for name in names:
            counted, waiting = self.counted(("queue", name)), floor.figures.count_waiting(name)
            gone = counted.gone()
            assert counted.of("offered") == gone + waiting, (
                f"{counted.of('offered')} entered {name}, {gone} are gone and {waiting} there: {counted}"
            )
        queues, center = total(self.counted(("queue", name)) for name in names), self.counted(CENTER)
        for name in ("answered", "abandoned"):
            assert queues.of(name) == center.of(name), f"the queues' {name} are not the center's"
        moved = queues.of("exit.moved") + queues.of("exit.overflow")
        assert queues.of("offered") - moved == center.of("offered"), "a move is no new caller of the center"
