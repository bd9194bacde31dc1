"""`/api/exports`: lists as CSV or XLSX, sent while they are read.

Who exports what is in the audit log before the first row is out, and afterwards how many rows that were.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import audit, exports, filters
from contactcenter.crm.exports import Exported
from contactcenter.crm.tables import CsvSink, XlsxSink
from contactcenter.http.audit import AuditChoice
from contactcenter.http.customers import CustomerChoice, chosen
from contactcenter.http.downloads import attached
from contactcenter.http.followups import FollowupChoice
from contactcenter.http.interactions import InteractionChoice
from contactcenter.http.lists import Items
from contactcenter.http.requests import RequestChoice
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.values import AuditEntry

routes = Routes("exports")

TITLES = {
    Exported.CUSTOMERS: ("客户", "customers"),
    Exported.REQUESTS: ("工单", "requests"),
    Exported.FOLLOWUPS: ("跟进", "follow-ups"),
    Exported.INTERACTIONS: ("联络记录", "interactions"),
    Exported.AUDIT: ("审计日志", "audit log"),
}

log = structlog.get_logger(__name__)


class Layout(BaseModel):
    """How the table is to be written."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["csv", "xlsx"] = "csv"
    language: Literal["zh", "en"] = "zh"
    mark: bool = True
    """Begin a CSV with a mark, by which Excel knows that it is UTF-8."""
    columns: Annotated[
        str,
        StringConstraints(max_length=4000),
        Field(description="Names that `/api/export-columns` has, with commas between them; else all."),
    ] = ""


class CustomerExport(CustomerChoice, Layout):
    """Which customers, chosen as in their list."""


class InteractionExport(InteractionChoice, Layout):
    """Which interactions, chosen as in their list."""


class RequestExport(RequestChoice, Layout):
    """Which requests, chosen as in their list."""


class FollowupExport(FollowupChoice, Layout):
    """Which follow-ups, chosen as in their list."""


class AuditExport(AuditChoice, Layout):
    """Which rows, chosen as in the list."""


class ColumnItem(BaseModel):
    """A column of a table."""

    name: str
    title: Mapping[str, str]


class ExportItem(BaseModel):
    """What one may export, and which columns that has for him."""

    kind: Exported
    columns: list[ColumnItem]


@routes.get("/api/export-columns", right=Right.SIGNED_IN)
async def list_columns(visit: Visit) -> Items[ExportItem]:
    """The tables that one may export, with their columns."""
    reader, zone = visit.visitor.reader, visit.edge.settings.zone
    found = []
    for kind in Exported:
        if reader.may(exports.RIGHTS[kind]):
            columns = await visit.edge.store.read(exports.columns, kind, reader, zone)
            items = [ColumnItem(name=each.name, title=each.title) for each in columns]
            found.append(ExportItem(kind=kind, columns=items))
    return Items(items=found)


@routes.get(
    "/api/exports/customers",
    right=Right.CUSTOMERS_EXPORT,
    refusals=(403,),
    media_type="text/csv",
    further_types=(XlsxSink.media_type,),
)
async def export_customers(visit: Visit, query: CustomerExport) -> web.StreamResponse:
    """Customers as a table: those that the list shows, personal data masked."""
    return await _send(visit, Exported.CUSTOMERS, query, chosen(query, visit.edge.store.region))


@routes.get(
    "/api/exports/requests",
    right=Right.REQUESTS_EXPORT,
    media_type="text/csv",
    further_types=(XlsxSink.media_type,),
)
async def export_requests(visit: Visit, query: RequestExport) -> web.StreamResponse:
    """Requests as a table, the last changed first."""
    return await _send(visit, Exported.REQUESTS, query, {"filter_": query.asked()})


@routes.get(
    "/api/exports/followups",
    right=Right.REQUESTS_EXPORT,
    media_type="text/csv",
    further_types=(XlsxSink.media_type,),
)
async def export_followups(visit: Visit, query: FollowupExport) -> web.StreamResponse:
    """Follow-ups as a table, the first due first."""
    return await _send(visit, Exported.FOLLOWUPS, query, {"filter_": query.asked()})


@routes.get(
    "/api/exports/interactions",
    right=Right.INTERACTIONS_EXPORT,
    media_type="text/csv",
    further_types=(XlsxSink.media_type,),
)
async def export_interactions(visit: Visit, query: InteractionExport) -> web.StreamResponse:
    """Interactions as a table, the newest first."""
    given = query.model_dump(include=set(InteractionChoice.model_fields))
    return await _send(visit, Exported.INTERACTIONS, query, given)


@routes.get(
    "/api/exports/audit",
    right=Right.AUDIT_EXPORT,
    media_type="text/csv",
    further_types=(XlsxSink.media_type,),
)
async def export_audit(visit: Visit, query: AuditExport) -> web.StreamResponse:
    """The audit log as a table, with its hashes, the newest row first: those that the list shows."""
    return await _send(visit, Exported.AUDIT, query, query.asked())


async def _send(visit: Visit, what: Exported, layout: Layout, given: Mapping[str, Any]) -> web.StreamResponse:
    store, login, zone = visit.edge.store, visit.visitor.login, visit.edge.settings.zone
    wanted = tuple(filter(None, layout.columns.split(",")))

    async def page(cursor: str) -> exports.Rows:
        return await store.read(
            exports.page, what, login, given, zone=zone, language=layout.language, wanted=wanted,
            cursor=cursor,
        )  # fmt: skip

    rows = await page("")
    title = TITLES[what][layout.language == "en"]
    day = datetime.fromtimestamp(visit.edge.now(), ZoneInfo(zone)).strftime("%Y-%m-%d")
    sink = XlsxSink(title, rows.header) if layout.format == "xlsx" else CsvSink(mark=layout.mark)
    response = web.StreamResponse(headers=attached(f"{title} {day}", sink.suffix, sink.media_type))
    if visit.request.method == hdrs.METH_HEAD:
        await response.prepare(visit.request)
        return response
    filter_ = layout.model_dump(exclude=set(Layout.model_fields), exclude_defaults=True)
    if "where" in filter_:
        filter_["where"] = await store.read(filters.told, filter_["where"])
    detail = {
        "filter": filter_,
        "format": layout.format,
        **({"columns": layout.columns} if layout.columns else {}),
    }
    entry = AuditEntry(
        at=visit.edge.now(), login=login, act="export", kind=what.value, object="", detail=detail
    )
    await store.write(audit.write, entry)
    await response.prepare(visit.request)
    count, whole = 0, False
    try:
        await response.write(sink.rows([rows.header]))
        while True:
            count += len(rows.rows)
            if piece := sink.rows(rows.rows):
                await response.write(piece)
            if not rows.next:
                break
            await asyncio.sleep(0)
            rows = await page(rows.next)
        await response.write(sink.end())
        await response.write_eof()
        whole = True
    except ConnectionError:
        log.info("an export was broken off", what=what, rows=count)
    except Exception:
        # The status is out: breaking off is all that is left, and is taken for what it is.
        log.exception("an export broke off", what=what, rows=count)
        if visit.request.transport:
            visit.request.transport.abort()
    finally:
        visit.audit("exported", what.value, "", detail={**detail, "rows": count, "whole": whole})
    return response
