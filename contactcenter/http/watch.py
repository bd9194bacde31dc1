"""Rights that change while somebody is here: sockets and supervisors at calls go by those of this moment.

Looked at every second, and at once after every change that comes through the API: a user who was disabled, or
whose role has no rights any more, is out; others get a fresh snapshot by the rights that they have now.
"""

from collections.abc import Iterable

from contactcenter.crm import readers
from contactcenter.crm.access import Right
from contactcenter.crm.readers import Known
from contactcenter.events import MonitorRightLost
from contactcenter.http import signin
from contactcenter.http.visit import Edge
from contactcenter.http.visitor import Visitor
from contactcenter.views import MonitorView


async def inspect(edge: Edge) -> None:
    """Throw out whoever lost the right to be here, and let the others see what they may see now."""
    # Those who are here now: whoever comes while the store is asked has just been asked about by the door.
    visitors = {connection.visitor.secret: connection.visitor for connection in edge.sockets}
    monitors = list(edge.live.monitors.values())
    logins = {visitor.login for visitor in visitors.values()} | {each.supervisor for each in monitors}
    known, teams = await edge.store.read(readers.now, logins)
    edge.live.staffed(teams)
    _end_monitors(edge, monitors, known)
    for visitor in visitors.values():
        await _look_at(edge, visitor, known.get(visitor.login))
    for login, secret in edge.presence.idle():
        if await signin.by_session(edge, secret) is None:
            await signin.gone(edge, login, secret)


def _end_monitors(edge: Edge, monitors: Iterable[MonitorView], known: dict[str, Known]) -> None:
    for monitor in monitors:
        who, call = known.get(monitor.supervisor), edge.live.calls.get(monitor.call)
        queue = call.queue if call else monitor.queue
        teams = edge.live.teams_at(call) if call else edge.live.teams.get(monitor.agent, ())
        if who is None or not (who.reader.may(Right.CALLS_MONITOR) and who.reader.oversees((queue,), teams)):
            edge.tell(MonitorRightLost(at=edge.now(), login=monitor.supervisor, reason="right_lost"))


async def _look_at(edge: Edge, visitor: Visitor, known: Known | None) -> None:
    """One browser or program with open sockets."""
    # Sessions are looked up in memory: whatever takes all rights away ends the user's sessions there first.
    find = signin.by_token(edge, visitor.secret) if visitor.by_token else edge.sessions.find(visitor.secret)
    if await find is None or known is None:
        await signin.gone(edge, visitor.login, visitor.secret)
        return
    if known != visitor.known:
        visitor = visitor.with_rights(known)
        stream = edge.live.stream(known.reader)
        for connection in list(edge.sockets):
            if connection.visitor.secret == visitor.secret:
                edge.sockets.move(connection, visitor, stream)
    edge.presence.seen(visitor)
    if not known.reader.rights:
        await edge.sockets.close(lambda other: other.secret == visitor.secret, 1008, "no rights")
