"""Mistakes in the configuration: each is named by file, key and value, with what would be right."""

from pathlib import Path

import pytest

from contactcenter.config import ConfigError, Settings, load
from contactcenter.routing.skills import needs

PHONES = 'phones = ["101", "102"]'
GOOD = """
zone = "Europe/Berlin"
phones = ["101", "102"]

[ivr]
fallback_queue = "support"

[[asterisk]]
name = "pbx"
secret = "s3cret"

[calendars.office]
mon = "09:00-12:00, 13:30-18:00"
sat = "22:00-24:00"
holidays = { 2026-12-24 = "09:00-12:00", 2026-12-25 = "" }

[queues.support]
title = { zh = "支持", en = "Support" }
calendar = "office"

[dids.4002]
queue = "support"

[dispositions.done]
zh = "完成"
en = "Done"
"""


def read(folder: Path, text: str) -> Settings:
    file = folder / "center.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_a_good_file(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.store.path == tmp_path / "contactcenter.db", "paths are relative to the file"
    rules = settings.rules()
    assert [queue.name for queue in rules.queues] == ["support"]
    assert rules.dispositions == {"done"}
    calendar = rules.queues[0].calendar
    assert len(calendar.week[0]) == 2
    assert [len(spans) for spans in calendar.holidays.values()] == [1, 0]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('zone = "Europe/Berlin"', 'zone = "Mars/Base"', "zone = 'Mars/Base': must be a time zone such as"),
        ('zone = "Europe/Berlin"', "zonne = 1", "zonne is not a key that exists here: check the spelling"),
        ("[ivr]", "[ivr]\nscript = 1", "ivr.script is not a key that exists here"),
        ('fallback_queue = "support"', "", "ivr.fallback_queue is missing: add it"),
        ('fallback_queue = "support"', 'fallback_queue = "x"', "ivr.fallback_queue: there is no queue 'x'"),
        (
            '"09:00-12:00, 13:30-18:00"',
            '"9-12"',
            "calendars.office.mon = '9-12': '9-12' must look like 09:00",
        ),
        ('"09:00-12:00, 13:30-18:00"', '"09:00-25:00"', "has a time that no clock shows"),
        ('"09:00-12:00, 13:30-18:00"', '"18:00-09:00"', "write hours over midnight as two spans"),
        ("2026-12-24", "2026-13-24", "calendars.office.holidays"),
        (
            'calendar = "office"',
            'calendar = "offise"',
            "queues.support.calendar: there is no calendar 'offise'",
        ),
        ('calendar = "office"', "ring_s = 1", "queues.support.ring_s = 1: Input should be greater than"),
        ('calendar = "office"', 'ring_s = "x"', "queues.support.ring_s = 'x'"),
        (
            'queue = "support"\n\n[disp',
            'queue = "none"\n\n[disp',
            "dids.4002.queue: there is no queue 'none'",
        ),
        ('queue = "support"\n\n[disp', "\n[disp", "dids.4002: give either script or queue"),
        ("[dids.4002]", '[dids."40 02"]', "dids.40 02"),
        ('phones = ["101", "102"]', 'phones = ["1x"]', "phones.0 = '1x'"),
        ('secret = "s3cret"', "", "asterisk.0.secret is missing: add it"),
        ('secret = "s3cret"', 'secret = ""', "asterisk.0.secret = …"),
        ('secret = "s3cret"', 'secret = "$NO_SUCH_SECRET"', "the environment has no NO_SUCH_SECRET: set it"),
        (
            "[calendars.office]",
            '[[asterisk]]\nname = "pbx"\nsecret = "x"\n[calendars.office]',
            "is used twice",
        ),
        ("[ivr]", "[ivr", "this is no valid TOML"),
        (
            'calendar = "office"',
            "needs = { klingon = 3 }",
            "queues.support.needs.klingon: there is no skill 'klingon': add it to skills",
        ),
        ('calendar = "office"', "needs = { en = 11 }", "queues.support.needs.en = 11"),
        ('calendar = "office"', 'strategy = "best"', "queues.support.strategy = 'best'"),
        (
            'calendar = "office"',
            "widening = [{ after_s = 30 }]",
            "queues.support.widening.0: it can never match",
        ),
        (
            "[ivr]",
            "[routing.tiers.gold]\nneeds = { vip = 1 }\n[ivr]",
            "routing.tiers.gold.needs.vip: there is",
        ),
        (
            "[ivr]",
            "[routing]\nreserve = { vip = 15 }\n[ivr]",
            "routing.reserve.0.vip: there is no skill 'vip'",
        ),
        (
            'queue = "support"\n\n[disp',
            'queue = "support"\nneeds = { vip = 1 }\n\n[disp',
            "dids.4002.needs.vip",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert GOOD.count(right) == 1
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD.replace(right, wrong))
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{tmp_path / 'center.toml'}: ") for line in lines)
    assert any(said in line for line in lines), lines
    assert "s3cret" not in str(error.value)


ROUTING = """
[skills]
en = { zh = "英语", en = "English" }
vip = { zh = "贵宾", en = "VIP" }

[routing]
order = "service_level_first"
rest_s = 5
reserve = { vip = 15 }
tiers = { gold = { priority = 3, needs = { vip = 2 } } }
languages = { en = { prefers = { en = 4 } } }
save_desk = { priority = 10 }
"""


def test_the_rules_of_routing(tmp_path: Path) -> None:
    text = GOOD.replace(
        'calendar = "office"',
        """strategy = "ring_several"
needs = { en = 3 }
widening = [{ after_s = 30, lower = { en = 1 } }, { after_s = 60, drop = ["en", "vip"] }]""",
    ).replace('queue = "support"\n\n[disp', 'queue = "support"\npriority = 2\n\n[disp')
    rules = read(tmp_path, ROUTING + text.replace('zone = "Europe/Berlin"', "").replace(PHONES, "")).rules()
    (support,) = rules.queues
    assert (support.strategy, support.needs) == ("ring_several", needs({"en": 3}))
    assert [step.after_s for step in support.widening] == [30, 60]
    assert rules.policy.order == "service_level_first"
    assert rules.policy.reserves[0].hold_s == 15
    assert rules.claims.dids["4002"].priority == 2
    assert rules.claims.tiers["gold"].needs == needs({"vip": 2})
    assert rules.claims.languages["en"].needs == needs(preferred={"en": 4})
    assert (rules.claims.save_desk.priority, rules.rest_s, rules.occupancy_limit) == (10, 5, 1)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("Europe/Berlin", "Mars/Base").replace('"101"', '"x"').replace("09:00-12:00, ", "late, ")
    )
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert len(error.value.problems) == 3


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml")


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_SECRET", "from outside")
    settings = read(tmp_path, GOOD.replace("s3cret", "$AMI_SECRET"))
    assert settings.asterisk[0].secret == "from outside"
    assert "from outside" not in repr(settings)
