"""The configuration: one TOML file, checked as a whole before anything starts.

Secrets may come from the environment: `secret = "$AMI_SECRET"`. Paths are relative to the file. Whatever is
wrong is reported at once, each with the file, the key, the value and what would be right.
"""

import os
import re
import tomllib
import unicodedata
from collections.abc import Collection
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from contactcenter.claims import Claim, Claims, Conditional
from contactcenter.crm.errors import StoreRefused
from contactcenter.crm.place import Place, Server
from contactcenter.mistakes import place, remedy
from contactcenter.routing.conditions import parse as parse_condition
from contactcenter.routing.hours import ALWAYS, Calendar, Span
from contactcenter.routing.matching import Policy, Reserve
from contactcenter.routing.problems import Problem, problems
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import Need, needs
from contactcenter.routing.widening import Widening
from contactcenter.rules import Outside, Rules

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Wrong(NamedTuple):
    """One mistake."""

    key: str
    says: str
    """What is wrong with it, and what to do."""


class WrongReferences(ValueError):
    """Keys that are right each for itself, and wrong together."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__("; ".join(f"{each.key}: {each.says}" for each in wrong))
        self.wrong = wrong


class ConfigError(Exception):
    """The configuration can't be used; `problems` says why, one line each."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.problems = problems


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
Endpoint = Annotated[str, Field(pattern=r"^PJSIP/[A-Za-z0-9_.+@:/-]{1,150}$")]
"""What the IVR's session will dial, and nothing that it would not."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Words = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_shown_text)]


class Title(_Section):
    """A name in both languages of the pages."""

    zh: Words
    en: Words


class HttpSection(_Section):
    """Where browsers find the pages."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()


class FastAgiSection(_Section):
    """Where Asterisk finds the scripts."""

    host: str = "127.0.0.1"
    port: Port = 4573
    key: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]{8,128})?$", repr=False)] = ""
    """What Asterisk's dialplan says in the address (`?key=`); empty: any connection is believed."""


class AsteriskSection(_Section):
    """One Asterisk server to attach to."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    """Its `systemname`: the beginning of every name that it gives to a leg."""
    host: str = "127.0.0.1"
    port: Port = 5038
    user: str = "contactcenter"
    secret: str = Field(repr=False, min_length=1)


class StoreSection(_Section):
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


class FilesSection(_Section):
    """Files that people send: attachments, and tables to import."""

    folder: Path = Path("files")
    attachment_mb: int = Field(default=20, ge=1, le=1000)
    attachments: int = Field(default=200, ge=1, le=10_000)
    """Of one customer."""
    import_mb: int = Field(default=200, ge=1, le=2000)
    import_days: int = Field(default=30, ge=1, le=3650)
    """For how long a file is kept after it was imported, so that its bad rows can be fetched."""


class SpeechSection(_Section):
    """Prompts: where they are made, and by which engines."""

    cache: Path = Path("prompts")
    """Asterisk must be able to read this folder under the same path."""
    recordings: Path | None = None
    """Own sound files, `<language>/<prompt>.wav`: they win over synthesis."""
    zh: str = "espeak-ng"
    en: str = "flite"


class CalendarSection(_Section):
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


class _Urging(_Section):
    """What lets a call come earlier."""

    priority: Minutes = 0.0


class _Asking(_Urging):
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


class _Condition(_Asking):
    """What speaks for a call while something holds of its customer."""

    when: Annotated[str, AfterValidator(_condition)]
    """As in `customer.custom.segment == "vip"`: see `routing/conditions.py`."""
    queues: tuple[Name, ...] = ()
    """In these queues only; empty: in all."""


class WideningSection(_Section):
    """One step of a queue's widening."""

    after_s: float = Field(gt=0, le=86400)
    lower: dict[Name, Level] = Field(default_factory=dict)
    drop: tuple[Name, ...] = ()
    also_queues: tuple[Name, ...] = ()


