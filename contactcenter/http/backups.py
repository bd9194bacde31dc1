"""`/api/backups`: which backups there are, and one more now. Their content stays on the server's own disk."""

from typing import Literal

from pydantic import BaseModel

from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("backups")


class Backup(BaseModel):
    """A backup in the server's folder, the one that is being made, or why the last try failed."""

    id: str
    """The file's name; `running` and `failed` for what has none."""
    state: Literal["good", "running", "failed"]
    at: float
    bytes: int = 0
    login: str = ""
    """Who has it made; `center` every day."""
    step: str = ""
    """copying, packing, verifying."""
    done: int = 0
    of: int = 0
    """`done` of `of` of the step is behind it."""
    error: str = ""


@routes.get("/api/backups", right=Right.BACKUP)
async def list_backups(visit: Visit, query: Paged) -> Items[Backup]:
    """The backups by their names, the oldest first. Each `good` one was verified by restoring it; one that is
    `running` has its progress."""
    keeper = visit.edge.keeper
    good = [
        Backup(id=each.name, state="good", at=each.at, bytes=each.bytes) for each in await keeper.listed()
    ]
    shown = sorted(good, key=lambda each: each.id)
    if keeper.failure:
        shown.append(Backup(id="failed", state="failed", at=keeper.failed_at, error=keeper.failure))
    if keeper.running:
        shown.append(_running(visit))
    return cut(shown, lambda each: each.id, query)


@routes.post("/api/backups", right=Right.BACKUP, status=202, refusals=(409,))
async def begin_backup(visit: Visit) -> Backup:
    """Begin to make one. What becomes of it is in the list, and in the audit log."""
    visit.edge.keeper.begin(visit.visitor.login)
    return _running(visit)


def _running(visit: Visit) -> Backup:
    running = visit.edge.keeper.running
    if running is None:  # it was done already
        return Backup(id="running", state="running", at=visit.edge.now(), login=visit.visitor.login)
    progress = running.progress
    step, done, of = progress if progress else ("", 0, 0)
    return Backup(
        id="running", state="running", at=running.since, login=running.login, step=step, done=done, of=of
    )  # fmt: skip
