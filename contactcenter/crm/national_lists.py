"""National lists: our copies of public do-not-call lists, each with the date at which it was fetched.

A new copy is loaded beside the one in force, as its next *edition*, and counts from the moment at which it is
whole: until then, and if it never gets there, the old one does. What is left of editions that count no more
is swept away a little at a time.
"""

from collections.abc import Collection

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from contactcenter.crm import records
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import national_lists, national_numbers
from contactcenter.dialer.profiles import PROFILES
from contactcenter.values import frozen

SWEPT = 5_000
"""Numbers that are swept away at a time."""
DAY_S = 86_400.0


@frozen
class NationalList:
    """A copy of a public list."""

    name: str
    profile: str
    """Of whose law it is: `dialer.profiles.PROFILES`."""
    numbers: int
    """In the copy in force."""
    fetched_at: float | None
    """When that one was fetched; None: there is none yet."""
    loading: bool
    """Whether a new one is being loaded."""
    at: float
    """When it was changed last."""
    login: str
    days: int | None
    """How old it may be by the law; None: the law says nothing."""
    too_old: bool
    """Whether campaigns of this law must not dial by it."""


def every(db: Connection, at: float) -> tuple[NationalList, ...]:
    """All by name, as they are at `at`."""
    rows = db.execute(select(national_lists).order_by(national_lists.c.name))
    found = []
    for row in rows:
        profile = PROFILES.get(row.profile)
        days = profile.national_list_days if profile else None
        old = days is not None and (row.fetched_at is None or row.fetched_at < at - days * DAY_S)
        found.append(
            NationalList(
                name=row.name, profile=row.profile, numbers=row.numbers, fetched_at=row.fetched_at,
                loading=row.loading is not None, at=row.at, login=row.login, days=days, too_old=old,
            )
        )  # fmt: skip
    return tuple(found)


def check(profile: str, fetched_at: float | None) -> None:
    """Refuse a copy that can't be loaded: every one is of some law, and has a date. Raises `Refusal`."""
    if profile not in PROFILES:
        raise Refusal(f"one of {', '.join(PROFILES)}", field="profile")
    if fetched_at is None:
        raise Refusal("say when this copy was fetched: the law counts its age from there", field="fetched_at")


def begin(db: Connection, name: str, profile: str, fetched_at: float, *, by: str, at: float) -> None:
    """Open a new edition. Raises `Refusal`: `taken` while another one is being loaded, or for a date that is
    still to come (a day is left for one of another zone)."""
    if fetched_at > at + DAY_S:
        raise Refusal("a copy can't be fetched in the future", field="fetched_at")
    row = db.execute(select(national_lists).where(national_lists.c.name == name)).one_or_none()
    loading = {"loading_fetched_at": fetched_at, "profile": profile, "at": at, "login": by}
    if row is None:
        first = {"name": name, "edition": 0, "fetched_at": None, "numbers": 0, "loading": 1}
        db.execute(insert(national_lists).values(**first, **loading))
        return
    if row.loading is not None:
        raise Refusal("another copy of this list is being loaded", code="taken", field="list")
    if row.edition and row.profile != profile:
        raise Refusal(f"this list is of the law {row.profile}", field="profile")
    # Beyond what is left of copies that were given up: nothing of them comes to count by this one.
    held = db.scalar(select(func.max(national_numbers.c.edition)).where(national_numbers.c.list == name))
    values = {"loading": max(row.edition, held or 0) + 1, **loading}
    db.execute(update(national_lists).where(national_lists.c.name == name).values(**values))


def load(db: Connection, name: str, numbers: Collection[str]) -> int:
    """Add numbers to the edition that is being loaded; how many were not in it yet. Raises `Refusal` when
    none is."""
    query = select(national_lists.c.loading).where(national_lists.c.name == name)
    if (edition := db.scalar(query)) is None:
        raise Refusal("this copy is not being loaded any more: send the file again", field="list")
    there = set(
        db.scalars(
            select(national_numbers.c.number).where(
                national_numbers.c.number.in_(sorted(numbers)),
                national_numbers.c.list == name,
                national_numbers.c.edition == edition,
            )
        )
    )
    new = [{"number": each, "list": name, "edition": edition} for each in numbers if each not in there]
    if new:
        db.execute(insert(national_numbers), new)
    return len(new)


def finish(db: Connection, name: str, numbers: int, *, by: str, at: float) -> None:
    """Let the edition that was loaded count, instead of the one before: at once, and the whole of it. Raises
    `Refusal` for one without a number."""
    if not numbers:
        raise Refusal("there is no number in it: the copy before stays in force")
    row = db.execute(select(national_lists).where(national_lists.c.name == name)).one()
    values = {"edition": row.loading, "fetched_at": row.loading_fetched_at, "numbers": numbers}
    db.execute(
        update(national_lists)
        .where(national_lists.c.name == name)
        .values(**values, loading=None, loading_fetched_at=None, at=at, login=by)
    )
    before = {"fetched_at": row.fetched_at, "numbers": row.numbers}
    after = {"fetched_at": row.loading_fetched_at, "numbers": numbers}
    records.changed(db, "national_list", name, before, after, by=by, at=at)


def give_up(db: Connection, name: str) -> None:
    """Forget the edition that was being loaded; the one in force stays."""
    db.execute(
        update(national_lists)
        .where(national_lists.c.name == name)
        .values(loading=None, loading_fetched_at=None)
    )


def sweep(db: Connection) -> bool:
    """Delete some of what counts no more; whether there may be more of it."""
    for row in db.execute(select(national_lists)).all():
        kept = [row.edition, *([] if row.loading is None else [row.loading])]
        old = (
            select(national_numbers.c.edition)
            .where(national_numbers.c.list == row.name, national_numbers.c.edition.not_in(kept))
            .limit(1)
        )
        if (edition := db.scalar(old)) is not None:
            of = and_(national_numbers.c.list == row.name, national_numbers.c.edition == edition)
            some = select(national_numbers.c.number).where(of).limit(SWEPT)
            db.execute(delete(national_numbers).where(of, national_numbers.c.number.in_(some)))
            return True
    return False


def having(db: Connection, number: str) -> tuple[str, ...]:
    """The names of the lists whose copy in force has this number (E.164)."""
    query = (
        select(national_lists.c.name)
        .join(
            national_numbers,
            and_(
                national_numbers.c.list == national_lists.c.name,
                national_numbers.c.edition == national_lists.c.edition,
            ),
        )
        .where(national_numbers.c.number == number)
        .order_by(national_lists.c.name)
    )
    return tuple(db.scalars(query))
