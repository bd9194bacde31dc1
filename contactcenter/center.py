"""The center: every event goes in here, every command comes out.

`Center.handle` is plain and synchronous: each event is atomic, time and ids arrive on events, and the
same events give the same commands on any machine and on any day. It dispatches and holds no rule of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from contactcenter import (
    announcements,
    callers,
    calling_back,
    campaigning,
    consulting,
    counting,
    desks,
    dialling,
    events,
    guests,
    handoff,
    holds,
    identifying,
    leaving_message,
    legs,
    monitoring,
    previewing,
    reached,
    recording,
    recovery,
    steering,
    supervision,
    takeovers,
    talks,
    transfers,
    waiting_room,
    waits,
    wrap_ups,
)
from contactcenter.callbacks import PREFIX as CALLBACK
from contactcenter.commands import Command, ReturnChange
from contactcenter.dials import PLACE as LEAD
from contactcenter.events import Event, Supervising, Woke
from contactcenter.floor import Floor
from contactcenter.rules import Rules
from contactcenter.transitions import IllegalTransition


def _each(*rules: Callable[..., None]) -> Callable[..., None]:
    """Several rules hear the same thing, in this order."""

    def hear(floor: Floor, *what: Any) -> None:
        for rule in rules:
            rule(floor, *what)

    return hear


RULES: Mapping[type[Event], Callable[[Floor, Any], None]] = {
    events.ServerUp: recovery.server_up,
    events.ServerDown: recovery.server_down,
    events.Snapshot: recovery.snapshot,
    events.InteractionsRestored: recovery.restored,
    events.CallbacksRestored: calling_back.restored,
    events.CampaignsRestored: campaigning.restored,
    events.AttemptsRestored: dialling.restored,
    events.FiguresRestored: counting.restored,
    events.Stopping: counting.stopping,
    events.LegStarted: legs.started,
    events.LegRinging: legs.ringing,
    events.LegAnswered: legs.answered,
    events.LegJoined: legs.joined,
    events.LegParked: legs.parked,
    events.LegParted: legs.parted,
    events.LegHeld: legs.held,
    events.LegResumed: legs.resumed,
    events.LegTransferred: legs.transferred,
    events.LegEnded: legs.ended,
    events.PhoneSeen: lambda floor, event: desks.phone_seen(floor, event.phone, event.reachable),
    events.CallArrived: reached.arrived,
    events.NodeVisited: callers.visited,
    events.LanguageChosen: callers.chose_language,
    events.CustomerFound: identifying.found,
    events.CustomerChosen: identifying.chosen,
    events.CustomerChanged: identifying.changed,
    events.CallQueued: reached.queued,
    events.DialledAnswered: reached.answered,
    events.NoticeBegan: reached.notice_began,
    events.NoticeEnded: reached.notice_ended,
    events.OptOutAsked: reached.asked_opt_out,
    events.LeadsReserved: campaigning.leads_reserved,
    events.AttemptSaved: dialling.saved,
    events.AttemptRefused: dialling.refused,
    events.DoNotCallSaved: reached.opted_out,
    events.CampaignAsked: campaigning.asked,
    events.CampaignsChanged: campaigning.changed,
    events.LeadAsked: previewing.asked_lead,
    events.DialAsked: previewing.asked_dial,
    events.SkipAsked: previewing.asked_skip,
    events.AnnouncementEnded: announcements.ended,
    events.CallbackAsked: callers.asked_callback,
    events.MessageAsked: callers.asked_message,
    events.MessageStarted: leaving_message.started,
    events.MessageStopped: leaving_message.stopped,
    events.MessageLeft: callers.left_message,
    events.MessageGivenUp: leaving_message.given_up,
    events.WhyAsked: waits.asked_why,
    events.PriorityAsked: waits.asked_priority,
    events.CallbackCancelAsked: calling_back.asked_cancel,
    events.AppointmentCallAsked: calling_back.asked_appointment,
    events.ScriptFailed: callers.script_failed,
    events.ScriptEnded: callers.script_ended,
    events.CallerLeft: callers.left,
    events.OfferEnded: talks.offer_ended,
    events.RecordingAnnounced: _each(recording.announced, handoff.announced),
    events.RecordingStarted: recording.started,
    events.RecordingMuted: recording.muted,
    events.RecordingPauseAsked: recording.asked_pause,
    events.RecordingPauseForced: recording.forced_pause,
    events.RecordingsRestored: recording.restored,
    events.PopShown: _each(guests.pop_shown, handoff.pop_shown),
    events.AgentSignedIn: desks.signed_in,
    events.AgentSignedOut: desks.signed_out,
    events.PageOpened: desks.page_opened,
    events.PageLost: desks.page_lost,
    events.PhoneChosen: desks.chose_phone,
    events.StateAsked: desks.asked_state,
    events.DispositionSet: wrap_ups.set_disposition,
    events.MoreTimeAsked: wrap_ups.asked_more_time,
    events.RulesChanged: steering.rules_changed,
    events.AgentChanged: steering.agent_changed,
    events.ChangeTimed: steering.change_timed,
    events.EligibleAsked: steering.asked_eligible,
    events.AnswerAsked: handoff.asked_answer,
    events.HangUpAsked: talks.asked_hang_up,
    events.HoldAsked: holds.asked_hold,
    events.ResumeAsked: holds.asked_resume,
    events.TransferAsked: transfers.asked,
    events.ConsultAsked: consulting.asked,
    events.ConsultStepAsked: consulting.asked_step,
    events.MonitorBegan: monitoring.began,
    events.MonitorAsked: monitoring.asked_monitor,
    events.MonitorEndAsked: monitoring.asked_end,
    events.MonitorRightLost: monitoring.right_lost,
    events.TakeOverAsked: takeovers.asked,
    events.MessageSent: supervision.sent_message,
    events.MessageRead: supervision.read_message,
    events.StateForced: supervision.forced_state,
    events.SignOutForced: supervision.forced_sign_out,
}

TIMERS: Mapping[str, Callable[[Floor, str, float], None]] = {
    "identify": lambda floor, name, at: identifying.give_up(floor, name),
    "match": lambda floor, name, at: floor.match_came(),
    "wait": waits.waited_too_long,
    "take": takeovers.overdue,
    "ear": monitoring.not_heard,
    "tell": announcements.due,
    "overflow": waits.overflows,
    "callback": calling_back.due,
    "expiry": calling_back.expired,
    "pace": campaigning.tick,
    "save": dialling.save_overdue,
    "preview": previewing.look_over,
    "drop": reached.drop_due,
    "unkept": dialling.unkept_due,
    "pop": handoff.page_too_slow,
    "ring": handoff.offer_lost,
    "wrap": wrap_ups.due,
    "hold": holds.over_due,
    "consult": consulting.lost,
    "consult_pop": guests.page_too_slow,
    "stray": waiting_room.stray,
    "page": desks.page_stayed_away,
    "announce": _each(recording.not_announced, handoff.not_announced),
    "unpause": recording.pause_due,
    "recordings": lambda floor, name, at: recording.unclaimed(floor, at),
    "return": lambda floor, name, at: floor.do(ReturnChange(change=name)),
    "figures": lambda floor, name, at: counting.show_due(floor, at),
    "intervals": lambda floor, name, at: counting.save_due(floor, at),
    "restore": lambda floor, name, at: recovery.restore_due(floor, at),
}
"""Timer's first word -> what is due; the second word names the call, offer or agent."""


