"""The sections of the configuration: which keys each has, and what stands in them.

Here a key is right or wrong by itself; what is wrong between keys is found in `config.py`.
"""

import re
import unicodedata
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contactcenter.claims import Claim
from contactcenter.crm.errors import StoreRefused
from contactcenter.crm.keeper import Wishes
from contactcenter.crm.place import Place, Server
from contactcenter.mistakes import Wrong, WrongReferences
from contactcenter.routing.conditions import parse as parse_condition
from contactcenter.routing.hours import Calendar, Span
from contactcenter.routing.matching import Policy, Reserve
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.skills import Need, needs
from contactcenter.routing.widening import Widening

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Asia/Shanghai") from None
    return name


def _server(url: str) -> str:
    if url:
        Server(url=url, beside=Path())
    return url


def _spans(text: str) -> str:
    parse_spans(text)
    return text


def parse_spans(text: str) -> tuple[Span, ...]:
    """`"09:00-12:00, 13:30-18:00"`; an empty text means closed; 24:00 is midnight at the end of the day."""
    spans: list[tuple[str, Span]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", part)
        if not match:
            raise ValueError(f"{part!r} must look like 09:00-18:00")
        start_h, start_m, end_h, end_m = map(int, match.groups())
        if (end_h, end_m) == (24, 0):
            end_h = 0
        try:
            start, end = time(start_h, start_m), time(end_h, end_m)
        except ValueError:
            raise ValueError(
                f"{part!r} has a time that no clock shows: hours go from 00:00 to 24:00, minutes to 59"
            ) from None
        if end != time(0) and end <= start:
            raise ValueError(f"{part!r} ends before it starts: write hours over midnight as two spans")
        for before, (other, other_end) in spans:
            if (start < other_end or other_end == time(0)) and (other < end or end == time(0)):
                raise ValueError(f"{before!r} and {part!r} overlap: write them as one, or part them")
        spans.append((part, (start, end)))
    return tuple(span for _, span in spans)


def _condition(text: str) -> str:
    parse_condition(text)
    return text


def _moment(seconds: float) -> float:
    if 0 < seconds < 0.5:
        raise ValueError("must be 0 for never, or 0.5 or more")
    return seconds


def _port(number: int) -> int:
    if not 1 <= number <= 65535:
        raise ValueError("must be a port, from 1 to 65535")
    return number


def _region(code: str) -> str:
    if code not in SUPPORTED_REGIONS:
        raise ValueError("must be a country by two capital letters, such as CN or DE")
    return code


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names one thing twice: once is enough")
    return names


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""What turns the direction of writing, by Unicode's names."""


def _shown_text(text: str) -> str:
    for mark in text:
        if (
            unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(mark) in _TURNING
        ):
            raise ValueError(
                f"must be one line of plain text, without U+{ord(mark):04X}: control characters and marks "
                "that turn the direction of writing are no part of a name"
            )
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Hours = Annotated[str, AfterValidator(_spans)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{1,15}$")]
Phone = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
Level = Annotated[int, Field(strict=True, ge=1, le=10)]
Minutes = Annotated[float, Field(ge=-1440, le=1440)]
Port = Annotated[int, AfterValidator(_port)]
Region = Annotated[str, AfterValidator(_region)]
Endpoint = Annotated[str, Field(pattern=r"^PJSIP/[A-Za-z0-9_.+@:/-]{1,150}$")]
"""What the IVR's session will dial, and nothing that it would not."""


class Section(BaseModel):
    """One table of the file: no key that is not known, and none that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Words = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_shown_text)]


class Title(Section):
    """A name in both languages of the pages."""

    zh: Words
    en: Words


class HttpSection(Section):
    """Where browsers find the pages."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()


class FastAgiSection(Section):
    """Where Asterisk finds the scripts."""

    host: str = "127.0.0.1"
    port: Port = 4573
    key: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]{8,128})?$", repr=False)] = ""
    """What Asterisk's dialplan says in the address (`?key=`); empty: any connection is believed."""


