"""Imports: files on their way into the store, and how far they are.

Its law: how far an import is (`done`) is written in the transaction that wrote the rows, so whatever stops
it, it goes on exactly where it was: no row twice, none left out. A row that can't be used is kept with its
number and the reason, and the others go on. An import is its user's own, and acts with the rights that he has
at the moment of each batch (`import_batches.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from contactcenter.crm import mapping, paging, records, sealing
from contactcenter.crm.access import Reader
from contactcenter.crm.customer_imports import Customers
from contactcenter.crm.errors import Refusal
from contactcenter.crm.import_kinds import ImportKind
from contactcenter.crm.import_values import (
    BUSY,
    OVER,
    Column,
    Duplicates,
    Import,
    Options,
    Progress,
    Reject,
    State,
    Wish,
)
from contactcenter.crm.lead_imports import Leads
from contactcenter.crm.number_imports import Numbers
from contactcenter.crm.paging import Page
from contactcenter.crm.reading import LONGEST_EXAMPLE, Look
from contactcenter.crm.schema import import_rejects, imports
from contactcenter.crm.sealing import Unsealable
from contactcenter.crm.tables import Form, Unreadable, check
from contactcenter.crm.text import inert

KINDS: Mapping[str, ImportKind] = {each.name: each for each in (Customers(), Leads(), Numbers())}
EXAMPLES = 5
"""Of each column."""
MOST_OPEN = 20
"""Imports of one user that are not over: each keeps its file."""
_COLUMNS = "imports/columns"


def add(
    db: Connection,
    look: Look,
    *,
    id_: str,
    kind: str,
    name: str,
    size: int,
    reader: Reader,
    at: float,
    into: str = "",
    profile: str = "",
    fetched_at: float | None = None,
) -> Import:
    """Keep a file that was looked at, with the mapping that is most likely; `into` and what follows it are as
    in `Options`, and stay. Raises `Refusal`: `too_many`, or the wrong field."""
    check_room(db, reader)
    if kind not in KINDS:
        raise Refusal(f"one of {', '.join(KINDS)}", field="kind")
    header = mapping.is_header(look.head[0].cells)
    target = Options(form=look.form, header=header, into=into, profile=profile, fetched_at=fetched_at)
    options, columns = _laid_out(db, kind, look, target)
    KINDS[kind].check(db, options, reader)
    db.execute(
        insert(imports).values(
            id=id_, kind=kind, name=name, state=State.READY.value, options=_stored(options),
            columns=_sealed(db, id_, columns),
            bytes=size, rows=_rows_of(look, options), done=0, created=0, changed=0, skipped=0, bad=0, at=at,
            login=reader.login, team=reader.home,
        )
    )  # fmt: skip
    records.changed(db, "import", id_, None, {"kind": kind, "name": name}, by=reader.login, at=at)
    return _found(db, id_, reader)


def check_room(db: Connection, reader: Reader) -> None:
    """Let nobody heap up files. Raises `Refusal` `too_many`."""
    over = [each.value for each in OVER]
    open_ = select(func.count()).select_from(imports).where(imports.c.login == reader.login)
    if (db.scalar(open_.where(imports.c.state.not_in(over))) or 0) >= MOST_OPEN:
        says = f"you have {MOST_OPEN} imports that are not over: carry out or remove some of them first"
        raise Refusal(says, code="too_many")


def get(db: Connection, id_: str, reader: Reader) -> Import | None:
    """The reader's own import, or None."""
    row = db.execute(
        select(imports).where(imports.c.id == id_, imports.c.login == reader.login)
    ).one_or_none()
    return _import(db, row) if row else None


def page(db: Connection, reader: Reader, *, cursor: str = "", limit: int = 50) -> Page[Import]:
    """The reader's own imports, the newest first. Raises `Refusal`."""
    query = select(imports).where(imports.c.login == reader.login)
    query = paging.after(query, imports.c.at, imports.c.id, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].at, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=tuple(_import(db, row) for row in shown), next=more)


def rejects(
    db: Connection, id_: str, reader: Reader, *, after: int = 0, limit: int = 50
) -> tuple[Reject, ...]:
    """The rows that could not be used, beyond that row, in their order. Raises `Refusal` `not_found`."""
    _found(db, id_, reader)
    query = (
        select(import_rejects)
        .where(import_rejects.c.import_id == id_, import_rejects.c.row > after)
        .order_by(import_rejects.c.row)
        .limit(limit)
    )
    return tuple(Reject(row=row.row, field=row.field, reason=row.reason) for row in db.execute(query))


