"""Importing leads: what columns can go into, whose rights it takes, and what becomes of some rows.

A lead is known by his numbers. What the rows say was found out by the process that reads the file
(`lead_rows.py`): here are only the questions that the store alone can answer, one for each batch and not for
each row.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, select

from contactcenter.crm import access, do_not_call, leads, lists, records, settings
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.import_kinds import ImportKind
from contactcenter.crm.import_values import Duplicates, Import, Options, Reject, State
from contactcenter.crm.lead_rows import FIELD, LONGEST_TITLE, MOST_FIELDS, TARGETS
from contactcenter.crm.leads import LeadChange, NewLead
from contactcenter.crm.phone_numbers import check_region
from contactcenter.crm.schema import (
    addresses,
    customers,
    lead_numbers,
    root_of_row,
)
from contactcenter.crm.schema import leads as leads_table
from contactcenter.crm.tables import Row
from contactcenter.crm.targets import Target
from contactcenter.dialer.leads import LeadNumber

Says = Mapping[str, Any]
"""What a row says, as `lead_rows.LeadRows.read` has it."""
_HIDDEN = {"phone": "numbers", "name": "name", FIELD: "fields"}
"""What of a lead shows what goes into a target; the others can't be hidden."""
_COMING = ""
"""Instead of the id of a lead who is about to be written."""


class Leads(ImportKind):
    """Leads from a file, into one list."""

    name = "lead"
    rights = frozenset({Right.LEADS_IMPORT})
    most = 250

    def targets(self, db: Connection) -> tuple[Target, ...]:
        return TARGETS

    def check(self, db: Connection, options: Options, reader: Reader) -> None:
        lists.check_visible(db, options.into, reader)
        leads.check_owner(db, reader, options.owner or "")
        if options.region is not None:
            check_region(options.region, "region")

    def check_columns(self, options: Options, titles: Sequence[str], reader: Reader) -> None:
        kept: set[str] = set()
        for place, (target, title) in enumerate(zip(options.mapping, titles, strict=True)):
            where = f"mapping.{place}"
            if (name := _HIDDEN.get(target.partition(".")[0])) and reader.hides(Kind.LEAD, name):
                raise Refusal("your role does not show you this field", code="hidden", field=where)
            if target != FIELD:
                continue
            if not 0 < len(title) <= LONGEST_TITLE:
                says = f"only a column with a name of at most {LONGEST_TITLE} characters can be kept under it"
                raise Refusal(says, field=where)
            if title in kept:
                raise Refusal("another column has this name, too: leave out one of them", field=where)
            if len(kept) >= MOST_FIELDS:
                raise Refusal(f"at most {MOST_FIELDS} columns are kept under their names", field=where)
            kept.add(title)

    def check_complete(self, options: Options) -> None:
        if not any(each.startswith("phone") for each in options.mapping):
            raise Refusal("say which column has the telephone number", field="mapping")

    def terms(self, db: Connection, one: Import, options: Options, zone: str) -> dict[str, Any]:
        return {
            "kind": self.name,
            "into": options.mapping,
            "titles": [each.title for each in one.columns],
            "region": options.region or settings.get(db, "region", "CN"),
            "zone": zone,
        }

    def ends(self, db: Connection, one: Import, options: Options, state: State, *, at: float) -> None:
        if one.state is State.CHECKING or not (one.created or one.changed):
            return
        detail = {"import": one.id, "created": one.created, "changed": one.changed, "skipped": one.skipped}
        records.changed(
            db, "list", options.into, None, None, by=one.login, at=at, act=records.IMPORT, detail=detail
        )

    def batch(
        self, db: Connection, one: Import, options: Options, reader: Reader, *, at: float, zone: str,
        seen: Set[Hashable],
    ) -> "_Batch":  # fmt: skip
        lists.check_visible(db, options.into, reader)
        return _Batch(db, options, reader, at=at, seen=seen)