class AsteriskSection(Section):
    """One Asterisk server to attach to."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    """Its `systemname`: the beginning of every name that it gives to a leg."""
    host: str = "127.0.0.1"
    port: Port = 5038
    user: str = "contactcenter"
    secret: str = Field(repr=False, min_length=1)


class StoreSection(Section):
    """Where the records are kept."""

    path: Path = Path("contactcenter.db")
    """The SQLite file; with `url`, the name beside which the journal stands."""
    key: Path = Path("personal.key")
    """The file with the key of personal data; its index's stands beside it, as `personal.index.key`."""
    url: Annotated[str, AfterValidator(_server)] = ""
    """A PostgreSQL database instead of the file."""
    password: str = ""
    """Of the database's user."""
    password_file: Path | None = None
    """The same, from a file's first line."""

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if not self.url and (self.password or self.password_file):
            raise WrongReferences([Wrong("password", "is of no use without url: add it, or remove this")])
        if self.password and self.password_file:
            raise WrongReferences([Wrong("password", "is given twice: remove it, or password_file")])
        return self

    @property
    def place(self) -> Place:
        """Where the store is. Raises `StoreRefused` when the password's file can't be read."""
        if not self.url:
            return self.path
        password = self.password
        if self.password_file:
            try:
                password = self.password_file.read_text(encoding="utf-8").partition("\n")[0]
            except (OSError, UnicodeDecodeError) as error:
                raise StoreRefused(
                    f"store.password_file {self.password_file} can't be read ({error}): "
                    "let it be a text file that this user may read"
                ) from None
        return Server(url=self.url, password=password, beside=self.path)


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("must be a time of the day such as 03:00")
    return text


class BackupSection(Section):
    """Daily backups of the store and the attachments."""

    daily: bool = True
    at: Annotated[str, AfterValidator(_clock)] = "03:00"
    """The time of the day, in the center's zone."""
    folder: Path = Path("backups")
    keep: int = Field(default=7, ge=1, le=10_000)
    """How many; older ones are deleted when a new one is there."""
    recordings: bool = False
    """Whether the recordings' audio comes along; their index always does."""

    @property
    def wishes(self) -> Wishes:
        """What the keeper is told."""
        return Wishes(
            folder=self.folder, daily=self.daily, at=time.fromisoformat(self.at), keep=self.keep,
            with_recordings=self.recordings,
        )  # fmt: skip


class FilesSection(Section):
    """Files that people send: attachments, and tables to import."""

    folder: Path = Path("files")
    attachment_mb: int = Field(default=20, ge=1, le=1000)
    attachments: int = Field(default=200, ge=1, le=10_000)
    """Of one customer."""
    import_mb: int = Field(default=200, ge=1, le=2000)
    import_days: int = Field(default=30, ge=1, le=3650)
    """For how long a file is kept after it was imported, so that its bad rows can be fetched."""


class SpeechSection(Section):
    """Prompts: where they are made, and by which engines."""

    cache: Path = Path("prompts")
    """Asterisk must be able to read this folder under the same path."""
    recordings: Path | None = None
    """Own sound files, `<language>/<prompt>.wav`: they win over synthesis."""
    zh: str = "espeak-ng"
    en: str = "flite"


class CalendarSection(Section):
    """Opening hours. Days that are not named are closed."""

    zone: Zone | None = None
    mon: Hours = ""
    tue: Hours = ""
    wed: Hours = ""
    thu: Hours = ""
    fri: Hours = ""
    sat: Hours = ""
    sun: Hours = ""
    holidays: dict[date, Hours] = Field(default_factory=dict)
    emergency: Title | None = None


class Urging(Section):
    """What lets a call come earlier."""

    priority: Minutes = 0.0


