"""Monitors: supervisors at calls, who listen, whisper or barge in.

Each start, switch and end is a row of the audit log and a line in the interaction. A monitor hears one
agent's leg and never another: it follows the call when another agent takes it over, as a mere listener, and
ends with the talk.
"""

from contactcenter.calls import Call, CallState
from contactcenter.commands import Accepted, AnswerPhone, EndLeg, PointMonitor, RingMonitor
from contactcenter.events import MonitorAsked, MonitorBegan, MonitorEndAsked, MonitorRightLost
from contactcenter.floor import Floor
from contactcenter.monitors import MODES, TRANSITIONS, Monitor, MonitorTrigger
from contactcenter.values import LegSeen

PREFIX = "monitor-"
"""How the names of supervisors' legs begin; Asterisk takes the name that we give."""

EAR_S = 0.5
"""How long Asterisk may take to put a supervisor's ear on; it takes a tenth of that."""


# --- what supervisors ask for ---


def asked_monitor(floor: Floor, event: MonitorAsked) -> None:
    """A supervisor wants to be at a call, or to be there in another mode."""
    mine = monitor_of(floor, event.login)
    call = floor.calls.get(event.call)
    if event.mode == "barge" and call and call.state is CallState.HELD:
        message = "the caller is on hold: whisper, or barge in when the talk goes on"
        floor.refuse(event.request, "illegal_now", message)
    elif event.mode not in MODES:
        floor.refuse(event.request, "invalid", f"mode is one of {', '.join(MODES)}", "mode")
    elif mine and mine.call == event.call and not mine.ending:
        mine.mode = event.mode
        if TRANSITIONS[mine.state][MonitorTrigger(event.mode)] is not mine.state:
            mine.stale = True  # what was asked before may have failed: ask anew
        floor.touch(monitor=mine.id)
        floor.do(Accepted(request=event.request))
    elif call is None:
        floor.refuse(event.request, "unknown", "there is no such call")
    elif why_not := _why_not_monitor(floor, call, event, mine):
        floor.refuse(event.request, "illegal_now", why_not)
    else:
        _ring(floor, call, event)
        floor.do(Accepted(request=event.request))


def monitor_of(floor: Floor, login: str) -> Monitor | None:
    """The supervisor's monitor, if there is one."""
    return next((each for each in floor.monitors.values() if each.login == login), None)


def _why_not_monitor(floor: Floor, call: Call, event: MonitorAsked, mine: Monitor | None) -> str:
    """What stands in the way, in a sentence; empty when nothing does."""
    phone = event.phone
    if mine and mine.ending:
        return "your phone is just hanging up: try again in a moment"
    if mine:
        return "you are at another call: leave it first"
    if not call.agent_leg:
        return "no agent talks with this caller now: try again when one does"
    if call.agent == event.login:
        return "you talk with this caller yourself"
    if not phone:
        return "your account has no phone: choose one first"
    user = floor.agent_of_phone(phone)
    if user and user.login != event.login:
        return f"agent {user.login} uses phone {phone}: choose another"
    if floor.phones.get(phone) is False:
        return f"phone {phone} is not registered: switch it on, or choose another"
    if floor.phone_legs.get(phone):
        return f"phone {phone} is busy: hang up first"
    if not floor.servers.get(call.server):
        return f"there is no link to the Asterisk server {call.server} now: try again in a moment"
    return ""


def _ring(floor: Floor, call: Call, event: MonitorAsked) -> None:
    monitor = Monitor(
        id=f"{PREFIX}{event.request}",
        server=call.server,
        call=call.id,
        interaction=call.interaction.id,
        queue=call.queue,
        login=event.login,
        name=event.name,
        phone=event.phone,
        agent=call.agent,
        hears=call.agent_leg,
        mode=event.mode,
        visible=floor.rules.visible_to_agent,
        asked_at=event.at,
        since=event.at,
        told=(call.agent_leg, event.mode),
        place=_place(floor, call.agent_leg),
    )
    floor.monitors[monitor.id] = monitor
    floor.do(
        RingMonitor(
            server=monitor.server,
            leg=monitor.id,
            phone=monitor.phone,
            hears=monitor.hears,
            mode=monitor.mode,
        )
    )
    tell(floor, monitor, event.at, "monitor_asked", mode=monitor.mode, phone=monitor.phone)
    floor.touch(monitor=monitor.id)