class RoutingSection(_Section):
    """What holds for all queues together."""

    order: Literal["fair", "service_level_first"] = "fair"
    overtaken_s: float = Field(default=65, ge=0, le=3600)
    reserve: dict[Name, Annotated[float, Field(gt=0, le=600)]] = Field(default_factory=dict)
    """Skill -> for how many seconds its agents are held back."""
    rest_s: float = Field(default=0, ge=0, le=600)
    occupancy_limit: float = Field(default=1, ge=0.1, le=1)
    tiers: dict[str, _Asking] = Field(default_factory=dict)
    languages: dict[Literal["zh", "en"], _Asking] = Field(default_factory=dict)
    save_desk: _Asking = _Asking()
    conditions: dict[Name, _Condition] = Field(default_factory=dict)
    """By the names under which decisions speak of them."""

    def policy(self) -> Policy:
        """The order of service, and skills that are held back."""
        return Policy(
            order=self.order,
            overtaken_s=self.overtaken_s,
            reserves=tuple(Reserve(skill=skill, hold_s=s) for skill, s in sorted(self.reserve.items())),
        )


class QueueTuning(_Urging):
    """What of a queue one turns while callers wait (`POST /api/changes`)."""

    opening: Literal["calendar", "open", "closed"] = "calendar"
    """A switch for emergencies: `open` and `closed` hold whatever the calendar says."""
    strategy: Literal[
        "least_flexible", "longest_idle", "most_skilled", "round_robin", "fewest_calls", "ring_several"
    ] = "least_flexible"
    seats: int = Field(default=3, ge=2, le=20)
    target_share: float = Field(default=0.8, gt=0, le=1)
    target_s: float = Field(default=20, gt=0, le=3600)


class QueueSection(QueueTuning, _Asking):
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


class RecordingsSection(_Section):
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


class DidSection(_Asking):
    """A number of ours: it leads to a script, or straight to a queue."""

    script: str = ""
    queue: str = ""

    @model_validator(mode="after")
    def _one(self) -> "DidSection":
        if bool(self.script) == bool(self.queue):
            raise ValueError("give either script or queue")
        return self


class SupervisionSection(_Section):
    """What agents are shown of supervision. The law where you are may leave no choice."""

    visible_to_agent: bool = True
    """Whether an agent is shown that a supervisor is at his call. Supervisors always are."""


class TransfersSection(_Section):
    """Which numbers outside agents may consult and transfer callers to."""

    trunk: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = "carrier"
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


class IvrSection(_Section):
    """The scripts of the numbers."""

    folder: Path = Path("ivr")
    fallback_queue: str
    """Where a caller goes whose script failed."""
    transfers: dict[Name, Endpoint] = Field(default_factory=dict)
    """Where a script may send callers: name -> endpoint."""


class Configuration(_Section):
    """What may change while callers wait. The file gives the first version; from then on the store has it."""

    zone: Zone = "Asia/Shanghai"
    """Of calendars that name none."""
    calendars: dict[Name, CalendarSection] = Field(default_factory=dict)
    skills: dict[Name, Title] = Field(default_factory=dict)
    """The skills that there are."""
    queues: dict[Name, QueueSection] = Field(min_length=1)
    routing: RoutingSection = RoutingSection()
    dispositions: dict[Name, Title] = Field(min_length=1)
    pauses: dict[Name, Title] = Field(default_factory=dict)
    request_kinds: dict[Name, Title] = Field(default_factory=dict)
    """What customers' requests may be: empty, they are of no kind."""
    supervision: SupervisionSection = SupervisionSection()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if wrong := self.all_wrong():
            raise WrongReferences(wrong)
        return self

    def all_wrong(self) -> list[Wrong]:
        """What no single key shows: names that lead nowhere, rules that contradict each other."""
        return self.wrong_references() + [
            Wrong(each.where, f"{each.what}: {each.remedy}")
            for each in self.problems()
            if each.severity == "error"
        ]

    def wrong_references(self) -> list[Wrong]:
        """Every name that leads nowhere, with the key that has it."""
        return [
            Wrong(
                f"queues.{name}.calendar",
                f"there is no calendar {queue.calendar!r}: "
                f"add [calendars.{queue.calendar}], or name {_one_of(self.calendars)}",
            )
            for name, queue in self.queues.items()
            if queue.calendar and queue.calendar not in self.calendars
        ] + [
            Wrong(
                f"routing.conditions.{name}.queues",
                f"there is no queue {queue!r}: name {_one_of(self.queues)}",
            )
            for name, each in self.routing.conditions.items()
            for queue in each.queues
            if queue not in self.queues
        ]

    def problems(self, agents: Collection[Agent] | None = None) -> list[Problem]:
        """What is wrong with the rules of routing; with `agents`, also what these can't do."""
        return problems(
            [queue.rules(name, ALWAYS) for name, queue in self.queues.items()],
            skills=self.skills,
            asked={where: asking.all_needs for where, asking in self.askings().items()},
            policy=self.routing.policy(),
            agents=agents,
        )

    def askings(self) -> dict[str, _Asking]:
        """Everything but queues that speaks for a call, by its key."""
        routing = self.routing
        return {
            **{f"routing.tiers.{tier}.needs": each for tier, each in routing.tiers.items()},
            **{f"routing.languages.{name}.needs": each for name, each in routing.languages.items()},
            "routing.save_desk.needs": routing.save_desk,
            **{f"routing.conditions.{name}.needs": each for name, each in routing.conditions.items()},
        }

    def calendar(self, name: str) -> Calendar:
        """A calendar by its name, or the one that is always open for an empty name."""
        if not name:
            return ALWAYS
        section = self.calendars[name]
        return Calendar(
            zone=ZoneInfo(section.zone or self.zone),
            week=tuple(parse_spans(getattr(section, day)) for day in DAYS),
            holidays={day: parse_spans(spans) for day, spans in section.holidays.items()},
            emergency=section.emergency.model_dump() if section.emergency else {},
        )


