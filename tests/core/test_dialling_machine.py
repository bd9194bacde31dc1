"""Random worlds in which campaigns dial, kind ones and hostile ones, beside everybody who calls in.

What is true of a call that we place: it is placed, rings, is answered by a person or a machine, is joined,
hears the message, ends, in any order and with any message lost. The store answers in its own time, refuses
some, and forgets nothing. At the end every attempt has one outcome, and nobody was dialled twice at once.
"""

from collections import deque
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from contactcenter import events as e
from contactcenter.commands import (
    Command,
    KeepAttempt,
    LeaveQueue,
    PlaceCall,
    PlaceLeg,
    ReserveLeads,
    RunScript,
    SaveAttempt,
    SaveCampaignState,
    SaveDoNotCall,
    SayNotice,
)
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Blend, Campaign, CampaignKept, Detection, Mode, OnMachine
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.permission import Refusal
from contactcenter.values import LegSeen
from tests.core.campaign_world import CAMPAIGN, lead
from tests.core.test_machine import AGENTS, RULES, Caller, CenterMachine, Phone, disaster, when
from tests.core.world import SERVER, World

DETECTION = Detection(on_machine=OnMachine.LEAVE_MESSAGE)
BUSY = replace(CAMPAIGN, blend=Blend(inbound_first=False))
CAMPAIGNS = (
    replace(BUSY, id="power", ratio=2.5),
    replace(BUSY, id="predictive", mode=Mode.PREDICTIVE, queue="support", detection=DETECTION),
    replace(BUSY, id="preview", mode=Mode.PREVIEW, queue="support", preview_s=5),
    replace(CAMPAIGN, id="progressive", mode=Mode.PROGRESSIVE, detection=None),
    replace(CAMPAIGN, id="manual", mode=Mode.MANUAL),
    replace(CAMPAIGN, id="agentless", mode=Mode.AGENTLESS, most_calls=2),
)
ANSWERS = ("human", "human", "machine", "unsure", "")


class StoreWorld(World):
    """A world whose store outlives restarts."""

    def __init__(self) -> None:
        self.attempts: dict[str, AttemptRecord] = {}
        self.states: dict[str, str] = {}  # type: ignore[assignment]
        self.asked_at_start: list[Command] = []
        super().__init__(replace(RULES, dids=frozenset({"4001"})), connected=False)

    def restart(self) -> "StoreWorld":
        """As in life: campaigns and attempts come before the interactions."""
        open_ones = tuple(each for each in self.attempts.values() if not each.outcome)
        concerned = {each.campaign for each in open_ones}
        kept = tuple(
            CampaignKept(campaign=campaign, state=state)
            for campaign in CAMPAIGNS
            if (state := self.states.get(campaign.id, "draft")) in ("running", "paused")
            or campaign.id in concerned
        )
        self._boot()
        self.step(
            self.ledger.figures_restored(self.now),
            e.CampaignsRestored(at=self.now, campaigns=kept),
            e.AttemptsRestored(at=self.now, records=open_ones),
            self.ledger.restored(self.now),
            self.ledger.recordings_restored(self.now),
        )
        self.asked_at_start = list(self.sent)
        return self


