"""`contactcenter ivr test` and `check` on scripts with faults: a sentence, never a traceback of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from contactcenter.checks import check_all

SCRIPTS = {
    "raises": ("async def script(call):\n    import nosuchmodule\n", 1, "script.py:2: ModuleNotFoundError"),
    "exits": ("import sys\nasync def script(call):\n    sys.exit()\n", 0, "script ended"),
    "fails": ("import sys\nasync def script(call):\n    sys.exit('no')\n", 1, "script.py:3: ScriptExited"),
    "exits as it is read": ("import sys\nsys.exit()\n", 1, "script.py:2: SystemExit"),
    "is synchronous": ("def script(agi):\n    agi.answer()\n", 1, "script.py: this is a synchronous script"),
}


@pytest.mark.parametrize(("text", "status", "said"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_on_the_terminal(tmp_path: Path, text: str, status: int, said: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(text, encoding="utf-8")
    command = (sys.executable, "-m", "contactcenter", "ivr", "test", str(path), "--keys", "1")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


CONFIG = """
phones = ["101"]
[ivr]
fallback_queue = "support"
[store]
path = "center.db"
[queues.support]
title = { zh = "支持", en = "Support" }
calendar = "office"
[calendars.office]
mon = "09:00-12:00"
[dispositions.done]
zh = "完成"
en = "Done"
[dids]
4001 = { script = "nix.py" }
4002 = { script = "sync.py" }
4003 = { script = "asks.py" }
"""


async def test_check_says_that_no_message_is_offered(tmp_path: Path) -> None:
    config = tmp_path / "center.toml"
    told = 'calendar = "office"\nannounce_after_s = 30\nways_out = ["message"]'
    config.write_text(CONFIG.replace('calendar = "office"', told).partition("[dids]")[0], encoding="utf-8")
    key = "queues.support.ways_out"
    found = {finding.what: finding for finding in await check_all(config)}
    assert "could not be kept" in found[key].says
    assert not found[key].ok
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool").chmod(0o777)
    assert key not in {finding.what for finding in await check_all(config)}


async def test_check_says_what_it_did_not_check(tmp_path: Path) -> None:
    (tmp_path / "ivr").mkdir()
    (tmp_path / "ivr" / "sync.py").write_text("def script(agi):\n    agi.answer()\n")
    (tmp_path / "ivr" / "asks.py").write_text(
        "async def script(call):\n    call.open('office')\n    await call.emergency('offise')\n"
    )
    config = tmp_path / "center.toml"
    config.write_text(CONFIG, encoding="utf-8")
    found = {finding.what: finding for finding in await check_all(config)}
    missing = found["dids.4001.script"]
    assert not missing.ok
    assert missing.says.startswith(f"'nix.py': there is no file {tmp_path / 'ivr' / 'nix.py'}")
    synchronous = found[str(tmp_path / "ivr" / "sync.py")]
    assert synchronous.ok
    assert "not tried any further" in synchronous.says
    asks = found[f"{tmp_path / 'ivr' / 'asks.py'}:3"]
    assert asks.says == "no queue or calendar 'offise': the configuration has office, support"
