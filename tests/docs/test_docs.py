"""The documents name what exists: commands, keys, states, routes, files; and their links lead somewhere."""

import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from contactcenter import commands, events, sections
from contactcenter.agents import AgentState, PauseReason
from contactcenter.calls import CallState
from contactcenter.cli import cli
from contactcenter.config import Settings, load
from contactcenter.consults import ConsultState
from contactcenter.crm.access import RIGHTS, SCOPED, Right
from contactcenter.crm.followups import FollowupState
from contactcenter.crm.requests import RequestState
from contactcenter.crm.roles import BUILTIN
from contactcenter.dialer.permission import Refusal
from contactcenter.dialer.profiles import PROFILES, Profile
from contactcenter.dialer.starting import Lack
from contactcenter.http.server import API, all_routes
from contactcenter.interactions import InteractionState, Outcome
from contactcenter.offers import OfferState
from contactcenter.values import MatchMethod

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted(DOCS.glob("adr/0*.md"))
EVENTS_AND_COMMANDS = {**vars(events), **vars(commands)}


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its rank."""
    rank = heading.split(" ")[0]
    _, found, rest = f"\n{page}".partition(f"\n{heading}\n")
    assert found, f"there is no {heading!r}"
    return re.split(rf"^{rank} ", rest, flags=re.MULTILINE)[0]


# --- links ---


def anchors(page: Path) -> set[str]:
    """The anchors that headings make."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        assert not target.startswith(("http:", "https:")), f"{target}: other hosts' pages move"
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(found), f"{target}: no such heading"


# --- commands ---


def all_commands() -> Iterator[tuple[str, list[str]]]:
    """Every command with its options: "user add", ["--config", …]."""
    todo = [("", typer.main.get_command(cli))]
    while todo:
        name, command = todo.pop()
        children = getattr(command, "commands", {})
        todo += [(f"{name} {child}".strip(), each) for child, each in children.items()]
        if not children:
            options = [option for each in command.params for option in each.opts if option.startswith("--")]
            yield name, options


@pytest.mark.parametrize(("command", "options"), list(all_commands()))
def test_every_command_is_documented_with_its_options(command: str, options: list[str]) -> None:
    found = section(text("commands.md"), f"## contactcenter {command}")
    assert f"$ contactcenter {command}" in found, "an example is missing"
    assert [option for option in options if option not in found] == []


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [target for target in targets if f"`make {target}`" not in text("commands.md")] == []


# --- configuration ---


def keys_of(model: type[BaseModel], heading: str = "## Top") -> Iterator[tuple[str, str, object]]:
    """Each key with the heading that it stands under, and its default."""
    for name, field in model.model_fields.items():
        inner = re.findall(r"contactcenter\.sections\.(\w+Section)", str(field.annotation))
        kind = getattr(sections, inner[0]) if inner else None
        if kind is None:
            if name not in ("dispositions", "pauses"):
                yield heading, name, None if field.is_required() else field.default
        else:
            below = {
                "asterisk": "## `[[asterisk]]`, once per server",
                "queues": "## `[queues.NAME]`",
                "calendars": "## `[calendars.NAME]`",
            }.get(name, f"## `[{name}]`")
            yield from keys_of(kind, below)


@pytest.mark.parametrize(("heading", "key", "default"), list(keys_of(Settings)))
def test_every_key_is_documented_with_its_default(heading: str, key: str, default: object) -> None:
    found = section(text("configuration.md"), heading)
    rows = [row for row in found.splitlines() if row.startswith("|") and f"`{key}`" in row.split("|")[1]]
    assert rows, f"{key} is missing under {heading}"
    if isinstance(default, bool):
        assert f"`{str(default).lower()}`" in rows[0]
    elif isinstance(default, int | float):
        assert f"`{default:g}`" in rows[0]
    elif isinstance(default, str | Path):
        assert f'`"{default}"`' in rows[0]


def test_the_example_is_a_valid_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_SECRET", "not-a-secret")
    settings = load(DOCS / "examples" / "center.toml")
    assert settings.asterisk[0].secret == "not-a-secret"


# --- the API ---


def test_every_route_is_documented() -> None:
    page = text("api.md")
    assert [route.path for route in all_routes(API) if route.path not in page] == []


def test_the_listing_is_the_example() -> None:
    assert (DOCS / "examples" / "listen.py").read_text().strip() in text("api.md")


# --- roles ---


def test_the_page_of_roles_has_every_right_and_the_built_in_roles_as_they_are() -> None:
    page = text("roles.md")
    assert [right for right in RIGHTS if f"`{right}`" not in section(page, "## Rights")] == []
    rows = [["", *(role.name for role in BUILTIN)], ["---"] * (len(BUILTIN) + 1)]
    rows += [
        [f"`{right}`", *("✓" if right in role.rights else "" for role in BUILTIN)]
        for right in Right
        if right in RIGHTS
    ]
    rows += [[f"scope of `{kind}`", *(role.scopes[kind] for role in BUILTIN)] for kind in SCOPED]
    rows += [["hidden", *(", ".join(f"`{name}`" for name in sorted(role.hidden)) for role in BUILTIN)]]
    table = [line for line in section(page, "## Built-in roles").splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in table] == rows


# --- words ---


