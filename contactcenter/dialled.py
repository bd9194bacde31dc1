"""What becomes of dials: answered, joined to an agent, over. It follows from that, and decides nothing."""

from typing import Any

from contactcenter.calls import Call
from contactcenter.commands import KeepAttempt
from contactcenter.dialer.attempts import AttemptState, AttemptTrigger, Outcome
from contactcenter.dialer.campaigns import Mode
from contactcenter.dialer.drops import counted
from contactcenter.dials import EARLY, Dial
from contactcenter.floor import Floor
from contactcenter.live_campaigns import LiveCampaign

KEYS = frozenset("0123456789*#")
NO_QUESTIONS = frozenset({"lookup"})
"""Steps of a script whose digits nobody has pressed."""


def live(floor: Floor, dial: Dial) -> LiveCampaign:
    """Its campaign, which is on the floor as long as one of its dials is."""
    return floor.campaigns[dial.record.campaign]


def keep(floor: Floor, dial: Dial) -> None:
    """Have the attempt written as it stands."""
    floor.do(KeepAttempt(record=dial.record))


def joined(floor: Floor, call: Call, agent: str, at: float) -> None:
    """An agent has the person whom we called: no clock runs any more."""
    dial = floor.dials.get(call.id)
    if dial and call.announced and dial.state is AttemptState.ANSWERED:
        # Out of the script of an announcement he went into a queue: a talk like any other.
        dial.attempt.move(AttemptTrigger.JOIN, joined_at=at, agent=agent)
        keep(floor, dial)
    if not call.dialled or dial is None:
        return
    call.dialled = False
    floor.answered.pop(call.id, None)
    floor.rest(f"drop {call.id}")
    if dial.state in EARLY:
        answer(floor, dial, at)
    if dial.state not in (AttemptState.ANSWERED, AttemptState.DROPPING):
        return  # known before a restart
    campaign = live(floor, dial)
    if dial.person is None:
        learn_answer(campaign, dial, at)
    dial.attempt.move(AttemptTrigger.JOIN, joined_at=at, agent=agent)
    count(campaign, dial, at)
    keep(floor, dial)


def pressed(floor: Floor, call: str, node: str, keys: str) -> None:
    """What he who hears an announcement has answered by keys is kept with the attempt."""
    dial = floor.dials.get(call)
    if dial and dial.mode is Mode.AGENTLESS and keys and set(keys) <= KEYS and node not in NO_QUESTIONS:
        said = f"{node}: {keys}"
        dial.know(detail=f"{dial.record.detail}; {said}" if dial.record.detail else said)


def concluded(floor: Floor, call: str, result: str) -> None:
    """The script of an announcement says what became of it, if its last word is an outcome."""
    dial = floor.dials.get(call)
    if dial and dial.mode is Mode.AGENTLESS and result in floor.rules.dispositions:
        dial.know(disposition=result)


def answer(floor: Floor, dial: Dial, at: float) -> None:
    """Somebody or something has answered: told by Asterisk, or concluded from what came after."""
    if dial.state is AttemptState.SAVED:
        dial.attempt.move(AttemptTrigger.PLACE, placed_at=dial.record.placed_at or at)
    dial.attempt.move(AttemptTrigger.ANSWER, answered_at=at)
    floor.trunk(dial.record.trunk).worked()


def learn_answer(campaign: LiveCampaign, dial: Dial, at: float) -> None:
    """A person has answered, and could have an agent from now on."""
    dial.person = True
    if not dial.record.reserved and dial.record.placed_at is not None:
        campaign.learning.answered(dial.record.placed_at, at)


def count(campaign: LiveCampaign, dial: Dial, at: float) -> None:
    """Steer by what the attempt counts as, as soon as that is known, and once."""
    if not dial.counted:
        dial.counted = counted(dial.record, campaign.profile.clock_s)
        campaign.steering.count(dial.counted, at)


def close(floor: Floor, dial: Dial, outcome: Outcome, at: float, **changes: Any) -> None:
    """The one end of a dial: its outcome, once."""
    leave_trunk(floor, dial)
    ended_at = dial.record.ended_at or at
    dial.attempt.move(AttemptTrigger.END, outcome=outcome.value, ended_at=ended_at, **changes)
    count(live(floor, dial), dial, at)
    keep(floor, dial)
    floor.remember(dial.record)
    forget(floor, dial)
    live(floor, dial).outcomes[outcome.value] += 1
    floor.touch(campaign=dial.record.campaign)


def forget(floor: Floor, dial: Dial) -> None:
    """Nothing of it is left on the floor."""
    leave_trunk(floor, dial)
    for timer in ("drop", "preview", "save", "unkept"):
        floor.rest(f"{timer} {dial.id}")
    del floor.dials[dial.id]
    live(floor, dial).dials.discard(dial.id)
    floor.reserving.pop(dial.id, None)
    floor.answered.pop(dial.id, None)
    if floor.dialled.get(dial.record.number) == dial.id:
        del floor.dialled[dial.record.number]


def leave_trunk(floor: Floor, dial: Dial) -> None:
    """It takes no channel any more."""
    if dial.on_trunk:
        dial.on_trunk = False
        floor.trunk(dial.record.trunk).end()
