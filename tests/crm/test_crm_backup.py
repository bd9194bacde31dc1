"""Backup and restore: a file counts when it was restored, and a restore overwrites nothing."""

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from stores import Keeper, save, until

from contactcenter.crm import archives, attachments, audit, backup, customers, migrations, restore, snapshots
from contactcenter.crm.archives import Archive, BackupProblem, Sources
from contactcenter.crm.attachments import NewAttachment
from contactcenter.crm.backup import Made, Order
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.files import Files
from contactcenter.crm.place import Place, Server
from contactcenter.crm.recordings import place as recording_place
from contactcenter.crm.schema import recordings
from contactcenter.crm.store import Store
from contactcenter.values import AuditEntry
from tests.support.postgresql import cluster

AT = 1_790_000_000.0
NAME = "contactcenter-20260921-141320Z.zip"


class House:
    """A center's folders, a store with something of everything, and where its backups go."""

    def __init__(self, keeper: Keeper, folder: Path) -> None:
        self.keeper = keeper
        self.folder = folder
        self.backups = folder / "backups"
        self.sources = Sources(
            store=keeper.place, key=keeper.path.with_suffix(".key"), files=folder / "files",
            recordings=folder / "recordings", recordings_key=folder / "recordings.key",
        )  # fmt: skip
        self.attachment = self.customer = ""

    async def fill(self) -> Store:
        store = await self.keeper.open()
        (self.customer,) = await store.write(
            customers.create_many,
            [NewCustomer(name="王伟😀", phones=("15400000001",), id_number="11010519491231002X")],
            at=1.0,
        )
        files = Files(self.sources.files, store.sealing)
        async with files.receive(_content(b"a letter"), 1 << 20, by="boss") as received:
            self.attachment = "a1b2"
            await asyncio.to_thread(files.keep, received, attachments.KIND, self.attachment)
            new = NewAttachment(
                id=self.attachment, name="letter.txt", media_type="text/plain", bytes=received.size,
                sha256=received.sha256,
            )  # fmt: skip
            await store.write(attachments.add, self.customer, new, at=2.0, most=10)
        for n in range(5):
            await store.write(
                audit.write, AuditEntry(at=float(n), login="boss", act="a", kind="k", object="")
            )
        store.carry(save("i1", said=("arrived",), final=True))
        await store.settled()
        return store

    async def make(self, *, at: float = AT, with_recordings: bool = False) -> Made:
        order = Order(sources=self.sources, folder=self.backups, at=at, with_recordings=with_recordings)
        return await backup.make(order)

    def elsewhere(self, store: Place | None = None) -> Sources:
        new = self.folder / "new"
        return Sources(
            store=store or new / "center.db", key=self.sources.key, files=new / "files",
            recordings=new / "recordings", recordings_key=self.sources.recordings_key,
        )  # fmt: skip

    async def restored(self, to: Sources) -> restore.Restored:
        with Archive(self.backups / NAME) as archive:
            return await restore.restore(archive, to)


async def _content(text: bytes) -> AsyncIterator[bytes]:
    yield text


@pytest.fixture
async def house(keeper: Keeper, tmp_path: Path) -> House:
    return House(keeper, tmp_path)


@pytest.fixture
async def own(file_keeper: Keeper, tmp_path: Path) -> House:
    """A house on a file, for what is the same on both engines."""
    return House(file_keeper, tmp_path)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Server]:
    server = cluster().empty(tmp_path / "new" / "center.db")
    try:
        yield server
    finally:
        cluster().drop(server)


async def test_a_backup_is_one_file_that_was_restored(house: House) -> None:
    store = await house.fill()
    steps: list[archives.Progress] = []
    order = Order(sources=house.sources, folder=house.backups, at=AT)
    made = await backup.make(order, steps.append)
    path = house.backups / NAME
    assert made.name == NAME
    assert made.bytes == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.backups.stat().st_mode) == 0o700
    assert {each.name for each in house.backups.iterdir()} == {NAME, ".lock"}
    manifest = made.manifest
    assert manifest.engine == house.keeper.engine
    assert manifest.schema_revision == migrations.REVISIONS[-1]
    assert (manifest.tables["customers"], manifest.tables["interactions"]) == (1, 1)
    newest = await store.read(audit.last)
    assert newest is not None
    assert (manifest.audit.rows, manifest.audit.last, manifest.audit.broken) == (
        newest.seq,
        newest.hash,
        None,
    )
    assert (manifest.attachments.rows, manifest.attachments.files, manifest.attachments.missing) == (1, 1, 0)
    assert manifest.keys_needed.personal == store.sealing.fingerprints["seal"]
    assert manifest.keys_held.index == store.sealing.fingerprints["index"]
    # The keys themselves are nowhere in it.
    with zipfile.ZipFile(path) as packed:
        everything = b"".join(packed.read(name) for name in packed.namelist())
    for key in (house.sources.key, house.sources.key.with_suffix(".index.key")):
        assert key.read_bytes().strip() not in everything
    assert b"11010519491231002X" not in everything
    assert {"verifying"} <= {each.step for each in steps}


