"""`/api/audit`: who did what, and who was refused."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contactcenter.crm import audit
from contactcenter.crm.audit import AuditRow
from contactcenter.http.lists import Items, Paged
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("audit")

Word = Annotated[str, StringConstraints(max_length=64)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class AuditFilter(Paged):
    """Which rows: of a user, an act, a kind of thing, one thing; granted or refused; in `[since, until)`."""

    login: Word = ""
    act: Word = ""
    kind: Word = ""
    object: Word = ""
    granted: bool | None = None
    since: Moment | None = None
    until: Moment | None = None


@routes.get("/api/audit", right=Right.AUDIT_READ)
async def list_audit(visit: Visit, query: AuditFilter) -> Items[AuditRow]:
    """The audit log, the newest row first: what one did oneself, and what tells of records and people whom
    one sees. A supervisor of some queues only sees what he did himself."""
    filters = {name: value for name in ("login", "act", "kind", "object") if (value := getattr(query, name))}
    if visit.visitor.reader.limit():
        if filters.get("login", visit.visitor.login) != visit.visitor.login:
            return Items(items=[])
        filters["login"] = visit.visitor.login
    page = await visit.edge.store.read(
        audit.page,
        reader=visit.reader,
        filters=filters,
        granted=query.granted,
        since=query.since,
        until=query.until,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)