@pytest.mark.parametrize(
    "states",
    [
        AgentState,
        PauseReason,
        CallState,
        ConsultState,
        OfferState,
        InteractionState,
        Outcome,
        MatchMethod,
        RequestState,
        FollowupState,
    ],
    ids=lambda states: states.__name__,
)
def test_every_state_is_in_the_glossary(states: type[StrEnum]) -> None:
    page = text("glossary.md")
    assert [state.value for state in states if f"`{state.value}`" not in page] == []


@pytest.mark.parametrize(
    "states",
    [
        AgentState,
        CallState,
        ConsultState,
        OfferState,
        InteractionState,
        Outcome,
        RequestState,
        FollowupState,
    ],
)
def test_the_glossary_has_no_state_that_the_code_has_not(states: type[StrEnum]) -> None:
    home = f"{states.__module__.rpartition('.')[2]}.{states.__name__}"
    _, found, rest = text("glossary.md").partition(f"(`{home}`)")
    assert found, f"{home} is missing"
    table = rest.partition("\n|")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {state.value for state in states}


def test_the_flow_names_events_commands_and_files_that_exist() -> None:
    page = text("flow.md")
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)", page)) - {"ScriptBlocked"}
    assert sorted(name for name in named if name not in EVENTS_AND_COMMANDS) == []
    files = set(re.findall(r"`([\w/.]+\.(?:py|j2))`", page))
    missing = [
        file for file in files if not any((base / file).exists() for base in (ROOT, ROOT / "contactcenter"))
    ]
    assert sorted(missing) == []


@pytest.mark.parametrize("page", [DOCS / "flow.md", *DECISIONS], ids=lambda page: page.stem)
def test_functions_of_the_center_that_a_page_names_exist(page: Path) -> None:
    for module, name in re.findall(r"`([a-z_]+)\.([a-z_]+)(?:\(.*?\))?`", page.read_text(encoding="utf-8")):
        file = ROOT / "contactcenter" / f"{module}.py"
        if file.exists() and name != "py":
            code = file.read_text(encoding="utf-8")
            assert re.search(rf"^\s*(def|class) {name}\b", code, re.MULTILINE), f"{module}.{name} is no more"


def test_both_manuals_for_agents_name_the_same_keys() -> None:
    keys = [re.findall(r"\b(?:F\d+|Esc|Ctrl)\b", text(page)) for page in ("agents.md", "agents.zh.md")]
    assert set(keys[0]) == set(keys[1])
    shortcuts = (ROOT / "web" / "static" / "js" / "shortcuts.js").read_text()
    assert set(re.findall(r'\["(F\d+)"', shortcuts)) <= set(keys[0])


# --- decisions ---


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_four_parts_and_is_listed(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)\*\*:", content, re.MULTILINE)
    assert parts == ["Status", "Context", "Decision", "Consequences"]
    assert content.startswith(f"# {page.stem[:4]} ")
    assert len(content.split()) < 400, "half a page"
    assert page.name in text("adr/README.md")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


# --- language ---


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_tell_nothing_of_the_machine_that_they_were_written_on(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    assert not re.search(r"/(?:work|root|home|tmp)/", content)


# --- the law of outgoing calls ---


def test_the_page_of_the_law_has_every_reason() -> None:
    page = text("compliance.md")
    assert [each for each in Refusal if f"`{each.value}`" not in page] == []
    assert [each for each in Lack if f"`{each.value}`" not in page] == []


def test_the_page_of_the_law_has_the_profiles_as_they_are() -> None:
    rows = {
        cells[0]: cells[1:]
        for line in section(text("compliance.md"), "## The profiles").splitlines()
        if line.startswith("|") and len(cells := [each.strip() for each in line.strip("|").split("|")]) == 5
    }
    assert rows["Setting"] == list(PROFILES)
    for place, profile in enumerate(PROFILES.values()):
        row = {name: cells[place] for name, cells in rows.items()}
        assert row["most dropped, of who answered"].startswith(f"{profile.drop_limit * 100:g} %")
        assert row["what the pacing aims at"].startswith(f"{profile.drop_target * 100:g} %")
        assert row["to an agent or the message"].startswith(f"{profile.clock_s:g} s")
        assert row["rings at least"].startswith(f"{profile.ring_s} s")
        (begin, end), *_ = profile.week[0]
        hours = f"{begin.hour}:{begin:%M}–{end.hour}:{end:%M}"
        assert row["hours, by the clock of whoever is called"].startswith(hours)
        days = profile.national_list_days
        assert (f"{days} days old" in row["national list"]) == (days is not None)
        assert row["record of consent"].startswith("each lead" if profile.consent else "no")
        hang_up = row["hang up on machines without a word"]
        assert hang_up.startswith("yes" if profile.hang_up_on_machines else "no")
        assert (f"{profile.after_drop_h:g} h" in row["after a drop"]) == (profile.after_drop_h > 0)
        calls = row["calls to one number in 24 hours, all campaigns together"]
        assert calls.startswith(str(profile.calls_a_day))
        assert row["records are kept, at least"].startswith(f"{profile.record_years:g} year")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_each_value_of_a_profile_names_its_source(profile: Profile) -> None:
    values = {each.name for each in fields(profile)} - {"name", "sources"}
    assert profile.sources.keys() == values | {"do_not_call"}
    assert all(profile.sources.values())