async def test_it_is_restored_on_a_file(house: House) -> None:
    await house.fill()
    await house.make()
    to = house.elsewhere()
    done = await house.restored(to)
    assert (done.attachments, done.there_already, done.missing) == (1, 0, ())
    await _same(house, to)


async def test_it_is_restored_on_a_server(house: House, target: Server) -> None:
    await house.fill()
    await house.make()
    to = house.elsewhere(target)
    done = await house.restored(to)
    assert done.store == target.name
    await _same(house, to)
    with pytest.raises(BackupProblem, match=r"is not empty: it has .* overwrites nothing"):
        await house.restored(to)


async def _same(house: House, to: Sources) -> None:
    """What was restored is a store that works, with the customer, the attachment and a sound audit log."""
    store = await Store.open(to.store, tell=lambda _: None, now=lambda: 3.0, key=to.key)
    try:
        found = await store.read(customers.record, house.customer)
        assert found is not None
        assert (found.name, found.id_number) == ("王伟😀", "11010519491231002X")
        assert await store.read(audit.broken) is None
        files = Files(to.files, store.sealing)
        with files.open(attachments.KIND, house.attachment) as sealed:
            assert sealed.read(0, 100) == b"a letter"
        # It goes on from there: the laws are in force, and new rows get numbers of their own.
        await store.write(customers.create_many, [NewCustomer(name="李")], at=4.0)
        with pytest.raises(Exception, match="append-only"):
            await store.write(lambda db: db.execute(update(audit.audit).values(login="x")))
    finally:
        await store.close()


async def test_it_is_consistent_while_the_store_is_written(house: House) -> None:
    store = await house.fill()
    written = 0

    async def write() -> None:
        nonlocal written
        while True:  # a customer and his audit row, always together
            await store.write(customers.create_many, [NewCustomer(name=f"n{written}")], at=5.0)
            written += 1

    writing = asyncio.create_task(write())
    await until(lambda: written > 3)
    made = await house.make()
    after = written
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert after > 10, "the writer went on meanwhile"
    creations = made.manifest.tables["customers"]
    assert 3 < creations <= after + 1
    done = await house.restored(house.elsewhere())
    with sqlite3.connect(f"file:{done.store}?mode=ro", uri=True) as db:
        told = db.execute("SELECT count(*) FROM outbox WHERE event = 'customer.created'").fetchone()[0]
    db.close()
    assert told == creations


async def test_recordings_come_along_when_they_are_asked_for(own: House) -> None:
    store = await own.fill()
    rows = [_recording("r1", "kept"), _recording("r2", "kept"), _recording("r3", "expired")]
    await store.write(lambda db: db.execute(recordings.insert(), rows))
    path = recording_place(own.sources.recordings, "r1", 86_400.0)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"sealed sound")
    without = await own.make()
    assert (without.manifest.recordings.rows, without.manifest.recordings.files) == (2, 0)
    (own.backups / NAME).unlink()
    made = await own.make(with_recordings=True)
    talks = made.manifest.recordings
    assert (talks.rows, talks.files, talks.missing) == (2, 1, 1)
    assert made.manifest.keys_needed.recordings == ["ab" * 8]
    to = own.elsewhere()
    done = await own.restored(to)
    assert recording_place(to.recordings, "r1", 86_400.0).read_bytes() == b"sealed sound"
    assert [(each.key, each.file) for each in done.missing] == [("ab" * 8, to.recordings_key)]


def _recording(id_: str, state: str) -> dict[str, Any]:
    return {
        "id": id_, "started_at": 86_400.0, "length_s": 1.0, "silences": [], "state": state, "key": "ab" * 8
    }  # fmt: skip