def asked_end(floor: Floor, event: MonitorEndAsked) -> None:
    """A supervisor leaves the call, or is made to."""
    login = event.supervisor or event.login
    monitor, forced = monitor_of(floor, login), login != event.login
    if monitor is None or monitor.call != event.call:
        who = f"supervisor {login} is" if forced else "you are"
        floor.refuse(event.request, "illegal_now", f"{who} not at this call")
        return
    if forced:
        detail = {"interaction": monitor.interaction, "supervisor": login}
        floor.audit(event.at, event.login, "monitor_end_asked", "call", monitor.call, **detail)
    end(floor, monitor, "sent_away" if forced else "stopped", event.at)
    floor.do(Accepted(request=event.request))


def right_lost(floor: Floor, event: MonitorRightLost) -> None:
    """Whoever may listen no more is hung up."""
    if monitor := monitor_of(floor, event.login):
        end(floor, monitor, event.reason, event.at)


def end(floor: Floor, monitor: Monitor, reason: str, at: float) -> None:
    """Have the supervisor's leg hung up; the monitor is over when Asterisk says so."""
    if not monitor.ending:
        monitor.ending = reason
        # The record may be final before the leg is gone: this is the last chance for the line.
        _note(floor, monitor, at, "monitor_ended", reason=reason)
        floor.touch(monitor=monitor.id)
    floor.do(EndLeg(server=monitor.server, leg=monitor.id))


def _point(floor: Floor, monitor: Monitor, at: float) -> None:
    """Tell Asterisk whom to hear and how, if that is news and somebody has answered. One word at a time: it
    is deaf to the next until it has said that the supervisor hears, or half a second has passed."""
    leg, wanted = floor.legs.get(monitor.id), (monitor.hears, monitor.mode)
    answered = monitor.began_at is not None or (leg is not None and leg.answered)
    news = monitor.stale or monitor.told != wanted
    if answered and news and not monitor.awaiting and floor.servers.get(monitor.server):
        monitor.told, monitor.stale, monitor.awaiting = wanted, False, True
        floor.wake(f"ear {monitor.id}", at + EAR_S)
        floor.do(PointMonitor(server=monitor.server, leg=monitor.id, hears=monitor.hears, mode=monitor.mode))


def not_heard(floor: Floor, monitor_id: str, at: float) -> None:
    """Asterisk has not said that the supervisor hears: it is told once more."""
    monitor = floor.monitors.get(monitor_id)
    if monitor and monitor.awaiting:
        monitor.awaiting, monitor.stale = False, True


# --- what Asterisk says ---


def leg_started(floor: Floor, leg: str, at: float) -> None:
    """The supervisor's leg exists; one that was to end before it began ends now."""
    monitor = floor.monitors.get(leg)
    if monitor and monitor.ending:
        end(floor, monitor, monitor.ending, at)


def leg_ringing(floor: Floor, leg: str) -> None:
    """The supervisor's phone rings; one that the center can answer has nobody beside it who would."""
    monitor = floor.monitors.get(leg)
    if monitor and monitor.phone in floor.rules.answerable:
        floor.do(AnswerPhone(phone=monitor.phone))


def began(floor: Floor, event: MonitorBegan) -> None:
    """The supervisor hears the agent's leg, in the mode that Asterisk was told last."""
    monitor = floor.monitors.get(event.leg)
    if monitor and event.hears == monitor.told[0]:
        monitor.awaiting = False
        _begin(floor, monitor, event.at)


def _begin(floor: Floor, monitor: Monitor, at: float) -> None:
    before, mode = monitor.state, monitor.told[1]
    monitor.move(MonitorTrigger(mode))
    if monitor.state is before:
        return
    monitor.since = at
    act = "monitor_switched"
    if monitor.began_at is None:
        monitor.began_at, act = at, "monitor_began"
    tell(floor, monitor, at, act, mode=mode, agent=monitor.agent)
    floor.touch(monitor=monitor.id)


def leg_ended(floor: Floor, leg: str, at: float) -> Monitor | None:
    """A leg is gone; if it was a supervisor's, his monitor is over with it, and is returned."""
    monitor = floor.monitors.get(leg)
    if monitor:
        over(floor, monitor, "not_answered" if monitor.began_at is None else "hung_up", at)
    return monitor


def over(floor: Floor, monitor: Monitor, reason: str, at: float) -> None:
    """The monitor ends here, for this reason unless it was asked to end for another."""
    if not monitor.ending:
        _note(floor, monitor, at, "monitor_ended", reason=reason)
    monitor.move(MonitorTrigger.END)
    del floor.monitors[monitor.id]
    lasted_s = round(at - (at if monitor.began_at is None else monitor.began_at), 3)
    floor.audit(
        at,
        monitor.login,
        "monitor_ended",
        "call",
        monitor.call,
        interaction=monitor.interaction,
        reason=monitor.ending or reason,
        lasted_s=lasted_s,
    )
    floor.touch(monitor=monitor.id)


