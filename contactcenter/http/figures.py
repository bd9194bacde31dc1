"""`/api/figures` and `/api/intervals`: what is counted now, and what was in each quarter of an hour."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from contactcenter.crm import intervals, users
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Right, Routes
from contactcenter.http.scope import check_agent, check_queues
from contactcenter.http.visit import Visit
from contactcenter.tallies import Tally, figures
from contactcenter.values import IntervalRow
from contactcenter.views import Figures, FiguresView

routes = Routes("figures")

Word = Annotated[str, StringConstraints(max_length=64)]
Kind = Literal["", "queue", "agent", "center"]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class FiguresFilter(Paged):
    """Whose figures."""

    kind: Kind = ""
    queue: Word = ""
    agent: Word = ""


class IntervalFilter(FiguresFilter):
    """Whose figures, in quarters that begin in `[from, to)`."""

    model_config = ConfigDict(extra="forbid", validate_by_alias=True, validate_by_name=False)

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What was counted under one name in one quarter of an hour."""

    start: int
    """Seconds since the epoch, a multiple of 900."""
    kind: str
    name: str
    figures: Figures
    counts: dict[str, int]
    """The whole numbers that the figures come from (times in milliseconds): sums over any rows are exact."""


@routes.get("/api/figures", right=Right.SIGNED_IN)
async def list_figures(visit: Visit, query: FiguresFilter) -> Items[FiguresView]:
    """The live figures: today, and the last 30 minutes; an agent sees his own and those of his queues."""
    seen: list[FiguresView] = visit.edge.live.seen(visit.visitor.reader, "figures")
    wanted = _names(query)
    chosen = (
        view
        for view in seen
        if (wanted is None or (view.kind, view.name) in wanted) and query.kind in ("", view.kind)
    )
    return cut(chosen, lambda view: view.id, query)


@routes.get("/api/intervals", right=Right.SIGNED_IN, refusals=(403, 404))
async def list_intervals(visit: Visit, query: IntervalFilter) -> Items[Interval]:
    """What was counted by quarters of an hour, the oldest first; an agent sees himself and his queues."""
    names, allowed = _names(query), await _allowed(visit, query)
    if allowed is not None:
        names = allowed if names is None else names & allowed
    page = await visit.edge.store.read(
        intervals.page,
        names=names,
        kind=query.kind,
        since=query.since,
        until=query.until,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=[_as_interval(row) for row in page.items], next=page.next)


def _names(query: FiguresFilter) -> set[tuple[str, str]] | None:
    asked = {("queue", query.queue), ("agent", query.agent)} - {("queue", ""), ("agent", "")}
    return asked or None


async def _allowed(visit: Visit, query: IntervalFilter) -> set[tuple[str, str]] | None:
    """Whose rows the visitor may see; None: everybody's. Raises `Problem` 403 out of a supervisor's scope."""
    visitor, reader, teams = visit.visitor, visit.visitor.reader, visit.edge.live.teams
    if not reader.oversees(reader.limit()):
        me = visit.edge.live.agents.get(visitor.login)
        mine = me.queues if me else visitor.user.queues
        return {("agent", visitor.login), *(("queue", name) for name in mine)}
    apart = not all(reader.shares(their) for their in teams.values())
    if not reader.limit() and not apart:
        return None
    if query.queue:
        check_queues(visit, (query.queue,), "see_figures")
    if query.agent:
        await check_agent(visit, query.agent, "see_figures")
    if reader.limit():
        return {("queue", name) for name in reader.limit()} | {("agent", query.agent)}
    logins = await visit.edge.store.read(users.logins)
    within = {("agent", login) for login in logins if reader.shares(teams.get(login, ()))}
    queues = {("queue", name) for name in visit.edge.configurator.settings.queues}
    return {("center", ""), *queues, *within}


def _as_interval(row: IntervalRow) -> Interval:
    return Interval(
        start=row.start,
        kind=row.kind,
        name=row.name,
        figures=figures(Tally(row.counts)),
        counts=row.counts,
    )
