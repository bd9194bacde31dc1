"""`contactcenter check`: everything that would not work, found before a caller does."""

import asyncio
import contextlib
import os
import pwd
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from pydantic import ValidationError

from contactcenter import document
from contactcenter.agi.lint import lint
from contactcenter.agi.loader import load_script
from contactcenter.agi.speech import EngineMissing, load_engine
from contactcenter.ami.errors import ActionFailed, AmiError
from contactcenter.ami.link import AmiLink
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import NEEDS
from contactcenter.ami.state import Boot, LinkState, Status
from contactcenter.config import (
    LIVE,
    ConfigError,
    Configuration,
    Settings,
    load,
    wrong_of,
)
from contactcenter.crm import archives, audit, engines, keys, migrations, postgresql, sealing, sqlite
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import Place, Server, name_of
from contactcenter.mistakes import WrongReferences
from contactcenter.recordings import shelf
from contactcenter.sections import AsteriskSection, BackupSection, RecordingsSection, StoreSection
from contactcenter.values import frozen

CONTEXTS = ("from-carrier", "caller", "rescue", "next", "room", "dialled")
"""What the dialplan must have for callers and their numbers, for crashes of this server, for persistent
lines, and for whom campaigns call."""

DANGEROUS = {"Command": "command", "MixMonitor": "system", "UpdateConfig": "config"}
"""Actions that are as good as a shell -> the write class that grants them."""

OLDEST_ASTERISK = 20
ASTERISK_S = 12.0

WALKED = "every prompt exists, every menu ends"
NOT_WALKED = "it can be loaded; a synchronous script is not tried any further: phone its number"

_QUICK_CHECK_S = 60.0
OLDEST_BACKUP_DAYS = 2.0


@frozen
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    says: str


async def check_all(config: Path) -> list[Finding]:
    """Look at everything that the configuration names."""
    try:
        settings = load(config)
    except ConfigError as error:
        return [Finding(what=str(config), ok=False, says=problem) for problem in error.problems]
    settings, stored = await _live(settings)
    found = [
        Finding(
            what=str(config), ok=True, says=f"{len(settings.queues)} queues, {len(settings.dids)} numbers"
        )
    ]
    found += stored
    async for finding in _each(settings):
        found.append(finding)
    return found


async def _live(settings: Settings) -> tuple[Settings, list[Finding]]:
    """The settings with what the store has of them, and how the two fit."""
    what = "configuration"
    try:
        version = await document.stored(settings.store.place)
    except (StoreRefused, StoreUnavailable) as error:
        return settings, [Finding(what=what, ok=False, says=str(error))]
    if version is None:
        return settings, [Finding(what=what, ok=True, says="the file's, until the first start")]
    try:
        live = settings.with_configuration(Configuration.model_validate(version.document))
    except WrongReferences as error:
        wrong = error.wrong
    except ValidationError as error:
        wrong = [each for one in error.errors(include_url=False) for each in wrong_of(one)]
    else:
        says = f"version {version.version} of {version.login}"
        if differing := sorted(key for key in LIVE if getattr(live, key) != getattr(settings, key)):
            says += f"; the file's {', '.join(differing)} differ and don't count"
        return live, [Finding(what=what, ok=True, says=says)]
    says = f"version {version.version} in the store does not fit"
    return settings, [
        Finding(what=what, ok=False, says=f"{says}: {each.key}: {each.says}: correct the file, or import one")
        for each in wrong
    ]


async def _each(settings: Settings) -> AsyncIterator[Finding]:
    async for finding in _scripts(settings):
        yield finding
    for finding in _speech(settings):
        yield finding
    async for finding in _database(settings.store):
        yield finding
    yield await _personal(settings.store)
    yield await asyncio.to_thread(_backups, settings.backup, time.time())
    messages = [name for name, queue in settings.queues.items() if "message" in queue.ways_out]
    if messages or any(queue.recording != "never" for queue in settings.queues.values()):
        findings = await asyncio.to_thread(_recordings, settings.recordings)
        for finding in findings:
            yield finding
        if not all(finding.ok for finding in findings):
            for name in messages:
                says = "callers are not offered to leave a message: it could not be kept, see above"
                yield Finding(what=f"queues.{name}.ways_out", ok=False, says=says)
    if not settings.asterisk:
        yield Finding(what="asterisk", ok=False, says="no server is named: add an [[asterisk]] section")
    for server in settings.asterisk:
        async for finding in _asterisk(server):
            yield finding


