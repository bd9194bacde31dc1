"""Rules that the rendered dialplan keeps, read from its text."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contactcenter.asterisk.configuration import AsteriskSettings, Folders, render

SETTINGS = AsteriskSettings(
    ami_secret="ami-secret-1", phones={"101": "phone-secret-1", "120": "phone-secret-2"}
)

DANGEROUS = {
    "System",
    "TrySystem",
    "Exec",
    "ExecIf",
    "TryExec",
    "Originate",
    "ExternalIVR",
    "MixMonitor",
    "Monitor",
}


@dataclass(frozen=True)
class Step:
    """One priority of one extension."""

    context: str
    extension: str
    priority: int
    label: str
    application: str
    data: str


def steps(text: str) -> list[Step]:
    """The dialplan as Asterisk reads it."""
    found: list[Step] = []
    context = extension = ""
    for line in text.splitlines():
        if section := re.fullmatch(r"\[([\w-]+)\]", line):
            context = section[1]
        elif step := re.fullmatch(
            r"\s*(?:exten => ([^,]+),|same => )(1|n)(?:\((\w+)\))?,(\w+)\((.*)\)", line
        ):
            new, number, label, application, data = step.groups()
            extension = new or extension
            priority = 1 if number == "1" else found[-1].priority + 1
            found.append(Step(context, extension, priority, label or "", application, data))
        else:
            assert not line or line.startswith(";") or context == "general", f"not understood: {line}"
    return found


def targets(step: Step) -> list[tuple[str, str, str]]:
    """Where a Goto or GotoIf may lead: (context, extension, priority or label)."""
    if step.application == "Goto":
        places = [step.data]
    elif step.application == "GotoIf":
        places = [place for place in step.data.split("?", 1)[1].split(":") if place]
    else:
        return []
    full = [
        [*[step.context, step.extension, ""][: 2 - place.count(",")], *place.split(",")] for place in places
    ]
    return [(context, extension, priority) for context, extension, priority in full]


@pytest.fixture(params=["", "PJSIP/120"], ids=["apology", "fallback-phone"])
def dialplan(request: pytest.FixtureRequest) -> list[Step]:
    folders = Folders(**dict.fromkeys(Folders.__dataclass_fields__, Path("/x")))
    return steps(render(replace(SETTINGS, fallback_endpoint=request.param), folders)["extensions.conf"])


def test_no_pattern_is_open(dialplan: list[Step]):
    patterns = {step.extension for step in dialplan if step.extension.startswith("_")}
    assert patterns
    for pattern in patterns:
        assert re.fullmatch(r"_\+?X{1,15}", pattern), pattern


def test_nothing_of_the_caller_reaches_an_application(dialplan: list[Step]):
    for step in dialplan:
        if step.context == "recorded" and step.application == "MixMonitor":
            # The name of the files is the server's, who sets the variable over AGI; the dialplan never does.
            assert set(re.findall(r"\$\{(\w+)", step.data)) == {"CC_RECORDING"}, step
            continue
        assert step.application not in DANGEROUS, step
        assert not step.data.startswith("CC_RECORDING="), step
        if "CALLERID" in step.data or "PJSIP" in step.data.partition("(")[2]:
            assert (step.context, step.application) == ("caller", "Set"), step
            assert step.data.count("CALLERID") <= 1, step
        assert "SHELL" not in step.data, step
        # The dialled digits are only compared and kept.
        if "EXTEN" in step.data:
            assert (step.application, step.priority) in {("Set", 1), ("GotoIf", 2)}, step


def test_a_callers_address_is_sifted_where_its_escapes_are_undone(dialplan: list[Step]):
    """What PJSIP_PARSE_URI_FROM gives of an address may hold line breaks, and the manager interface tells
    variables and numbers as they are."""
    undone = [step.data for step in dialplan if ",user)" in step.data]
    assert len(undone) == 1
    assert re.fullmatch(r"CC_URI=\$\{FILTER\([^,]+,\$\{PJSIP_PARSE_URI_FROM\(CC_URI,user\)\}\)\}", undone[0])
    numbers = [step.data for step in dialplan if "CALLERID(num)" in step.data]
    assert numbers
    assert all(data.startswith("CALLERID(num)=${FILTER(") for data in numbers)
    sifted = {step.context for step in dialplan if (step.application, step.data) == ("Gosub", "caller,s,1")}
    assert sifted == {"from-carrier"}, "a phone has the number that its configuration gives it"


def test_every_agi_call_can_fail_and_can_break_off(dialplan: list[Step]):
    """A failure and a crash look alike to the rule: CC_NEXT is missing. Both lead to the rescue."""
    calls = [step for step in dialplan if step.application == "AGI"]
    assert len(calls) > 30
    for call in calls:
        extension = [
            step for step in dialplan if (step.context, step.extension) == (call.context, call.extension)
        ]
        before = [step.data for step in extension if step.priority < call.priority]
        assert "AGIEXITONHANGUP=yes" in before, call
        assert call.data.startswith("agi://127.0.0.1:4573/")
        after = next(step for step in extension if step.priority == call.priority + 1)
        if call.context == "rescue":
            assert (after.application, after.data) == ("GotoIf", '$["${CC_NEXT}" = ""]?:next,${CC_NEXT},1')
            assert extension[-1].data == "fallback,s,1"
        else:
            assert (after.application, after.data) == ("Goto", "returned,s,1")
            assert any(data.startswith("TIMEOUT(absolute)=") for data in before), call
    returned = [step for step in dialplan if step.context == "returned"]
    assert [step.data for step in returned] == ['$["${CC_NEXT}" = ""]?rescue,s,1:next,${CC_NEXT},1']


def test_every_jump_arrives(dialplan: list[Step]):
    labels = {(step.context, step.extension, step.label) for step in dialplan if step.label}
    labels |= {(step.context, step.extension, str(step.priority)) for step in dialplan}
    for step in dialplan:
        for context, extension, priority in targets(step):
            if "${" in extension:
                # A word of the server's: one that is not in the list comes to the context's extension i.
                assert (context, "i", "1") in labels
            else:
                assert (context, extension, priority) in labels, f"{step} leads nowhere"


def test_phones_call_each_other_and_our_numbers(dialplan: list[Step]):
    first = {step.extension: step for step in dialplan if step.context == "from-phone" and step.priority == 1}
    colleague = [step for step in dialplan if (step.context, step.extension) == ("from-phone", "101")]
    assert [(step.application, step.data) for step in colleague] == [
        ("GosubIf", '$["${CC_RECORDING}" = ""]?:recorded,s,1'), ("Dial", "PJSIP/101,30"), ("Hangup", ""),
    ]  # fmt: skip
    assert {"4001", "4002", "4003", "4004"} <= set(first)