class Asking(Urging):
    """What speaks for a call."""

    needs: dict[Name, Level] = Field(default_factory=dict)
    """Skill -> the level that is required."""
    prefers: dict[Name, Level] = Field(default_factory=dict)
    """Skill -> the level that is preferred."""

    @property
    def all_needs(self) -> tuple[Need, ...]:
        """Both kinds."""
        return needs(self.needs, self.prefers)

    @property
    def claim(self) -> Claim:
        """As the center knows it."""
        return Claim(priority=self.priority, needs=self.all_needs)


class Condition(Asking):
    """What speaks for a call while something holds of its customer."""

    when: Annotated[str, AfterValidator(_condition)]
    """As in `customer.custom.segment == "vip"`: see `routing/conditions.py`."""
    queues: tuple[Name, ...] = ()
    """In these queues only; empty: in all."""


class WideningSection(Section):
    """One step of a queue's widening."""

    after_s: float = Field(gt=0, le=86400)
    lower: dict[Name, Level] = Field(default_factory=dict)
    drop: tuple[Name, ...] = ()
    also_queues: tuple[Name, ...] = ()


class RoutingSection(Section):
    """What holds for all queues together."""

    order: Literal["fair", "service_level_first"] = "fair"
    overtaken_s: float = Field(default=65, ge=0, le=3600)
    reserve: dict[Name, Annotated[float, Field(gt=0, le=600)]] = Field(default_factory=dict)
    """Skill -> for how many seconds its agents are held back."""
    rest_s: float = Field(default=0, ge=0, le=600)
    occupancy_limit: float = Field(default=1, ge=0.1, le=1)
    tiers: dict[str, Asking] = Field(default_factory=dict)
    languages: dict[Literal["zh", "en"], Asking] = Field(default_factory=dict)
    save_desk: Asking = Asking()
    conditions: dict[Name, Condition] = Field(default_factory=dict)
    """By the names under which decisions speak of them."""

    def policy(self) -> Policy:
        """The order of service, and skills that are held back."""
        return Policy(
            order=self.order,
            overtaken_s=self.overtaken_s,
            reserves=tuple(Reserve(skill=skill, hold_s=s) for skill, s in sorted(self.reserve.items())),
        )


class QueueTuning(Urging):
    """What of a queue one turns while callers wait (`POST /api/changes`)."""

    opening: Literal["calendar", "open", "closed"] = "calendar"
    """A switch for emergencies: `open` and `closed` hold whatever the calendar says."""
    strategy: Literal[
        "least_flexible", "longest_idle", "most_skilled", "round_robin", "fewest_calls", "ring_several"
    ] = "least_flexible"
    seats: int = Field(default=3, ge=2, le=20)
    target_share: float = Field(default=0.8, gt=0, le=1)
    target_s: float = Field(default=20, gt=0, le=3600)


