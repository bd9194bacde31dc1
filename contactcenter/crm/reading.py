"""Reading: other people's tables are read in a process of their own, which may choke on them.

`python -m contactcenter.crm.reading` is that process. It is told on its standard input which sealed file to
read, and how; it answers a line of JSON for each row. It has little memory and runs behind everything else,
so neither a file made to break readers nor a long one costs the center more than this one process. Nothing of
the file lies anywhere in clear.

`Reading` is the side of the server.
"""

import asyncio
import contextlib
import io
import json
import os
import resource
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from contactcenter.crm import tables
from contactcenter.crm.errors import Refusal
from contactcenter.crm.keys import Keys
from contactcenter.crm.lead_rows import LeadRows
from contactcenter.crm.number_rows import NumberRows
from contactcenter.crm.sealed_files import CHUNK, Sealed, Unsealable, Unsealed
from contactcenter.crm.tables import Form, Row, Unreadable
from contactcenter.values import frozen

EXAMPLES = 20
"""Rows that are shown before anything is imported."""
LONGEST_EXAMPLE = 80
"""Characters that are shown of a cell."""
LOOK_S = 120.0
"""How long looking at a file may take."""
MEMORY = 3 << 30
"""Bytes of address space of the process."""
NICE = 10
_LINE = 4 << 20
SAYING: Mapping[str, Callable[..., LeadRows | NumberRows]] = {"lead": LeadRows, "do_not_call": NumberRows}
"""Who knows what rows say, by the kind of record."""


@frozen
class Look:
    """What a file seems to be."""

    form: Form
    head: tuple[Row, ...]
    """The first rows that are not blank, their cells cut to what is shown of them."""
    rows: int


class Reading:
    """One sealed table, read by a process."""

    def __init__(self, path: Path, name: str, keys: Keys) -> None:
        self._path = path
        self._name = name
        self._keys = keys

    async def look(self, form: Form | None = None) -> Look:
        """What it is; with a `form`, how it looks by that one. Raises `Unreadable`."""
        async with self._process(form=asdict(form) if form else None, look=True) as said:
            try:
                async with asyncio.timeout(LOOK_S):
                    found = await anext(said)
                    head = [_row(await anext(said)) for _ in range(found["head"])]
            except TimeoutError:
                raise Unreadable("it takes too long to read: save it again, or split it") from None
        return Look(form=_form(found["form"]), rows=found["rows"], head=tuple(head))

    @contextlib.asynccontextmanager
    async def rows(
        self, form: Form, *, after: int = 0, terms: Mapping[str, Any] | None = None
    ) -> AsyncIterator[AsyncIterator[Row]]:
        """The rows after the `after`-th; iterating raises `Unreadable`. With `terms` (`kind`, and what the
        class in `SAYING` takes) they have no cells: the process finds out what they say."""
        async with self._process(form=asdict(form), after=after, terms=terms) as said:
            make = _row if terms is None else _row_said
            yield (make(each) async for each in said)

    @contextlib.asynccontextmanager
    async def _process(self, **order: Any) -> AsyncIterator[AsyncIterator[Any]]:
        order |= {
            "path": str(self._path),
            "name": self._name,
            "keys": [self._keys[each].hex() for each in self._keys],
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", __name__,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
            env={"PYTHONPATH": os.pathsep.join(each or "." for each in sys.path), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        try:
            assert process.stdin is not None  # noqa: S101 - both are piped
            assert process.stdout is not None  # noqa: S101
            process.stdin.write(json.dumps(order).encode() + b"\n")
            yield _said(process.stdout)
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it, and see to it that it is gone, even if the server ends just now."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    gone = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(gone)
    except asyncio.CancelledError:
        await gone  # it was killed: this takes no time
        raise
    finally:
        # Or the pipes' ends are closed by the collector, which says so.
        process._transport.close()  # type: ignore[attr-defined]


async def _said(output: asyncio.StreamReader) -> AsyncIterator[Any]:
    while line := await _line(output):
        said = json.loads(line)
        if isinstance(said, dict) and "end" in said:
            if said["end"]:
                raise Unreadable(said["end"])
            return
        yield said
    raise Unreadable("reading it broke off: save it again, or split it")


async def _line(output: asyncio.StreamReader) -> bytes:
    try:
        return await output.readline()
    except ValueError as error:
        raise Unreadable(f"a row of more than {_LINE:,} bytes") from error


def _form(said: dict[str, Any]) -> Form:
    return Form(**said | {"sheets": tuple(said["sheets"])})


def _row_said(said: list[Any]) -> Row:
    number, wrong, field, says = said
    return Row(number=number, cells=(), wrong=wrong, field=field, says=says)


def _row(said: list[Any]) -> Row:
    number, wrong, *cells = said
    return Row(number=number, wrong=wrong, cells=tuple(cells))


# --- the process ---


def main() -> None:
    """Read what standard input names, and say what it says."""
    order = json.loads(sys.stdin.buffer.readline())
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    keys = Keys([bytes.fromhex(each) for each in order["keys"]])
    end = ""
    try:
        with Sealed(Path(order["path"]), order["name"], keys) as sealed:
            file = io.BufferedReader(Unsealed(sealed), CHUNK)
            form = _form(order["form"]) if order["form"] else tables.recognise(file)
            told = _look(file, form) if order.get("look") else _rows(file, form, order["after"])
            if terms := order.get("terms"):
                told = _meant(tables.rows(file, form), order["after"], terms)
            for said in told:
                _say(said)
    except (Unreadable, Unsealable) as error:
        end = str(error)
    except MemoryError:
        end = "it needs more memory than a table should"
    except BrokenPipeError:  # the server wants no more of it, or is no more
        os._exit(0)
    _say({"end": end})
    sys.stdout.buffer.flush()


def _look(file: BinaryIO, form: Form) -> Iterator[Any]:
    head = list(islice((row for row in tables.rows(file, form) if not row.blank), EXAMPLES + 1))
    if not head:
        raise Unreadable("there is no row in it")
    yield {"form": asdict(form), "rows": tables.count(file, form), "head": len(head)}
    for row in head:
        yield [row.number, row.wrong, *map(_example, row.cells)]


def _example(cell: str) -> str:
    return cell if len(cell) <= LONGEST_EXAMPLE else cell[: LONGEST_EXAMPLE - 1] + "…"


def _rows(file: BinaryIO, form: Form, after: int) -> Iterator[Any]:
    for row in islice(tables.rows(file, form), after, None):
        yield [row.number, row.wrong, *row.cells]


def _meant(rows: Iterator[Row], after: int, terms: dict[str, Any]) -> Iterator[Any]:
    kind = terms.pop("kind")
    saying = SAYING[kind](**terms)
    for row in islice(rows, after, None):
        wrong, field, says = row.wrong, "", None
        try:
            if not row.blank and not wrong:
                says = saying.read(row.cells)
        except Refusal as refusal:
            wrong, field = str(refusal), refusal.field
        yield [row.number, wrong, field, says]


def _say(said: Any) -> None:
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    main()
