"""The configuration as a file: what is exported can be imported; file and store are held together."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from contactcenter import document
from contactcenter.checks import check_all
from contactcenter.cli import cli
from contactcenter.config import Configuration, load
from tests.support.postgresql import cluster

CENTER = """
[ivr]
fallback_queue = "support"

[dids]
4002 = { queue = "support" }

[calendars.office]
mon = "09:00-18:00"
holidays = { 2027-01-01 = "", 2027-02-05 = "09:00-12:00" }

[skills]
zh = { zh = "中文", en = "Chinese" }

[routing.tiers.gold]
priority = 5
needs = { zh = 3 }

[routing.conditions.vip]
when = 'customer.custom.segment == "vip" and not "loud" in customer.tags'
priority = 2

[queues.support]
title = { zh = "服务“支持”", en = "Support \\"us\\"" }
calendar = "office"
needs = { zh = 5 }
widening = [{ after_s = 20, lower = { zh = 2 } }, { after_s = 60, drop = ["zh"] }]

[queues.sales]
title = { zh = "销售", en = "Sales" }

[dispositions]
done = { zh = "完成", en = "Done" }
"""


@pytest.fixture
def center(tmp_path: Path) -> Path:
    file = tmp_path / "center.toml"
    file.write_text(CENTER, encoding="utf-8")
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def findings(center: Path) -> dict[str, tuple[bool, str]]:
    return {each.what: (each.ok, each.says) for each in asyncio.run(check_all(center))}


def test_what_is_exported_reads_the_same(center: Path) -> None:
    settings = load(center)
    raw = tomllib.loads(document.as_toml(settings.document()))
    assert (
        Configuration.model_validate(raw).model_dump()
        == Configuration(**{key: getattr(settings, key) for key in Configuration.model_fields}).model_dump()
    )


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_LEAVES = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9), _TEXTS)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)
)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_any_document_can_be_written(written: dict[str, Any]) -> None:
    assert tomllib.loads(document.as_toml(written)) == written


def test_out_and_in_again(center: Path) -> None:
    refused = run("configuration", "export", "--config", center)
    assert refused.exit_code == 1
    added = ("user", "add", "wang", "--config", center, "--password", "correct horse", "--skills", "zh=5")
    assert run(*added).exit_code == 0, "whatever opens the store first gives it the file's version"
    live = center.with_name("live.toml")
    assert "version 1 of file" in run("configuration", "export", "--config", center, "--to", live).stdout
    same = run("configuration", "import", "--config", center, "--file", live)
    assert "in force already" in same.stdout
    live.write_text(live.read_text().replace("ring_s = 20", "ring_s = 7"))
    assert (
        "version 2 is in force" in run("configuration", "import", "--config", center, "--file", live).stdout
    )
    assert "ring_s = 7" in run("configuration", "export", "--config", center).stdout
    assert "version 3 is in force" in run("configuration", "import", "--config", center).stdout
    assert "ring_s = 20" in run("configuration", "export", "--config", center).stdout


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('calendar = "office"', 'calendar = "offise"', "queues.support.calendar: there is no calendar"),
        ("[queues.support]", "[queues.help]", "dids.4002.queue: there is no queue 'support'"),
        ("[skills]", "[skills", "no valid TOML"),
    ],
)
def test_what_does_not_fit_is_not_imported(center: Path, right: str, wrong: str, said: str) -> None:
    other = center.with_name("other.toml")
    other.write_text(CENTER.replace(right, wrong))
    refused = run("configuration", "import", "--config", center, "--file", other)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert not center.with_name("contactcenter.db").exists()


def test_check_holds_file_and_store_against_each_other(center: Path) -> None:
    assert (findings(center))["configuration"] == (True, "the file's, until the first start")
    run("configuration", "import", "--config", center)
    assert (findings(center))["configuration"] == (True, "version 1 of file")
    center.write_text(CENTER.replace("after_s = 20", "after_s = 25"))
    ok, says = (findings(center))["configuration"]
    assert (ok, says) == (True, "version 1 of file; the file's queues differ and don't count")
    center.write_text(CENTER.replace("support", "help"))
    ok, says = (findings(center))["configuration"]
    assert not ok
    assert "version 1 in the store does not fit: ivr.fallback_queue: there is no queue 'help'" in says


def test_skills_and_queues_of_a_user_are_those_of_the_store(center: Path) -> None:
    add = ("user", "add", "--config", center, "--password", "correct horse")
    assert "there is no skill 'fly'; there are: zh" in run(*add, "a", "--skills", "fly=5").stderr
    assert "there is no queue 'vip'; there are: support, sales" in run(*add, "a", "--queues", "vip").stderr
    assert "give each skill with its level" in run(*add, "a", "--skills", "zh").stderr
    assert run(*add, "a", "--queues", "sales", "--skills", "zh=10").exit_code == 0


def test_a_server_is_checked_before_the_center_starts_on_it(center: Path) -> None:
    server = cluster().empty(center)
    center.write_text(f'{CENTER}\n[store]\nurl = "{server.url}"\n', encoding="utf-8")
    what = f"database {server.name}"
    try:
        found = findings(center)
        assert found[what] == (True, "is empty: its tables will be made at the first start")
        assert found[f"{what} max_connections"][0]
        assert found[f"{what} encryption"] == (True, "not needed: on this machine")
        assert "ALTER SYSTEM SET fsync = on" in found[f"{what} fsync"][1]  # as the tests have it
        assert found["configuration"] == (True, "the file's, until the first start")
        assert run("configuration", "import", "--config", center).exit_code == 0
        found = findings(center)
        assert found[what] == (True, "sound")
        assert found["configuration"] == (True, "version 1 of file")
        assert "[queues.support]" in run("configuration", "export", "--config", center).output
    finally:
        cluster().drop(server)
    ok, says = findings(center)[what]
    assert not ok
    assert "CREATE DATABASE" in says


def test_the_key_of_personal_data_is_made_checked_and_rotated(center: Path) -> None:
    key = center.with_name("personal.key")
    what = f"store.key {key}"
    assert findings(center)[what] == (True, "will be made at the first start: keep a copy of it then")
    run("configuration", "import", "--config", center)
    assert findings(center)[what] == (True, "can be used, by its owner only")
    rotated = run("keys", "rotate", "--config", center)
    assert "0 values are sealed with the key" in rotated.stdout
    assert len(key.read_text().split()) == 2
    key.unlink()
    ok, says = findings(center)[what]
    assert not ok
    assert "put it back from your copy" in says
    refused = run("keys", "rotate", "--config", center)
    assert refused.exit_code == 1
    assert "put it back from your copy" in refused.stderr
    assert not key.exists()
