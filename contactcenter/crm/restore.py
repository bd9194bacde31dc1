"""Restoring: from the one file of a backup to a store, on whichever engine the configuration names.

Nothing that exists is overwritten. The database is unpacked beside its place, compared with the manifest and
read through, and gets its name, or is moved to the server, when it and all files are there: a store that can
be opened is whole. What was broken off can simply be begun anew.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import inspect

from contactcenter.crm import archives, attachments, engines, files, keys, sealing, snapshots
from contactcenter.crm.archives import Archive, BackupProblem, Entry, KeyIds, Manifest, Progress, Sources
from contactcenter.crm.keys import KeyProblem
from contactcenter.crm.place import Server, name_of
from contactcenter.crm.sqlite import SqliteFile
from contactcenter.values import frozen

_HALF = ".restoring"
"""Behind the name of a database that is not whole yet."""
_ROOM = 100 << 20
"""Bytes that are left free at least."""

Show = Callable[[Progress], None]


@frozen
class Missing:
    """A key that the backup needs, and that its file here does not have."""

    key: str
    file: Path
    locks: str
    """What can't be opened without it."""


@frozen
class Restored:
    """What was restored."""

    manifest: Manifest
    store: str
    attachments: int
    recordings: int
    there_already: int
    """Files of these that had not to be written."""
    missing: tuple[Missing, ...]
    """Keys."""


def held(sources: Sources) -> KeyIds:
    """The ids of the keys in the key files; none of a file that can't be used (blocking)."""
    return KeyIds(
        personal=_ids(sources.key),
        index=_ids(sealing.index_path(sources.key)),
        recordings=_ids(sources.recordings_key),
    )


def _ids(path: Path) -> list[str]:
    try:
        return [each.hex() for each in keys.load(path)]
    except KeyProblem:
        return []


def missing(needed: KeyIds, sources: Sources) -> tuple[Missing, ...]:
    """Which keys are wanted and not here (blocking)."""
    here = held(sources)
    wanted = (
        (needed.personal, here.personal, sources.key, "id numbers, other sealed fields and attachments"),
        (needed.index, here.index[:1], sealing.index_path(sources.key), "looking up id numbers"),
        (needed.recordings, here.recordings, sources.recordings_key, "recordings"),
    )
    return tuple(
        Missing(key=key, file=file, locks=locks)
        for ids, there, file, locks in wanted
        for key in ids
        if key not in there
    )


def tried(archive: Archive, scratch: Path) -> Iterator[Progress]:
    """Restore the database into the folder `scratch`, and read every file: what `restore` would meet is met
    here (blocking). Raises `BackupProblem`, OSError."""
    path = scratch / archives.DATABASE
    try:
        yield from _unpacked(archive, path)
        _look_through(archive, path)
    finally:
        path.unlink(missing_ok=True)
    entries = list(archive.entries())
    for number, entry in enumerate(entries, 1):
        for _ in archive.file(entry, None):
            pass
        yield Progress("files", number, len(entries))


async def restore(archive: Archive, sources: Sources, show: Show = lambda _: None) -> Restored:
    """Make a store of the archive. Raises `BackupProblem`, `StoreRefused`, `StoreUnavailable`, OSError; then
    there is none, and it can be tried again."""
    store = sources.store
    path = store.beside if isinstance(store, Server) else store
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}{_HALF}")
    await _check_free(sources)
    own = SqliteFile(path)
    if not isinstance(store, Server):
        own.hold()
    try:
        for progress in _unpacked(archive, half):
            show(progress)
            await asyncio.sleep(0)  # where Ctrl-C is heard
        await asyncio.to_thread(_look_through, archive, half)
        entries = list(archive.entries())
        there = 0
        for number, entry in enumerate(entries, 1):
            there += _put(archive, entry, _place(sources, entry))
            show(Progress("files", number, len(entries)))
            await asyncio.sleep(0)
        if isinstance(store, Server):
            await _move(half, store, show)
        else:
            _name(half, path)
    finally:
        _remove(half)
        await own.give_back(clean=False)
    return Restored(
        manifest=archive.manifest,
        store=name_of(store),
        attachments=archive.manifest.attachments.files,
        recordings=archive.manifest.recordings.files,
        there_already=there,
        missing=missing(archive.manifest.keys_needed, sources),
    )


