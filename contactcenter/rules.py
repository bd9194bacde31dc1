"""Rules: what the center is told at its start, and again with each new version of the configuration."""

from collections.abc import Mapping
from dataclasses import field
from zoneinfo import ZoneInfo

from contactcenter.claims import Claims
from contactcenter.routing.matching import Policy
from contactcenter.routing.queues import QueueRules
from contactcenter.trunks import TrunkRules
from contactcenter.values import frozen


@frozen
class Outside:
    """Which numbers outside agents may call: what a stolen account could cost."""

    prefixes: tuple[str, ...] = ()
    """How such a number must begin; none: nobody calls out."""
    trunk: str = "carrier"
    ring_s: int = 30
    at_most: int = 10
    """How many at once, over all agents."""
    shows: str = ""
    """The number that the far end is shown."""


@frozen
class Rules:
    """What the center is told at its start, and again when they change."""

    queues: tuple[QueueRules, ...]
    dispositions: frozenset[str]
    """The outcomes that an agent may choose."""
    fallback_queue: str = ""
    """Where callers go whose script failed or whose queue is no more."""
    answerable: frozenset[str] = frozenset()
    """Phones that the center can answer: simulated ones."""
    page_grace_s: float = 60.0
    """How long an agent without a page stays available."""
    restore_s: float = 60.0
    """How long an interaction from before a restart may take to turn up again."""
    auto_resume_s: float = 120.0
    """How long a recording stays paused at most: a forgotten pause must not silence the rest."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Whose midnight begins a day's figures."""
    longest_hold_s: float = 900.0
    """How long a caller may be on hold before he is given back to the agent."""
    outside: Outside = Outside()
    """Which numbers outside agents may call."""
    trunks: Mapping[str, TrunkRules] = field(default_factory=dict)
    """What campaigns may ask of trunks, by their names; any other takes the usual."""
    dids: frozenset[str] = frozenset()
    """The numbers of ours that lead to a script or a queue."""
    visible_to_agent: bool = True
    """Whether an agent is shown that a supervisor is at his call."""
    policy: Policy = Policy()
    """The order of service, and skills that are held back."""
    claims: Claims = Claims()
    """What speaks for a caller, besides his queue."""
    rest_s: float = 0.0
    """How long an agent rests after a call at least."""
    occupancy_limit: float = 1.0
    """The share of the last half hour that calls may take of an agent; 1: no limit."""
