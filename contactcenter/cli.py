"""The command line. Every command says what went wrong in a sentence, and ends with 1."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import structlog
import typer
from rich.console import Console

from contactcenter import __version__, document
from contactcenter.agi.loader import ScriptInvalid
from contactcenter.agi.speech import EngineMissing
from contactcenter.app import CONTROL_SOCKET, App
from contactcenter.asterisk.embedded import AsteriskFailed
from contactcenter.clock import Clock
from contactcenter.config import ConfigError, Settings, load
from contactcenter.crm.archives import BackupProblem, Manifest, Progress
from contactcenter.crm.errors import Refusal, StoreRefused, StoreUnavailable
from contactcenter.crm.keys import KeyProblem
from contactcenter.crm.place import Server, name_of
from contactcenter.crm.sealing import Unsealable
from contactcenter.crm.store import Store
from contactcenter.crm.users import User
from contactcenter.demo.scale import NotEmpty
from contactcenter.standalone import CannotRun, Options
from contactcenter.standalone import run as run_standalone
from contactcenter.tracing.recorder import listen
from contactcenter.tracing.replay import center_of, events_of, replay
from contactcenter.tracing.trace import TraceError

new_event_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    from uvloop import new_event_loop
except ImportError:  # there is none for this platform
    from asyncio import new_event_loop

cli = typer.Typer(
    name="contactcenter",
    help="An open-source contact center on Asterisk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
demo = typer.Typer(help="Simulated people for a running demo.", no_args_is_help=True)
ivr = typer.Typer(help="IVR scripts without a phone.", no_args_is_help=True)
configuration = typer.Typer(
    help="What the store has of the configuration: queues, hours, skills, reasons, outcomes.",
    no_args_is_help=True,
)
user = typer.Typer(help="Users of a center that is not running.", no_args_is_help=True)
keys = typer.Typer(help="The keys of personal data.", no_args_is_help=True)
audit = typer.Typer(help="The log of who did what.", no_args_is_help=True)
compliance = typer.Typer(help="What outgoing calls can show of the law.", no_args_is_help=True)
simulation = typer.Typer(
    help="What would happen: made-up days through the live engine.", no_args_is_help=True
)
cli.add_typer(demo, name="demo")
cli.add_typer(simulation, name="simulate")
cli.add_typer(ivr, name="ivr")
cli.add_typer(configuration, name="configuration")
cli.add_typer(user, name="user")
cli.add_typer(keys, name="keys")
cli.add_typer(audit, name="audit")
cli.add_typer(compliance, name="compliance")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

EXPECTED = (
    CannotRun,
    ScriptInvalid,
    EngineMissing,
    ConfigError,
    AsteriskFailed,
    StoreRefused,
    StoreUnavailable,
    Refusal,
    TraceError,
    KeyProblem,
    BackupProblem,
    NotEmpty,
    Unsealable,
    OSError,
    ValueError,
)
"""What a user can do something about: its message is the answer, without a traceback."""


END_S = 0.5
"""How long tasks may take to end at the end of the program."""


def say(text: str) -> None:
    """To the user, at once even into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """The program."""
    cli(prog_name="contactcenter")