async def _scripts(settings: Settings) -> AsyncIterator[Finding]:
    scripts: dict[str, list[str]] = {}
    for number, did in settings.dids.items():
        if did.script:
            scripts.setdefault(did.script, []).append(number)
    for name, numbers in sorted(scripts.items()):
        path = settings.ivr.folder / name
        if not path.is_file():
            for number in numbers:
                says = f"{name!r}: there is no file {path}: put the script there, or correct the name"
                yield Finding(what=f"dids.{number}.script", ok=False, says=says)
            continue
        problems = await lint(path, settings.queues, settings.ivr.transfers, settings.calendars)
        for problem in problems:
            what = f"{path}:{problem.line}" if problem.line else str(path)
            yield Finding(what=what, ok=False, says=problem.message)
        if not problems:
            walked = load_script(path).run is not None
            yield Finding(what=str(path), ok=True, says=WALKED if walked else NOT_WALKED)


def _speech(settings: Settings) -> list[Finding]:
    found = []
    for language in ("zh", "en"):
        setting = getattr(settings.speech, language)
        try:
            engine = load_engine(setting)
            engine.check()
            found.append(Finding(what=f"speech.{language}", ok=True, says=engine.name))
        except EngineMissing as error:
            found.append(Finding(what=f"speech.{language}", ok=False, says=str(error)))
    return found


async def _database(section: StoreSection) -> AsyncIterator[Finding]:
    path = section.path
    what = f"database {path}"
    if not path.parent.is_dir():
        yield Finding(what=what, ok=False, says=f"the folder {path.parent} does not exist: create it")
        return
    if not os.access(path.parent, os.W_OK):
        yield Finding(what=what, ok=False, says=f"this user may not write into {path.parent}")
        return
    try:
        place = section.place
        what = f"database {name_of(place)}"
        if isinstance(place, Server):
            async for finding in _server(place):
                yield finding
        elif not path.exists():
            yield Finding(what=what, ok=True, says="will be created at the first start")
        else:
            await asyncio.to_thread(sqlite.check, path, _QUICK_CHECK_S)
            yield await _records(place)
    except (StoreRefused, StoreUnavailable) as error:
        yield Finding(what=what, ok=False, says=str(error))


async def _server(server: Server) -> AsyncIterator[Finding]:
    """Everything that is to be set on the server and in its database."""
    what = f"database {server.name}"
    facts = await postgresql.PostgresDatabase(server).facts()
    wrongs = postgresql.wrongs(facts)
    for says in wrongs:
        yield Finding(what=what, ok=False, says=says)
    for each in postgresql.advice(facts, server):
        yield Finding(what=f"{what} {each.about}", ok=each.ok, says=each.says)
    if not wrongs:
        yield await _records(server)


async def _records(place: Place) -> Finding:
    """Whether what is kept is as it was written."""
    what = f"database {name_of(place)}"
    if not await engines.peek(place, migrations.revision):
        return Finding(what=what, ok=True, says="is empty: its tables will be made at the first start")
    if broken := await engines.peek(place, audit.broken):
        says = f"row {broken} of the audit log is not as it was written: somebody changed the database"
        return Finding(what=what, ok=False, says=says)
    return Finding(what=what, ok=True, says="sound")


async def _personal(section: StoreSection) -> Finding:
    """Whether personal data can be opened."""
    what, known = f"store.key {section.key}", ""
    # What is wrong with the database is said by its own finding.
    with contextlib.suppress(StoreRefused, StoreUnavailable):
        if section.url or section.path.exists():
            known = await engines.peek(section.place, sealing.known_keys)
    if not known and not section.key.exists():
        return Finding(what=what, ok=True, says="will be made at the first start: keep a copy of it then")
    found = await asyncio.to_thread(sealing.opened, section.key, known)
    return Finding(what=what, ok=found.usable, says=found.why or "can be used, by its owner only")


def _backups(section: BackupSection, now: float) -> Finding:
    """Whether there is a backup, and will be the next one."""
    what, path = f"backup {section.folder}", section.folder
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Finding(what=what, ok=False, says=f"this user may not write into {there}")
    found = archives.listed(path)
    free = f"{shutil.disk_usage(there).free / 1e9:.1f} GB free"
    if not section.daily:
        return Finding(what=what, ok=True, says=f"off: backup.daily is false; {len(found)} are there, {free}")
    if not found:
        return Finding(what=what, ok=True, says=f"none yet, the first comes at {section.at}; {free}")
    days = (now - found[0].at) / 86_400
    if days > OLDEST_BACKUP_DAYS:
        says = (
            f"the last one, {found[0].name}, is {days:.0f} days old: the audit log and the server's log say "
            "why; try `contactcenter backup`"
        )
        return Finding(what=what, ok=False, says=says)
    return Finding(what=what, ok=True, says=f"the last one is {found[0].name}, of {len(found)}; {free}")


def _recordings(section: RecordingsSection) -> list[Finding]:
    return [_kept(section.folder), _key(section.key), _spool(section.spool), *_unsealed(section.spool)]


