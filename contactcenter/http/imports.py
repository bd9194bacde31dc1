"""`/api/imports`: records from files of rows, and what became of each row. Customers begin here; leads and
numbers begin at their lists."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import uuid4

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import imports
from contactcenter.crm.errors import Refusal
from contactcenter.crm.files import shown_name
from contactcenter.crm.import_values import Duplicates, Import, Reject, State, Wish
from contactcenter.crm.importer import KIND
from contactcenter.crm.reading import Look
from contactcenter.crm.sealed_files import Unsealable
from contactcenter.crm.tables import CsvSink, Form, Unreadable
from contactcenter.crm.targets import Target
from contactcenter.http.downloads import attached
from contactcenter.http.lists import Items, Paged
from contactcenter.http.live import LiveModel
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.views import ImportView

routes = Routes("imports")

REJECTS = 500
"""Rows that are written at a time."""

FileName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Word = Annotated[str, StringConstraints(max_length=64)]
Match = Literal["number", "id_number", "phone", "email"]

log = structlog.get_logger(__name__)


class ImportFile(BaseModel):
    """What is sent: the body is the file itself."""

    model_config = ConfigDict(extra="forbid")

    name: FileName
    kind: Literal["customer"] = "customer"


class ImportPatch(BaseModel):
    """How the file is to be imported; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"] | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    sheet: Annotated[str, StringConstraints(max_length=64)] | None = None
    header: Annotated[bool, Field(description="The first row names the columns.")] | None = None
    mapping: (
        Annotated[
            list[Annotated[str, StringConstraints(max_length=64)]],
            Field(max_length=500, description="A target of `/api/import-targets` for each column, or empty."),
        ]
        | None
    ) = None
    duplicates: Duplicates | None = None
    match: Annotated[list[Match], Field(max_length=4)] | None = None
    owner: Word | None = None
    team: Word | None = None
    elsewhere: Annotated[
        Duplicates | None, Field(description="Of leads: what to do with one who is on another list.")
    ] = None
    region: Annotated[
        str | None,
        Field(pattern="^[A-Z]{2}$", description="Whose numbers those without a country code are (ISO 3166)."),
    ] = None


class TargetFilter(BaseModel):
    """What the rows are."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["customer", "lead", "do_not_call"] = "customer"


class RejectFilter(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,9}$")] = ""


@routes.get("/api/import-targets", right=Right.SIGNED_IN)
async def list_targets(visit: Visit, query: TargetFilter) -> Items[Target]:
    """The fields that a column can go into, with the names by which columns are known."""
    return Items(items=list(await visit.edge.store.read(imports.KINDS[query.kind].targets)))


@routes.get("/api/imports", right=Right.SIGNED_IN)
async def list_imports(visit: Visit, query: Paged) -> Items[Import]:
    """One's own imports, the newest first."""
    page = await visit.edge.store.read(imports.page, visit.reader, cursor=query.cursor, limit=query.limit)
    return Items(items=list(page.items), next=page.next)


@routes.post("/api/imports", right=Right.CUSTOMERS_IMPORT, status=201, refusals=(403, 409), upload=True)
async def send_import(visit: Visit, query: ImportFile) -> Import:
    """Send a CSV or XLSX file of customers. Nothing is imported yet: the answer says how the file seems to be
    read, with the first rows, and which column is likely to go where."""
    return await receive(visit, "customer", query.name)


async def receive(visit: Visit, kind: str, name: str, **into: Any) -> Import:
    """Keep the file that is the body, of records of this kind; `into` is as in `imports.add`."""
    edge, id_ = visit.edge, uuid4().hex
    await edge.store.read(imports.check_room, visit.reader)
    files = edge.importer.files
    content, most = visit.request.content.iter_chunked(1 << 16), edge.settings.import_bytes
    async with files.receive(content, most, by=visit.visitor.login) as received:
        await asyncio.to_thread(files.keep, received, KIND, id_)
        try:
            look = await edge.importer.reading(id_).look()
            return await edge.store.write(
                imports.add, look, id_=id_, kind=kind, name=shown_name(name), size=received.size,
                reader=visit.reader, at=edge.now(), **into,
            )  # fmt: skip
        except Unreadable as error:
            await asyncio.to_thread(files.remove, KIND, id_)
            raise Problem(422, "unreadable", f"{error}.", field="body") from error
        except BaseException:
            await asyncio.to_thread(files.remove, KIND, id_)
            raise


@routes.get("/api/imports/{id}", right=Right.SIGNED_IN, of=Kind.MINE)
async def get_import(visit: Visit, id: str) -> Import:
    """One import: how it is set up, and how far it is."""
    if found := await visit.edge.store.read(imports.get, id, visit.reader):
        return found
    raise not_found("import")


@routes.patch("/api/imports/{id}", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(403, 409))
async def set_up_import(visit: Visit, id: str, body: ImportPatch) -> Import:
    """Say how the file is to be read and what goes where, before it is imported. What was checked is
    forgotten. Another form of reading suggests the mapping anew, unless one is given."""
    given = body.model_dump(exclude_none=True)
    for name in ("mapping", "match"):
        if name in given:
            given[name] = tuple(given[name])
    wish = Wish(**given)
    before = await get_import(visit, id)
    form = imports.look_again(before, wish)
    look = await _look(visit, id, form) if form else None
    changed = await visit.edge.store.write(
        imports.set_up, id, wish, look, reader=visit.reader, at=visit.edge.now()
    )
    show(visit.edge.live, changed)
    return changed