def _do(work: Coroutine[Any, Any, Any]) -> Any:
    # The modules are here to stay: the collector need not walk through them.
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            result = runner.run(work)
            _end_tasks(runner.get_loop())
            return result
    except EXPECTED as error:
        err.print(f"contactcenter: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Whatever still runs is ended; all of ours is closed by now. An IVR script that catches its own end
    would keep the process for ever: then it goes without more ado."""
    if tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        _, stubborn = loop.run_until_complete(asyncio.wait(tasks, timeout=END_S))
        if stubborn:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _log_to_stderr(level: str) -> None:
    import logging

    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


@cli.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """An open-source contact center on Asterisk."""
    if show:
        say(f"contactcenter {__version__}")
        raise typer.Exit


@cli.command()
def run(
    data: Annotated[Path, typer.Option(help="Folder for everything that is kept.")] = Path("var"),
    http: Annotated[str, typer.Option(help="ADDR:PORT of the pages; else 127.0.0.1:8080 + offset.")] = "",
    asterisk: Annotated[str, typer.Option(help="embedded, docker, or HOST:PORT.")] = "embedded",
    port_offset: Annotated[int, typer.Option(help="Added to every port.", min=0, max=49000)] = 0,
    with_demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Demo users and customers.")] = True,
    demo_password: Annotated[str | None, typer.Option(help="For all demo users; else random.")] = None,
    record: Annotated[Path | None, typer.Option(help="Record a trace into this file.")] = None,
    log: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
) -> None:
    """Run a whole center on this machine, with an Asterisk of its own.

    Example: `contactcenter run --port-offset 1000 --demo-password correct-horse`
    """
    _log_to_stderr(log)
    host, _, port = (http or f"127.0.0.1:{8080 + port_offset}").rpartition(":")
    if not host or not port.isdecimal():
        err.print(f"contactcenter: --http {http}: give ADDR:PORT, such as 127.0.0.1:8080", style="red")
        raise typer.Exit(1)
    options = Options(
        data=data,
        host=host,
        port=int(port),
        asterisk=asterisk,
        port_offset=port_offset,
        demo=with_demo,
        demo_password=demo_password,
        record=record,
    )
    _do(run_standalone(options, say))


@cli.command()
def serve(config: Annotated[Path, typer.Option(help="The configuration file.")]) -> None:
    """The production server: attaches to the Asterisk servers that the configuration names.

    Example: `contactcenter serve --config /etc/contactcenter/center.toml`
    """

    async def work() -> None:
        settings = load(config)
        _log_to_stderr(settings.log)
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        async with App(settings, settings.store.path.parent) as app:
            await app.start()
            say(f"ready {app.http.url}")
            await stop.wait()

    _do(work())


@cli.command()
def check(config: Annotated[Path, typer.Option(help="The configuration file.")]) -> None:
    """Check configuration, scripts, prompts, database and Asterisk; exit 1 if anything would not work.

    Example: `contactcenter check --config /etc/contactcenter/center.toml`
    """
    from contactcenter.checks import Finding, check_all

    findings: list[Finding] = _do(check_all(config))
    for finding in findings:
        mark = "[green]ok[/]   " if finding.ok else "[red]wrong[/]"
        out.print(mark, end=" ")
        out.print(f"{finding.what}: {finding.says}", markup=False)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@cli.command()
def record(
    data: Annotated[Path, typer.Option(help="Data folder of the running center.")] = Path("var"),
    to: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
) -> None:
    """Record the raw AMI and AGI of a running center, until Ctrl-C.

    Example: `contactcenter record --data var --to call.trace`
    """

    async def work() -> None:
        try:
            # Line by line: whoever looks into the file meanwhile sees what has happened.
            with (
                to.open("w", encoding="utf-8", buffering=1) if to else contextlib.nullcontext(sys.stdout)
            ) as file:
                await listen(data / CONTROL_SOCKET, file.write)
        except (FileNotFoundError, ConnectionRefusedError):
            raise CannotRun(f"no center is running with the data folder {data}") from None

    _do(work())


@cli.command("replay")
def replay_trace(
    trace: Annotated[Path, typer.Argument(help="A recorded trace.")],
    commands: Annotated[bool, typer.Option(help="Also print the commands.")] = True,
) -> None:
    """Feed a recorded trace to a fresh center and print events and commands.

    Example: `contactcenter replay call.trace --no-commands`
    """
    try:
        header, events = events_of(trace)
        center = center_of(header)
        began = events[0].at if events else 0.0
        for event, given in replay(center, events):
            say(f"{event.at - began:9.3f}  {event}")
            if commands:
                for command in given:
                    say(f"           → {command}")
    except EXPECTED as error:
        err.print(f"contactcenter: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


@demo.command("call")
def demo_call(
    number: Annotated[str, typer.Argument(help="Number to phone: 4001, 4002, 4003.")],
    name: Annotated[str, typer.Option(help="The caller's name.")] = "",
    caller: Annotated[str, typer.Option(help="The caller's number.")] = "15400000001",
    keys: Annotated[str, typer.Option(help="Keys to press, such as 12.")] = "",
    language: Annotated[str, typer.Option(help="zh or en: what the caller speaks.")] = "zh",
    seconds: Annotated[float, typer.Option(help="How long to stay after speaking.", min=0)] = 30.0,
    port_offset: Annotated[int, typer.Option(help="As given to `run`.")] = 0,
) -> None:
    """Let a simulated customer phone in: a real SIP call with speech, keys and a hang-up.

    Example: `contactcenter demo call 4001 --keys 12 --name "王芳"`
    """
    from contactcenter.demo import customer

    answered = _do(
        customer.call(
            number,
            server=("127.0.0.1", 5060 + port_offset),
            caller=caller,
            name=name,
            keys=keys,
            language=language,
            stay_s=seconds,
            tell=say,
        )
    )
    raise typer.Exit(0 if answered else 1)


@ivr.command("test")
def ivr_test(
    script: Annotated[Path, typer.Argument(help="The script's file.")],
    keys: Annotated[str | None, typer.Option(help="Keys to press; else you are asked.")] = None,
) -> None:
    """Run an IVR script in the terminal, without a phone.

    Example: `contactcenter ivr test dialplans/ivr/hotline.py --keys 21`
    """
    from contactcenter.agi.simulator import simulate

    _do(simulate(script, keys))


@configuration.command("export")
def configuration_export(
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    to: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
) -> None:
    """Write the version in force as TOML; the server may be running.

    Example: `contactcenter configuration export --config center.toml --to live.toml`
    """

    async def work() -> None:
        place = load(config).store.place
        if (version := await document.stored(place)) is None:
            raise CannotRun(
                f"{name_of(place)} has no configuration yet: the file counts until the first start"
            )
        text = document.as_toml(version.document)
        if to is None:
            say(text.rstrip("\n"))
        else:
            to.write_text(text, encoding="utf-8")
            say(f"version {version.version} of {version.login} is in {to}")

    _do(work())


@configuration.command("import")
def configuration_import(
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    file: Annotated[Path | None, typer.Option(help="File to read; else the configuration file.")] = None,
) -> None:
    """Make a file's queues, hours, skills, reasons and outcomes the next version; the server is stopped.

    Example: `contactcenter configuration import --config center.toml --file live.toml`
    """

    async def work() -> None:
        settings, clock = load(config), Clock()
        # Not by the app: a version that does not fit the file any more is what this is to correct.
        document.read(file or config, settings)
        store = await Store.open(
            settings.store.place,
            tell=lambda event: None,
            now=clock.now,
            region=settings.region,
            key=settings.store.key,
        )
        try:
            version = await document.put(settings, file or config, store)
        finally:
            await store.close()
        say(f"version {version.version} is in force" if version else "it is in force already")

    _do(work())


@cli.command("backup")
def make_backup(
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    to: Annotated[Path | None, typer.Option(help="The folder; else backup.folder.")] = None,
    with_recordings: Annotated[
        bool | None,
        typer.Option("--recordings/--no-recordings", help="Their audio, too; else as configured."),
    ] = None,
) -> None:
    """Back up the store and the attachments into one file, and prove it by restoring; the center may run.

    Example: `contactcenter backup --config center.toml --to /mnt/backups`
    """
    from contactcenter.crm import backup

    async def work() -> None:
        settings, clock = load(config), Clock()
        order = backup.Order(
            sources=settings.sources(),
            folder=(to or settings.backup.folder).absolute(),
            at=clock.now(),
            with_recordings=settings.backup.recordings if with_recordings is None else with_recordings,
        )
        made = await backup.make(order, _stepped)
        size = f"{made.bytes / 1e6:.1f} MB"
        say(f"{order.folder / made.name}: {size}, made and verified in {made.seconds:.0f} s")
        say_manifest(made.manifest, ZoneInfo(settings.zone))
        for name in backup.prune(order.folder, settings.backup.keep):
            say(f"removed {name}: backup.keep is {settings.backup.keep}")

    _do(work())


@cli.command("restore")
def restore_backup(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    config: Annotated[
        Path | None, typer.Option(help="The configuration file: it says where everything is to be.")
    ] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Try it in a scratch folder only.")] = False,
) -> None:
    """Restore a backup to where the configuration says; what is there already is never overwritten.

    Example: `contactcenter restore contactcenter-20261126-190000Z.zip --config center.toml`
    """
    from contactcenter.crm import restore
    from contactcenter.crm.archives import Archive

    async def work() -> None:
        settings = load(config) if config else None
        zone = ZoneInfo(settings.zone if settings else "UTC")
        if settings is None and not check_only:
            raise CannotRun("name the configuration by --config, or say --check to try the backup only")
        with Archive(file) as archive:
            if settings is None or check_only:
                with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".try-") as scratch:
                    for progress in restore.tried(archive, Path(scratch)):
                        _stepped(progress)
                say(f"{file} can be restored")
                say_manifest(archive.manifest, zone)
                return
            restored = await restore.restore(archive, settings.sources(), _stepped)
        say(f"restored {restored.store} from {file}")
        say_manifest(restored.manifest, zone)
        if restored.there_already:
            say(f"{restored.there_already} of these files were there already")
        if (talks := restored.manifest.recordings).rows > talks.files:
            say(
                f"{talks.rows - talks.files} recordings have their audio not in this backup: put the folder "
                f"{settings.recordings.folder} back before the first start, or their rows will say `lost`"
            )
        for each in restored.missing:
            say(
                f"MISSING: the key {each.key} is not in {each.file}: without it, no {each.locks}: put it back"
            )
        if not restored.missing:
            say("keys: all that it needs are here")

    _do(work())


def say_manifest(manifest: Manifest, zone: ZoneInfo) -> None:
    """What a backup holds."""
    at = datetime.fromtimestamp(manifest.at, zone)
    say(f"  of {at:%Y-%m-%d %H:%M:%S} {zone.key}, by contactcenter {manifest.program} on {manifest.engine}")
    counts = ("customers", "interactions", "requests", "followups", "notes", "users")
    told = [f"{manifest.tables[name]:,} {name}" for name in counts if name in manifest.tables]
    say(f"  {', '.join(told)}; {sum(manifest.tables.values()):,} rows of {len(manifest.tables)} tables")
    trail = manifest.audit
    sound = "sound" if trail.broken is None else f"BROKEN: row {trail.broken} is not as it was written"
    say(f"  audit log: {trail.rows:,} rows, {sound}")
    for name, kept in (("attachments", manifest.attachments), ("recordings", manifest.recordings)):
        left_out = name == "recordings" and not manifest.with_recordings
        files = "the index only" if left_out else f"{kept.files:,} files, {kept.bytes / 1e6:.1f} MB"
        gone = f", {kept.missing:,} MISSING" if kept.missing else ""
        say(f"  {name}: {kept.rows:,} rows, {files}{gone}")


def _stepped(progress: Progress) -> None:
    """How far a backup or a restore has come, on standard error."""
    done = progress.done >= progress.of
    if sys.stderr.isatty():
        part = 100 * progress.done // max(1, progress.of)
        sys.stderr.write(f"\r\x1b[K{progress.step}: {part} %" + ("\n" if done else ""))
        sys.stderr.flush()


@cli.command("demo-data")
def demo_data(
    config: Annotated[Path | None, typer.Option(help="The configuration file, of the store to fill.")] = None,
    data: Annotated[Path, typer.Option(help="Without --config: the folder of `run`.")] = Path("var"),
    size: Annotated[float, typer.Option("--scale", help="1 is a hundred agents' year.", min=0.0001)] = 1.0,
    of_customers: Annotated[
        int | None, typer.Option("--customers", help="Instead of the scale.", min=1)
    ] = None,
    of_interactions: Annotated[
        int | None, typer.Option("--interactions", help="Instead of the scale.", min=0)
    ] = None,
    agents: Annotated[int, typer.Option(help="How many.", min=5, max=5000)] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same year.", min=0)] = 1,
    until: Annotated[str, typer.Option(help="The day after the year: 2026-01-01; else today.")] = "",
    password: Annotated[str, typer.Option(help="Of all its agents; without, none may sign in.")] = "",
    add: Annotated[bool, typer.Option("--add", help="Also into a store that has records.")] = False,
) -> None:
    """Fill a store with a made-up year of a center: customers, talks, requests, notes; the center is stopped.

    Example: `contactcenter demo-data --data var --scale 0.1`
    """
    from contactcenter.demo import scale
    from contactcenter.demo.year import CUSTOMERS, INTERACTIONS, Sizes
    from contactcenter.standalone import CONFIG

    async def work() -> None:
        settings = load(config or CONFIG)
        place = settings.store.place if config else data / "contactcenter.db"
        key = settings.store.key if config else data / "personal.key"
        folder = settings.store.path.parent if config else data
        folder.mkdir(parents=True, exist_ok=True)
        try:
            last = date.fromisoformat(until) if until else datetime.now(ZoneInfo(settings.zone)).date()
        except ValueError:
            raise CannotRun(f"--until {until}: give a day such as 2026-01-01") from None
        sizes = Sizes(
            customers=of_customers if of_customers is not None else max(1, round(CUSTOMERS * size)),
            interactions=of_interactions if of_interactions is not None else round(INTERACTIONS * size),
            agents=agents,
        )
        filled = await scale.fill(
            place, key, sizes, seed=seed, until=last, zone=settings.zone, region=settings.region,
            password=password, add=add, dispositions=tuple(settings.dispositions),
            queues=tuple(settings.queues), kinds=tuple(settings.request_kinds), show=_rows_moved,
        )  # fmt: skip
        say(
            f"{name_of(place)}: {filled.customers:,} customers, {filled.interactions:,} interactions, "
            f"{filled.requests:,} requests of {filled.agents:,} agents, loaded in {filled.loaded_s:.0f} s, "
            f"made findable in {filled.indexed_s:.0f} s"
        )

    _do(work())


@cli.command("migrate-store")
def migrate_store(
    file: Annotated[Path, typer.Option("--from", help="The SQLite file; its center is stopped.")],
    url: Annotated[str, typer.Option("--to", help="The PostgreSQL database, empty, without a password.")],
) -> None:
    """Move the records from a SQLite file to PostgreSQL: all or nothing; the file is only read.

    The password is taken from PGPASSWORD or ~/.pgpass.

    Example: `contactcenter migrate-store --from center.db --to postgresql://contactcenter@db/contactcenter`
    """

    async def work() -> None:
        try:
            server = Server(url=url, beside=file)
        except ValueError as error:
            raise CannotRun(f"--to {error}") from None
        from contactcenter.crm import moving  # its driver is an extra

        moved = await moving.move(file, server, _rows_moved)
        width = max(len(each.table) for each in moved)
        for each in moved:
            note = f"  {each.mended} values mended" if each.mended else ""
            say(f"{each.table:{width}}  {each.rows:>10}  {each.checksum}{note}")
        rows = sum(each.rows for each in moved)
        say(f"{rows} rows of {len(moved)} tables are the same on both sides: set store.url to {url}")

    _do(work())


def _rows_moved(table: str, done: int, of: int) -> None:
    """How far the move has come, on standard error."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{table}: {done} of {of}" + ("\n" if done == of else ""))
    elif done == of:
        sys.stderr.write(f"{table}: {done} of {of}\n")
    sys.stderr.flush()