async def _check_free(sources: Sources) -> None:
    """Refuse what is there already."""
    store = sources.store
    if isinstance(store, Server):
        if found := await engines.peek(store, lambda db: inspect(db).get_table_names()):
            raise BackupProblem(
                f"{store.name} is not empty: it has {', '.join(sorted(found)[:5])}. A restore overwrites "
                "nothing: name an empty database in store.url"
            )
        return
    for each in (store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm")):
        if each.exists():
            raise BackupProblem(
                f"{each} exists, and a restore overwrites nothing: stop the center, move {store.name} with "
                "its -wal and -shm to another folder, and restore then"
            )


def _unpacked(archive: Archive, path: Path) -> Iterator[Progress]:
    whole = archive.manifest.database.bytes
    check_room(path.parent, archive.unpacked)
    path.unlink(missing_ok=True)  # of one that was broken off
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        for done in archive.database(file):
            yield Progress("unpacking", done, whole)
        file.flush()
        os.fsync(file.fileno())


def check_room(folder: Path, wanted: int) -> None:
    """Raises `BackupProblem` before anything is written that would not fit."""
    free = shutil.disk_usage(folder).free
    if free < wanted + _ROOM:
        raise BackupProblem(
            f"{wanted / 1e9:.1f} GB are to be unpacked into {folder}, and {free / 1e9:.1f} GB are free: make "
            "room"
        )


def _look_through(archive: Archive, path: Path) -> None:
    snapshots.check(path)
    manifest, facts = archive.manifest, snapshots.look(path)
    if facts.schema_revision != manifest.schema_revision:
        raise BackupProblem(
            f"{archive.path} can't be used as a backup: its database has the schema {facts.schema_revision}, "
            f"its manifest says {manifest.schema_revision}"
        )
    if facts.tables != manifest.tables:
        differ = min(facts.tables.items() ^ manifest.tables.items())[0]
        raise BackupProblem(
            f"{archive.path} can't be used as a backup: table {differ} has {facts.tables.get(differ, 'no')} "
            f"rows, its manifest says {manifest.tables.get(differ, 'none')}"
        )
    if facts.audit != manifest.audit:
        raise BackupProblem(
            f"{archive.path} can't be used as a backup: its audit log is not as it was when it was made"
        )


def _place(sources: Sources, entry: Entry) -> Path:
    if entry.sort == archives.ATTACHMENTS:
        return files.place(sources.files, attachments.KIND, entry.id)
    return sources.recordings / Path(entry.name).relative_to(archives.RECORDINGS)


def _put(archive: Archive, entry: Entry, path: Path) -> int:
    """Write a file that is not there yet; 1 for one that is. Raises `BackupProblem` if that is another."""
    if path.exists():
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256:
                return 1
        raise BackupProblem(
            f"{path} exists and is another one than in the backup; a restore overwrites nothing: move the "
            "folder aside"
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
            for _ in archive.file(entry, to):
                pass
            to.flush()
            os.fsync(to.fileno())
        part.rename(path)
        archives.settle(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return 0


def _name(half: Path, path: Path) -> None:
    """Let the database appear, whole and on the disk, in the place of nothing."""
    try:
        os.link(half, path)
    except FileExistsError:
        raise BackupProblem(f"{path} was made meanwhile: is a center running there?") from None
    archives.settle(path.parent)


async def _move(half: Path, server: Server, show: Show) -> None:
    from contactcenter.crm import moving  # its driver is an extra

    file = SqliteFile(half)
    try:
        await file.migrate()
    finally:
        for engine in (file.reading, file.writing):
            await engine.dispose()
    await moving.move(half, server, lambda table, done, of: show(Progress(table, done, of)))


def _remove(half: Path) -> None:
    siblings: Sequence[Path] = [
        half, *(half.with_name(f"{half.name}{end}") for end in ("-wal", "-shm", "-journal"))
    ]  # fmt: skip
    for each in siblings:
        with contextlib.suppress(OSError):
            each.unlink(missing_ok=True)
