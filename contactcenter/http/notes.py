"""`/api/customers/{id}/notes`, `/api/notes/{id}`: what people write down about a customer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.crm import notes
from contactcenter.crm.notes import NewNote, Note
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("notes")

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
Id = Annotated[str, StringConstraints(max_length=64)]
BODY = 256 * 1024
"""Bytes: a note's longest text, though each of its characters may come as twelve (`\\ud83d\\ude00`)."""


class NoteBody(BaseModel):
    """A new note; of a request or an interaction, if it is."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    pinned: bool = False
    request: Id = ""
    interaction: Id = ""


class NotePatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    text: Text | None = None
    pinned: bool | None = None


@routes.get("/api/customers/{id}/notes", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_notes(visit: Visit, id: str, query: Paged) -> Items[Note]:
    """The customer's notes, the newest first."""
    page = await visit.edge.store.read(
        notes.page, id, reader=visit.reader, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


@routes.post(
    "/api/customers/{id}/notes",
    right=Right.CUSTOMERS_WRITE,
    of=Kind.CUSTOMER,
    status=201,
    versioned=True,
    body_limit=BODY,
)
async def add_note(visit: Visit, id: str, body: NoteBody) -> Note:
    """Write a note."""
    new = NewNote(**body.model_dump())
    return await visit.edge.store.write(notes.add, id, new, reader=visit.reader, at=visit.edge.now())


@routes.get("/api/notes/{id}", right=Right.CUSTOMERS_READ, of=Kind.NOTE, versioned=True)
async def get_note(visit: Visit, id: str) -> Note:
    """One note."""
    if found := await visit.edge.store.read(notes.get, id, visit.reader):
        return found
    raise not_found("note")


@routes.patch("/api/notes/{id}", right=Right.CUSTOMERS_WRITE, of=Kind.NOTE, versioned=True, body_limit=BODY)
async def change_note(visit: Visit, id: str, body: NotePatch) -> Note:
    """Change a note. What it was is in the audit log."""
    return await visit.edge.store.write(
        notes.change,
        id,
        text=body.text,
        pinned=body.pinned,
        reader=visit.reader,
        expected=visit.expected,
        at=visit.edge.now(),
    )


@routes.delete("/api/notes/{id}", right=Right.CUSTOMERS_WRITE, of=Kind.NOTE, versioned=True)
async def remove_note(visit: Visit, id: str) -> None:
    """Take a note out of sight."""
    await visit.edge.store.write(
        notes.remove, id, reader=visit.reader, expected=visit.expected, at=visit.edge.now()
    )
