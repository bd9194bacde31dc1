"""`contactcenter run`: a whole center on one machine, with an Asterisk of its own and demo data if wanted."""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from contactcenter.app import App
from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.docker import DockerAsterisk
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.config import Settings, load
from contactcenter.demo import accounts, data, outgoing
from contactcenter.demo.accounts import PHONES, Accounts
from contactcenter.demo.called import ADDRESS, TRUNK, CalledPeople
from contactcenter.demo.phones import SIMULATED, DemoPhones
from contactcenter.places import folder
from contactcenter.sections import AsteriskSection, TrunkSection
from contactcenter.values import frozen

CONFIG = folder("dialplans") / "demo.toml"
TREE = folder("dialplans").parent / ".asterisk"
SYSTEM_NAME = "cc"


class CannotRun(Exception):
    """The center can't be started as asked; the message says what to do."""


@frozen
class Options:
    """What `contactcenter run` was asked for."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    asterisk: str = "embedded"
    port_offset: int = 0
    demo: bool = True
    demo_password: str | None = None
    record: Path | None = None


async def run(options: Options, say: Callable[[str], object]) -> None:
    """Start everything, say what is where and `ready …`, and stay until SIGINT or SIGTERM.

    Raises `CannotRun`, and what the parts raise that can't start.
    """
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with AsyncExitStack() as running:
        started = await start(options, running, say)
        say(f"ready {started.address}")
        if started.asterisk:
            watching = asyncio.create_task(_stop_with(started.asterisk, stop))
            running.callback(watching.cancel)
        await stop.wait()
        say("stopping …")
        crashed = started.asterisk and not started.asterisk.running
        log = started.asterisk.folders.log if started.asterisk else None
    if crashed:
        raise CannotRun(f"Asterisk ended by itself: its log is in {log}")


async def _stop_with(asterisk: EmbeddedAsterisk, stop: asyncio.Event) -> None:
    """A center whose Asterisk is gone is no center: end it, and say so."""
    await asterisk.wait()
    stop.set()


@frozen
class Started:
    """What runs."""

    address: str
    """Where the pages are."""
    asterisk: EmbeddedAsterisk | None


async def start(options: Options, running: AsyncExitStack, say: Callable[[str], object]) -> Started:
    """Start everything onto `running`, which ends it."""
    options.data.mkdir(parents=True, exist_ok=True)
    settings = _settings(options)
    simulated: DemoPhones | None = None
    app = App(
        settings,
        options.data,
        answerable=frozenset(SIMULATED) if options.demo else frozenset(),
        answer=lambda command: simulated.carry(command) if simulated else None,
    )
    # Asterisk is entered first, so it ends whatever becomes of us. When all goes well it ends a little before
    # the recordings do, which are then picked up to the last talk.
    asterisk_first = await running.enter_async_context(AsyncExitStack())
    await running.enter_async_context(app)
    known = Accounts(users={}, phones=dict.fromkeys(PHONES, ""))
    if options.demo:
        known = await accounts.ensure(app.store, app.users, options.data, options.demo_password)
    own = AsteriskSettings(
        ami_secret=settings.asterisk[0].secret,
        agi_key=settings.fastagi.key,
        phones=known.phones if options.demo else {},
        dids=tuple(settings.dids),
        systemname=SYSTEM_NAME,
        port_offset=options.port_offset,
        people_address=ADDRESS if options.demo else "",
    )
    embedded: EmbeddedAsterisk | None = None
    if options.asterisk == "docker":
        docker = DockerAsterisk(own, settings.speech.cache, settings.recordings.spool)
        await asterisk_first.enter_async_context(docker)
    elif options.asterisk == "embedded":
        embedded = EmbeddedAsterisk(own, TREE, instance=options.data / "asterisk")
        await asterisk_first.enter_async_context(embedded)
        # Asterisk may run as another user, in a folder of its own: prompts are made where it can read them.
        speech = settings.speech.model_copy(update={"cache": embedded.prompts})
        # It writes what is said into its own spool, where we pick it up.
        kept = settings.recordings.model_copy(update={"spool": embedded.folders.recordings})
        app.settings = app.settings.model_copy(update={"speech": speech, "recordings": kept})
    if options.asterisk in ("docker", "embedded"):
        app.end_asterisk = asterisk_first.aclose
    if options.demo:
        dispositions = tuple(app.settings.dispositions)
        if await data.fill(app.store, dispositions=dispositions):
            await outgoing.fill(app.store, dispositions)
            for event in await outgoing.restored(app.store):  # there were none when the store was opened
                app.loop.tell(event)
    await app.start()
    if options.record:
        trace = running.enter_context(options.record.open("w", encoding="utf-8"))
        app.recorder.to_file(trace)
    if options.demo:
        simulated = DemoPhones(known.phones, ("127.0.0.1", 5060 + options.port_offset))
        await simulated.start()
        running.push_async_callback(simulated.stop)
        people = CalledPeople((ADDRESS, own.carrier_port))
        await people.start()
        running.push_async_callback(people.stop)
        _introduce(options, app, known, say)
    return Started(address=app.http.url, asterisk=embedded)


def _settings(options: Options) -> Settings:
    server: dict[str, object] = {"name": SYSTEM_NAME}
    if options.asterisk in ("embedded", "docker"):
        server |= {"port": 5038 + options.port_offset, "secret": _secret(options.data / "ami-secret")}
    else:
        host, _, port = options.asterisk.partition(":")
        if not port.isdecimal():
            raise CannotRun(
                f"--asterisk {options.asterisk}: give embedded, docker, or an address such as 10.0.0.5:5038"
            )
        if not (secret := os.environ.get("CONTACTCENTER_AMI_SECRET")):
            raise CannotRun("set CONTACTCENTER_AMI_SECRET to the secret of the AMI user `contactcenter`")
        server |= {"host": host, "port": int(port), "secret": secret}
    settings = load(CONFIG, asterisk=[server])
    data = options.data.resolve()
    update = {
        "http": settings.http.model_copy(update={"host": options.host, "port": options.port}),
        "fastagi": settings.fastagi.model_copy(
            update={"port": 4573 + options.port_offset, "key": _secret(options.data / "agi-key")}
        ),
        "store": settings.store.model_copy(
            update={"path": data / "contactcenter.db", "key": data / "personal.key"}
        ),
        "files": settings.files.model_copy(update={"folder": data / "files"}),
        "backup": settings.backup.model_copy(update={"folder": data / "backups"}),
        "speech": settings.speech.model_copy(update={"cache": data / "prompts"}),
        "recordings": settings.recordings.model_copy(
            update={
                "spool": data / "spool" / "monitor",
                "folder": data / "recordings",
                "key": data / "recordings.key",
            }
        ),
        "asterisk": tuple(AsteriskSection.model_validate(server) for server in [server]),
    }
    if options.demo:
        update["trunks"] = {TRUNK: TrunkSection(calls_per_s=2, channels=20)}
    return settings.model_copy(update=update)


def _secret(path: Path) -> str:
    """A secret between Asterisk and us: drawn once, kept for its owner only."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        secret = secrets.token_urlsafe(24)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret + "\n")
        return secret


def _introduce(options: Options, app: App, known: Accounts, say: Callable[[str], object]) -> None:
    """What a new user needs to know, the first thing to try on top."""
    extra = f" --port-offset {options.port_offset}" if options.port_offset else ""
    command = shutil.which("contactcenter") or ".venv/bin/contactcenter"
    password = known.users["agent1"]
    say(
        f"""
First thing to try, with nothing but a browser:
  1. open {app.http.url} and sign in as agent1 with the password {password}
  2. choose the simulated phone {SIMULATED[0]}, then become available
  3. in another terminal: {command} demo call 4002 --name "王芳"{extra}

Telephone numbers: 4001 hotline (1 中文, 2 English) · 4002 support · 4003 sales
SIP: any phone as 101 … 120 on 127.0.0.1:{5060 + options.port_offset} (simulated: {", ".join(SIMULATED)})
Users: {", ".join(known.users)}
Passwords and phones' secrets: {options.data / accounts.FILE}
"""
    )
