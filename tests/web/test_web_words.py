"""The dictionaries: complete, in step, and used."""

import ast
import re
from pathlib import Path

from desk import WEB, dictionary

import contactcenter
from contactcenter.crm.access import RIGHTS
from contactcenter.dialer.permission import CAMPAIGNS, Refusal
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.starting import SAYS, Lack

CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
LATIN_IN_ZH = {"English", "VIP", "Ctrl", "CSV", "XLSX", "Excel", "PDF", "UTF", "GB"} | {
    "https",
    "example",
    "com",
}
BY_CODE = (
    *("lead_state", "lead_step", "lead_twice", "lead_why", "lead_field", "list_field", "no_calls_source"),
    *("state", "reason", "outcome", "match", "role", "step", "tier", "language", "call", "idle", "theme"),
    *("monitor", "monitor_end", "monitored", "why", "consult", "target", "setting"),
    *("section", "urgency", "kind", "act", "day"),
    *("request_state", "request_step", "followup_state", "priority", "recurs", "recurs_one", "recurs_unit"),
    *("lead", "sort", "due_filter", "sure", "channel", "followups", "requests"),
    *("recording_state", "recording_why", "recording_notice", "recording_now"),
    *("address", "channel", "consent", "customer_kind", "direction", "duplicate", "field", "followup_state"),
    *("priority", "relation", "request_state", "request_step", "search", "search_field", "timeline"),
    *(
        "import_state",
        "import_course",
        "import_explain",
        "import_match",
        "import_twice",
        "encoding",
        "delimiter",
    ),
    *("exported", "right", "right_about", "right_group", "scope", "scope_of", "scoped", "role_part"),
    *("hidden_field", "audit_field", "act_group", "chain"),
    *("campaign_state", "campaign_step", "campaign_part", "campaign_field", "mode", "mode_about", "profile"),
    *("attempt", "attempt_state", "refusal", "pacing", "lead_part", "on_machine", "detection_value", "skip"),
    *("live", "report_rule", "report_says"),
    *("appointment_field", "appointment_state", "appointment_view", "appointment_none"),
    "lack",
)
"""Groups whose keys are made of a code that comes from the server."""

NOTERS = {"note", "_note", "tell", "_forced"}
"""The functions by which the center writes a line into an interaction's timeline."""


def _forms(message: object) -> list[str]:
    return list(message.values()) if isinstance(message, dict) else [str(message)]


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    en, zh = dictionary("en"), dictionary("zh")
    assert en.keys() == zh.keys()
    for key in en:
        wanted = {frozenset(re.findall(r"{(\w+)}", form)) for form in _forms(en[key]) + _forms(zh[key])}
        assert len(wanted) == 1, key


def test_no_language_mixes_with_the_other() -> None:
    for key, message in dictionary("en").items():
        if key != "language.other":
            assert not any(CJK.search(form) for form in _forms(message)), key
    for key, message in dictionary("zh").items():
        for form in _forms(message):
            words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"{\w+}", "", form)))
            assert words <= LATIN_IN_ZH, key


def test_every_key_is_used_and_every_used_key_exists() -> None:
    source = "\n".join(path.read_text() for path in (WEB / "static" / "js").glob("*.js"))
    used = set(re.findall(r"""["'`]([a-z_]+(?:\.[a-z_]+)+)["'`]""", source)) - RIGHTS
    used -= {word for word in used if word.endswith(".js")}
    keys = dictionary("en").keys()
    missing = {key for key in used if key.split(".")[0] in {k.split(".")[0] for k in keys}} - keys
    assert missing == set()
    assert {key for key in keys - used if key.split(".")[0] not in BY_CODE} == set()


def test_every_step_that_the_center_notes_has_a_word() -> None:
    steps = {
        constant.value
        for path in Path("contactcenter").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in NOTERS
        for argument in call.args
        for constant in ast.walk(argument)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and constant.value
    }
    assert {"offered", "held", "told", "take_over_failed", "signed_out_by"} <= steps
    whole = {step for step in steps if not step.endswith("_")}  # the rest are beginnings: consult_{state}
    assert {step for step in whole if f"step.{step}" not in dictionary("en")} == set()