async def test_restoring_says_which_keys_are_missing(own: House) -> None:
    store = await own.fill()
    (seal,), (index,) = store.sealing.fingerprints["seal"], store.sealing.fingerprints["index"]
    await own.make()
    bare = Sources(
        store=own.folder / "new" / "center.db", key=own.folder / "none.key",
        files=own.folder / "new" / "files", recordings=own.folder / "new" / "r",
        recordings_key=own.folder / "none2.key",
    )  # fmt: skip
    done = await own.restored(bare)
    assert [each.key for each in done.missing] == [seal, index]
    opened = await Store.open(bare.store, tell=lambda _: None, now=lambda: 3.0, key=bare.key)
    try:
        assert not opened.sealing.usable
        assert not bare.key.exists(), "no other key is drawn in its place"
    finally:
        await opened.close()


async def test_restoring_overwrites_nothing(own: House) -> None:
    await own.fill()
    await own.make()
    to = own.elsewhere()
    assert isinstance(to.store, Path)
    to.store.parent.mkdir()
    for name in ("center.db", "center.db-wal"):
        there = to.store.with_name(name)
        there.write_bytes(b"somebody's")
        with pytest.raises(BackupProblem, match=f"{name} exists, and a restore overwrites nothing"):
            await own.restored(to)
        assert there.read_bytes() == b"somebody's"
        there.unlink()
    attached = to.files / "attachments" / "a1" / "a1b2.sealed"
    attached.parent.mkdir(parents=True)
    attached.write_bytes(b"another")
    with pytest.raises(BackupProblem, match="exists and is another one"):
        await own.restored(to)
    assert attached.read_bytes() == b"another"
    assert not to.store.exists()
    # Begun anew: what is there already and the same is no reason to refuse.
    shutil.copy(own.sources.files / "attachments" / "a1" / "a1b2.sealed", attached)
    assert (await own.restored(to)).there_already == 1
    assert {each.name for each in to.store.parent.iterdir()} == {"center.db", "center.lock", "files"}


async def test_a_running_center_keeps_its_place(own: House) -> None:
    await own.fill()
    await own.make()
    assert isinstance(own.sources.store, Path)
    with Archive(own.backups / NAME) as archive, pytest.raises(BackupProblem, match="exists"):
        await restore.restore(archive, own.sources)


# --- trouble while it is made ---


async def test_one_at_a_time_and_none_twice(own: House) -> None:
    await own.fill()
    await own.make()
    before = (own.backups / NAME).read_bytes()
    with pytest.raises(BackupProblem, match="one backup a second"):
        await own.make()
    assert (own.backups / NAME).read_bytes() == before
    both = await asyncio.gather(own.make(at=AT + 1), own.make(at=AT + 2), return_exceptions=True)
    (refused,) = (each for each in both if isinstance(each, BackupProblem))
    assert "another backup is being made" in str(refused)


async def test_no_store_and_an_older_schema_are_said(own: House) -> None:
    own.keeper.path.unlink()
    with pytest.raises(BackupProblem, match="there is no store"):
        await own.make()
    await own.keeper.open()
    await own.keeper.close()
    own.keeper.rows("UPDATE alembic_version SET version_num = '0003'")
    with pytest.raises(BackupProblem, match=r"schema 0003.*back it up with the version that wrote it"):
        await own.make()


async def test_a_backup_that_is_stopped_leaves_nothing(own: House) -> None:
    store = await own.fill()
    await own.make()
    await store.write(
        customers.create_many, [NewCustomer(name=f"n{n}", note="x" * 3000) for n in range(2000)], at=1.0
    )
    begun = asyncio.Event()
    order = Order(sources=own.sources, folder=own.backups, at=AT + 1)
    making = asyncio.create_task(backup.make(order, lambda _: begun.set()))
    await begun.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert {each.name for each in own.backups.iterdir()} == {NAME, ".lock"}


async def test_what_a_power_cut_left_is_removed_and_older_backups_stay(own: House) -> None:
    await own.fill()
    left = own.backups / ".unfinished-1"
    left.mkdir(parents=True)
    (left / "archive").write_bytes(b"half")
    await own.make()
    assert not left.exists()
    await own.make(at=AT + 86_400)
    await own.make(at=AT + 2 * 86_400)
    (own.backups / "contactcenter-mine.zip").write_bytes(b"of the administrator")
    assert await asyncio.to_thread(backup.prune, own.backups, 2) == [NAME]
    kept = [each.at for each in archives.listed(own.backups)]
    assert kept == [AT + 2 * 86_400, AT + 86_400]
    assert (own.backups / "contactcenter-mine.zip").exists()


