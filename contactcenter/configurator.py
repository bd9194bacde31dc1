"""The configurator: the one way by which rules and agents change while calls go on.

Whatever is to change is checked as a whole first, then stored (with its row in the audit log, in the same
transaction), and only then told to the center, as one event. Pages and scripts go by it from the same moment.
The file gives the first version; after that the store's version counts (`open`).
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from contactcenter.commands import Command, ReturnChange
from contactcenter.config import ConfigError, Configuration, Settings, wrong_of
from contactcenter.crm import changes, configurations, users
from contactcenter.crm.changes import Cell, Change, Done, Place
from contactcenter.crm.configurations import Version
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.crm.store import Store
from contactcenter.events import AgentChanged, ChangeTimed, Event, RulesChanged
from contactcenter.mistakes import Wrong, WrongReferences
from contactcenter.routing.problems import Problem
from contactcenter.routing.selection import Agent

FROM_THE_FILE = "file"
"""Whose the first version is, and every one that was imported."""
AGAIN_S = 5.0
"""A change whose time is over while the store is away is tried again after so long."""

log = structlog.get_logger(__name__)


class WrongConfiguration(Exception):
    """A document that can't be the configuration; `wrong` says why, key by key."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__("; ".join(f"{each.key}: {each.says}" for each in wrong))
        self.wrong = wrong


class Configurator:
    """Holds what is in force. `changed` is told whenever the configuration has a new version."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        tell: Callable[[Event], None],
        changed: Callable[[Settings, int], None],
        answerable: frozenset[str] = frozenset(),
    ) -> None:
        self.settings = settings
        """The file, with the store's version of what may change live."""
        self.version = 0
        self._store = store
        self._tell = tell
        self._changed = changed
        self._answerable = answerable
        self._returning: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Take the store's version, or give it the file's as the first; and await what returns by the clock.

        Raises `ConfigError` when the store's version does not fit the file or this program.
        """
        version = await self._store.read(configurations.current)
        if version is None:
            version = await self._store.write(
                configurations.add,
                self.settings.document(),
                expected=0,
                login=FROM_THE_FILE,
                comment="",
                at=self._store.now(),
            )
        try:
            self.settings, self.version = self._read(version.document), version.version
        except WrongConfiguration as error:
            raise ConfigError(
                Path(f"configuration version {version.version} in the store"),
                [f"{each.key}: {each.says}" for each in error.wrong]
                + ["correct the file, or see `contactcenter configuration --help`"],
            ) from None
        self._tell_rules()
        for change in await self._store.read(changes.passing):
            self._await_return(change)

    async def close(self) -> None:
        """Wait for no change any more: the next start finds those whose time is over."""
        for task in self._returning:
            task.cancel()
        await asyncio.gather(*self._returning, return_exceptions=True)

    # --- the configuration ---

    async def current(self) -> Version:
        """The version in force."""
        version = await self._store.read(configurations.current)
        if version is None:
            raise StoreUnavailable("the configuration is not stored yet")
        return version

    async def warnings(self, configuration: Configuration) -> tuple[Problem, ...]:
        """What of it can't be meant, given the agents that there are. Raises `WrongConfiguration`."""
        staff = await self._store.read(users.staff)
        agents = [Agent(login=each.login, queues=each.queues, skills=each.skills) for each in staff]
        found = self._settings_with(configuration).problems(agents)
        return tuple(each for each in found if each.severity == "warning")

    async def put(
        self, configuration: Configuration, *, expected: int, login: str, comment: str = ""
    ) -> Version:
        """Store a new version and go by it. Raises `WrongConfiguration`, and `Refusal` `stale`."""
        document = self._settings_with(configuration).document()
        version = await self._store.write(
            configurations.add,
            document,
            expected=expected,
            login=login,
            comment=comment,
            at=self._store.now(),
        )
        self._take(version)
        return version

    # --- changes ---

    async def preview(self, wanted: Mapping[Place, Any]) -> tuple[Cell, ...]:
        """What a change would change. Raises `Refusal`."""
        return await self._store.read(changes.preview, wanted, self._check)

    async def change(
        self, wanted: Mapping[Place, Any], *, login: str, until: float | None = None, comment: str = ""
    ) -> Done:
        """Make a change. Raises `Refusal`."""
        done = await self._store.write(
            changes.apply,
            wanted,
            self._check,
            login=login,
            at=self._store.now(),
            until=until,
            comment=comment,
        )
        self._follow(done)
        self._await_return(done.change)
        return done

    async def undo(self, change: int, *, login: str) -> Done:
        """Take a change back. Raises `Refusal`."""
        done = await self._store.write(changes.undo, change, self._check, login=login, at=self._store.now())
        self._follow(done)
        return done

    def carry(self, command: Command) -> None:
        """The center's word that a change's time is over."""
        if not isinstance(command, ReturnChange):
            raise TypeError(f"not for the configurator: {command!r}")
        task = asyncio.create_task(self._return(int(command.change)))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, change: int) -> None:
        while True:
            with contextlib.suppress(StoreUnavailable):
                done = await self._store.write(changes.finish, change, self._check, at=self._store.now())
                break
            await asyncio.sleep(AGAIN_S)
        if done:
            self._follow(done)

    def _await_return(self, change: Change) -> None:
        if change.until is not None:
            self._tell(ChangeTimed(at=self._store.now(), change=str(change.id), until=change.until))

    def _follow(self, done: Done) -> None:
        """What is stored now is told to everybody."""
        now = self._store.now()
        for agent in done.agents:
            self._tell(AgentChanged(at=now, login=agent.login, queues=agent.queues, skills=agent.skills))
        if done.version:
            self._take(done.version)

    # --- checking ---

    def _check(self, document: dict[str, Any]) -> None:
        try:
            self._read(document)
        except WrongConfiguration as error:
            raise Refusal(error.wrong[0].says, field=error.wrong[0].key) from None

    def _read(self, document: dict[str, Any]) -> Settings:
        try:
            return self._settings_with(Configuration.model_validate(document))
        except ValidationError as error:
            errors = error.errors(include_url=False)
            raise WrongConfiguration([wrong for each in errors for wrong in wrong_of(each)]) from None

    def _settings_with(self, configuration: Configuration) -> Settings:
        try:
            return self.settings.with_configuration(configuration)
        except WrongReferences as error:
            raise WrongConfiguration(error.wrong) from None

    def _take(self, version: Version) -> None:
        """Go by a version that is stored; an older one than that in force is late, and no news."""
        if version.version <= self.version:
            return
        self.settings, self.version = self._read(version.document), version.version
        self._tell_rules()
        self._changed(self.settings, self.version)

    def _tell_rules(self) -> None:
        rules = self.settings.rules(self._answerable)
        self._tell(RulesChanged(at=self._store.now(), rules=rules, version=self.version))
