"""A world with a campaign: a store that leases leads and allows calls, and a far end that does as told."""

from dataclasses import replace

from contactcenter import events as e
from contactcenter.commands import (
    Command,
    KeepAttempt,
    PlaceCall,
    ReserveLeads,
    ReturnLeads,
    SaveAttempt,
    SaveDoNotCall,
)
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import (
    Campaign,
    CampaignKept,
    Detection,
    ListShare,
    Mode,
    OnMachine,
)
from contactcenter.dialer.leads import Lead, LeadNumber
from contactcenter.dialer.permission import Refusal
from contactcenter.rules import Rules
from contactcenter.trunks import TrunkRules
from tests.core.world import RULES, SERVER, World

CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    mode=Mode.POWER,
    profile="US",
    queue="sales",
    lists=(ListShare(list="l1"),),
    trunk="carrier",
    caller_ids=("+13055550100",),
    ratio=1.0,
    detection=Detection(on_machine=OnMachine.HANG_UP),
    message="This is Example. Call +13055550100.",
    machine_message="Please call us back.",
    script="4001",
    talk_script="Hello {name}, your car is a {car}.",
)
QUICK = replace(RULES, trunks={"carrier": TrunkRules(calls_per_s=50, channels=100)}, dids=frozenset({"4001"}))


def lead(n: int, **fields: object) -> Lead:
    """The nth person on the list."""
    number = LeadNumber(number=f"+1305555{n:04d}", zones=("America/New_York",))
    known: dict[str, object] = {"id": f"lead-{n}", "list": "l1", "name": f"Ann {n}", "numbers": (number,)}
    return Lead(**(known | {"fields": {"car": "van"}} | fields))  # type: ignore[arg-type]


class CampaignWorld(World):
    """The store answers at once, unless `slow`. `leads` are those that can be leased."""

    def __init__(self, campaign: Campaign = CAMPAIGN, rules: Rules = QUICK, leads: int = 50) -> None:
        super().__init__(rules)
        self.campaign = campaign
        self.leads = [lead(n) for n in range(leads)]
        self.slow = False
        self.refuses: dict[str, Refusal] = {}
        """Number -> the rule that forbids it."""
        self.attempts: dict[str, AttemptRecord] = {}
        """As the store has them."""
        self.returned: list[str] = []
        self.saved_first: dict[str, float] = {}

    def tell(self, event: e.Event) -> list[Command]:
        """The store's answers come right after what it was asked."""
        commands = super().tell(event)
        answers = [answer for command in commands for answer in self._store(command)]
        for answer in answers:
            self.tell(answer)
        return commands

    def _store(self, command: Command) -> list[e.Event]:
        match command:
            case ReserveLeads(campaign=campaign, many=many):
                given, self.leads = tuple(self.leads[:many]), self.leads[many:]
                return [e.LeadsReserved(at=self.now, campaign=campaign, leads=given)]
            case ReturnLeads(leads=leads):
                self.returned += leads
            case SaveAttempt(record=record):
                if refusal := self.refuses.get(record.number):
                    return [e.AttemptRefused(at=self.now, attempt=record.id, refusal=refusal)]
                assert record.id not in self.attempts, "one name, one attempt"
                ringing = [
                    each
                    for each in self.attempts.values()
                    if each.number == record.number and not each.outcome
                ]
                assert not ringing, "a number is dialled twice at once"
                self.attempts[record.id] = record
                return [] if self.slow else [e.AttemptSaved(at=self.now, attempt=record.id)]
            case KeepAttempt(record=record):
                before = self.attempts.get(record.id)
                assert before is None or not before.outcome, "an attempt has one outcome"
                self.attempts[record.id] = record
            case PlaceCall(leg=leg, dialled=True):
                assert leg in self.attempts, "saved before it is placed"
                assert leg not in self.saved_first, "placed once at most"
                self.saved_first[leg] = self.now
            case SaveDoNotCall(attempt=attempt):
                return [e.DoNotCallSaved(at=self.now, call=attempt)]
        return []

    # --- the campaign ---

    def kept(self, state: str = "draft") -> CampaignKept:
        """The campaign as the store has it."""
        return CampaignKept(campaign=self.campaign, state=state)

    def asks_campaign(self, step: str = "start", state: str = "draft") -> "CampaignWorld":
        """A supervisor's step."""
        self.step(
            e.CampaignAsked(
                at=self.now, login="sue", name="Sue", request=self.request(), kept=self.kept(state), step=step
            )
        )
        return self

    def has_line(self, login: str = "tom", phone: str = "101", **fields: object) -> "CampaignWorld":
        """An agent on a persistent line, who is available."""
        self.signs_in(login, phone, ("sales",), **fields)  # type: ignore[arg-type]
        self.step(
            e.PhoneChosen(at=self.now, login=login, phone=phone, line="persistent", request=self.request())
        )
        leg = self.agent(login).line_leg
        self.step(
            e.LegStarted(at=self.now, leg=leg, server=SERVER, phone=phone),
            e.LegAnswered(at=self.now, leg=leg),
            e.LegParked(at=self.now, leg=leg, room="lines"),
        )
        self.asks(login, "available")
        return self

    @property
    def placed(self) -> list[PlaceCall]:
        """All calls that were placed for the campaign."""
        return [each for each in self.told_commands(PlaceCall) if each.dialled]

    def attempt(self, n: int = -1) -> AttemptRecord:
        """The attempt of the nth call, as the store has it."""
        return self.attempts[self.placed[n].leg]

    # --- the far end ---

    def starts(self, n: int = -1) -> str:
        """Asterisk has begun the nth call; returns its leg."""
        leg = self.placed[n].leg
        self.step(e.LegStarted(at=self.now, leg=leg, server=SERVER))
        return leg

    def far_end_rings(self, n: int = -1) -> str:
        """It rings."""
        leg = self.starts(n)
        self.step(e.LegRinging(at=self.now, leg=leg))
        return leg

    def far_end_answers(self, n: int = -1, heard: str = "human", greeting_ago: float | None = 0.8) -> str:
        """Somebody or something answers, and the detection says what."""
        leg = self.far_end_rings(n)
        self.now += 3.0
        self.step(e.LegAnswered(at=self.now, leg=leg))
        self.now += 1.0
        ended = None if greeting_ago is None else self.now - greeting_ago
        self.step(e.DialledAnswered(at=self.now, call=leg, heard=heard, greeting_ended_at=ended))
        return leg

    def line_joins(self, leg: str, login: str = "tom") -> None:
        """Asterisk bridges the person and the agent's line."""
        line = self.agent(login).line_leg
        self.step(
            *[e.LegJoined(at=self.now, leg=each, bridge=f"b-{leg}") for each in (line, leg)],
        )

    def far_end_leaves(self, leg: str, cause: int = 16) -> None:
        """The far end hangs up, or the call fails."""
        talks = leg in self.floor.calls and not self.floor.calls[leg].calling
        gone = [e.CallerLeft(at=self.now, call=leg)] if talks else []
        self.step(*gone, e.LegEnded(at=self.now, leg=leg, cause=cause))