def _one_of(names: Collection[str]) -> str:
    return f"one of {', '.join(sorted(names))}" if names else "none"


LIVE = set(Configuration.model_fields)
"""The keys that the store has, once the file has given their first version."""


class Settings(Configuration):
    """The whole file."""

    region: Annotated[str, AfterValidator(_region)] = "CN"
    """The country whose national numbers are meant when a number has no +."""
    http: HttpSection = HttpSection()
    fastagi: FastAgiSection = FastAgiSection()
    asterisk: tuple[AsteriskSection, ...] = ()
    store: StoreSection = StoreSection()
    files: FilesSection = FilesSection()
    speech: SpeechSection = SpeechSection()
    recordings: RecordingsSection = RecordingsSection()
    ivr: IvrSection
    dids: dict[Number, DidSection] = Field(default_factory=dict)
    phones: tuple[Phone, ...] = ()
    """The phones that agents may choose."""
    transfers: TransfersSection = TransfersSection()
    log: Literal["debug", "info", "warning", "error"] = "info"

    def askings(self) -> dict[str, _Asking]:
        """Everything but queues that speaks for a call, by its key."""
        return super().askings() | {f"dids.{number}.needs": did for number, did in self.dids.items()}

    def wrong_references(self) -> list[Wrong]:
        """Every name that leads nowhere, with the key that has it."""
        wrong = [
            Wrong(
                f"dids.{number}.queue",
                f"there is no queue {did.queue!r}: add [queues.{did.queue}], or name {_one_of(self.queues)}",
            )
            for number, did in self.dids.items()
            if did.queue and did.queue not in self.queues
        ]
        wrong += super().wrong_references()
        if self.ivr.fallback_queue not in self.queues:
            says = f"there is no queue {self.ivr.fallback_queue!r}: name {_one_of(self.queues)}"
            wrong.append(Wrong("ivr.fallback_queue", says))
        names = [server.name for server in self.asterisk]
        wrong += [
            Wrong(f"asterisk.{at}.name", f"the name {name!r} is used twice: give each server its systemname")
            for at, name in enumerate(names)
            if name in names[:at]
        ]
        return wrong

    def document(self) -> dict[str, Any]:
        """What of it may change live, as the store has it."""
        return Configuration.model_dump(self, mode="json", include=LIVE)

    def with_configuration(self, configuration: Configuration) -> Self:
        """The file with another version of what may change live. Raises `WrongReferences`."""
        new = self.model_copy(update={key: getattr(configuration, key) for key in LIVE})
        if wrong := new.all_wrong():
            raise WrongReferences(wrong)
        return new

    def rules(self, answerable: frozenset[str] = frozenset()) -> Rules:
        """What the center is told; `answerable` are the phones that the center can answer."""
        return Rules(
            queues=tuple(
                queue.rules(name, self.calendar(queue.calendar)) for name, queue in self.queues.items()
            ),
            policy=self.routing.policy(),
            claims=Claims(
                dids={number: did.claim for number, did in self.dids.items()},
                tiers={tier: each.claim for tier, each in self.routing.tiers.items()},
                languages={name: each.claim for name, each in self.routing.languages.items()},
                save_desk=self.routing.save_desk.claim,
                conditions=tuple(
                    Conditional(name=name, when=each.when, queues=frozenset(each.queues), claim=each.claim)
                    for name, each in self.routing.conditions.items()
                ),
            ),
            rest_s=self.routing.rest_s,
            occupancy_limit=self.routing.occupancy_limit,
            dispositions=frozenset(self.dispositions),
            fallback_queue=self.ivr.fallback_queue,
            answerable=answerable,
            auto_resume_s=self.recordings.auto_resume_s,
            zone=ZoneInfo(self.zone),
            visible_to_agent=self.supervision.visible_to_agent,
            longest_hold_s=self.transfers.longest_hold_s,
            outside=Outside(**self.transfers.model_dump(exclude={"longest_hold_s"})),
            dids=frozenset(self.dids),
        )

    def retention_days(self, queue: str) -> int:
        """For how long a queue's recordings are kept; 0: for ever. A queue that is no more has no say."""
        section = self.queues.get(queue)
        own = section.retention_days if section else None
        return self.recordings.retention_days if own is None else own


