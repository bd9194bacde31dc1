"""The spill journal: what was appended comes back, what was torn doesn't."""

import struct
import zlib
from pathlib import Path

import pytest
from stores import save

from contactcenter.commands import CorrectDisposition
from contactcenter.crm.journal import Journal

_FIRST = [(7, save("i1", said=("arrived",), caller_name='名"\n😀', final=True)), (8, save("i2"))]
_LATE = CorrectDisposition(interaction="i1", login="agent1", at=1.5, code="sold", note="n", callback="")


def opened(path: Path) -> list[tuple[int, object]]:
    journal = Journal(path, size=4096)
    try:
        return list(journal.entries())
    finally:
        journal.close()


def test_it_comes_back_as_it_was_in_order_over_several_runs(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", size=4096)
    journal.append(_FIRST)
    journal.append([(9, _LATE)])
    journal.close()
    assert opened(tmp_path / "j") == [*_FIRST, (9, _LATE)]
    journal = Journal(tmp_path / "j", size=4096)
    journal.entries()
    journal.append([(10, save("i3"))])
    journal.close()
    assert [number for number, _ in opened(tmp_path / "j")] == [7, 8, 9, 10]


def test_after_a_reset_nothing_old_comes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", size=4096)
    journal.append([(n, save(f"i{n}")) for n in range(5)])
    journal.reset()
    assert journal.entries() == []
    journal.append([(6, save("i6"))])
    journal.close()
    assert [number for number, _ in opened(tmp_path / "j")] == [6]


def test_its_room_is_taken_beforehand_and_it_grows_beyond(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", size=4096)
    assert (tmp_path / "j").stat().st_blocks * 512 >= 4096
    journal.append([(n, save(f"i{n}")) for n in range(100)])
    journal.close()
    assert len(opened(tmp_path / "j")) == 100


def test_wherever_it_is_torn_the_records_before_come_back(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path, size=64)
    journal.append(_FIRST[:1])
    whole = journal._end
    journal.append(_FIRST[1:])
    journal.close()
    data = path.read_bytes()
    for end in range(whole, journal._end, 7):
        path.write_bytes(data[:end] + bytes(200))
        assert opened(path) == _FIRST[:1]


def test_a_line_that_can_t_be_read_costs_only_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", size=4096)
    journal.append([(1, save("i1")), (2, save("i2", waited_s=float("nan"))), (3, save("i3"))])
    journal.close()
    assert [number for number, _ in opened(tmp_path / "j")] == [1, 3]


def test_it_keeps_its_name_whatever_it_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", size=4096)
    name = journal.name
    journal.append(_FIRST)
    journal.reset()
    journal.append(_FIRST[:1])
    journal.close()
    journal, other = Journal(tmp_path / "j", size=4096), Journal(tmp_path / "other", size=4096)
    assert journal.name == name
    assert len({journal.name, other.name, ""}) == 3
    assert journal.entries() == _FIRST[:1]
    for each in (journal, other):
        each.close()


def test_one_of_an_older_version_gets_a_name_once_it_is_empty(tmp_path: Path) -> None:
    """Its records are numbered under no name, and the database knows them so."""
    path = tmp_path / "j"
    body = b'{"number":7,"audit":{"entry":{"at":1.0,"login":"boss","act":"a","kind":"k","object":"o"}}}'
    path.write_bytes(struct.pack(">II", len(body), zlib.crc32(body)) + body + bytes(4096))
    journal = Journal(path, size=4096)
    assert journal.name == ""
    assert [number for number, _ in journal.entries()] == [7]
    journal.reset()
    journal.close()
    journal = Journal(path, size=4096)
    assert journal.name
    assert journal.entries() == []
    journal.close()


@pytest.mark.parametrize("content", [b"", b"\xff" * 5000, b"garbage, much longer than a head"])
def test_what_is_no_journal_holds_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j").write_bytes(content)
    assert opened(tmp_path / "j") == []
