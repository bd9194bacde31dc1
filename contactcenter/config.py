"""The configuration: one TOML file, checked as a whole before anything starts.

Secrets may come from the environment: `secret = "$AMI_SECRET"`. Paths are relative to the file. Whatever is
wrong is reported at once, each with the file, the key, the value and what would be right.
"""

import os
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator

from contactcenter.claims import Claims, Conditional
from contactcenter.crm.archives import Sources
from contactcenter.mistakes import Wrong, WrongReferences, place, remedy
from contactcenter.routing.hours import ALWAYS, Calendar
from contactcenter.routing.problems import Problem, problems
from contactcenter.routing.selection import Agent
from contactcenter.rules import Outside, Rules
from contactcenter.sections import (
    DAYS,
    Asking,
    AsteriskSection,
    BackupSection,
    CalendarSection,
    DidSection,
    FastAgiSection,
    FilesSection,
    HttpSection,
    IvrSection,
    Name,
    Number,
    Phone,
    QueueSection,
    RecordingsSection,
    Region,
    RoutingSection,
    Section,
    SpeechSection,
    StoreSection,
    SupervisionSection,
    Title,
    TransfersSection,
    TrunkName,
    TrunkSection,
    Zone,
    parse_spans,
)
from contactcenter.trunks import TrunkRules


class ConfigError(Exception):
    """The configuration can't be used; `problems` says why, one line each."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.problems = problems


class Configuration(Section):
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

    def askings(self) -> dict[str, Asking]:
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

    region: Region = "CN"
    """The country whose national numbers are meant when a number has no +."""
    http: HttpSection = HttpSection()
    fastagi: FastAgiSection = FastAgiSection()
    asterisk: tuple[AsteriskSection, ...] = ()
    store: StoreSection = StoreSection()
    files: FilesSection = FilesSection()
    backup: BackupSection = BackupSection()
    speech: SpeechSection = SpeechSection()
    recordings: RecordingsSection = RecordingsSection()
    ivr: IvrSection
    dids: dict[Number, DidSection] = Field(default_factory=dict)
    phones: tuple[Phone, ...] = ()
    """The phones that agents may choose."""
    transfers: TransfersSection = TransfersSection()
    trunks: dict[TrunkName, TrunkSection] = Field(default_factory=dict)
    """What campaigns may ask of trunks, by their endpoints' names; of one that is not named, the usual."""
    log: Literal["debug", "info", "warning", "error"] = "info"

    def askings(self) -> dict[str, Asking]:
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
            trunks={name: TrunkRules(**each.model_dump()) for name, each in self.trunks.items()},
            dids=frozenset(self.dids),
        )

    def sources(self) -> Sources:
        """What a backup is of. Raises `StoreRefused` when the password's file can't be read."""
        return Sources(
            store=self.store.place, key=self.store.key, files=self.files.folder,
            recordings=self.recordings.folder, recordings_key=self.recordings.key,
        )  # fmt: skip

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
            "backup": settings.backup.model_copy(update={"folder": folder / settings.backup.folder}),
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