async def test_a_full_disk_is_said_and_older_backups_stay(
    own: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await own.fill()
    await own.make()
    before = (own.backups / NAME).read_bytes()
    # A limit on file sizes stands in for a disk that gets full while the backup is written.
    (tmp_path / "limited.py").write_text(
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))\n"
        "from contactcenter.crm import backup\n"
        "import errno\n"
        "real = backup._why\n"
        "def why(error, folder):\n"
        "    if isinstance(error, OSError) and error.errno == errno.EFBIG: error.errno = errno.ENOSPC\n"
        "    return real(error, folder)\n"
        "backup._why = why\n"
        "backup.main()\n"
    )
    monkeypatch.setattr(backup, "__name__", "limited")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BackupProblem, match=r"there is no room|no backup could be made"):
        await own.make(at=AT + 1)
    assert (own.backups / NAME).read_bytes() == before
    assert {each.name for each in own.backups.iterdir()} == {NAME, ".lock"}


def test_too_little_room_is_seen_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(BackupProblem, match=r"takes about 1.5 GB .* 0.0 GB are free: make room"):
        backup._check_room(tmp_path, 10**9)
    with pytest.raises(BackupProblem, match=r"1000000.0 GB are to be unpacked .* 0.0 GB are free"):
        restore.check_room(tmp_path, 10**15)


