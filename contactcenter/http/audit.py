"""`/api/audit`: who did what, and who was refused; and whether the log is as it was written."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import audit
from contactcenter.crm.audit import AuditRow
from contactcenter.http.lists import Items, Paged
from contactcenter.http.routes import Right, Routes
from contactcenter.http.verifier import Verification
from contactcenter.http.visit import Visit

routes = Routes("audit")

Word = Annotated[str, StringConstraints(max_length=64)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class AuditChoice(BaseModel):
    """Which rows: of a user, an act, a kind of thing, one thing; granted or refused; in `[since, until)`."""

    model_config = ConfigDict(extra="forbid")

    login: Word = ""
    act: Word = ""
    kind: Word = ""
    object: Word = ""
    granted: bool | None = None
    since: Moment | None = None
    until: Moment | None = None

    def asked(self) -> dict[str, Any]:
        """The same, as the store takes it."""
        filters = {
            name: value for name in ("login", "act", "kind", "object") if (value := getattr(self, name))
        }
        return {"filters": filters, "granted": self.granted, "since": self.since, "until": self.until}


class AuditFilter(AuditChoice, Paged):
    """The same, a page at a time."""


@routes.get("/api/audit", right=Right.AUDIT_READ)
async def list_audit(visit: Visit, query: AuditFilter) -> Items[AuditRow]:
    """The audit log, the newest row first: what one did oneself, and what tells of records and people whom
    one sees. A supervisor of some queues only sees what he did himself."""
    page = await visit.edge.store.read(
        audit.page, reader=visit.reader, cursor=query.cursor, limit=query.limit, **query.asked()
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/audit/verification", right=Right.AUDIT_READ)
async def get_verification(visit: Visit) -> Verification:
    """How the last check of the log's hashes went, or how far it is."""
    return visit.edge.verifier.last


@routes.post("/api/audit/verification", right=Right.AUDIT_READ, once=False)
async def verify(visit: Visit) -> Verification:
    """Follow the log from its first row to its last, in the background: each row's hash covers its content
    and the row before it. Who asks while that goes on waits for the same. How it went is in the log."""
    return visit.edge.verifier.start(visit.visitor.login)
