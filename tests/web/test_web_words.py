"""The dictionaries: complete, in step, and used."""

import ast
import re
from pathlib import Path

from desk import WEB, dictionary

from contactcenter.crm.access import RIGHTS

CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
LATIN_IN_ZH = {"English", "VIP", "Ctrl", "CSV", "XLSX", "Excel", "PDF", "UTF", "GB"} | {
    "https",
    "example",
    "com",
}
BY_CODE = (
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