def look_again(before: Import, wish: Wish) -> Form | None:
    """By which form the file must be looked at again before `set_up`; None: it need not. Raises `Refusal`."""
    given = {
        name: value
        for name in ("encoding", "delimiter", "sheet")
        if (value := getattr(wish, name)) is not None
    }
    form = replace(before.form, **given)
    try:
        check(form)
    except Unreadable as error:
        raise Refusal(str(error), field=next(iter(given))) from error
    return form if form != before.form or wish.header not in (None, before.header) else None


def set_up(db: Connection, id_: str, wish: Wish, look: Look | None, *, reader: Reader, at: float) -> Import:
    """Change how a file is to be imported, before it is; `look` is what `look_again` asked for.

    Raises `Refusal`: `not_found`, `ended` when it has begun, `beyond_you`, or the wrong field.
    """
    row = _locked(db, id_, reader, State.READY, State.CHECKED)
    options = _options(row.options)
    changed = {
        name: value
        for name in ("header", "duplicates", "match", "owner", "team", "elsewhere", "region")
        if (value := getattr(wish, name)) is not None
    }
    options = replace(options, **changed)
    values: dict[str, Any] = {}
    if look is not None:
        options, columns = _laid_out(db, row.kind, look, replace(options, form=look.form))
        values = {"columns": _sealed(db, id_, columns), "rows": _rows_of(look, options)}
    kind = KINDS[row.kind]
    if wish.mapping is not None:
        targets = kind.targets(db)
        options = replace(options, mapping=mapping.checked(wish.mapping, len(options.mapping), targets))
    kind.check(db, options, reader)
    _restart(db, row, State.READY, options=_stored(options), **values)
    return _found(db, id_, reader)


def begin(db: Connection, id_: str, state: State, *, reader: Reader, at: float) -> Import:
    """Check the whole file (CHECKING), import it (RUNNING), or go on where it was paused.

    Raises `Refusal`: `not_found`, `ended` when it is not to be begun now, or what is missing of the options.
    """
    row = _locked(db, id_, reader, State.READY, State.CHECKED, State.PAUSED)
    kind, one, options = KINDS[row.kind], _import(db, row), _options(row.options)
    if not kind.rights <= reader.rights:
        raise Refusal("you may import nothing of this kind any more", code="beyond_you")
    kind.check(db, options, reader)
    check_again(db, one, options, reader)
    kind.check_complete(options)
    if not any(options.mapping):
        raise Refusal("say what goes where", field="mapping")
    if row.state == State.PAUSED:
        if state is not State.RUNNING:
            raise Refusal("it has begun already", code="ended")
        db.execute(update(imports).where(imports.c.id == id_).values(state=state.value, error=""))
    else:
        _restart(db, row, state)
    if state is State.RUNNING:
        kind.begins(db, one, options, at=at)
    if options.header:
        header = [each.title for each in one.columns]
        mapping.remember(db, row.kind, header, options.mapping, by=reader.login, at=at)
    _told(db, row, state, reader.login, at)
    return _found(db, id_, reader)


def stop(db: Connection, id_: str, state: State, *, reader: Reader, at: float) -> Import:
    """Pause or cancel; what is imported stays. A check that is stopped is as if it had not begun.

    Raises `Refusal`: `not_found`, `ended`.
    """
    stoppable = BUSY if state is State.PAUSED else (*BUSY, State.READY, State.CHECKED, State.PAUSED)
    row = _locked(db, id_, reader, *stoppable)
    if row.state == State.CHECKING and state is State.PAUSED:
        _restart(db, row, State.READY)
    else:
        ended = at if state is State.CANCELLED else None
        db.execute(update(imports).where(imports.c.id == id_).values(state=state.value, ended_at=ended))
        if state is State.CANCELLED:
            _left(db, row, at)
    _told(db, row, state, reader.login, at)
    return _found(db, id_, reader)


def remove(db: Connection, id_: str, *, reader: Reader, at: float) -> None:
    """Forget an import and its file; what was imported stays. Raises `Refusal`: `not_found`, `ended`."""
    row = _locked(db, id_, reader, *(each for each in State if each not in BUSY))
    if row.state not in OVER:
        _left(db, row, at)
    db.execute(delete(imports).where(imports.c.id == id_))
    before = {"kind": row.kind, "name": row.name}
    records.changed(db, "import", id_, before, None, by=reader.login, at=at)


def sweep(db: Connection, *, ended_before: float) -> frozenset[str]:
    """The ids of the imports whose files are still needed."""
    over = imports.c.state.in_([each.value for each in OVER])
    gone = over & (imports.c.ended_at < ended_before)
    return frozenset(db.scalars(select(imports.c.id).where(~gone | imports.c.ended_at.is_(None))))


