"""Mistakes in the configuration: each is named by file, key and value, with what would be right."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contactcenter.agi import leg
from contactcenter.config import ConfigError, Settings, load
from contactcenter.mistakes import PATTERNS
from contactcenter.routing.skills import needs
from contactcenter.sections import Endpoint
from contactcenter.trunks import TrunkRules

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


def test_a_trunk_says_what_it_is_good_for(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD + "[trunks.carrier]\ncalls_per_s = 12.5\nchannels = 60\n")
    assert settings.rules().trunks == {"carrier": TrunkRules(calls_per_s=12.5, channels=60)}


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
        ('"09:00-12:00, 13:30-18:00"', '"09:00-25:00"', "no clock shows: hours go from 00:00 to 24:00"),
        ('"09:00-12:00, 13:30-18:00"', '"18:00-09:00"', "write hours over midnight as two spans"),
        (
            "2026-12-24",
            "2026-13-24",
            "calendars.office.holidays.2026-13-24: must be a date such as 2027-01-01",
        ),
        (
            'calendar = "office"',
            'calendar = "offise"',
            "queues.support.calendar: there is no calendar 'offise': add [calendars.offise], or name one of",
        ),
        ('calendar = "office"', "ring_s = 1", "queues.support.ring_s = 1: must be 3 or more"),
        ('calendar = "office"', 'ring_s = "x"', "queues.support.ring_s = 'x': must be a whole number"),
        ('calendar = "office"', "without_agents = 5", "without_agents = 5: must be true or false"),
        (
            'title = { zh = "支持", en = "Support" }',
            'title = "x"',
            "queues.support.title = 'x': must be a table",
        ),
        ("[ivr]", "[http]\nport = 70000\n[ivr]", "http.port = 70000: must be a port, from 1 to 65535"),
        ("[ivr]", "[store]\npath = 3\n[ivr]", "store.path = 3: must be a path, in quotes"),
        (
            'zone = "Europe/Berlin"',
            'region = "XX"',
            "region = 'XX': must be a country by two capital letters",
        ),
        (
            "[ivr]",
            '[ivr]\ntransfers = { desk = "Local/1@x" }',
            "ivr.transfers.desk = 'Local/1@x': must be an endpoint such as PJSIP/120",
        ),
        (
            '"09:00-12:00, 13:30-18:00"',
            '"13:30-24:00, 09:00-13:31"',
            "'13:30-24:00' and '09:00-13:31' overlap: write them as one, or part them",
        ),
        (
            'queue = "support"\n\n[disp',
            'queue = "none"\n\n[disp',
            "dids.4002.queue: there is no queue 'none': add [queues.none], or name one of support",
        ),
        ('queue = "support"\n\n[disp', "\n[disp", "dids.4002: give either script or queue"),
        ("[dids.4002]", '[dids."40 02"]', 'dids."40 02": must be a telephone number: 1 to 15 digits'),
        ('phones = ["101", "102"]', 'phones = ["1x"]', "phones.0 = '1x': must be a phone's number: 2 to 6"),
        ('secret = "s3cret"', "", "asterisk.0.secret is missing: add it"),
        ('secret = "s3cret"', 'secret = ""', "asterisk.0.secret = …"),
        ('secret = "s3cret"', 'secret = "$NO_SUCH_SECRET"', "the environment has no NO_SUCH_SECRET: set it"),
        (
            "[calendars.office]",
            '[[asterisk]]\nname = "pbx"\nsecret = "x"\n[calendars.office]',
            "asterisk.1.name: the name 'pbx' is used twice: give each server its systemname",
        ),
        (
            "[dids.4002]",
            "[trunks.carrier]\ncalls_per_s = 0\n[dids.4002]",
            "trunks.carrier.calls_per_s = 0: must be more than 0",
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
            'ways_out = ["message"]',
            "queues.support.ways_out: nobody is offered them: announce_after_s is 0: say when",
        ),
        (
            'calendar = "office"',
            'announce_after_s = 30\nways_out = ["message", "message"]',
            "names one thing twice: once is enough",
        ),
        (
            'calendar = "office"',
            'announce_after_s = 30\nways_out = ["massage"]',
            "queues.support.ways_out.0 = 'massage'",
        ),
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
            "[routing.conditions.vip]\nwhen = 'customer.name == 1'\n[ivr]",
            "routing.conditions.vip.when = 'customer.name == 1': customer.name is not known: one of kind,",
        ),
        (
            "[ivr]",
            "[routing.conditions.vip]\nwhen = 'customer.save_desk'\nqueues = ['gone']\n[ivr]",
            "routing.conditions.vip.queues: there is no queue 'gone': name one of support",
        ),
        (
            "[ivr]",
            "[routing.conditions.vip]\nwhen = 'customer.save_desk'\nneeds = { vip = 1 }\n[ivr]",
            "routing.conditions.vip.needs.vip: there is no skill 'vip'",
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


def test_every_name_that_leads_nowhere_has_a_line_of_its_own(tmp_path: Path) -> None:
    text = GOOD.replace('calendar = "office"', 'calendar = "x"').replace('[dids.4002]\nqueue = "support"', "")
    text = (
        text.replace('fallback_queue = "support"', 'fallback_queue = "y"')
        + '[dids]\n4001 = { queue = "z" }\n'
    )
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    keys = [problem.partition(":")[0] for problem in error.value.problems]
    assert sorted(keys) == ["dids.4001.queue", "ivr.fallback_queue", "queues.support.calendar"]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this is a folder: name the file in it"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "none.toml")


def test_every_pattern_has_its_words() -> None:
    """A regular expression is no remedy."""
    assert patterns_of(Settings.model_json_schema()) <= set(PATTERNS)


def patterns_of(schema: object) -> set[str]:
    """Every pattern anywhere in a schema."""
    if isinstance(schema, dict):
        own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        names = set(schema.get("patternProperties", {}))
        return own.union(names, *map(patterns_of, schema.values()))
    return set().union(*map(patterns_of, schema)) if isinstance(schema, list) else set()


@settings(deadline=None)
@given(st.from_regex(re.compile(r"PJSIP/[A-Za-z0-9_.+@:/-]{1,150}", re.ASCII), fullmatch=True))
def test_every_transfer_that_is_taken_would_be_dialled(endpoint: str) -> None:
    taken = TypeAdapter(Endpoint).validate_python(endpoint)
    assert leg._DESTINATION.fullmatch(taken)


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
