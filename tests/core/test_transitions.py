"""Every cell of every transition table: legal leads to the next state, illegal is refused by name.

The tables are written out here once more, as lines that a reader can check against the words of the design.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import pytest

from contactcenter import agents, calls, consults, interactions, monitors, offers
from contactcenter.dialer import attempts, campaigns
from contactcenter.transitions import IllegalTransition, follow

EXPECTED: dict[str, tuple[Mapping[StrEnum, Mapping[StrEnum, StrEnum]], type[StrEnum], type[StrEnum], str]] = {
    "call": (
        calls.TRANSITIONS,  # type: ignore[dict-item]
        calls.CallState,
        calls.CallTrigger,
        """
        ivr      start script -> ivr
        ivr      queue        -> waiting
        ivr      join         -> talking
        ivr      hold         -> held
        ivr      connect      -> outside
        ivr      end          -> ended
        waiting  start script -> ivr
        waiting  offer        -> offered
        waiting  join         -> talking
        waiting  leave queue  -> ivr
        waiting  end          -> ended
        offered  start script -> ivr
        offered  miss         -> waiting
        offered  join         -> talking
        offered  end          -> ended
        talking  start script -> ivr
        talking  hold         -> held
        talking  part         -> ivr
        talking  end          -> ended
        held     start script -> ivr
        held     join         -> talking
        held     part         -> ivr
        held     end          -> ended
        outside  start script -> ivr
        outside  part         -> ivr
        outside  end          -> ended
        """,
    ),
    "agent": (
        agents.TRANSITIONS,  # type: ignore[dict-item]
        agents.AgentState,
        agents.AgentTrigger,
        """
        offline   go available -> available
        offline   pause        -> paused
        offline   go offline   -> offline
        offline   join         -> talking
        paused    go available -> available
        paused    pause        -> paused
        paused    go offline   -> offline
        paused    join         -> talking
        available go available -> available
        available pause        -> paused
        available go offline   -> offline
        available join         -> talking
        available reserve      -> reserved
        reserved  release      -> available
        reserved  miss         -> paused
        reserved  join         -> talking
        talking   part         -> wrap_up
        wrap_up   finish       -> available
        wrap_up   join         -> talking
        """,
    ),
    "offer": (
        offers.TRANSITIONS,  # type: ignore[dict-item]
        offers.OfferState,
        offers.OfferTrigger,
        """
        popped  ring     -> ringing
        popped  join     -> joined
        popped  miss     -> missed
        popped  withdraw -> withdrawn
        ringing join     -> joined
        ringing miss     -> missed
        ringing withdraw -> withdrawn
        """,
    ),
    "consult": (
        consults.TRANSITIONS,  # type: ignore[dict-item]
        consults.ConsultState,
        consults.ConsultTrigger,
        """
        popped   ring   -> ringing
        popped   end    -> ended
        ringing  answer -> held
        ringing  end    -> ended
        held     join   -> talking
        held     add    -> together
        held     end    -> ended
        talking  hold   -> held
        talking  add    -> together
        talking  end    -> ended
        together hold   -> held
        together join   -> talking
        together end    -> ended
        """,
    ),
    "interaction": (
        interactions.TRANSITIONS,  # type: ignore[dict-item]
        interactions.InteractionState,
        interactions.InteractionTrigger,
        """
        open    caller gone -> wrap_up
        wrap_up caller back -> open
        wrap_up work done   -> final
        """,
    ),
    "monitor": (
        monitors.TRANSITIONS,  # type: ignore[dict-item]
        monitors.MonitorState,
        monitors.MonitorTrigger,
        """
        ringing    listen  -> listening
        ringing    whisper -> whispering
        ringing    barge   -> barging
        ringing    end     -> ended
        listening  listen  -> listening
        listening  whisper -> whispering
        listening  barge   -> barging
        listening  end     -> ended
        whispering listen  -> listening
        whispering whisper -> whispering
        whispering barge   -> barging
        whispering end     -> ended
        barging    listen  -> listening
        barging    whisper -> whispering
        barging    barge   -> barging
        barging    end     -> ended
        """,
    ),
    "attempt": (
        attempts.TRANSITIONS,  # type: ignore[dict-item]
        attempts.AttemptState,
        attempts.AttemptTrigger,
        """
        saved    place  -> placed
        saved    end    -> over
        placed   ring   -> ringing
        placed   answer -> answered
        placed   end    -> over
        ringing  answer -> answered
        ringing  end    -> over
        answered join   -> joined
        answered drop   -> dropping
        answered end    -> over
        joined   end    -> over
        dropping join   -> joined
        dropping end    -> over
        """,
    ),
    "campaign": (
        campaigns.TRANSITIONS,  # type: ignore[dict-item]
        campaigns.CampaignState,
        campaigns.CampaignTrigger,
        """
        draft   start   -> running
        draft   archive -> archived
        running pause   -> paused
        running stop    -> stopped
        paused  start   -> running
        paused  stop    -> stopped
        stopped start   -> running
        stopped archive -> archived
        """,
    ),
}


def cells() -> Iterator[object]:
    for noun, (table, states, triggers, text) in EXPECTED.items():
        lines = [line.split(" -> ") for line in text.strip().splitlines()]
        legal = {tuple(left.split(maxsplit=1)): right.strip() for left, right in lines}
        legal = {(state, trigger.strip()): after for (state, trigger), after in legal.items()}
        for state in states:
            for trigger in triggers:
                after = legal.pop((state.value, trigger.value), None)
                yield pytest.param(noun, table, state, trigger, after, id=f"{noun}-{state}-{trigger}")
        assert not legal, f"{noun}: no such cell: {legal}"


@pytest.mark.parametrize(("noun", "table", "state", "trigger", "after"), list(cells()))
def test_cell(
    noun: str,
    table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]],
    state: StrEnum,
    trigger: StrEnum,
    after: str | None,
) -> None:
    if after is not None:
        assert follow(noun, table, state, trigger) == after
        return
    with pytest.raises(IllegalTransition) as refused:
        follow(noun, table, state, trigger)
    assert str(refused.value) == f"{noun} is {state.value}: {trigger.value} is not possible now"
    assert (refused.value.state, refused.value.trigger) == (state, trigger)


def test_a_refused_trigger_leaves_the_state_as_it_was() -> None:
    agent = agents.AgentSession(login="tom", name="Tom", queues=(), phone="101", line="ring", since=1.0)
    with pytest.raises(IllegalTransition):
        agent.move(agents.AgentTrigger.FINISH, 2.0)
    assert (agent.state, agent.since) == (agents.AgentState.OFFLINE, 1.0)
    offer = offers.Offer(id="o", call="c", seats={}, ring_s=20)
    offer.move(offers.OfferTrigger.MISS)
    with pytest.raises(IllegalTransition):
        offer.move(offers.OfferTrigger.JOIN)
    assert offer.state is offers.OfferState.MISSED