class QueueSection(QueueTuning, Asking):
    """A queue."""

    title: Title
    calendar: str = ""
    """Empty: always open."""
    ring_s: int = Field(default=20, ge=3, le=120)
    wrap_up_s: int = Field(default=30, ge=0, le=3600)
    more_time_s: int = Field(default=60, ge=1, le=3600)
    max_waiting: int = Field(default=500, strict=True, ge=1, le=10000)
    max_wait_s: float = Field(default=1800, ge=1, le=86400)
    without_agents: bool = False
    recording: Literal["never", "always", "announce"] = "never"
    retention_days: int | None = Field(default=None, ge=0, le=36500)
    """For how long its recordings are kept; empty: as `recordings.retention_days` says."""
    announce_after_s: Annotated[float, AfterValidator(_moment)] = Field(default=0, ge=0, le=86400)
    """When a caller is first told the place and the wait; 0: never."""
    announce_every_s: float = Field(default=60, ge=15, le=86400)
    ways_out: Annotated[tuple[Literal["callback", "message"], ...], AfterValidator(_once)] = ()
    """What a waiting caller may choose instead."""
    callbacks_max: int = Field(default=50, ge=0, le=10000)
    callback_tries: int = Field(default=3, ge=1, le=10)
    callback_pause_s: float = Field(default=600, ge=30, le=86400)
    callback_expires_s: float = Field(default=14400, ge=60, le=345600)
    callback_ring_s: int = Field(default=30, ge=15, le=120)
    callback_first: Literal["customer", "agent"] = "customer"
    overflow_after_s: float = Field(default=0, ge=0, le=86400)
    """When a caller goes on to wait in `overflow_queue`; 0: never."""
    overflow_queue: str = ""
    widening: tuple[WideningSection, ...] = ()
    preferred_s: float = Field(default=20, ge=0, le=3600)
    last_agent: bool = False

    def rules(self, name: str, calendar: Calendar) -> QueueRules:
        """As the center knows it."""
        own = {"title", "calendar", "needs", "prefers", "widening", "retention_days"}
        return QueueRules(
            name=name,
            title=self.title.model_dump(),
            calendar=calendar,
            needs=self.all_needs,
            widening=tuple(Widening(**step.model_dump()) for step in self.widening),
            **self.model_dump(exclude=own),
        )


class RecordingsSection(Section):
    """Where recordings are kept, and for how long. Whether there are any is each queue's affair."""

    spool: Path = Path("spool")
    """Where Asterisk writes while a talk goes on: its folder `monitor`, under our path for it."""
    folder: Path = Path("recordings")
    """Where they are kept, encrypted."""
    key: Path = Path("recordings.key")
    """The file with the key; without it no recording can be heard again."""
    retention_days: int = Field(default=365, ge=0, le=36500)
    """0: for ever. A queue may say otherwise."""
    auto_resume_s: float = Field(default=120, ge=5, le=3600)
    """A pause ends by itself after so long."""
    agents_listen: bool = False
    """Whether agents may listen to their own."""


class DidSection(Asking):
    """A number of ours: it leads to a script, or straight to a queue."""

    script: str = ""
    queue: str = ""

    @model_validator(mode="after")
    def _one(self) -> "DidSection":
        if bool(self.script) == bool(self.queue):
            raise ValueError("give either script or queue")
        return self


class SupervisionSection(Section):
    """What agents are shown of supervision. The law where you are may leave no choice."""

    visible_to_agent: bool = True
    """Whether an agent is shown that a supervisor is at his call. Supervisors always are."""


TrunkName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An endpoint of Asterisk's."""


class TransfersSection(Section):
    """Which numbers outside agents may consult and transfer callers to."""

    trunk: TrunkName = "carrier"
    """The endpoint that takes such calls."""
    prefixes: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,15}$")], ...] = ()
    """How such a number must begin; none: nobody calls out. `""` is no prefix: name what you pay for."""
    ring_s: int = Field(default=30, ge=5, le=120)
    """How long a colleague or a number is rung."""
    at_most: int = Field(default=10, ge=1)
    """How many numbers outside at once, over all agents."""
    shows: Annotated[str, Field(pattern=r"^(\+?[0-9]{1,15})?$")] = ""
    """The number that the far end is shown; empty: none."""
    longest_hold_s: float = Field(default=900, ge=30, le=7200)
    """After this the caller is given back to the agent who put him on hold."""


class TrunkSection(Section):
    """What campaigns may ask of one trunk."""

    calls_per_s: float = Field(default=5, gt=0, le=500)
    """Calls placed a second, at most."""
    channels: int = Field(default=100, ge=1, le=10_000)
    """Calls of campaigns at once, at most."""


class IvrSection(Section):
    """The scripts of the numbers."""

    folder: Path = Path("ivr")
    fallback_queue: str
    """Where a caller goes whose script failed."""
    transfers: dict[Name, Endpoint] = Field(default_factory=dict)
    """Where a script may send callers: name -> endpoint."""
