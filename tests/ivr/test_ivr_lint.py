"""Every seeded fault of a script is found, with its line and a remedy."""

from pathlib import Path

import pytest

from contactcenter.agi.lint import lint
from contactcenter.agi.loader import ScriptInvalid, load_script

PROMPTS = 'PROMPTS = {"hi": {"zh": "好", "en": "hi"}, "sum": {"zh": "{n}", "en": "{n}"}}\n'

FAULTS = {
    "prompt without text": ("await call.play('nope')", "no prompt 'nope': add it"),
    "prompt without its value": ("await call.play('sum')", "prompt 'sum' needs n=…"),
    "unknown queue": ("await call.queue('slaes')", "no queue 'slaes': the configuration has sales"),
    "message for an unknown queue": (
        "await call.message(queue='slaes')",
        "no queue 'slaes': the configuration has sales",
    ),
    "raises without a message": ("len(await call.message())", "TypeError"),
    "loop without end": ("while not await call.menu('hi', {'1': True}): pass", "never ends"),
    "loop of prompts": ("while True: await call.play('hi')", "never ends"),
    "raises on one way": ("return {'1': 1}[await call.menu('hi', {'1': '1'})]", "KeyError"),
    "blocks": ("time.sleep(0)", "time.sleep stops the whole server"),
    "catches the hang-up": ("try: await call.play('hi')\n    except BaseException: pass", "catch Exception"),
    "unlisted transfer": ("await call.transfer('x')", "not in the list of transfer targets"),
}


@pytest.mark.parametrize(("line", "said"), FAULTS.values(), ids=FAULTS)
async def test_fault_is_found(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(f"import time\n{PROMPTS}async def script(call):\n    {line}\n", encoding="utf-8")
    problems = await lint(path, ["sales"])
    assert len(problems) == 1, problems
    assert said in str(problems[0])
    assert str(problems[0]).startswith(f"{path}:{5 if 'BaseException' in line else 4}:")


async def test_missing_language_and_places(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "PROMPTS = {\n"
        '    "one": {"zh": "一"},\n'
        '    "two": {"zh": "{a}", "en": "two"},\n'
        "}\n"
        "async def script(call):\n"
        "    pass\n",
        encoding="utf-8",
    )
    said = [str(problem) for problem in await lint(path, [])]
    assert said[0].startswith(f"{path}:2: prompt 'one' has no text in 'en'")
    assert said[1].startswith(f"{path}:3: prompt 'two': its languages hold different values")
    assert len(said) == 2


async def test_script_without_faults(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        f"{PROMPTS}async def script(call):\n"
        "    while (key := await call.menu('hi', {'1': 'again', '2': 'on'})) == 'again':\n"
        "        await call.say_amount('12.50')\n"
        "    await call.message(queue='sales')\n"
        "    if key and call.open('sales'):\n"
        "        await call.transfer('desk')\n",
        encoding="utf-8",
    )
    assert await lint(path, ["sales"], ["desk"]) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def script(:\n", "bad.py:1: "),
        ("\nimport nowhere_at_all\n", "bad.py:2: ModuleNotFoundError"),
        ("x = 1\n", "no function `async def script(call)`"),
        ("PROMPTS = []\nasync def script(call): pass\n", "PROMPTS is no dict"),
        (
            "PROMPTS = {'a': {'de': 'x'}}\nasync def script(call): pass\n",
            "prompt 'a' needs texts by language",
        ),
    ],
)
async def test_unusable_file(tmp_path: Path, source: str, said: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(source)
    with pytest.raises(ScriptInvalid, match=r"bad\.py"):
        load_script(path)
    (problem,) = await lint(path, [])
    assert said in str(problem)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ScriptInvalid, match="no such Python file"):
        load_script(tmp_path / "absent.py")
