"""Importing customers: what columns can go into, whose rights it takes, and what becomes of some rows."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import fields as fields_of

from sqlalchemy import Connection, select

from contactcenter.crm import (
    access,
    customer_rows,
    customers,
    duplicates,
    ownerships,
    records,
    roots,
    sealing,
    settings,
    tags,
)
from contactcenter.crm import addresses as reached
from contactcenter.crm import fields as definitions
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.addresses import Address, NewAddress
from contactcenter.crm.customer_rows import Wanted
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.emails import email
from contactcenter.crm.errors import Refusal
from contactcenter.crm.id_numbers import id_number
from contactcenter.crm.import_kinds import ImportKind
from contactcenter.crm.import_values import MATCHES, Duplicates, Import, Options, Reject, State
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.schema import addresses, root_of_row
from contactcenter.crm.schema import customers as customers_table
from contactcenter.crm.tables import Row
from contactcenter.crm.targets import Target

_CHANGEABLE = frozenset(each.name for each in fields_of(CustomerChange))

Key = tuple[str, str]
"""What a customer is known by: `("phone", "+8613…")`."""


class Customers(ImportKind):
    """Customers from a file."""

    name = "customer"
    rights = frozenset({Right.CUSTOMERS_IMPORT, Right.CUSTOMERS_WRITE})

    def targets(self, db: Connection) -> tuple[Target, ...]:
        return customer_rows.targets(definitions.all_of(db, self.name))

    def check(self, db: Connection, options: Options, reader: Reader) -> None:
        """Whose records he may make: nobody gives what he could not see himself."""
        if unknown := [each for each in options.match if each not in MATCHES]:
            raise Refusal(f"some of {', '.join(MATCHES)}, not {unknown[0][:32]!r}", field="match")
        given = [name for name in ("owner", "team") if name in options.mapping or getattr(options, name)]
        if given and reader.scope(Kind.CUSTOMER) is Scope.OWN:
            raise Refusal(
                "you see your own customers only: what you import is yours", code="beyond_you", field=given[0]
            )
        ownerships.check(db, options.owner or "", options.team or "")
        ownerships.check_reach(db, reader, Kind.CUSTOMER, options.owner or "", options.team or "")

    def check_columns(self, options: Options, titles: Sequence[str], reader: Reader) -> None:
        """Refuse to go by a field that is hidden from the reader: what a row is compared with would be told
        by what becomes of it."""
        for place, target in enumerate(options.mapping):
            try:
                access.check_shown(reader, Kind.CUSTOMER, customer_rows.fields_of(target))
            except Refusal as error:
                raise Refusal(str(error), code=error.code, field=f"mapping.{place}") from None

    def check_complete(self, options: Options) -> None:
        if "name" not in options.mapping and (options.duplicates is not Duplicates.UPDATE):
            raise Refusal("say which column has the name: no customer is without one", field="mapping")

    def ends(self, db: Connection, one: Import, options: Options, state: State, *, at: float) -> None:
        if one.created and one.state is not State.CHECKING:
            duplicates.due(db, one.at)

    def batch(
        self, db: Connection, one: Import, options: Options, reader: Reader, *, at: float, zone: str,
        seen: Set[Hashable],
    ) -> "_Batch":  # fmt: skip
        return _Batch(db, reader, options, at=at, zone=zone, seen=seen)


class _Batch:
    """The rows of one transaction: new customers are made together, as far as no row is about another."""

    def __init__(
        self, db: Connection, reader: Reader, options: Options, *, at: float, zone: str, seen: Set[Hashable]
    ) -> None:
        self._db = db
        self._reader = reader
        self._options = options
        self._at = at
        self._zone = zone
        self._seen = seen
        self._region = settings.get(db, "region", "CN")
        self._custom = {each.name: each for each in definitions.all_of(db, "customer")}
        self._waiting: list[tuple[Row, Wanted, tuple[Key, ...]]] = []
        self._coming: set[Key] = set()
        self._whose: set[tuple[str, str]] = set()
        self._known: dict[Key, dict[str, str]] = {}
        """Key -> customers of today -> their id number's index."""
        self._changed: set[Key] = set()
        """Of what this batch wrote: to be looked up again."""
        self.fresh: set[Hashable] = set()
        self.created = self.changed = self.skipped = 0
        self.rejects: list[Reject] = []
        self.left_out: list[Reject] = []

    def take(self, rows: Sequence[Row]) -> None:
        """Deal with these rows."""
        read = []
        for row in rows:
            try:
                if row.wrong:
                    raise Refusal(row.wrong)  # noqa: TRY301 - one place keeps what is refused
                wanted = customer_rows.wanted(row.cells, self._options.mapping, self._custom, self._zone)
                keys = self._keys(wanted)
                self._check_whose(wanted)
            except Refusal as error:
                self._reject(row, error)
            else:
                read.append((row, wanted, keys))
        if self._options.duplicates is not Duplicates.CREATE:
            self._look_up({key for _, _, keys in read for key in keys})
        for row, wanted, keys in read:
            self._take(row, wanted, keys)
        self.flush()

    def _take(self, row: Row, wanted: Wanted, keys: tuple[Key, ...]) -> None:
        """Deal with one row: at once, or with the others that make new customers."""
        if self._coming.intersection(keys):
            self.flush()  # so that the row before is found
        if not self._changed.isdisjoint(keys):
            self._look_up(keys)
        if self._options.duplicates is not Duplicates.CREATE and (hits := self._hits(keys)):
            self._duplicate(row, wanted, keys, hits)
        elif any(key in self._seen for key in _deciding(keys)):
            self._seen_before(row, keys)
        else:
            self._waiting.append((row, wanted, keys))
            self._coming.update(keys)

    def flush(self) -> None:
        """Make the customers that wait: together, or one by one when there is something wrong with one."""
        waiting, self._waiting, self._coming = self._waiting, [], set()
        if not waiting:
            return
        try:
            with self._db.begin_nested():
                self._create([wanted for _, wanted, _ in waiting])
        except Refusal as error:
            if len(waiting) == 1:
                self._reject(waiting[0][0], error, waiting[0][1])
                return
            for each in waiting:
                self._waiting = [each]
                self.flush()
            return
        self.created += len(waiting)
        for _, _, keys in waiting:
            self.fresh.update(keys)
            self._changed.update(keys)

    def _create(self, some: Sequence[Wanted]) -> None:
        news = [self._new(each) for each in some]
        customers.create_many(self._db, news, at=self._at, reader=self._reader, act=records.IMPORT)

    def _new(self, wanted: Wanted) -> NewCustomer:
        beside = {
            name: value
            for name in ("owner", "team")
            if name not in wanted.values and (value := getattr(self._options, name)) is not None
        }
        return wanted.new(**beside)

    def _seen_before(self, row: Row, keys: Sequence[Key]) -> None:
        """A row of the same file that was only checked has this customer."""
        match self._options.duplicates:
            case Duplicates.SKIP:
                self.skipped += 1
            case Duplicates.UPDATE:
                self.changed += 1
            case Duplicates.CREATE:
                (number,) = (value for name, value in keys if name == "number")
                self._reject(row, Refusal(f"account number {number} is in use", field="number"))

    def _duplicate(self, row: Row, wanted: Wanted, keys: Sequence[Key], hits: Sequence[str]) -> None:
        if self._options.duplicates is Duplicates.SKIP:
            self.skipped += 1
            return
        if len(hits) > 1:
            self._reject(row, Refusal(f"{len(hits)} customers fit: give the account number"))
            return
        try:
            with self._db.begin_nested():
                to = self._change(hits[0], wanted)
                customers.change(self._db, hits[0], to, at=self._at, reader=self._reader)
        except Refusal as error:
            self._reject(row, error, wanted)
        else:
            self.changed += 1
            self._changed.update(keys)

    def _change(self, customer: str, wanted: Wanted) -> CustomerChange:
        """What is in the row, added to what is there: an empty cell changes nothing, and no address or tag
        goes."""
        values = {name: value for name, value in wanted.values.items() if name in _CHANGEABLE}
        family = roots.family(self._db, customer)
        if "tags" in values:
            held = tags.of(self._db, {customer: family})[customer]
            values["tags"] = tuple(dict.fromkeys((*held, *values["tags"])))
        if wanted.addresses:
            there = reached.of(self._db, {customer: family})[customer]
            unseen = self._reader.hides(Kind.CUSTOMER, "phones")  # those stay, without being written again
            known = (each for each in there if not (unseen and each.channel == "phone"))
            values["addresses"] = (*map(_as_new, known), *wanted.addresses)
        return CustomerChange(**values)

    def _check_whose(self, wanted: Wanted) -> None:
        """Once for each owner and team: most rows of a file have the same."""
        whose = (wanted.values.get("owner", ""), wanted.values.get("team", ""))
        if whose not in self._whose:
            ownerships.check_reach(self._db, self._reader, Kind.CUSTOMER, *whose)
            self._whose.add(whose)

    # --- who is there already ---

    def _keys(self, wanted: Wanted) -> tuple[Key, ...]:
        """What the row's customer is known by, in the order of the options. Raises `Refusal`."""
        found: list[Key] = []
        match = self._options.match if self._options.duplicates is not Duplicates.CREATE else ("number",)
        for name in match:
            match name:
                case "number" if number := wanted.values.get("number"):
                    found.append((name, number))
                case "id_number" if plain := wanted.values.get("id_number"):
                    of_person = wanted.values.get("kind", "person") == "person"
                    plain = id_number(plain, of_person=of_person)
                    found.append((name, sealing.index(self._db, plain, customers.ID_NUMBER)))
                case "phone":
                    for each in wanted.addresses:
                        if each.channel == "phone":
                            number, extension = with_extension(each.value, self._region, "phone")
                            found.append((name, f"{number};{each.extension or extension}"))
                case "email":
                    found += [
                        (name, email(each.value, "email"))
                        for each in wanted.addresses
                        if each.channel == "email"
                    ]
        return tuple(found)

    def _hits(self, keys: Sequence[Key]) -> list[str]:
        """The customers that the reader sees and that these keys name, by the first kind that names any."""
        groups: dict[str, list[Key]] = defaultdict(list)
        for key in _deciding(keys):
            groups[key[0]].append(key)
        ids = [value for _, value in groups.get("id_number", ())]
        for name, some in groups.items():
            found: dict[str, str] = {}
            for key in some:
                found |= self._known.get(key, {})
            if ids and name not in ("number", "id_number"):
                # Who has another id number is somebody else, behind the same telephone.
                found = {each: index for each, index in found.items() if index in ("", *ids)}
            if found:
                return sorted(found)
        return []

    def _look_up(self, keys: Iterable[Key]) -> None:
        """Find out whom the keys name: one query for each kind of key, and one for who is seen."""
        groups: dict[str, list[str]] = defaultdict(list)
        for name, value in keys:
            groups[name].append(value)
            self._known[name, value] = {}
            self._changed.discard((name, value))
        named: dict[Key, set[str]] = defaultdict(set)
        for name, values in groups.items():
            for key, root in self._named(name, values):
                named[key].add(root)
        seen = self._seen_of(set().union(*named.values()))
        for key, some in named.items():
            if key in self._known:
                self._known[key] = {root: seen[root] for root in some if root in seen}

    def _named(self, name: str, values: Sequence[str]) -> Iterable[tuple[Key, str]]:
        held = customers_table.alias("held")
        root = root_of_row(held)
        if name in ("number", "id_number"):
            column = held.c.number if name == "number" else held.c.id_number_index
            # What is left empty names nobody; and so the index of those that are not is used.
            query = select(root, column).where(column.in_(values), column != "")
            return [((name, row[1]), row[0]) for row in self._db.execute(query)]
        joined = select(root, addresses.c.value, addresses.c.extension).join(
            addresses, addresses.c.customer_id == held.c.id
        )
        wanted = [value.partition(";")[0] for value in values] if name == "phone" else values
        query = joined.where(addresses.c.channel == name, addresses.c.value.in_(wanted))
        rows = self._db.execute(query)
        if name == "phone":
            return [((name, f"{row.value};{row.extension}"), row[0]) for row in rows]
        return [((name, row.value), row[0]) for row in rows]

    def _seen_of(self, ids: Set[str]) -> dict[str, str]:
        if not ids:
            return {}
        query = select(customers_table.c.id, customers_table.c.id_number_index).where(
            customers_table.c.id.in_(sorted(ids)), access.visible(self._reader, Kind.CUSTOMER)
        )
        return {row.id: row.id_number_index for row in self._db.execute(query)}

    def _reject(self, row: Row, error: Refusal, wanted: Wanted | None = None) -> None:
        self.rejects.append(Reject(row=row.number, field=_field(error, wanted), reason=str(error)))


def _deciding(keys: Iterable[Key]) -> tuple[Key, ...]:
    """An account number decides alone: who has another one is another customer."""
    keys = tuple(keys)
    return tuple(key for key in keys if key[0] == "number") or keys


def _as_new(each: Address) -> NewAddress:
    return NewAddress(channel=each.channel, value=each.value, extension=each.extension)


def _field(error: Refusal, wanted: Wanted | None) -> str:
    """The target that is wrong: `addresses.1.value` is nothing that the file has."""
    head, _, rest = error.field.partition(".")
    place = rest.partition(".")[0]
    if head == "addresses" and wanted and place.isdecimal() and int(place) < len(wanted.addresses):
        return wanted.addresses[int(place)].channel
    return error.field