def load(file: Path, **overrides: Any) -> Settings:
    """Read and check a configuration; raises `ConfigError`. `overrides` replace whole top-level keys."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(file, ["there is no such file"]) from None
    except IsADirectoryError:
        raise ConfigError(file, ["this is a folder: name the file in it"]) from None
    except OSError as error:
        raise ConfigError(file, [f"it can't be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, [f"this is no valid TOML: {error}"]) from None
    return _anchored(parse(raw | overrides, file), file.resolve().parent)


def parse(raw: dict[str, Any], file: Path) -> Settings:
    """Check a configuration that is read already; `file` is what an error calls it. Raises `ConfigError`."""
    problems: list[str] = []
    try:
        settings = Settings.model_validate(_from_environment(raw, "", problems))
    except ValidationError as error:
        problems += problems_of(error)
    if problems:
        raise ConfigError(file, problems)
    return settings


def _from_environment(value: Any, key: str, problems: list[str]) -> Any:
    """Replace every `"$NAME"` by the environment's NAME."""
    if isinstance(value, dict):
        return {name: _from_environment(each, f"{key}.{name}", problems) for name, each in value.items()}
    if isinstance(value, list):
        return [_from_environment(each, f"{key}.{n}", problems) for n, each in enumerate(value)]
    if isinstance(value, str) and re.fullmatch(r"\$[A-Z][A-Z0-9_]*", value):
        if (found := os.environ.get(value[1:])) is not None:
            return found
        problems.append(f"{key[1:]} = {value!r}: the environment has no {value[1:]}: set it")
    return value


def problems_of(errors: ValidationError) -> list[str]:
    """One line for each mistake: key, value and remedy."""
    return [
        f"{each.key}{_shown(each.key, error)}{' ' if each.says.startswith('is ') else ': '}{each.says}"
        for error in errors.errors(include_url=False)
        for each in wrong_of(error)
    ]


def wrong_of(error: Any) -> list[Wrong]:
    """What one of pydantic's errors says, with a remedy; several when names lead nowhere."""
    cause = error.get("ctx", {}).get("error")
    key = place(error["loc"])
    if isinstance(cause, WrongReferences):
        return [each._replace(key=f"{key}.{each.key}" if key else each.key) for each in cause.wrong]
    return [Wrong(key or "(the file)", remedy(error))]


def _shown(key: str, error: Any) -> str:
    value = error["input"]
    if error["type"] in ("missing", "extra_forbidden") or isinstance(value, dict) or "[key]" in error["loc"]:
        return ""
    hidden = any(word in key for word in ("secret", "password", "fastagi.key", "store.url"))
    return f" = {'…' if hidden else repr(value)}"


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Paths of the file, made absolute."""
    speech, recordings, kept = settings.speech, settings.speech.recordings, settings.recordings
    kept_secret = settings.store.password_file
    return settings.model_copy(
        update={
            "store": settings.store.model_copy(
                update={
                    "path": folder / settings.store.path,
                    "key": folder / settings.store.key,
                    "password_file": folder / kept_secret if kept_secret else None,
                }
            ),
            "files": settings.files.model_copy(update={"folder": folder / settings.files.folder}),
            "ivr": settings.ivr.model_copy(update={"folder": folder / settings.ivr.folder}),
            "recordings": kept.model_copy(
                update={name: folder / getattr(kept, name) for name in ("spool", "folder", "key")}
            ),
            "speech": speech.model_copy(
                update={
                    "cache": folder / speech.cache,
                    "recordings": folder / recordings if recordings else None,
                }
            ),
        }
    )