def test_every_reason_why_a_campaign_can_not_start_is_in_the_dictionary() -> None:
    words = dictionary("en")
    assert {key for key in words if key.startswith("lack.")} == {f"lack.{each.value}" for each in Lack}
    for lack in Lack:
        filled_in = set(re.findall(r"{(\w+)}", SAYS[lack]))
        assert set(re.findall(r"{(\w+)}", words[f"lack.{lack.value}"])) >= filled_in


def test_every_rule_that_forbids_a_call_is_in_the_dictionary() -> None:
    words = dictionary("en")
    assert {key for key in words if key.startswith("refusal.")} == {
        f"refusal.{each.value}" for each in Refusal
    }
    assert {f"pacing.{each.value}" for each in CAMPAIGNS} <= words.keys(), (
        "why a campaign that runs does not dial"
    )


def test_the_sources_of_the_chinese_rules_are_said_in_chinese() -> None:
    script, words = (WEB / "static" / "js" / "law_sources.js").read_text(), dictionary("zh")
    known = re.findall(r'\["([^"]+)", "(law_source\.[a-z_]+)"\]', script)
    assert len(known) > 20
    for source in PROFILES["CN"].sources.values():
        for says, key in known:
            source = source.replace(says, str(words[key]))
        assert source == "none" or not re.search(r"[A-Za-z]{2,}", source), source


NOES = ("Refusal", "Unreadable")
RECORDS = (
    *("accounts", "addresses", "assignments", "attachments", "cells", "custom", "customer_imports"),
    *("customer_rows", "customers", "emails", "fields", "lead_imports", "lead_rows", "number_imports"),
    *("national_lists", "number_rows", "leads", "lists", "campaigns", "appointments", "do_not_call"),
    *("caller_ids", "erasures"),
    *("file_types", "files", "filters", "followups", "id_numbers", "import_batches", "imports", "links"),
    *("mapping", "merging", "money", "notes", "ownerships", "passwords", "phone_numbers", "reading"),
    *("recurrence", "relations", "requests", "roles", "roots", "samples", "saved_views", "search", "tables"),
    *("tags", "teams", "text", "users", "zones"),
)
"""The modules of the store whose refusals people meet on a page."""
BY_PROGRAMS = (
    *("sort by one of", "not a cursor", "ids.", "custom.", "skills.", "mapping.", "give a ", "give either"),
    *("from 1 to 7 customers", "there is no right 7 to give", "7 has no scope", "7 can't be hidden"),
    *("a skill's name", "an agent's queues are changed by PATCH", "give a recurrence or none"),
    *("7.", "some of ", "a level is", "there is no such field to take over"),
    *("7: 7", "it is 7", "7 7, which is beyond you", "7: give it its right name", "only a phone has one"),
)
"""How those begin that only a program gets, and those that are made of others."""


def _refusals(module: str) -> set[str]:
    """What a module says no with; 7 stands for what it fills in."""
    tree = ast.parse((Path(contactcenter.__file__).parent / "crm" / f"{module}.py").read_text())
    found = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in NOES:
            found.add(_text(call.args[0]))
    return {says for says in found if " " in says}


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.FormattedValue):
        return "'7'" if node.conversion == ord("r") else "7"
    return _text(node)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_every_refusal_that_people_meet_has_words_of_the_page() -> None:
    reasons = (WEB / "static" / "js" / "reasons.js").read_text()
    known = [
        re.compile(pattern.replace("(?<", "(?P<"), re.IGNORECASE if flags else 0)
        for pattern, flags in re.findall(r'^  \[/(.+)/(i?), "because\.[a-z_]+"\],$', reasons, re.MULTILINE)
    ]
    said = {says for module in RECORDS for says in _refusals(module)}
    assert len(said) > 100
    assert {
        says
        for says in said
        if not says.startswith(BY_PROGRAMS) and not any(pattern.match(says) for pattern in known)
    } == set()
