"""`/api/attachments`: files of customers and requests, and opening them.

That a file was opened is in the audit log before its first byte is out. Only pictures and PDFs are shown in
the browser, in a sandbox; everything else is saved.
"""

import asyncio
from typing import Annotated
from uuid import uuid4

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import attachments, audit, file_types
from contactcenter.crm.attachments import KIND, Attachment, NewAttachment
from contactcenter.crm.files import shown_name
from contactcenter.crm.sealed_files import CHUNK, Sealed, Unsealable
from contactcenter.http.downloads import attached
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Edge, Visit
from contactcenter.values import AuditEntry

routes = Routes("attachments")

FileName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Id = Annotated[str, StringConstraints(max_length=64)]
UNKNOWN = "application/octet-stream"

log = structlog.get_logger(__name__)


class CustomerFile(BaseModel):
    """What is sent: the body is the file itself. Its name must say what it is by its content."""

    model_config = ConfigDict(extra="forbid")

    name: FileName
    request: Id = ""
    interaction: Id = ""


class RequestFile(BaseModel):
    """The same, of a request."""

    model_config = ConfigDict(extra="forbid")

    name: FileName
    interaction: Id = ""


class Opening(BaseModel):
    """How it is wanted."""

    model_config = ConfigDict(extra="forbid")

    inline: Annotated[
        bool, Field(description="Shown by the browser: pictures and PDFs only, the others are saved anyway.")
    ] = False


@routes.get("/api/customers/{id}/attachments", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_attachments(visit: Visit, id: str, query: Paged) -> Items[Attachment]:
    """The customer's files, the newest first."""
    page = await visit.edge.store.read(
        attachments.page, customer=id, reader=visit.reader, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


@routes.post(
    "/api/customers/{id}/attachments",
    right=Right.CUSTOMERS_WRITE,
    of=Kind.CUSTOMER,
    status=201,
    refusals=(409, 415),
    upload=True,
)
async def attach_to_customer(visit: Visit, id: str, query: CustomerFile) -> Attachment:
    """Send a file. What it is is decided by its content."""
    return await _attach(visit, id, query.name, query.request, query.interaction)


@routes.get("/api/requests/{id}/attachments", right=Right.REQUESTS_READ, of=Kind.REQUEST)
async def list_request_attachments(visit: Visit, id: str, query: Paged) -> Items[Attachment]:
    """The request's files, the newest first."""
    page = await visit.edge.store.read(
        attachments.page, request=id, reader=visit.reader, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


@routes.post(
    "/api/requests/{id}/attachments",
    right=Right.REQUESTS_WRITE,
    of=Kind.REQUEST,
    status=201,
    refusals=(409, 415),
    upload=True,
)
async def attach_to_request(visit: Visit, id: str, query: RequestFile) -> Attachment:
    """Send a file that belongs to a request, and so to its customer."""
    customer = await visit.edge.store.read(attachments.customer_of, id, visit.reader)
    return await _attach(visit, customer, query.name, id, query.interaction)


@routes.get("/api/attachments/{id}", right=Right.CUSTOMERS_READ, of=Kind.ATTACHMENT)
async def get_attachment(visit: Visit, id: str) -> Attachment:
    """What is known of a file."""
    return await _found(visit, id)


@routes.get(
    "/api/attachments/{id}/content",
    right=Right.CUSTOMERS_READ,
    of=Kind.ATTACHMENT,
    refusals=(409,),
    media_type=UNKNOWN,
    further_types=tuple(each.media_type.partition(";")[0] for each in file_types.TYPES),
)
async def open_attachment(visit: Visit, id: str, query: Opening) -> web.StreamResponse:
    """The file itself. Every opening is in the audit log."""
    one = await _found(visit, id)
    entry = AuditEntry(
        at=visit.edge.now(), login=visit.visitor.login, act="open", kind="attachment", object=id,
        detail={"name": one.name, "customer": one.customer},
    )  # fmt: skip
    if visit.request.method != hdrs.METH_HEAD:
        await visit.edge.store.write(audit.write, entry)
    try:
        sealed = await asyncio.to_thread(visit.edge.files.open, KIND, id)
    except (Unsealable, OSError) as error:
        log.error("an attachment can't be opened", attachment=id, error=str(error))  # noqa: TRY400 - no bug
        raise Problem(409, "no_file", "The file can't be opened; the reason is in the log.") from error
    try:
        return await _send(visit, one, sealed, inline=query.inline)
    finally:
        await asyncio.to_thread(sealed.close)


@routes.delete("/api/attachments/{id}", right=Right.CUSTOMERS_WRITE, of=Kind.ATTACHMENT)
async def remove_attachment(visit: Visit, id: str) -> None:
    """Delete a file; that it was there stays in the audit log."""
    await visit.edge.store.write(attachments.remove, id, reader=visit.reader, at=visit.edge.now())
    await asyncio.to_thread(visit.edge.files.remove, KIND, id)


async def sweep(edge: Edge) -> None:
    """Delete files without a row."""
    known = await edge.store.read(attachments.kept)
    await asyncio.to_thread(edge.files.sweep, KIND, known, at=edge.now())


async def _found(visit: Visit, id_: str) -> Attachment:
    if found := await visit.edge.store.read(attachments.get, id_, visit.reader):
        return found
    raise not_found("attachment")


async def _attach(visit: Visit, customer: str, sent: str, request: str, interaction: str) -> Attachment:
    edge, reader, most = visit.edge, visit.reader, visit.edge.settings.attachments
    # Before anything is received.
    await edge.store.read(attachments.check, customer, reader, most=most, request=request)
    name, id_ = shown_name(sent), uuid4().hex
    content = visit.request.content.iter_chunked(1 << 16)
    async with edge.files.receive(content, edge.settings.attachment_bytes, by=reader.login) as received:
        if not received.size:
            raise Problem(422, "invalid", "The file is empty.", field="body")
        kind = await asyncio.to_thread(file_types.recognised, received.path, name)
        await asyncio.to_thread(edge.files.keep, received, KIND, id_)
        new = NewAttachment(
            id=id_, name=name, media_type=kind.media_type, bytes=received.size, sha256=received.sha256,
            request=request, interaction=interaction,
        )  # fmt: skip
        # If this fails, or nobody learns whether it did, the file is swept unless its row is there.
        return await edge.store.write(attachments.add, customer, new, reader=reader, at=edge.now(), most=most)


async def _send(visit: Visit, one: Attachment, sealed: Sealed, *, inline: bool) -> web.StreamResponse:
    known = next((each for each in file_types.TYPES if each.media_type == one.media_type), None)
    shows = inline and known is not None and known.inline
    response = web.StreamResponse(
        headers=attached(one.name, "", one.media_type if known else UNKNOWN, inline=shows)
    )
    response.content_length = sealed.length
    await response.prepare(visit.request)
    if visit.request.method == hdrs.METH_HEAD:
        return response
    for begin in range(0, sealed.length, CHUNK):
        try:
            piece = await asyncio.to_thread(sealed.read, begin, begin + CHUNK)
        except Exception:
            log.exception("an attachment broke off while it was sent", attachment=one.id)
            if visit.request.transport:
                visit.request.transport.abort()
            return response
        await response.write(piece)
    await response.write_eof()
    return response