def _kept(path: Path) -> Finding:
    what = f"recordings {path}"
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Finding(what=what, ok=False, says=f"this user may not write into {there}")
    free_gb = shutil.disk_usage(there).free / 1e9
    return Finding(what=what, ok=True, says=f"{free_gb:.1f} GB free: {free_gb / 0.0576:.0f} hours of talk")


def _key(path: Path) -> Finding:
    what = f"recordings.key {path}"
    if not path.exists():
        return Finding(what=what, ok=True, says="will be made at the first start: keep a copy of it then")
    try:
        keys.load(path)
    except keys.KeyProblem as error:
        return Finding(what=what, ok=False, says=str(error))
    return Finding(what=what, ok=True, says="can be used, by its owner only")


def _spool(path: Path) -> Finding:
    """Whether we and Asterisk can write there, as far as the owner and the mode tell."""
    what = f"recordings.spool {path}"
    if not path.is_dir():
        return Finding(what=what, ok=False, says="is no folder: name Asterisk's own, `monitor`")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding(what=what, ok=False, says="this user may not read, write and delete there")
    status = path.stat()
    try:
        asterisk = pwd.getpwnam("asterisk")
    except KeyError:
        return Finding(what=what, ok=True, says="can be written by us; Asterisk must be able to as well")
    if asterisk.pw_uid == status.st_uid:
        writes = status.st_mode & 0o300 == 0o300
    elif status.st_gid in os.getgrouplist("asterisk", asterisk.pw_gid):
        writes = status.st_mode & 0o030 == 0o030
    else:
        writes = status.st_mode & 0o003 == 0o003
    if not writes:
        return Finding(what=what, ok=False, says="the user asterisk may not write: docs/recording.md")
    return Finding(what=what, ok=True, says="can be written by us and by Asterisk")


def _unsealed(spool: Path) -> Iterator[Finding]:
    """Talks in clear that a server which ran would have sealed long ago."""
    try:
        left = sum(quiet_s > shelf.ORPHAN_S for quiet_s in shelf.spooled(spool).values())
    except OSError:
        return  # `_spool` says why
    if left:
        says = f"raw talks that have lain there in clear for over {shelf.ORPHAN_S / 3600:.0f} hours: {left}. "
        says += "The server seals them when it starts; if it runs, its log says why it can't"
        yield Finding(what=f"recordings.spool {spool}", ok=False, says=says)


async def _asterisk(section: AsteriskSection) -> AsyncIterator[Finding]:
    what = f"asterisk {section.name}"
    changes: asyncio.Queue[LinkState] = asyncio.Queue()
    boots: list[Boot] = []

    async def booted(boot: Boot) -> None:
        boots.append(boot)

    server = AmiServer(
        name=section.name,
        username=section.user,
        secret=section.secret,
        host=section.host,
        port=section.port,
        needs=NEEDS,
    )
    link = AmiLink(server, lambda message: None, changes.put_nowait, on_booted=booted)
    link.connect()
    try:
        state = await _settled(changes)
        if state.status is not Status.READY:
            yield Finding(what=what, ok=False, says=state.reason)
            return
        version = boots[-1].version if boots else ""
        major = version.partition(".")[0]
        recent = major.isdecimal() and int(major) >= OLDEST_ASTERISK
        remedy = "" if recent else f": too old, use {OLDEST_ASTERISK} or newer"
        yield Finding(what=what, ok=recent, says=f"version {version}{remedy}")
        async for finding in _rights(link, what):
            yield finding
        for context in CONTEXTS:
            try:
                await link.send({"Action": "ShowDialPlan", "Context": context})
            except ActionFailed:
                says = f"has no [{context}]: load the files that dialplans/ renders"
                yield Finding(what=f"{what} dialplan", ok=False, says=says)
    except AmiError as error:
        yield Finding(what=what, ok=False, says=str(error))
    finally:
        await link.close()


async def _settled(changes: "asyncio.Queue[LinkState]") -> LinkState:
    """The first state that says whether we are in or out."""
    state = LinkState(Status.DOWN, f"no answer within {ASTERISK_S:g} s")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ASTERISK_S):
            while True:
                state = await changes.get()
                if state.status in (Status.READY, Status.DOWN):
                    return state
    return state


async def _rights(link: AmiLink, what: str) -> AsyncIterator[Finding]:
    """More rights than are needed are a fault: whoever gets this secret gets them too."""
    granted = (await link.send({"Action": "ListCommands"})).response
    for action, needed in DANGEROUS.items():
        if action in granted:
            says = f"the user may use {action}: take {needed!r} out of its write classes"
            yield Finding(what=f"{what} rights", ok=False, says=says)
