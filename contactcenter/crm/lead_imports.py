"""Importing leads: what columns can go into, whose rights it takes, and what becomes of some rows.

A lead is known by his numbers. What the rows say was found out by the process that reads the file
(`lead_rows.py`): here are only the questions that the store alone can answer, one for each batch and not for
each row.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from contactcenter.crm import access, ownerships, records, settings
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.import_kinds import ImportKind
from contactcenter.crm.import_values import Duplicates, Import, Options, Reject, State
from contactcenter.crm.lead_rows import FIELD, LONGEST_TITLE, MOST_FIELDS, MOST_NUMBERS, TARGETS
from contactcenter.crm.phone_numbers import check_region
from contactcenter.crm.schema import (
    addresses,
    customers,
    do_not_call,
    lead_numbers,
    leads,
    lists,
    root_of_row,
)
from contactcenter.crm.tables import Row
from contactcenter.crm.targets import Target
from contactcenter.dialer.leads import LeadState

Says = Mapping[str, Any]
"""What a row says, as `lead_rows.LeadRows.read` has it."""
_HIDDEN = {"phone": "numbers", "name": "name", FIELD: "fields"}
"""What of a lead shows what goes into a target; the others can't be hidden."""
CHANGEABLE = (
    *("name", "customer", "language", "priority", "owner", "zone", "region"),
    *("fields", "consent", "consent_at"),
)


class Leads(ImportKind):
    """Leads from a file, into one list."""

    name = "lead"
    rights = frozenset({Right.LEADS_IMPORT})
    most = 500

    def targets(self, db: Connection) -> tuple[Target, ...]:
        return TARGETS

    def check(self, db: Connection, options: Options, reader: Reader) -> None:
        if not _sees(db, options.into, reader):
            raise Refusal("there is no such list", code="not_found", field="list")
        _check_owner(db, reader, options.owner or "")
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
        if not _sees(db, options.into, reader):
            raise Refusal("the list is gone, or you don't see it any more", code="not_found")
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
        self._new: list[tuple[str, Says]] = []
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
        unwanted = _listed(self._db, numbers)
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
        id_ = _new_id(self._at)
        self._new.append((id_, says))
        self.created += 1
        for each in numbers:
            self._here[each].add(id_)
            self.fresh.add(each)

    def _flush(self) -> None:
        """Write the new leads: two statements, however many there are."""
        new, self._new = self._new, []
        if new:
            self._db.execute(insert(leads), [self._row(id_, says) for id_, says in new])
            self._db.execute(
                insert(lead_numbers),
                [
                    {"lead": id_, "position": position, **each}
                    for id_, says in new
                    for position, each in enumerate(says["numbers"])
                ],
            )

    def _row(self, id_: str, says: Says) -> dict[str, Any]:
        first = says["numbers"][0]
        return {
            "id": id_,
            "list": self._options.into,
            "name": says["name"],
            "customer": self._customer(says),
            "language": says["language"],
            "priority": says["priority"],
            "state": LeadState.DUE.value,
            "shelf": _shelf(says["priority"], first["zones"], first["regions"]),
            "due_at": self._at,
            "next_number": 0,
            "owner": says["owner"] or self._owner,
            "zone": says["zone"],
            "region": says["region"],
            "fields": says["fields"],
            "consent": says["consent"],
            "consent_at": says["consent_at"],
            "version": 1,
            "created_at": self._at,
            "created_by": self._reader.login,
            "updated_at": self._at,
        }

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
        if len(hits) > 1:
            raise Refusal(f"{len(hits)} leads have these numbers", field="phone")
        self._flush()
        (id_,) = hits
        row = self._db.execute(select(leads).where(leads.c.id == id_)).one()
        held = self._db.execute(
            select(lead_numbers).where(lead_numbers.c.lead == id_).order_by(lead_numbers.c.position)
        ).all()
        before = {name: getattr(row, name) for name in CHANGEABLE}
        given = {
            name: says[name]
            for name in ("name", "language", "priority", "owner", "zone", "region", "consent", "consent_at")
            if says[name]
        }
        if says["customer"]:
            given["customer"] = self._by_account[says["customer"]]
        after = {**before, **given, "fields": {**row.fields, **says["fields"]}}
        have = {each.number for each in held}
        more = [each for each in says["numbers"] if each["number"] not in have]
        if len(held) + len(more) > MOST_NUMBERS:
            raise Refusal(f"at most {MOST_NUMBERS} numbers, this has {len(held) + len(more)}", field="phone")
        self.changed += 1
        if after == before and not more:
            return
        if more:
            self._db.execute(
                insert(lead_numbers),
                [
                    {"lead": id_, "position": position, **each}
                    for position, each in enumerate(more, held[-1].position + 1)
                ],
            )
        following = held[row.next_number] if row.next_number < len(held) else held[0]
        values = {**after, "shelf": _shelf(after["priority"], following.zones, following.regions)}
        self._db.execute(
            update(leads)
            .where(leads.c.id == id_)
            .values(**values, version=row.version + 1, updated_at=self._at)
        )
        for each in more:
            self._here[each["number"]].add(id_)
        numbers = {"numbers": [each.number for each in held]}
        with_more = {"numbers": [*numbers["numbers"], *(each["number"] for each in more)]}
        records.changed(
            self._db, "lead", id_, {**before, **numbers}, {**after, **with_more}, by=self._reader.login,
            at=self._at, version=row.version + 1,
        )  # fmt: skip

    # --- who is there already ---

    def _look_up(self, numbers: Collection[str]) -> None:
        here, there = (
            choice is not Duplicates.CREATE for choice in (self._options.duplicates, self._options.elsewhere)
        )
        if not numbers or not (here or there):
            return
        seen = leads.c.list == self._options.into
        if there:
            seen |= access.visible(self._reader, Kind.LEAD)
        query = (
            select(lead_numbers.c.number, leads.c.id, leads.c.list)
            .join(leads, leads.c.id == lead_numbers.c.lead)
            .where(lead_numbers.c.number.in_(sorted(numbers)), seen)
        )
        for row in self._db.execute(query):
            (self._here if row.list == self._options.into else self._there)[row.number].add(row.id)

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
                _check_owner(self._db, self._reader, owner)
            except Refusal as error:
                self._owners[owner] = error
            else:
                self._owners[owner] = None
        if (refusal := self._owners[owner]) is not None:
            raise refusal


def _check_owner(db: Connection, reader: Reader, owner: str) -> None:
    """Refuse an owner that there is not, or who is beyond the reader."""
    ownerships.check(db, owner, "")
    ownerships.check_reach(db, reader, Kind.LEAD, owner, "")


def _sees(db: Connection, list_: str, reader: Reader) -> bool:
    seen = access.visible(reader, Kind.LIST)
    return db.scalar(select(lists.c.id).where(lists.c.id == list_, seen)) is not None


def _listed(db: Connection, numbers: Collection[str]) -> frozenset[str]:
    return frozenset(
        db.scalars(select(do_not_call.c.number).where(do_not_call.c.number.in_(sorted(numbers))))
    )


def _new_id(at: float) -> str:
    """Ids that grow with time: the database appends to its indexes, and does not look for places in them."""
    return f"{int(at * 1000):012x}{uuid4().hex[:20]}"


def _shelf(priority: int, zones: Sequence[str], regions: Sequence[str]) -> str:
    return f"{99 - priority:02}" + ",".join(zones)