def listen_again(monitor: Monitor) -> None:
    """The supervisor's leg was elsewhere: let it hear the agent's as before."""
    monitor.stale, monitor.awaiting = True, False


def leg_seen(floor: Floor, server: str, seen: LegSeen, at: float) -> None:
    """A snapshot has a supervisor's leg: what was not heard meanwhile is made up for."""
    monitor = floor.monitors.get(seen.leg)
    if monitor is None:
        if seen.bridge or seen.kept:
            return  # it has a caller: its supervisor took him over
        # Of the last run of this process: nobody knows it any more, and nobody listens unseen.
        floor.do(EndLeg(server=server, leg=seen.leg))
        floor.audit(at, "center", "monitor_ended", "phone", seen.phone, reason="server_restart")
    elif monitor.ending:
        end(floor, monitor, monitor.ending, at)
    elif seen.answered and monitor.began_at is None:
        _begin(floor, monitor, at)


# --- what becomes of their call ---


def settle(floor: Floor, at: float) -> None:
    """After every event: bring the monitors in line with who talks now, unless a caller is on the way to
    another phone: who has the call then is not known yet."""
    for monitor in list(floor.monitors.values()):
        call = floor.calls.get(monitor.call)
        if call and (call.agent_leg or not floor.passed_on(call)):
            follow(floor, call, at)
        if call and not monitor.ending and not monitor.taking:
            _keep_hearing(floor, call, monitor, at)


def _keep_hearing(floor: Floor, call: Call, monitor: Monitor, at: float) -> None:
    """Asterisk's ear stays behind when the leg that it hears is moved (hold, consult): put it on again, once
    the leg has arrived. A caller on hold is not there for a voice that is meant for the talk: who barged in
    whispers."""
    place = _place(floor, monitor.hears)
    if monitor.place and not place:
        return  # on the way
    if call.state is CallState.HELD and monitor.mode == "barge":
        monitor.mode = "whisper"
        floor.touch(monitor=monitor.id)
    if call.joining not in ("", monitor.hears):
        return  # the caller is on the way to another: this leg may end at once, and the ear with it
    if place != monitor.place:
        monitor.stale = monitor.stale or bool(monitor.place)
        monitor.place = place
    _point(floor, monitor, at)


def _place(floor: Floor, leg_id: str) -> str:
    """The talk or the waiting room that a leg is in."""
    leg = floor.legs.get(leg_id)
    return leg.bridge or leg.room if leg else ""


def follow(floor: Floor, call: Call, at: float) -> None:
    """The call's monitors follow it to another agent, or end."""
    for monitor in [each for each in floor.monitors.values() if each.call == call.id]:
        if not call.agent_leg:
            if not monitor.ending:
                end(floor, monitor, "talk_ended", at)
        elif call.agent_leg != monitor.hears:
            _lose_taking(floor, monitor, at)
            monitor.hears, monitor.agent = call.agent_leg, call.agent
            monitor.place = _place(floor, monitor.hears)
            # A voice that nobody at the new desk expects would be a stranger's.
            monitor.mode = "listen"
            tell(floor, monitor, at, "monitor_followed", agent=monitor.agent)
            floor.touch(monitor=monitor.id)


def _lose_taking(floor: Floor, monitor: Monitor, at: float) -> None:
    """The call is another's meanwhile, and stays his: the talk that was to be taken over is no more."""
    if monitor.taking:
        monitor.taking = False
        tell(floor, monitor, at, "take_over_failed", agent=monitor.agent)
        listen_again(monitor)


# --- records ---


def tell(floor: Floor, monitor: Monitor, at: float, act: str, **detail: str | float | bool) -> None:
    """One line of the interaction and one row of the audit log."""
    _note(floor, monitor, at, act, **detail)
    floor.audit(at, monitor.login, act, "call", monitor.call, interaction=monitor.interaction, **detail)


def _note(floor: Floor, monitor: Monitor, at: float, act: str, **detail: str | float | bool) -> None:
    """One line of the interaction, unless its record is final."""
    if interaction := floor.interactions.get(monitor.interaction):
        interaction.note(at, act, by=monitor.login, name=monitor.name, **detail)
        floor.save(interaction)