class DiallingMachine(CenterMachine):
    """The machine, with campaigns."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.store = StoreWorld()
        self.answers: deque[e.Event] = deque()
        """What the store will say."""
        self.waits: set[str] = set()
        """Called persons in the sessions that only wait for an agent or the message."""
        self.alone: set[str] = set()
        """Those of them to whom no agent was ever joined: a crash of ours ends their calls."""
        self.placed: set[str] = set()
        self.numbers = 0

    @initialize(
        seed=st.integers(0, 2**16),
        hostile=st.sampled_from([0.0, 0.0, 0.15, 0.4]),
        which=st.lists(st.sampled_from(CAMPAIGNS), min_size=1, max_size=3, unique_by=lambda each: each.id),
        lines=st.sampled_from([(), ("ben",), ("ann", "ben", "cyd"), ("ann", "ben", "cyd")]),
    )
    def begin(self, seed: int, hostile: float, which: list[Campaign], lines: tuple[str, ...]) -> None:
        self.faults = Random(seed)
        self.connect()
        self.everybody_is_ready()
        for login in lines:
            for _ in range(2):
                self.agent_works_for_a_campaign(login, "line")
                self.deliver_all()
            self.ask(login, "available")
        for campaign in which:
            self.campaign_is_steered(campaign, "start")
        self.deliver_all()
        self.calls_come(1, True, "support")
        self.hostile = hostile

    # --- the store ---

    def carry(self, command: object) -> None:
        match command:
            case ReserveLeads(campaign=campaign, many=many):
                given = tuple(self.next_lead() for _ in range(min(many, 3)))
                self.answers.append(e.LeadsReserved(at=0, campaign=campaign, leads=given))
            case SaveAttempt(record=record):
                self.save(record)
            case KeepAttempt(record=record):
                before = self.store.attempts.get(record.id)
                assert before is None or not before.outcome, f"{record.id} has two outcomes"
                self.store.attempts[record.id] = record
            case SaveCampaignState(campaign=campaign, state=state):
                self.store.states[campaign] = state
            case SaveDoNotCall(attempt=attempt):
                self.answers.append(e.DoNotCallSaved(at=0, call=attempt))
            case PlaceCall(leg=leg, dialled=True):
                assert leg in self.store.attempts, f"{leg} was placed before it was saved"
                assert leg not in self.placed, f"{leg} was placed twice"
                self.placed.add(leg)
                self.callers[leg] = Caller(leg, session="dialling")
                self.hear(e.LegStarted(at=0, leg=leg, server=SERVER))
            case PlaceLeg(leg=leg, phone=phone):
                self.phones[leg] = Phone(leg, phone)
                self.hear(e.LegStarted(at=0, leg=leg, server=SERVER, phone=phone))
            case SayNotice() | RunScript() if caller := self.callers.get(command.call):
                if caller.session == "queue":
                    caller.commands.append(command)  # type: ignore[arg-type]
                    self.truth_serve(caller)
            case _:
                super().carry(command)

    def next_lead(self) -> Lead:
        self.numbers += 1
        dropped_at = self.world.now - 9e5 if self.numbers % 7 == 0 else None
        return lead(self.numbers % 9, id=f"lead-{self.numbers}", dropped_at=dropped_at)

    def save(self, record: AttemptRecord) -> None:
        open_ones = {each.number for each in self.store.attempts.values() if not each.outcome}
        if record.number in open_ones or self.faults.random() < 0.1:
            refusal = Refusal.RINGING if record.number in open_ones else Refusal.NOT_NOW
            self.answers.append(e.AttemptRefused(at=0, attempt=record.id, refusal=refusal))
        else:
            assert record.id not in self.store.attempts
            self.store.attempts[record.id] = record
            self.answers.append(e.AttemptSaved(at=0, attempt=record.id))

    @precondition(lambda self: self.answers)
    @rule(n=st.integers(1, 5))
    def store_answers(self, n: int) -> None:
        for _ in range(min(n, len(self.answers))):
            self.tell(self.answers.popleft())

    def deliver_all(self) -> None:
        while self.manager or self.scripts or self.answers:
            super().deliver_all()
            if self.answers and self.faults.random() < 0.8:
                self.tell(self.answers.popleft())

    # --- campaigns ---

    @rule(
        which=st.sampled_from(CAMPAIGNS), step=st.sampled_from(["start", "start", "start", "pause", "stop"])
    )
    def campaign_is_steered(self, which: Campaign, step: str) -> None:
        kept = CampaignKept(campaign=which, state=self.store.states.get(which.id, "draft"))
        by = {"login": "sue", "name": "Sue", "request": self.world.request()}
        self.tell(e.CampaignAsked(at=0, kept=kept, step=step, **by))

    @rule(which=st.sampled_from(CAMPAIGNS), most=st.sampled_from([1, 50]))
    def campaign_is_changed(self, which: Campaign, most: int) -> None:
        self.tell(e.CampaignsChanged(at=0, campaigns=(replace(which, most_calls=most),)))

    @rule(
        login=st.sampled_from([*AGENTS]),
        what=st.sampled_from(["lead", "dial", "dial", "skip", "line", "line", "available"]),
    )
    def agent_works_for_a_campaign(self, login: str, what: str) -> None:
        agent, request = self.world.floor.agents.get(login), self.world.request()
        call = agent.call if agent else ""
        if what == "lead":
            self.tell(e.LeadAsked(at=0, login=login, campaign="manual", request=request))
        elif what == "dial":
            self.tell(e.DialAsked(at=0, login=login, call=call, request=request))
        elif what == "skip":
            self.tell(e.SkipAsked(at=0, login=login, call=call, reason="rang", request=request))
        elif what == "line":
            self.choose_phone(login, AGENTS[login], "persistent")
            for leg in [
                leg for leg in self.phones.values() if leg.leg.startswith("line") and not leg.answered
            ]:
                leg.answered = True
                self.hear(e.LegAnswered(at=0, leg=leg.leg))
        else:
            self.ask(login, "available")

    # --- the far end ---

    @rule(n=st.integers(1, 4))
    def campaigns_go_on(self, n: int) -> None:
        """What usually comes next: time for the tick, answers, talks, messages, ends."""
        for step in range(n + 1):
            self.time_passes(1.0)
            self.deliver_all()
            for pick in range(3):
                heard = self.faults.choice(ANSWERS)
                self.far_end(pick, "answers" if self.faults.random() < 0.6 else "ends", heard, 17)
                if any(leg.leg.startswith("desk") for leg in self.phones.values()):
                    self.desk_phone(pick, self.faults.random() < 0.8)
            self.deliver_all()
            self.notice(step, self.faults.choice(["said", "key", "hangs up"]))
            for caller in [each for each in self.callers.values() if each.session == "talk"]:
                if self.faults.random() < 0.5:
                    self.truth_hang_up(caller.agent_leg)
            self.deliver_all()
            for login in AGENTS:
                if (agent := self.world.floor.agents.get(login)) and agent.interaction:
                    self.dispose(login, agent.interaction)
                self.agent_works_for_a_campaign(login, self.faults.choice(["lead", "dial", "available"]))
            self.deliver_all()

    @precondition(lambda self: any(each.session == "dialling" for each in self.callers.values()))
    @rule(
        pick=st.integers(0, 9),
        what=st.sampled_from(["rings", "answers", "answers", "answers", "ends"]),
        heard=st.sampled_from(ANSWERS),
        cause=st.sampled_from([16, 17, 21, 1, 34, 19]),
    )
    def far_end(self, pick: int, what: str, heard: str, cause: int) -> None:
        caller = self.some(pick, "dialling")
        if caller is None:
            return
        if what == "rings":
            self.hear(e.LegRinging(at=0, leg=caller.call))
        elif what == "ends":
            del self.callers[caller.call]
            self.hear(e.LegEnded(at=0, leg=caller.call, cause=cause))
        else:
            caller.session = "queue"
            self.waits.add(caller.call)
            self.alone.add(caller.call)
            self.hear(e.LegAnswered(at=0, leg=caller.call))
            ended = self.world.now - 0.8 if heard == "human" else None
            self.say(e.DialledAnswered(at=0, call=caller.call, heard=heard, greeting_ended_at=ended))

    @precondition(lambda self: any(leg.leg.startswith("desk") for leg in self.phones.values()))
    @rule(pick=st.integers(0, 9), answers=st.booleans())
    def desk_phone(self, pick: int, answers: bool) -> None:
        legs = [leg for leg in self.phones.values() if leg.leg.startswith("desk")]
        leg = legs[pick % len(legs)]
        if not answers:
            self.truth_hang_up(leg.leg)
        elif not leg.answered:
            leg.answered = True
            self.hear(e.LegAnswered(at=0, leg=leg.leg))
            self.truth_enter_room(leg)

    def truth_serve(self, caller: Caller) -> None:
        while caller.call in self.waits and caller.session == "queue" and caller.commands:
            command: object = caller.commands[0]
            if isinstance(command, SayNotice):
                caller.commands.clear()
                caller.session = "notice"
                self.say(e.NoticeBegan(at=0, call=caller.call))
            elif isinstance(command, RunScript):
                caller.commands.popleft()
                self.waits.discard(caller.call)
                self.alone.discard(caller.call)
                caller.session, caller.did = "script", command.did
                self.say(self.arrival(caller))
            elif isinstance(command, LeaveQueue):
                self.truth_session_over(caller)
                return
            else:
                self.alone.discard(caller.call)
                break
        if caller.session == "queue":
            super().truth_serve(caller)

    def truth_session_over(self, caller: Caller) -> None:
        del self.callers[caller.call]
        self.waits.discard(caller.call)
        self.say(e.ScriptEnded(at=0, call=caller.call, node="", result="notice"))
        self.hear(e.LegEnded(at=0, leg=caller.call))

    @precondition(lambda self: any(each.session == "notice" for each in self.callers.values()))
    @rule(pick=st.integers(0, 9), what=st.sampled_from(["said", "said", "key", "hangs up"]))
    def notice(self, pick: int, what: str) -> None:
        caller = self.some(pick, "notice")
        if caller is None:
            return
        if what == "key":
            self.say(e.OptOutAsked(at=0, call=caller.call))
        elif what == "said":
            self.say(e.NoticeEnded(at=0, call=caller.call, whole=True))
            self.truth_session_over(caller)
        else:
            self.truth_caller_gone(caller)

    def arrival(self, caller: Caller, *, resumed: bool = False) -> e.CallArrived:
        arrived = super().arrival(caller, resumed=resumed)
        return replace(arrived, interaction=caller.call) if caller.call in self.placed else arrived

    def legs(self) -> tuple[LegSeen, ...]:
        ringing = {call for call, caller in self.callers.items() if caller.session == "dialling"}
        return tuple(replace(leg, answered=False) if leg.leg in ringing else leg for leg in super().legs())

    def truth_hang_up(self, leg: str) -> None:
        if leg in self.placed and (caller := self.callers.get(leg)):
            self.truth_caller_gone(caller)
        else:
            super().truth_hang_up(leg)

    def truth_caller_gone(self, caller: Caller) -> None:
        self.waits.discard(caller.call)
        self.alone.discard(caller.call)
        if caller.session == "dialling":
            del self.callers[caller.call]
            self.hear(e.LegEnded(at=0, leg=caller.call, cause=16))
        else:
            super().truth_caller_gone(caller)

    # --- disasters ---

    def truth_crashes(self, caller: Caller) -> None:
        """Nobody keeps him waiting for a server that is away."""
        if caller.session in ("queue", "notice", "script"):
            caller.session = "crashed"
        self.truth_caller_gone(caller)

    @when("script", "queue")
    @rule(pick=st.integers(0, 5))
    def script_crashes(self, pick: int) -> None:
        caller = self.some(pick, "script", "queue")
        if caller and caller.call in self.alone:
            self.truth_crashes(caller)
        else:
            super().script_crashes(pick)

    @disaster
    @rule(agents_first=st.booleans())
    def we_restart(self, agents_first: bool) -> None:
        for caller in list(self.callers.values()):
            used_up = caller.call in self.world.ledger.finals
            if caller.session == "notice" or caller.call in self.alone or used_up:
                self.truth_crashes(caller)
        self.waits.clear()
        self.answers.clear()
        super().we_restart(agents_first)
        for command in self.store.asked_at_start:
            if isinstance(command, KeepAttempt | ReserveLeads | SaveCampaignState):
                self.carry(command)

    # --- the end ---

    def teardown(self) -> None:
        self.hostile = 0.0
        self.deliver_all()
        for campaign in CAMPAIGNS:
            self.campaign_is_steered(campaign, "stop")
        self.deliver_all()
        super().teardown()
        floor = self.world.floor
        assert not floor.dials, f"dials are left over: {floor.dials}"
        assert not floor.campaigns, f"campaigns are left over: {floor.campaigns.keys()}"
        assert not floor.leads
        left = [each.id for each in self.store.attempts.values() if not each.outcome]
        assert not left, f"attempts without an outcome: {left}"


TestCampaigns = DiallingMachine.TestCase
TestCampaigns.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
