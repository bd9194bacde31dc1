"""Campaigns: how the leads of some lists are dialled, in which mode, under which law, and when it may go on.

A campaign serves through one ACD queue: that queue's agents, its wrap-up, its recording and its outcomes are
the campaign's. What a campaign asks for beyond its profile may be stricter than the law, never looser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from hashlib import sha256

from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.drops import Drops
from contactcenter.dialer.profiles import Week
from contactcenter.dialer.recycling import Rule
from contactcenter.transitions import follow
from contactcenter.values import frozen


class Mode(StrEnum):
    """How a campaign dials. In the first three an agent is reserved before the call is placed."""

    MANUAL = "manual"
    """The agent takes a lead from the list and dials when he likes."""
    PREVIEW = "preview"
    """The agent sees the lead, with a count-down, and dials or skips."""
    PROGRESSIVE = "progressive"
    """One call for each free agent."""
    POWER = "power"
    """A fixed number of lines for each free agent."""
    PREDICTIVE = "predictive"
    """As many calls as the share of drops allows."""
    AGENTLESS = "agentless"
    """Who answers hears an announcement, and answers by keys."""


RESERVED = frozenset({Mode.MANUAL, Mode.PREVIEW, Mode.PROGRESSIVE})
"""Modes in which an agent is reserved first: nobody can be dropped."""


class CampaignState(StrEnum):
    """Whether a campaign dials."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    """No new calls; those that are out go on."""
    STOPPED = "stopped"
    """Over; it can be started again, in the same period."""
    ARCHIVED = "archived"


class CampaignTrigger(StrEnum):
    """What moves a campaign."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"
    ARCHIVE = "archive"


TRANSITIONS: Mapping[CampaignState, Mapping[CampaignTrigger, CampaignState]] = {
    CampaignState.DRAFT: {
        CampaignTrigger.START: CampaignState.RUNNING,
        CampaignTrigger.ARCHIVE: CampaignState.ARCHIVED,
    },
    CampaignState.RUNNING: {
        CampaignTrigger.PAUSE: CampaignState.PAUSED,
        CampaignTrigger.STOP: CampaignState.STOPPED,
    },
    CampaignState.PAUSED: {
        CampaignTrigger.START: CampaignState.RUNNING,
        CampaignTrigger.STOP: CampaignState.STOPPED,
    },
    CampaignState.STOPPED: {
        CampaignTrigger.START: CampaignState.RUNNING,
        CampaignTrigger.ARCHIVE: CampaignState.ARCHIVED,
    },
    CampaignState.ARCHIVED: {},
}


def shown_to(lead: str, numbers: Sequence[str]) -> str:
    """Which of these numbers of ours a lead is shown: all in turn, and always the same one for the same lead,
    as long as it is among them. Empty: there are none."""
    return max(numbers, key=lambda number: sha256(f"{lead} {number}".encode()).digest(), default="")


def moved(name: str, state: CampaignState, trigger: CampaignTrigger) -> CampaignState:
    """The state after it, or `IllegalTransition`."""
    return follow(f"campaign {name}", TRANSITIONS, state, trigger)


class OnMachine(StrEnum):
    """What is done when a machine answers."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"


@frozen
class Detection:
    """Answering-machine detection: the values of Asterisk's AMD, in milliseconds. A campaign without one
    takes whoever answers for a person."""

    total_analysis_ms: int = 5000
    initial_silence_ms: int = 2500
    greeting_ms: int = 1500
    after_greeting_silence_ms: int = 800
    between_words_silence_ms: int = 50
    min_word_ms: int = 100
    max_words: int = 3
    silence_threshold: int = 256
    on_machine: OnMachine = OnMachine.HANG_UP
    heard: int = 0
    """Of the calls that these values judged to be machines: how many somebody has listened to, by the samples
    that were entered …"""
    persons: int = 0
    """… and how many of those were persons. No setting: who changes the values begins anew."""


@frozen
class Blend:
    """How the campaign shares its agents with who calls in."""

    inbound_first: bool = True
    """Nothing new is placed while callers wait in the queue."""
    keep_free: int = 0
    """Agents who are left for who calls in."""


@frozen
class ListShare:
    """One of the lists that a campaign dials."""

    list: str
    weight: int = 1
    """Of so many leads in all lists' weights together, so many come from this one, while it has any."""


@frozen
class Window:
    """When a campaign runs, by its own clock; outside it rests, whatever the law allows."""

    starts_at: float | None = None
    """Seconds since the epoch; None: at once."""
    ends_at: float | None = None
    week: Week | None = None
    """Tighter than the profile's, by the clock of whoever is called."""


@frozen
class Campaign:
    """What a campaign dials by. Everything that the page can change; no live figure."""

    id: str
    name: str
    mode: Mode
    profile: str
    """Of `profiles.PROFILES`."""
    queue: str
    lists: tuple[ListShare, ...]
    trunk: str
    caller_ids: tuple[str, ...]
    """E.164, each of the verified ones; used in turn, and the same one for the same lead."""
    marketing: bool = True
    """False: the persons asked for these calls (appointments, service)."""
    ratio: float = 1.5
    """`POWER`: lines for each free agent."""
    most_calls: int = 200
    """Of this campaign at once: the throttle."""
    drop_target: float | None = None
    """Tighter than the profile's target; None: that one."""
    ring_s: int = 25
    calls_a_day: int | None = None
    """To one number within 24 hours; None: as the profile says."""
    attempts: int = 10
    """Of one lead in all."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """Recycling, by outcome or by the agent's disposition."""
    detection: Detection | None = None
    message: str = ""
    """The prompt for whom nobody is free for: who calls, and which number to call."""
    machine_message: str = ""
    """The prompt that is left on a machine."""
    script: str = ""
    """`AGENTLESS`: the number of ours whose IVR script who answers is in."""
    opt_out_key: str = "9"
    preview_s: int = 30
    """How long the agent may look before it dials by itself; 0: as long as he likes."""
    preview_skips: bool = True
    """Whether he may skip a lead, with a reason."""
    own_s: int = 900
    """How long after its time an appointment waits for its own agent alone; then anyone of the queue keeps
    it. 0: anyone at once, he first."""
    blend: Blend = Blend()
    window: Window = Window()
    talk_script: str = ""
    """What the agent is to say: text with the lead's fields in braces."""
    form: str = ""
    """What the agent asks: a question on each line, its choices behind bars (`Interested? | yes | no`). The
    answers go into his note."""

    @property
    def has_words(self) -> bool:
        """Whether there is something to hear for whom no agent is there. An announcement has its script; all
        others need their message, those that keep an agent, too: his line may fall while it rings."""
        return self.mode is Mode.AGENTLESS or bool(self.message)


@frozen
class CampaignKept:
    """A campaign as the store has it, with what its pacing goes on from."""

    campaign: Campaign
    state: str
    """One of `CampaignState`."""
    started_at: float | None = None
    """When it was started first: its periods are counted from there."""
    days: Mapping[int, Drops] = field(default_factory=dict)
    """What was counted on each of its days, of the last 60 at least; 0: the first 24 hours."""
    placed: int = 0
    """Calls placed in the period that runs."""
    recent: tuple[AttemptRecord, ...] = ()
    """Its latest attempts that are over, 2,000 at most, the oldest first."""
