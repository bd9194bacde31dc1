"""Live campaigns: one that runs, or whose calls still go on, with its hopper and what its pacing knows."""

from collections import Counter, deque
from dataclasses import dataclass, field

from contactcenter.dialer.attempts import PERSON, AttemptRecord, Outcome
from contactcenter.dialer.campaigns import Campaign, CampaignKept, CampaignState, Mode, shown_to
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.learning import Learning
from contactcenter.dialer.pacing import GRACE_S, Policy, Predictive, Progressive, Ratio
from contactcenter.dialer.profiles import PROFILES, Profile
from contactcenter.dialer.steering import DAY_S, Steering

POLICIES: dict[Mode, Policy] = {Mode.POWER: Ratio(), Mode.PREDICTIVE: Predictive()}
"""How campaigns are paced that place calls before an agent is free."""
ASK_AGAIN_S = 5.0
"""How long after there was nobody to be dialled the store is asked again."""
ONE_EACH: Policy = Progressive()


@dataclass(slots=True)
class LiveCampaign:
    """One campaign that lives."""

    campaign: Campaign
    state: CampaignState
    since: float
    started_at: float
    steering: Steering
    learning: Learning
    placed: int = 0
    """Calls placed in the period that runs …"""
    period: int = 0
    """… which has this number, from 0."""
    hopper: deque[Lead] = field(default_factory=deque)
    filled_at: float = 0.0
    """When leads came last."""
    asking: bool = False
    """The store was asked for leads, and has not answered."""
    ask_from: float = 0.0
    """There was nobody to be dialled: not before this is the store asked again."""
    wishes: dict[str, None] = field(default_factory=dict)
    """Agents who asked for a lead and have none yet."""
    dials: set[str] = field(default_factory=set)
    """Its attempts that live."""
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    restoring: bool = False
    """Of the last run: its attempts that go on have not been told yet."""
    due: bool = False
    """It is to be looked at once the event is dealt with."""
    barred: str = ""
    """The rule by which it may dial nobody at all, as the store said last."""
    why: str = ""
    wanted: int = 0
    paced_at: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether it may dial."""
        return self.state is CampaignState.RUNNING

    @property
    def profile(self) -> Profile:
        """The law that it goes by."""
        return PROFILES[self.campaign.profile]

    def serves_as(self, settings: Campaign) -> bool:
        """Whether it dials for the same agents in the same mode as with those settings."""
        return (self.campaign.mode, self.campaign.queue) == (settings.mode, settings.queue)

    def clock_s(self) -> float:
        """How long after the greeting's end the message must begin at the latest, less our own time."""
        return min(self.profile.clock_s, GRACE_S)

    def take(self, campaign: Campaign) -> None:
        """Go by other settings."""
        self.campaign = campaign
        self.steering.aim(self.profile.target(campaign.drop_target))
        self.heed_detection()

    def heed_detection(self) -> None:
        """Go by what the campaign says of its detection: the silence after a greeting, by which a person is
        known, is of the clock; and steer by the machines that were listened to."""
        self.learning.grace_s = self.clock_s()
        if (detection := self.campaign.detection) is not None:
            self.learning.grace_s = max(0.0, self.clock_s() - detection.after_greeting_silence_ms / 1000)
            self.steering.sample(detection.heard, detection.persons)

    def ask_later(self, at: float) -> None:
        """The store has nobody who could be dialled now."""
        self.ask_from = at + ASK_AGAIN_S

    def turn(self, at: float) -> None:
        """Let the period go on: each begins with nothing placed."""
        period = int(max(0.0, at - self.started_at) // (self.profile.period_days * DAY_S))
        if period != self.period:
            self.period, self.placed = period, 0

    def shows(self, lead: Lead) -> str:
        """The number that this lead is to be shown, if it is verified when he is dialled."""
        return shown_to(lead.id, self.campaign.caller_ids)


def begin(kept: CampaignKept, state: CampaignState, at: float) -> LiveCampaign:
    """The campaign as it goes on from what the store has of it."""
    campaign = kept.campaign
    profile = PROFILES[campaign.profile]
    started_at = at if kept.started_at is None else kept.started_at
    live = LiveCampaign(
        campaign=campaign,
        state=state,
        since=at,
        started_at=started_at,
        steering=Steering(
            target=profile.target(campaign.drop_target),
            began_at=started_at,
            days=kept.days,
            period_days=profile.period_days,
        ),
        learning=Learning(),
        placed=kept.placed,
    )
    live.heed_detection()
    live.period = int(max(0.0, at - started_at) // (profile.period_days * DAY_S))
    for record in kept.recent:
        _learn(live.learning, record)
    return live


def _learn(learning: Learning, record: AttemptRecord) -> None:
    """One that is over teaches the same as when it was heard."""
    if record.reserved or record.placed_at is None or record.outcome == Outcome.CANCELLED:
        return
    learning.placed(record.placed_at)
    if record.outcome in PERSON:
        had_at = record.joined_at or record.message_at or record.answered_at or record.placed_at
        learning.answered(record.placed_at, had_at)
    else:
        learning.ended(record.placed_at, record.ended_at or record.placed_at)
    if record.joined_at is not None and record.ended_at is not None:
        learning.talked(record.ended_at - record.joined_at)