class Center:
    """The contact center, as one function from events to commands."""

    def __init__(self, rules: Rules) -> None:
        self.floor = Floor(rules)
        self.impossible: dict[str, int] = {}
        """Events that no table allowed in their state, counted by type and state: reported, never guessed."""

    def handle(self, event: Event) -> list[Command]:
        """What to do about `event`, in order. An event that is not possible now changes nothing.

        A rule may have a bug: after an exception, `abandon` tells what the rule had asked for until then.
        """
        floor = self.floor
        floor.figures.turn(event.at)
        try:
            if isinstance(event, Woke):
                kind, _, name = event.timer.partition(" ")
                TIMERS[kind](floor, name, event.at)
            elif _has_desk(floor, event):
                RULES[type(event)](floor, event)
            else:
                request: str = getattr(event, "request", "")
                floor.refuse(request, "illegal_now", "sign in as an agent first")
        except IllegalTransition as error:
            self._refuse(event, error)
        dialling.settle(floor, event.at)
        _match(floor, event.at)
        if campaigning.settle(floor, event.at):
            _match(floor, event.at)
        dialling.let_go(floor, event.at)
        monitoring.settle(floor, event.at)
        takeovers.go_on(floor, event.at)
        return floor.take_commands(event.at)

    def abandon(self) -> list[Command]:
        """Take back what a broken rule had asked for: it must not go out with another event."""
        return self.floor.drop_commands()

    def _refuse(self, event: Event, error: IllegalTransition) -> None:
        """Whose mistake was it? A person's request is answered; anything else is counted."""
        if request := getattr(event, "request", ""):
            self.floor.refuse(request, "illegal_now", str(error))
        else:
            key = f"{type(event).__name__} while {error.state.value}"
            self.impossible[key] = self.impossible.get(key, 0) + 1


def _match(floor: Floor, at: float) -> None:
    """Offer those who wait to free agents, as far as both reach. Of several who were chosen not all may be
    needed, and a lead may be dialled by somebody else: then the next one in the order is decided."""
    while decisions := floor.decide(at):
        for decision in decisions:
            if decision.call.startswith(CALLBACK):
                calling_back.begin(floor, decision, at)
            elif decision.call.startswith(LEAD):
                previewing.begin(floor, decision, at)
            else:
                handoff.offer(floor, decision, at)
    floor.expect_match()


def _has_desk(floor: Floor, event: Event) -> bool:
    """Whether a request comes from somebody with an agent session; who steers others needs none."""
    if isinstance(event, Supervising) or not hasattr(event, "request"):
        return True
    return getattr(event, "login", "") in floor.agents