async def test_a_broken_audit_log_is_backed_up_and_said(own: House) -> None:
    await own.fill()
    await own.keeper.close()
    own.keeper.rows("DROP TRIGGER audit_update")
    own.keeper.rows("UPDATE audit SET login = 'x' WHERE seq = 3")
    own.keeper.rows(
        "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )
    assert isinstance(own.sources.store, Path)
    facts = await asyncio.to_thread(snapshots.look, own.sources.store)
    assert facts.audit.broken == 3


# --- archives of other people's making ---

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
async def good(own: House) -> House:
    await own.fill()
    await own.make()
    await own.keeper.close()
    return own


def rewrite(path: Path, change: Change, **options: Any) -> None:
    """Pack the archive anew with other parts."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    change(parts)
    path.unlink()
    with zipfile.ZipFile(path, "w", options.get("compression", zipfile.ZIP_STORED)) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


def agreeing(parts: dict[str, bytes]) -> None:
    """Let the manifest say what is there."""
    manifest = json.loads(parts["manifest.json"])
    for key, name in (("database", "contactcenter.db"), ("sums", "SHA256SUMS")):
        manifest[key] = {"bytes": len(parts[name]), "sha256": hashlib.sha256(parts[name]).hexdigest()}
    parts["manifest.json"] = json.dumps(manifest).encode()


def _manifest(**changes: Any) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | changes).encode()

    return change


def _set(name: str, content: bytes) -> Change:
    return lambda parts: parts.__setitem__(name, content)


def _drop(name: str) -> Change:
    return lambda parts: parts.pop(name) and None  # type: ignore[func-returns-value]


def _damage(parts: dict[str, bytes]) -> None:
    parts["contactcenter.db"] = parts["contactcenter.db"][:-1] + b"\x01"


def _hash_of_another(parts: dict[str, bytes]) -> None:
    name = next(name for name in parts if name.startswith("attachments/"))
    parts[name] = b"x" * len(parts[name])


def _law(parts: dict[str, bytes]) -> None:
    """A trigger in a database that agrees with its manifest."""
    db = sqlite3.connect(":memory:")
    db.deserialize(parts["contactcenter.db"])
    db.execute("CREATE TRIGGER theirs AFTER INSERT ON customers BEGIN DELETE FROM notes; END")
    parts["contactcenter.db"] = db.serialize()
    db.close()
    agreeing(parts)


def _rows(parts: dict[str, bytes]) -> None:
    db = sqlite3.connect(":memory:")
    db.deserialize(parts["contactcenter.db"])
    db.execute("DELETE FROM addresses")
    db.commit()
    parts["contactcenter.db"] = db.serialize()
    db.close()
    agreeing(parts)


def _no_database(parts: dict[str, bytes]) -> None:
    parts["contactcenter.db"] = b"no database" * 1000
    agreeing(parts)


HOSTILE: list[tuple[Change, str]] = [
    (_set("../evil", b"x"), r"'../evil' is no part of a backup"),
    (_set("/etc/passwd", b"x"), "is no part of a backup"),
    (_set("attachments/../../x/a.sealed", b"x"), "is no part of a backup"),
    (_set("attachments/zz/a1b2.sealed", b"x"), "is no part of a backup"),
    (_set("recordings/2026/01/01/..ccrec", b"x"), "is no part of a backup"),
    (_set("attachments/a1/a1zz.sealed", b"x"), "a1zz.sealed is in it, but not in SHA256SUMS"),
    (_drop("manifest.json"), "it has no manifest.json"),
    (_drop("SHA256SUMS"), "it has no SHA256SUMS"),
    (_drop("attachments/a1/a1b2.sealed"), "a1b2.sealed is missing"),
    (_set("manifest.json", b"[" * 100_000), "its manifest can't be read"),
    (_set("manifest.json", b"[]"), "its manifest is wrong"),
    (_set("manifest.json", b" " * (5 << 20)), "its manifest is too large"),
    (_manifest(format=2), "made by a newer contactcenter"),
    (_manifest(schema_revision="0003"), "has the schema .*, its manifest says 0003"),
    (_manifest(tables={"customers": -1}), "table .* has"),
    (_manifest(at="x"), "its manifest is wrong: at"),
    (_manifest(more=1), "its manifest is wrong: more"),
    (_damage, "contactcenter.db is not as it was written"),
    (_hash_of_another, "a1b2.sealed is not as it was written"),
    (_set("SHA256SUMS", b"x" * 92), "manifest says"),
    (_law, "has a trigger 'theirs' that is none of ours"),
    (_rows, "table addresses has 0 rows, its manifest says 1"),
    (_no_database, "can't be read"),
]


@pytest.mark.parametrize(("change", "words"), HOSTILE)
async def test_an_archive_that_is_not_as_it_should_be_restores_nothing(
    good: House, change: Change, words: str
) -> None:
    rewrite(good.backups / NAME, change)
    to = good.elsewhere()
    with pytest.raises(BackupProblem, match=words):
        await good.restored(to)
    assert isinstance(to.store, Path)
    assert not to.store.exists()
    assert not [each for each in good.folder.rglob("*") if each.name in ("evil", "center.db.restoring")]
    scratch = good.folder / "scratch"
    scratch.mkdir()
    with pytest.raises(BackupProblem, match=words), Archive(good.backups / NAME) as archive:
        for _ in restore.tried(archive, scratch):
            pass


async def test_a_bomb_is_stopped_by_what_it_announces(good: House) -> None:
    """A gigabyte of zeros that says it is a small database: nothing beyond the announced size is unpacked."""
    path = good.backups / NAME

    def zeros(parts: dict[str, bytes]) -> None:
        parts["contactcenter.db"] = bytes(64 << 20)

    rewrite(path, zeros, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BackupProblem, match=r"contactcenter\.db has another size than the manifest says"):
        Archive(path)


async def test_a_file_that_is_no_archive_or_half_of_one_is_said(good: House) -> None:
    path = good.backups / NAME
    whole = path.read_bytes()
    for content in (b"", b"PK", b"no archive" * 100, whole[: len(whole) // 2], whole[:-30], whole[100:]):
        path.write_bytes(content)
        with pytest.raises(BackupProblem, match="can't be used as a backup"), Archive(path) as archive:
            for _ in restore.tried(archive, good.folder):
                pass
    with pytest.raises(BackupProblem, match="it is no file"):
        Archive(Path(os.devnull))
    with pytest.raises(FileNotFoundError):
        Archive(path.with_name("none.zip"))


async def test_every_byte_counts(good: House) -> None:
    """Whichever byte of the file changes: it is seen, or the content is the same."""
    path = good.backups / NAME
    whole = bytearray(path.read_bytes())
    scratch = good.folder / "scratch"
    scratch.mkdir()
    refused = 0
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for at in range(7, len(whole), max(1, len(whole) // 60)):
        changed = bytearray(whole)
        changed[at] ^= 0x20
        path.write_bytes(changed)
        try:
            with Archive(path) as archive:
                for _ in restore.tried(archive, scratch):
                    pass
        except BackupProblem:
            refused += 1
            continue
        # A reference to zeros became one to other zeros, or a time that nobody reads changed.
        with zipfile.ZipFile(path) as packed:
            assert {name: packed.read(name) for name in packed.namelist()} == parts
    assert refused > 40
