"""`contactcenter check` finds what would keep talks from being recorded."""

import os
import time
from pathlib import Path

import pytest

from contactcenter import checks
from contactcenter.crm.keys import load_or_make
from contactcenter.sections import RecordingsSection


@pytest.fixture
def section(tmp_path: Path) -> RecordingsSection:
    (tmp_path / "spool").mkdir()
    load_or_make(tmp_path / "key")
    return RecordingsSection(spool=tmp_path / "spool", folder=tmp_path / "kept", key=tmp_path / "key")


def wrong(section: RecordingsSection) -> list[str]:
    return [finding.says for finding in checks._recordings(section) if not finding.ok]


def test_all_is_well(section: RecordingsSection) -> None:
    assert wrong(section) == []


def test_a_key_that_others_can_read(section: RecordingsSection) -> None:
    section.key.chmod(0o644)
    (says,) = wrong(section)
    assert "chmod 600" in says


def test_a_spool_that_is_not_there(section: RecordingsSection) -> None:
    section.spool.rmdir()
    (says,) = wrong(section)
    assert "`monitor`" in says


def test_a_folder_that_is_a_file(section: RecordingsSection) -> None:
    section.folder.write_text("")
    (says,) = wrong(section)
    assert "may not write" in says


def test_raw_talks_that_nobody_sealed(section: RecordingsSection) -> None:
    for name, hours in (("a-1", 5), ("b-2", 3)):
        for side in ("caller", "agent"):
            raw = section.spool / f"{name}-{side}.ulaw"
            raw.write_bytes(b"\xff" * 8000)
            os.utime(raw, (time.time() - hours * 3600,) * 2)
    (says,) = wrong(section)
    assert says.startswith("raw talks that have lain there in clear for over 4 hours: 1.")
