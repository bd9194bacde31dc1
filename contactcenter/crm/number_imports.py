"""Importing numbers that must not be called: into our own do-not-call list, or as a new copy of a national
one."""

from collections.abc import Collection, Hashable, Sequence, Set
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert

from contactcenter.crm import do_not_call, national_lists, settings
from contactcenter.crm.access import Reader, Right
from contactcenter.crm.errors import Refusal
from contactcenter.crm.import_kinds import ImportKind
from contactcenter.crm.import_values import Import, Options, Reject, State
from contactcenter.crm.number_rows import TARGETS
from contactcenter.crm.phone_numbers import check_region
from contactcenter.crm.schema import do_not_call as table
from contactcenter.crm.tables import Row
from contactcenter.crm.targets import Target


class Numbers(ImportKind):
    """Numbers from a file. `Options.into` names the national list; empty: our own."""

    name = "do_not_call"
    rights = frozenset({Right.DO_NOT_CALL_MANAGE})
    most = 1_000

    def targets(self, db: Connection) -> tuple[Target, ...]:
        return TARGETS

    def check(self, db: Connection, options: Options, reader: Reader) -> None:
        if options.into:
            national_lists.check(options.profile, options.fetched_at)
        if options.region is not None:
            check_region(options.region, "region")

    def check_complete(self, options: Options) -> None:
        if "phone" not in options.mapping:
            raise Refusal("say which column has the telephone number", field="mapping")

    def terms(self, db: Connection, one: Import, options: Options, zone: str) -> dict[str, Any]:
        region = options.region or settings.get(db, "region", "CN")
        return {"kind": self.name, "into": options.mapping, "region": region, "zone": zone}

    def begins(self, db: Connection, one: Import, options: Options, *, at: float) -> None:
        if options.into and options.fetched_at is not None and one.state is not State.PAUSED:
            national_lists.begin(db, options.into, options.profile, options.fetched_at, by=one.login, at=at)

    def ends(self, db: Connection, one: Import, options: Options, state: State, *, at: float) -> None:
        if not options.into or one.state not in (State.RUNNING, State.PAUSED):
            return
        if state is State.DONE:
            national_lists.finish(db, options.into, one.created, by=one.login, at=at)
        elif state in (State.CANCELLED, State.FAILED):
            national_lists.give_up(db, options.into)

    def batch(
        self, db: Connection, one: Import, options: Options, reader: Reader, *, at: float, zone: str,
        seen: Set[Hashable],
    ) -> "_Batch":  # fmt: skip
        return _Batch(db, options, reader, checking=one.state is State.CHECKING, at=at, seen=seen)


class _Batch:
    """The rows of one transaction."""

    def __init__(
        self,
        db: Connection,
        options: Options,
        reader: Reader,
        *,
        checking: bool,
        at: float,
        seen: Set[Hashable],
    ) -> None:
        self._db = db
        self._options = options
        self._reader = reader
        self._checking = checking
        self._at = at
        self._seen = seen
        self.fresh: set[Hashable] = set()
        self.created = self.changed = self.skipped = 0
        self.rejects: list[Reject] = []
        self.left_out: list[Reject] = []

    def take(self, rows: Sequence[Row]) -> None:
        """Deal with these rows: each number counts for itself."""
        new: dict[str, dict[str, Any]] = {}
        numbers = 0
        for row in rows:
            if row.says is None:
                self.rejects.append(Reject(row=row.number, field=row.field, reason=row.wrong))
                continue
            for number in row.says["numbers"]:
                numbers += 1
                if number not in self._seen:
                    new.setdefault(number, dict(row.says))
        self.created = self._load(new) if self._options.into else self._add(new)
        self.skipped = numbers - self.created
        if self._checking:
            self.fresh.update(new)

    def _load(self, new: Collection[str]) -> int:
        if self._checking:
            return len(new)
        return national_lists.load(self._db, self._options.into, new)

    def _add(self, new: dict[str, dict[str, Any]]) -> int:
        """To our own list. A file does not say that the person himself asked for it: what was imported by
        mistake can be taken off again."""
        there = do_not_call.among(self._db, new)
        rows = [
            {
                "id": uuid4().hex, "number": number, "asked": False, "source": "import",
                "reason": says["reason"], "login": self._reader.login,
                "at": self._at if says["at"] is None else says["at"],
            }
            for number, says in new.items()
            if number not in there
        ]  # fmt: skip
        if rows:
            self._db.execute(insert(table), rows)
        return len(rows)