def give_up(db: Connection, *, sent_before: float, at: float) -> int:
    """Cancel what was sent long ago and nobody works on: its file is people's data. How many that were."""
    waiting = imports.c.state.in_([each.value for each in (State.READY, State.CHECKED, State.PAUSED)])
    rows = db.execute(select(imports).where(waiting, imports.c.at < sent_before)).all()
    for row in rows:
        # Its time ran from when it was sent: the file goes at once.
        db.execute(
            update(imports)
            .where(imports.c.id == row.id)
            .values(state=State.CANCELLED.value, ended_at=row.at, error="its time was over")
        )
        _left(db, row, at)
        _told(db, row, State.CANCELLED, "center", at)
    return len(rows)


def busy(db: Connection) -> tuple[str, ...]:
    """What is to be worked on, the oldest first."""
    working = imports.c.state.in_([each.value for each in BUSY])
    return tuple(db.scalars(select(imports.c.id).where(working).order_by(imports.c.at, imports.c.id)))


# --- for `import_batches.py` and `importer.py` ---


def check_again(db: Connection, one: Import, options: Options, reader: Reader) -> None:
    """Refuse to go by columns that can't be gone by now: fields are removed, and rights taken away. Raises
    `Refusal`, naming the column."""
    kind = KINDS[one.kind]
    mapping.checked(options.mapping, len(options.mapping), kind.targets(db))
    kind.check_columns(options, [each.title for each in one.columns], reader)


def known(db: Connection, id_: str) -> tuple[Import, Options] | None:
    """The import, whoever's, with its options."""
    row = db.execute(select(imports).where(imports.c.id == id_)).one_or_none()
    return (_import(db, row), _options(row.options)) if row else None


def advance(db: Connection, one: Import, by: Progress) -> Import:
    """Write what a step added: in the transaction of the step."""
    now = replace(
        one, done=by.done, created=one.created + by.created, changed=one.changed + by.changed,
        skipped=one.skipped + by.skipped, bad=one.bad + len(by.rejects), rows=max(one.rows, by.done),
    )  # fmt: skip
    counts = ("done", "created", "changed", "skipped", "bad", "rows")
    db.execute(
        update(imports).where(imports.c.id == one.id).values({name: getattr(now, name) for name in counts})
    )
    if told := (*by.rejects, *by.left_out):
        rows = [
            {"import_id": one.id, "row": each.row, "field": each.field, "reason": inert(each.reason, 400)}
            for each in told
        ]
        db.execute(insert(import_rejects), rows)
    return now


def end(db: Connection, id_: str, *, at: float, error: str = "", state: State | None = None) -> Import | None:
    """The file is at its end, or can't be read any further; answers how it stands now.

    `state` is another one than that which follows: PAUSED when somebody must do something first.
    """
    found = known(db, id_)
    if found is None or found[0].state not in BUSY:
        return found[0] if found else None
    one, options = found
    if state is None:
        state = State.FAILED if error else State.CHECKED if one.state is State.CHECKING else State.DONE
    try:
        KINDS[one.kind].ends(db, one, options, state, at=at)
    except Refusal as refused:
        state, error = State.FAILED, str(refused)
        KINDS[one.kind].ends(db, one, options, state, at=at)
    values: dict[str, Any] = {"state": state.value, "error": inert(error, 400)}
    if not error:
        values["rows"] = one.done
    if state in OVER:
        values["ended_at"] = at
    db.execute(update(imports).where(imports.c.id == id_).values(values))
    detail = {"created": one.created, "changed": one.changed, "skipped": one.skipped, "bad": one.bad}
    records.changed(
        db, "import", id_, {"state": one.state.value}, {"state": state.value}, by=one.login, at=at,
        detail=detail,
    )  # fmt: skip
    return replace(one, state=state, error=error, rows=values.get("rows", one.rows))


def rewind(db: Connection, id_: str) -> None:
    """Begin a check anew that a restart broke off: it wrote nothing, and what it saw is forgotten."""
    row = db.execute(select(imports).where(imports.c.id == id_)).one()
    if row.state == State.CHECKING:
        _restart(db, row, State.CHECKING)


# --- parts ---


def _left(db: Connection, row: Row[Any], at: float) -> None:
    """Somebody gave it up, or its time was over."""
    KINDS[row.kind].ends(db, _import(db, row), _options(row.options), State.CANCELLED, at=at)