class _Batch:
    """The rows of one transaction: new leads are written together."""

    def __init__(
        self, db: Connection, options: Options, reader: Reader, *, at: float, seen: Set[Hashable]
    ) -> None:
        self._db = db
        self._options = options
        self._reader = reader
        self._at = at
        self._seen = seen
        self._here: dict[str, set[str]] = defaultdict(set)
        """Number -> leads of the list who have it."""
        self._there: dict[str, set[str]] = defaultdict(set)
        """… of other lists."""
        self._owners: dict[str, Refusal | None] = {}
        self._by_number: dict[str, str] = {}
        """Number -> the one customer who has it."""
        self._by_account: dict[str, str] = {}
        self._new: list[Says] = []
        self.fresh: set[Hashable] = set()
        self.created = self.changed = self.skipped = 0
        self.rejects: list[Reject] = []
        self.left_out: list[Reject] = []

    def take(self, rows: Sequence[Row]) -> None:
        """Deal with these rows."""
        sound: list[tuple[Row, Says]] = []
        for row in rows:
            if row.says is None:
                self.rejects.append(Reject(row=row.number, field=row.field, reason=row.wrong))
            else:
                sound.append((row, row.says))
        numbers = {each["number"] for _, says in sound for each in says["numbers"]}
        unwanted = do_not_call.among(self._db, numbers)
        self._look_up(numbers)
        self._find_customers(numbers, {says["customer"] for _, says in sound if says["customer"]})
        for row, says in sound:
            try:
                self._take(row, says, unwanted)
            except Refusal as error:
                self.rejects.append(Reject(row=row.number, field=error.field, reason=str(error)))
        self._flush()

    def _take(self, row: Row, says: Says, unwanted: Collection[str]) -> None:
        self._check_owner(says["owner"])
        if says["customer"] and says["customer"] not in self._by_account:
            raise Refusal(f"there is no customer with the number {says['customer']!r}", field="customer")
        kept = [each for each in says["numbers"] if each["number"] not in unwanted]
        if len(kept) < len(says["numbers"]):
            left = next(each["number"] for each in says["numbers"] if each["number"] in unwanted)
            self.left_out.append(
                Reject(row=row.number, field="phone", reason=f"{left} is on our own do-not-call list")
            )
            if not kept:
                self.skipped += 1
                return
            says = {**says, "numbers": kept}
        numbers = [each["number"] for each in kept]
        for known, choice in ((self._here, self._options.duplicates), (self._there, self._options.elsewhere)):
            hits = set().union(*(known[each] for each in numbers if each in known))
            if hits and choice is not Duplicates.CREATE:
                if choice is Duplicates.UPDATE:
                    self._update(hits, says)
                else:
                    self.skipped += 1
                return
        if self._options.duplicates is not Duplicates.CREATE and not self._seen.isdisjoint(numbers):
            # An earlier row of a file that is only checked has it.
            if self._options.duplicates is Duplicates.UPDATE:
                self.changed += 1
            else:
                self.skipped += 1
            return
        self._create(says, numbers)

    def _create(self, says: Says, numbers: Iterable[str]) -> None:
        self._new.append(says)
        self.created += 1
        for each in numbers:
            self._here[each].add(_COMING)
            self.fresh.add(each)

    def _flush(self) -> None:
        """Write the new leads together; from now on it is known which they are."""
        new, self._new = self._new, []
        if not new:
            return
        wanted = [
            NewLead(
                numbers=_numbers(says["numbers"]), name=says["name"], customer=self._customer(says),
                language=says["language"], priority=says["priority"], owner=says["owner"] or self._owner,
                zone=says["zone"], region=says["region"], fields=says["fields"], consent=says["consent"],
                consent_at=says["consent_at"],
            )
            for says in new
        ]  # fmt: skip
        ids = leads.add_many(self._db, self._options.into, wanted, by=self._reader.login, at=self._at)
        for id_, one in zip(ids, wanted, strict=True):
            for each in one.numbers:
                self._here[each.number].discard(_COMING)
                self._here[each.number].add(id_)

    @property
    def _owner(self) -> str:
        """Of whom nobody said whose he is: who sees his own only, sees what he imported."""
        own = self._reader.scope(Kind.LEAD) is Scope.OWN
        return self._options.owner or (self._reader.login if own else "")

    def _customer(self, says: Says) -> str:
        if says["customer"]:
            return self._by_account[says["customer"]]
        found = {self._by_number.get(each["number"], "") for each in says["numbers"]} - {""}
        return found.pop() if len(found) == 1 else ""

    def _update(self, hits: Set[str], says: Says) -> None:
        """Write what the row says into the lead who is there: what it leaves empty stays, and no number goes.
        Whether he is dialled, and when, stays as it is."""
        if _COMING in hits:
            self._flush()
            hits = set().union(*(self._here[each["number"]] for each in says["numbers"]))
        if len(hits) > 1:
            raise Refusal(f"{len(hits)} leads have these numbers", field="phone")
        (id_,) = hits
        one = leads.get(self._db, id_)
        assert one is not None  # noqa: S101 - found in this transaction
        have = {each.number for each in one.numbers}
        more = _numbers(each for each in says["numbers"] if each["number"] not in have)
        to = LeadChange(
            name=says["name"] or None, customer=self._by_account.get(says["customer"]),
            language=says["language"] or None, priority=says["priority"] or None, owner=says["owner"] or None,
            numbers=(*one.numbers, *more) if more else None, next_number=one.next_number if more else None,
            fields={**one.fields, **says["fields"]} if says["fields"] else None,
            consent=says["consent"] or None, consent_at=says["consent_at"],
        )  # fmt: skip
        leads.change(self._db, id_, to, reader=self._reader, at=self._at)
        self.changed += 1
        for each in more:
            self._here[each.number].add(id_)

    # --- who is there already ---

    def _look_up(self, numbers: Collection[str]) -> None:
        here, there = (
            choice is not Duplicates.CREATE for choice in (self._options.duplicates, self._options.elsewhere)
        )
        if not numbers or not (here or there):
            return
        # Nothing is asked of the lead but who he is: SQLite would begin with all of the list, not with these
        # numbers, and each batch would take longer than the one before.
        seen = access.visible(self._reader, Kind.LEAD)
        query = (
            select(lead_numbers.c.number, leads_table.c.id, leads_table.c.list, seen.label("seen"))
            .join(leads_table, leads_table.c.id == lead_numbers.c.lead)
            .where(lead_numbers.c.number.in_(sorted(numbers)))
        )
        for row in self._db.execute(query):
            if row.list == self._options.into:
                self._here[row.number].add(row.id)
            elif row.seen:
                self._there[row.number].add(row.id)

    def _find_customers(self, numbers: Collection[str], accounts: Collection[str]) -> None:
        """Whom the rows mean: by an account number, else by a telephone number that only one has."""
        held, shown = customers.alias("held"), customers.alias("shown")
        root = root_of_row(held)
        seen = access.visible(self._reader, Kind.CUSTOMER, shown)
        if accounts:
            query = select(held.c.number, root).join(shown, shown.c.id == root).where(seen)
            found = self._db.execute(query.where(held.c.number.in_(sorted(accounts)), held.c.number != ""))
            self._by_account = {row.number: row[1] for row in found}
        if numbers and not self._reader.hides(Kind.CUSTOMER, "phones"):
            query = (
                select(addresses.c.value, root)
                .join(held, held.c.id == addresses.c.customer_id)
                .join(shown, shown.c.id == root)
                .where(addresses.c.channel == "phone", addresses.c.value.in_(sorted(numbers)), seen)
                .distinct()
            )
            pairs = self._db.execute(query).all()
            often = Counter(number for number, _ in pairs)
            self._by_number = {number: id_ for number, id_ in pairs if often[number] == 1}

    def _check_owner(self, owner: str) -> None:
        """Once for each: most rows of a file have the same."""
        if owner not in self._owners:
            try:
                leads.check_owner(self._db, self._reader, owner)
            except Refusal as error:
                self._owners[owner] = error
            else:
                self._owners[owner] = None
        if (refusal := self._owners[owner]) is not None:
            raise refusal


def _numbers(said: Iterable[Mapping[str, Any]]) -> tuple[LeadNumber, ...]:
    return tuple(
        LeadNumber(**{**each, "zones": tuple(each["zones"]), "regions": tuple(each["regions"])})
        for each in said
    )