def _levels(text: str) -> dict[str, int]:
    """`zh=10, billing=6` as skill -> level."""
    levels = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        skill, _, level = part.partition("=")
        if not level.strip().isdecimal():
            raise CannotRun(f"--skills {part}: give each skill with its level, such as zh=10")
        levels[skill.strip()] = int(level)
    return levels


@user.command("add")
def user_add(
    login: str,
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    role: Annotated[str, typer.Option(help="The name of a role.")] = "agent",
    name: Annotated[str, typer.Option(help="Shown name; else the login.")] = "",
    phone: Annotated[str, typer.Option(help="The agent's phone.")] = "",
    queues: Annotated[str, typer.Option(help="Queues, separated by commas.")] = "",
    skills: Annotated[str, typer.Option(help="Skills with levels 1 to 10: zh=10,billing=6.")] = "",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Add a user. The password is asked for, so that no shell history holds it.

    Example: `contactcenter user add wang --config center.toml --phone 101 --queues support --skills zh=10`
    """

    async def work() -> None:
        file = load(config)
        wanted = tuple(filter(None, (each.strip() for each in queues.split(","))))
        levels = _levels(skills)
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(App(file, file.store.path.parent))
            settings = app.settings  # what the store has, not what the file says
            if unknown := sorted({*wanted} - {*settings.queues}):
                raise CannotRun(f"there is no queue {unknown[0]!r}; there are: {', '.join(settings.queues)}")
            if strange := sorted({*levels} - {*settings.skills}):
                known = ", ".join(settings.skills) or "none: add them to [skills]"
                raise CannotRun(f"there is no skill {strange[0]!r}; there are: {known}")
            await app.users.create(
                User(
                    login=login,
                    name=name or login,
                    role=role,
                    phone=phone,
                    queues=wanted,
                    skills=levels,
                ),
                password,
            )
        say(f"{login} may sign in")

    _do(work())


@audit.command("verify")
def audit_verify(
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    kept: Annotated[str, typer.Option(help="What an earlier run said: NUMBER:HASH.")] = "",
) -> None:
    """Follow the audit log's hashes from the first row to the last; the server may be running.

    Status 1 when a row is not as it was written, or when the kept one is not there any more.

    Example: `contactcenter audit verify --config center.toml --kept 1042:9f86d0…`
    """
    from contactcenter.crm import audit as rows
    from contactcenter.crm import engines

    async def work() -> None:
        place = load(config).store.place
        number, _, hash_ = kept.partition(":")
        if kept and not (number.isdecimal() and hash_):
            raise CannotRun("--kept is NUMBER:HASH, as an earlier run said it")
        chain = await engines.peek(place, rows.followed)
        if chain.broken is not None:
            raise CannotRun(
                f"row {chain.broken} of the audit log is not as it was written, or is missing; "
                f"the {chain.rows} before it are sound: somebody changed the database"
            )
        if kept and not await engines.peek(place, lambda db: rows.holds(db, int(number), hash_)):
            raise CannotRun(
                f"row {number} is not the one that was kept: rows were cut off since, or made anew"
            )
        say(f"{chain.rows} rows, each as it was written")
        if chain.rows:
            say(f"keep this elsewhere, and give it as --kept the next time: {chain.rows}:{chain.hash}")

    _do(work())


@compliance.command("report")
def compliance_report(
    campaign: Annotated[str, typer.Argument(help="The campaign's name or id.")],
    config: Annotated[Path, typer.Option(help="The configuration file.")],
    period: Annotated[int | None, typer.Option(help="Only this period; 1 is the first.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Print the evidence of a campaign: each rule, its figures, and whether it was kept; the center may run.

    Status 1 when a rule was broken.

    Example: `contactcenter compliance report "Summer sale" --config center.toml --period 2`
    """
    from contactcenter.crm import engines, evidence
    from contactcenter.dialer import reports

    async def work() -> bool:
        settings, at = load(config), Clock().now()
        found = await engines.peek(
            settings.store.place,
            lambda db: evidence.report(db, evidence.id_of(db, campaign), at=at, period=period),
        )
        if as_json:
            say(json.dumps(reports.as_json(found), ensure_ascii=False, indent=2))
        else:
            say("\n".join(reports.as_text(found, settings.zone)))
        return all(each.kept for each in found.periods)

    if not _do(work()):
        raise typer.Exit(1)


@keys.command("rotate")
def keys_rotate(config: Annotated[Path, typer.Option(help="The configuration file.")]) -> None:
    """Draw a new key for personal data and seal everything anew with it; the server is stopped.

    The old key stays in the file: backups from before need it. After a power failure run it again.

    Example: `contactcenter keys rotate --config center.toml`
    """
    from contactcenter.crm import keys as key_files
    from contactcenter.crm import rotation

    async def opened(settings: Settings, clock: Clock) -> Store:
        store = await Store.open(
            settings.store.place,
            tell=lambda event: None,
            now=clock.now,
            region=settings.region,
            key=settings.store.key,
        )
        if not store.sealing.usable:
            await store.close()
            raise CannotRun(store.sealing.why)
        return store

    async def work() -> None:
        settings, clock = load(config), Clock()
        await (await opened(settings, clock)).close()
        key_files.add(settings.store.key)
        store = await opened(settings, clock)
        try:
            resealed, progress = 0, rotation.BEGINNING
            while not progress.done:
                progress = await store.write(rotation.step, progress)
                resealed += progress.resealed
            await store.write(rotation.end, at=clock.now())
            say(
                f"{resealed} values are sealed with the key {store.sealing.fingerprints['seal'][0]}; keep a "
                f"copy of {settings.store.key}, with the old keys in it: backups from before need them"
            )
        finally:
            await store.close()

    _do(work())


def _days_done(done: int, of: int) -> None:
    """How far a simulation has come, on standard error: a line that changes, or one for each tenth."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rday {done} of {of}" + ("\n" if done == of else ""))
    elif done * 10 // of > (done - 1) * 10 // of:
        sys.stderr.write(f"day {done} of {of}\n")
    sys.stderr.flush()


@simulation.command("routing")
def simulate_routing(
    scenarios: Annotated[list[str] | None, typer.Argument(help="s1, s2, s3, or a TOML file.")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Policy to try; again for more.")] = None,
    seeds: Annotated[int, typer.Option(help="How many days, each with its own seed.", min=1)] = 10,
    first_seed: Annotated[int, typer.Option(help="The seed of the first day.")] = 1,
    hours: Annotated[float, typer.Option(help="Hours of a day that count.", min=0.1, max=1000)] = 8.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Try ways to route on made-up days, with the live engine's own code.

    Example: `contactcenter simulate routing s2 --policy fair --policy reserve --seeds 30`
    """
    from contactcenter.simulation import policies, report, routing, scenario

    try:
        loaded = {name: scenario.load(name) for name in scenarios or ["s1"]}
        tried = {name: policies.chosen(each, policy or ()) for name, each in loaded.items()}
        found: dict[str, Any] = {}
        for name, each in loaded.items():
            results = routing.simulate(
                each, tried[name], range(first_seed, first_seed + seeds), hours, progress=_days_done
            )
            found[name] = [report.as_json(result) for result in results]
            if not as_json:
                say("\n".join(report.routing_report(each, results)) + "\n")
        if as_json:
            say(json.dumps(found, indent=2))
    except EXPECTED as error:
        err.print(f"contactcenter: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


@simulation.command("dialer")
def simulate_dialer(
    cells: Annotated[
        list[str] | None,
        typer.Argument(help="agents:share of answers, as 20:0.3, several too; `all`: the table of marks."),
    ] = None,
    world: Annotated[
        list[str] | None, typer.Option(help="World to try it in; again for more; `all`: every one.")
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="Policy to try, or your own as module:Class; again for more.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many days, each with its own seed.", min=1)] = 4,
    first_seed: Annotated[int, typer.Option(help="The seed of the first day.")] = 1,
    hours: Annotated[float, typer.Option(help="Hours of a day.", min=1, max=1000)] = 8.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Try ways to pace a predictive campaign on made-up days, with the live pacing's own code.

    Without arguments: 20 agents, 30 % answered, the usual ways to pace, 4 days; one to two minutes.

    Example: `contactcenter simulate dialer 20:0.3 --policy predictive --policy adaptive_ratio --seeds 4`
    """
    from contactcenter.simulation import dialer, dialer_policies, dialer_report, dialer_world

    try:
        marked = list(dialer_world.MARKS) if cells == ["all"] else list(cells or ["20:0.3"])
        named = list(dialer_world.WORLDS) if world == ["all"] else list(dict.fromkeys(world or ["usual"]))
        worlds = {
            (name, cell): dialer_world.chosen(name, cell) for name in named for cell in dict.fromkeys(marked)
        }
        tried = list(dialer_policies.chosen(policy or ()))
        err.print(dialer_report.plan(named, marked, tried, seeds, hours), markup=False, soft_wrap=True)
        results = dialer.simulate_dialer(
            worlds, tried, range(first_seed, first_seed + seeds), hours, progress=_days_done
        )
        if as_json:
            say(json.dumps([dialer_report.dialer_json(result) for result in results], indent=2))
        else:
            for line in dialer_report.dialer_report(results):
                say(line)
    except EXPECTED as error:
        err.print(f"contactcenter: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


@simulation.command("waits")
def simulate_waits(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="s1, s2, s3, or a TOML file; else four settings of their own.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many days, each with its own seed.", min=1)] = 10,
    first_seed: Annotated[int, typer.Option(help="The seed of the first day.")] = 1,
    hours: Annotated[float, typer.Option(help="Hours of a day that count.", min=0.1, max=1000)] = 8.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """See how good announced waits are on made-up days, beside app_queue's average.

    Example: `contactcenter simulate waits --seeds 8`
    """
    from contactcenter.simulation import report, scenario, waits

    try:
        settings = {name: scenario.load(name) for name in scenarios or ()} or waits.SETTINGS
        results = waits.simulate_waits(
            settings, range(first_seed, first_seed + seeds), hours, progress=_days_done
        )
        if as_json:
            say(json.dumps([report.as_json(result) for result in results], indent=2))
        else:
            say("\n".join(report.waits_report(results)))
    except EXPECTED as error:
        err.print(f"contactcenter: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