def _restart(db: Connection, row: Row[Any], state: State, **values: Any) -> None:
    """Back to the beginning, before anything was written."""
    db.execute(delete(import_rejects).where(import_rejects.c.import_id == row.id))
    zero = dict.fromkeys(("done", "created", "changed", "skipped", "bad"), 0)
    db.execute(
        update(imports).where(imports.c.id == row.id).values(state=state.value, error="", **zero, **values)
    )


def _told(db: Connection, row: Row[Any], state: State, by: str, at: float) -> None:
    records.changed(db, "import", row.id, {"state": row.state}, {"state": state.value}, by=by, at=at)


def _own(db: Connection, id_: str, reader: Reader) -> Row[Any] | None:
    this = (imports.c.id == id_, imports.c.login == reader.login)
    return db.execute(select(imports).where(*this)).one_or_none()


def _locked(db: Connection, id_: str, reader: Reader, *states: State) -> Row[Any]:
    row = db.execute(
        select(imports).where(imports.c.id == id_, imports.c.login == reader.login)
    ).one_or_none()
    if row is None:
        raise Refusal("there is no such import", code="not_found")
    if row.state not in states:
        raise Refusal(f"it is {row.state}", code="ended")
    return row


def _found(db: Connection, id_: str, reader: Reader) -> Import:
    found = get(db, id_, reader)
    if found is None:
        raise Refusal("there is no such import", code="not_found")
    return found


def _laid_out(
    db: Connection, kind: str, look: Look, options: Options
) -> tuple[Options, list[dict[str, Any]]]:
    """The columns by the first rows, with the mapping that is most likely."""
    first, rest = look.head[0].cells, [row.cells for row in look.head[1:]]
    shown = rest if options.header else [first, *rest]
    width = len(first) if options.header else max(len(cells) for cells in shown)
    header = [first[n] if options.header else str(n + 1) for n in range(width)]
    targets = KINDS[kind].targets(db)
    found = mapping.suggested(db, kind, header if options.header else [""] * width, shown, targets)
    columns = [
        {
            "title": inert(title, LONGEST_EXAMPLE),
            "examples": [inert(cells[n], LONGEST_EXAMPLE) for cells in shown[:EXAMPLES] if n < len(cells)],
        }
        for n, title in enumerate(header)
    ]
    return replace(options, mapping=found.mapping, remembered_at=found.remembered_at), columns


def _rows_of(look: Look, options: Options) -> int:
    return max(0, look.rows - (1 if options.header else 0))


def _stored(options: Options) -> dict[str, Any]:
    return {
        **asdict(options), "duplicates": options.duplicates.value, "elsewhere": options.elsewhere.value
    }  # fmt: skip


def _options(stored: Mapping[str, Any]) -> Options:
    form = Form(**stored["form"] | {"sheets": tuple(stored["form"]["sheets"])})
    return Options(
        **{
            **stored, "form": form, "mapping": tuple(stored["mapping"]), "match": tuple(stored["match"]),
            "duplicates": Duplicates(stored["duplicates"]),
            "elsewhere": Duplicates(stored.get("elsewhere", Duplicates.CREATE)),
        }
    )  # fmt: skip


def _sealed(db: Connection, id_: str, columns: list[dict[str, Any]]) -> dict[str, str]:
    """The examples are people's data, and among them may be what is never kept in clear."""
    return {"sealed": sealing.seal(db, json.dumps(columns), _COLUMNS, id_)}


def _unsealed(db: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """The columns; without title and examples when their key is missing."""
    try:
        columns: list[dict[str, Any]] = json.loads(
            sealing.unseal(db, row.columns["sealed"], _COLUMNS, row.id)
        )
    except Unsealable:
        return [{"title": "", "examples": ()} for _ in row.options["mapping"]]
    return columns


def _import(db: Connection, row: Row[Any]) -> Import:
    options = _options(row.options)
    columns = tuple(
        Column(title=each["title"], examples=tuple(each["examples"]), target=target)
        for each, target in zip(_unsealed(db, row), options.mapping, strict=True)
    )
    return Import(
        id=row.id, kind=row.kind, name=row.name, state=State(row.state), form=options.form,
        header=options.header, columns=columns, remembered_at=options.remembered_at,
        duplicates=options.duplicates, match=options.match,
        owner=options.owner, team=options.team, into=options.into, elsewhere=options.elsewhere,
        region=options.region, profile=options.profile, fetched_at=options.fetched_at,
        bytes=row.bytes, rows=row.rows or 0, done=row.done,
        created=row.created, changed=row.changed, skipped=row.skipped, bad=row.bad, error=row.error,
        at=row.at, login=row.login, ended_at=row.ended_at,
    )  # fmt: skip
