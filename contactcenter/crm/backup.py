"""A backup: snapshot, archive, and the proof that it can be restored, before it gets its name.

`python -m contactcenter.crm.backup` is the process that makes one, behind everything else on the machine: it
is told on its standard input what to back up, and answers a line of JSON for each step. Whatever stops it
leaves an unfinished folder, which the next one removes, and every older backup as it was.

`make` is the side of whoever asks: the server, or the command line.
"""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contactcenter import __version__
from contactcenter.crm import archives, attachments, files, recordings, restore, snapshots
from contactcenter.crm.archives import Archive, BackupProblem, Digest, Kept, Manifest, Progress, Sources
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import Place, Server
from contactcenter.values import frozen

NICE = 15
SHOW_S = 0.2
"""How often progress is told."""
_UNFINISHED = ".unfinished-"
_LOCK = ".lock"
_LINE = 1 << 20
_SHRINKS_TO = 0.5
"""What a packed database takes of its size, with room to spare."""


@frozen
class Order:
    """What is to be backed up, and into which folder."""

    sources: Sources
    folder: Path
    at: float
    """The time now: it names the backup."""
    with_recordings: bool = False


@frozen
class Made:
    """A backup that was verified."""

    name: str
    bytes: int
    manifest: Manifest
    seconds: float


Show = Callable[[Progress], None]


async def make(order: Order, show: Show = lambda _: None) -> Made:
    """Make a backup, in a process of its own. Raises `BackupProblem`; then there is none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", __name__,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for whoever asked: it ends this one in its own way
    )  # fmt: skip
    try:
        assert process.stdin is not None  # noqa: S101 - both are piped
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(_spelt(order) + b"\n")
        while line := await process.stdout.readline():
            match json.loads(line):
                case {"made": made}:
                    return Made(**made | {"manifest": Manifest.model_validate(made["manifest"])})
                case {"problem": problem}:
                    raise BackupProblem(problem)
                case progress:
                    show(Progress(**progress))
        raise BackupProblem("the process that made the backup ended by itself: was there memory enough?")
    finally:
        await _end(process)
        await asyncio.to_thread(_clear, order.folder)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it, and see to it that it is gone, even if the server ends just now."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    gone = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(gone)
    except asyncio.CancelledError:
        await gone  # it was killed: this takes no time
        raise
    finally:
        # Or the pipes' ends are closed by the collector, which says so.
        process._transport.close()  # type: ignore[attr-defined]


def _environment() -> dict[str, str]:
    """Where our code is, and what says how to reach a PostgreSQL server."""
    kept = ("HOME", "SSL_CERT_FILE", "SSL_CERT_DIR")
    server = {name: value for name, value in os.environ.items() if name.startswith("PG") or name in kept}
    return server | {"PYTHONPATH": os.pathsep.join(each or "." for each in sys.path), "LC_ALL": "C.UTF-8"}


def _spelt(order: Order) -> bytes:
    store = order.sources.store
    where = (
        {"url": store.url, "password": store.password, "beside": str(store.beside)}
        if isinstance(store, Server)
        else str(store)
    )
    sources = {name: str(value) for name, value in asdict(order.sources).items() if name != "store"}
    rest = {"folder": str(order.folder), "at": order.at, "with_recordings": order.with_recordings}
    return json.dumps({"store": where, "sources": sources, **rest}).encode()


def _read(text: bytes) -> Order:
    given = json.loads(text)
    store = given["store"]
    place: Place = (
        Server(**store | {"beside": Path(store["beside"])}) if isinstance(store, dict) else Path(store)
    )
    sources = Sources(store=place, **{name: Path(value) for name, value in given["sources"].items()})
    return Order(
        sources=sources,
        folder=Path(given["folder"]),
        at=given["at"],
        with_recordings=given["with_recordings"],
    )


def prune(folder: Path, keep: int) -> list[str]:
    """Delete the oldest backups beyond so many; answers their names (blocking)."""
    gone = [each.name for each in archives.listed(folder)[keep:]]
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return gone


# --- the process ---


def main() -> None:
    """Make the backup that standard input asks for, and say how it goes."""
    order = _read(sys.stdin.buffer.readline())
    os.nice(NICE)
    os.umask(0o077)
    try:
        made = asyncio.run(_make(order, _Teller()))
    except BackupProblem as problem:
        _say({"problem": str(problem)})
    except (OSError, sqlite3.Error, StoreRefused, StoreUnavailable) as error:
        _say({"problem": _why(error, order.folder)})
    else:
        _say({"made": asdict(made) | {"manifest": made.manifest.model_dump()}})


def _say(said: dict[str, Any]) -> None:
    try:
        sys.stdout.buffer.write(json.dumps(said).encode() + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever asked is no more: nobody would count this backup
        os._exit(1)


class _Teller:
    """Tells of each step, and of progress in it, but not all the time."""

    def __init__(self) -> None:
        self._step, self._told_at = "", 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.step != self._step or now >= self._told_at + SHOW_S:
            self._step, self._told_at = progress.step, now
            _say(progress._asdict())


def _why(error: Exception, folder: Path) -> str:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or (isinstance(error, sqlite3.Error) and "full" in str(error)):
        return (
            f"there is no room for a backup in {folder}: make some, keep fewer, or name another folder. "
            "The older backups are as they were"
        )
    return f"no backup could be made: {error}"


async def _make(order: Order, show: Show) -> Made:
    began = time.monotonic()
    order.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(order.folder):
        work = order.folder / f"{_UNFINISHED}{os.getpid()}"
        work.mkdir(mode=0o700)
        try:
            final = order.folder / archives.name_at(order.at)
            if final.exists():
                raise BackupProblem(f"{final} exists: one backup a second is enough")
            if isinstance(order.sources.store, Path) and order.sources.store.exists():
                _check_room(order.folder, snapshots.size(order.sources.store))
            snapshot, archive = work / archives.DATABASE, work / "archive"
            await snapshots.take(
                order.sources.store, snapshot, lambda done, of: show(Progress("copying", done, of))
            )
            manifest = _pack(order, snapshot, archive, show)
            snapshot.unlink()
            size = archive.stat().st_size
            _verify(archive, work / "scratch", show)
            os.link(archive, final)  # unlike a rename it replaces nothing
            archives.settle(order.folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Made(name=final.name, bytes=size, manifest=manifest, seconds=time.monotonic() - began)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else makes a backup here meanwhile; what others left unfinished is removed."""
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupProblem(f"another backup is being made in {folder}: wait until it is done") from None
        _remove_unfinished(folder)
        yield
    finally:
        os.close(file)