@routes.post("/api/imports/{id}/check", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(403, 409))
async def check_import(visit: Visit, id: str) -> Import:
    """Go through the whole file without importing anything: counts and bad rows are as importing it would
    give them now. It works in the background: see `state`."""
    return await _begin(visit, id, State.CHECKING)


@routes.post("/api/imports/{id}/start", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(403, 409))
async def start_import(visit: Visit, id: str) -> Import:
    """Import the file in the background, or go on where it was paused. See `state`."""
    return await _begin(visit, id, State.RUNNING)


@routes.post("/api/imports/{id}/pause", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(403, 409))
async def pause_import(visit: Visit, id: str) -> Import:
    """Stop for now. A check that is paused begins anew."""
    return await _stop(visit, id, State.PAUSED)


@routes.post("/api/imports/{id}/cancel", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(403, 409))
async def cancel_import(visit: Visit, id: str) -> Import:
    """Stop for good. What is imported stays."""
    return await _stop(visit, id, State.CANCELLED)


@routes.get("/api/imports/{id}/rejects", right=Right.SIGNED_IN, of=Kind.MINE)
async def list_rejects(visit: Visit, id: str, query: RejectFilter) -> Items[Reject]:
    """The rows that could not be used, with the reasons, in the file's order."""
    found = await visit.edge.store.read(
        imports.rejects, id, visit.reader, after=int(query.cursor or 0), limit=query.limit
    )
    more = str(found[-1].row) if len(found) == query.limit else ""
    return Items(items=list(found), next=more)


@routes.get(
    "/api/imports/{id}/rejects.csv",
    right=Right.SIGNED_IN,
    of=Kind.MINE,
    refusals=(409, 410),
    media_type="text/csv",
)
async def download_rejects(visit: Visit, id: str) -> web.StreamResponse:
    """The same as a CSV with the cells as they were sent: put right, it can be sent again as it is."""
    one = await get_import(visit, id)
    first = await visit.edge.store.read(imports.rejects, id, visit.reader, limit=REJECTS)
    reading = visit.edge.importer.reading(id)
    if not visit.edge.importer.files.path(KIND, id).exists():
        raise Problem(410, "deleted", "The file was deleted when its time was over.")
    sink = CsvSink()
    response = web.StreamResponse(headers=attached(f"bad rows of {one.name}", "csv", CsvSink.media_type))
    await response.prepare(visit.request)
    if visit.request.method == hdrs.METH_HEAD:
        return response
    visit.audit("export", "import", id, detail={"rows": one.bad})
    titles = [column.title for column in one.columns] if one.header else []
    await response.write(sink.rows([["row", "field", "reason", *titles]]))
    try:
        async with reading.rows(one.form) as rows:
            waiting: Iterator[Reject] = iter(first)
            wanted, last = next(waiting, None), 0
            async for row in rows:
                if wanted is None:
                    break
                if row.number < wanted.row:
                    continue
                await response.write(sink.rows([[str(row.number), wanted.field, wanted.reason, *row.cells]]))
                last = wanted.row
                wanted = next(waiting, None)
                if wanted is None:
                    more = await visit.edge.store.read(
                        imports.rejects, id, visit.reader, after=last, limit=REJECTS
                    )
                    waiting = iter(more)
                    wanted = next(waiting, None)
    except (Unreadable, Unsealable, OSError):
        # The status is out: breaking off is all that is left, and is taken for what it is.
        log.exception("bad rows broke off", id=id)
        if visit.request.transport:
            visit.request.transport.abort()
        return response
    await response.write_eof()
    return response


@routes.delete("/api/imports/{id}", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(409,))
async def remove_import(visit: Visit, id: str) -> None:
    """Forget an import and its file, when nobody works on it. What was imported stays."""
    await visit.edge.store.write(imports.remove, id, reader=visit.reader, at=visit.edge.now())
    visit.edge.live.importing_is_over(id)
    await asyncio.to_thread(visit.edge.importer.files.remove, KIND, id)


def show(live: LiveModel, one: Import) -> None:
    """Let the page of whoever began it know how far it is."""
    live.importing(
        ImportView(
            id=one.id, login=one.login, name=one.name, state=one.state.value, rows=one.rows, done=one.done,
            created=one.created, changed=one.changed, skipped=one.skipped, bad=one.bad, error=one.error,
        )
    )  # fmt: skip


async def _begin(visit: Visit, id_: str, state: State) -> Import:
    _ = visit.edge.importer.files.keys  # without them nothing would happen
    begun = await visit.edge.store.write(imports.begin, id_, state, reader=visit.reader, at=visit.edge.now())
    show(visit.edge.live, begun)
    visit.edge.importer.wake()
    return begun


async def _stop(visit: Visit, id_: str, state: State) -> Import:
    stopped = await visit.edge.store.write(imports.stop, id_, state, reader=visit.reader, at=visit.edge.now())
    show(visit.edge.live, stopped)
    return stopped


async def _look(visit: Visit, id_: str, form: Form) -> Look:
    try:
        return await visit.edge.importer.reading(id_).look(form)
    except Unreadable as error:
        raise Refusal(str(error), field="encoding" if form.kind == "csv" else "sheet") from error
    except OSError as error:
        raise Problem(410, "deleted", "The file was deleted when its time was over.") from error