def _clear(folder: Path) -> None:
    """Remove what a process that was killed left, unless another one works there."""
    with contextlib.suppress(BackupProblem, OSError), _alone(folder):
        pass


def _remove_unfinished(folder: Path) -> None:
    for path in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _check_room(folder: Path, database: int) -> None:
    """The snapshot and its archive are there at once, then the archive and what is restored from it."""
    wanted = int(database * (1 + _SHRINKS_TO))
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise BackupProblem(
            f"a backup takes about {wanted / 1e9:.1f} GB in {folder} while it is made, and "
            f"{free / 1e9:.1f} GB are free: make room, keep fewer, or name another folder. The older backups "
            "are as they were"
        )


def _pack(order: Order, snapshot: Path, archive: Path, show: Show) -> Manifest:
    facts, needed = snapshots.look(snapshot), snapshots.keys_needed(snapshot)
    writer = archives.Writer(archive)
    try:
        whole = snapshot.stat().st_size
        with snapshot.open("rb") as source:
            for done in writer.add(archives.DATABASE, source, packed=True):
                show(Progress("packing", done, whole))
        database = Digest(**asdict(writer.written))
        sources = order.sources
        attached = (
            (id_, files.place(sources.files, attachments.KIND, id_))
            for id_ in snapshots.attachments_of(snapshot)
        )
        kept = _add_all(
            writer,
            ((f"{archives.ATTACHMENTS}/{path.parent.name}/{path.name}", path) for _, path in attached),
            show,
        )
        heard = list(snapshots.recordings_of(snapshot))
        talks = Kept(rows=len(heard), files=0, bytes=0, missing=0)
        if order.with_recordings:
            paths = (recordings.place(sources.recordings, *each) for each in heard)
            talks = _add_all(
                writer,
                (
                    (f"{archives.RECORDINGS}/{path.relative_to(sources.recordings).as_posix()}", path)
                    for path in paths
                ),
                show,
            )
        manifest = Manifest(
            format=archives.FORMAT,
            program=__version__,
            schema_revision=facts.schema_revision,
            engine="postgresql" if isinstance(sources.store, Server) else "sqlite",
            at=order.at,
            database=database,
            sums=writer.sums(),
            tables=facts.tables,
            audit=facts.audit,
            keys_needed=needed,
            keys_held=restore.held(sources),
            attachments=kept,
            recordings=talks,
            with_recordings=order.with_recordings,
        )
        writer.close(manifest)
    except BaseException:
        writer.abandon()
        raise
    return manifest


def _add_all(writer: archives.Writer, parts: Iterable[tuple[str, Path]], show: Show) -> Kept:
    """Add files; one that was deleted since the snapshot was taken is counted and left out."""
    rows = found = size = 0
    for name, path in parts:
        rows += 1
        try:
            source = path.open("rb")
        except FileNotFoundError:
            continue
        with source:
            for _ in writer.add_file(name, source):
                pass
        found += 1
        size += writer.written.bytes
        show(Progress("packing", found, rows))
    return Kept(rows=rows, files=found, bytes=size, missing=rows - found)


def _verify(path: Path, scratch: Path, show: Show) -> None:
    """Restore the archive into a scratch store, and read every other part of it."""
    scratch.mkdir(mode=0o700)
    with Archive(path) as archive:
        for progress in restore.tried(archive, scratch):
            show(progress._replace(step="verifying"))


if __name__ == "__main__":
    main()
