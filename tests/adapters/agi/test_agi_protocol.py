"""The AGI protocol: what is sent comes apart as it was put together, and no line confuses the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.agi.protocol import (
    COMMAND_CAP,
    ENVIRONMENT_CAP,
    LINE_CAP,
    LINES_CAP,
    Environment,
    HungUp,
    ProtocolFault,
    Reader,
    Refused,
    Reply,
    encode,
    encode_line,
)
from tests.support.fake_agi import split

ENVIRONMENT = b"agi_network: yes\nagi_uniqueid: pbx1-1.1\nagi_threadid: 1\n\n"


def replies(data: bytes) -> list[Environment | Reply | HungUp]:
    reader = Reader()
    list(reader.feed(ENVIRONMENT))
    return list(reader.feed(data))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", Reply(code=200, result="0")),
        ("200 result=1 (SUCCESS)", Reply(code=200, result="1", data="SUCCESS")),
        ("200 result=49 endpos=12800", Reply(code=200, result="49", endpos=12800)),
        ("200 result=-1 endpos=0", Reply(code=200, result="-1")),
        ("200 result= (timeout)", Reply(code=200, data="timeout")),
        ("200 result=123 (timeout)", Reply(code=200, result="123", data="timeout")),
        ("200 result=0 (timeout) endpos=800", Reply(code=200, result="0", data="timeout", endpos=800)),
        ("200 result=1 (a (b) c)", Reply(code=200, result="1", data="a (b) c")),
        ("200 result=1 (x) endpos=5)", Reply(code=200, result="1", data="x) endpos=5")),
        ("200 result=1 (hangup)", Reply(code=200, result="1", data="hangup")),
        ("200 result=1 ()", Reply(code=200, result="1")),
        ("200 result=*", Reply(code=200, result="*")),
        ("200 something new", Reply(code=200, data="something new")),
        ("510 Invalid or unknown command", Reply(code=510, data="Invalid or unknown command")),
        ("511 Command Not Permitted", Reply(code=511, data="Command Not Permitted")),
        ("520 Invalid command syntax.", Reply(code=520, data="Invalid command syntax.")),
    ],
)
def test_reply(line: str, reply: Reply) -> None:
    assert replies(line.encode() + b"\n") == [reply]


def test_usage_of_several_lines_is_one_reply_and_the_next_is_the_next() -> None:
    usage = b"520-Invalid syntax. Proper usage follows:\nUsage: X\n\n200 is no reply\n520 End of usage.\n"
    first, second = replies(usage + b"200 result=7\n")
    assert isinstance(first, Reply)
    assert first.code == 520
    assert "Usage: X" in first.data
    assert second == Reply(code=200, result="7")


@pytest.mark.parametrize("usage", [b"", b"520-Proper usage follows:\nUsage: X\n"])
def test_hangup_between_any_two_lines(usage: bytes) -> None:
    heard = replies(usage + b"HANGUP\n" + (b"520 End\n" if usage else b"") + b"200 result=1\n")
    assert heard[0] == HungUp()
    assert heard[-1] == Reply(code=200, result="1")


def test_trying_and_stray_lines_are_no_replies() -> None:
    heard = replies(b"100 Trying...\nsecond line of a value)\n\n200 result=1\n")
    assert heard == [Reply(code=200, result="1")]


@given(st.data())
def test_chunks_change_nothing(data: st.DataObject) -> None:
    whole = ENVIRONMENT + "200 result=1 (张三)\nHANGUP\n520-a\nb\n520 c\n200 result= (timeout)\r\n".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    reader, heard = Reader(), []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        heard += list(reader.feed(whole[start:end]))
    assert heard[1:] == replies(whole[len(ENVIRONMENT) :])
    assert heard[2] == HungUp()


# Everything but what we refuse, and lone surrogates, which no UTF-8 can hold.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=200)


@given(st.lists(texts, max_size=4))
def test_asterisk_splits_a_command_into_what_it_was_made_of(arguments: list[str]) -> None:
    line = encode("SET VARIABLE", *arguments)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert split(line.decode()[:-1]) == ["SET", "VARIABLE", *arguments]


@pytest.mark.parametrize("value", ["a\nEXEC System x", "a\rb", "a\0b", "\ud800"])
def test_what_could_begin_a_second_command_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        encode("SET VARIABLE", "X", value)
    with pytest.raises(Refused):
        encode_line(f"VERBOSE {value}")


@pytest.mark.parametrize("verb", ["", "EXEC  Dial", "EXEC Dial,x", 'SET "X"', "EXEC\nSystem"])
def test_a_verb_has_only_letters(verb: str) -> None:
    with pytest.raises(Refused):
        encode(verb)


def test_command_cap() -> None:
    room = COMMAND_CAP - len(encode("VERBOSE", ""))
    assert len(encode("VERBOSE", "x" * room)) == COMMAND_CAP
    with pytest.raises(Refused):
        encode("VERBOSE", "x" * (room + 1))


def environment(*lines: bytes) -> Environment:
    (heard,) = Reader().feed(b"\n".join((b"agi_uniqueid: pbx1-1.1", *lines, b"agi_threadid: 1")) + b"\n\n")
    assert isinstance(heard, Environment)
    return heard


@pytest.mark.parametrize(
    "forged", [b"x\nagi_uniqueid: 9.9", b"x\nagi_extension: 4003\nagi_dnid: 4003", b"x\n\nHANGUP\n", b"\n"]
)
def test_a_line_break_in_a_callers_text_is_a_fault(forged: bytes) -> None:
    """Whichever of two values stands first: what came after his number could be his as well."""
    with pytest.raises(ProtocolFault, match=r"twice|without agi_threadid"):
        environment(b"agi_callerid: " + forged, b"agi_dnid: 4001", b"agi_extension: 4001")


def test_names_that_are_no_utf8_and_absent_values() -> None:
    heard = environment(b"agi_calleridname: J\xf6rg", b"no colon at all")
    assert heard["agi_calleridname"] == "J�rg"
    assert heard["agi_dnid"] == ""


@pytest.mark.parametrize(
    ("script", "path", "query"),
    [
        (b"inbound", "inbound", {}),
        (b"inbound?x=y&x=z&server=pbx2", "inbound", {"x": "y", "server": "pbx2"}),
        (b"/resume/?", "resume", {}),
        (b"", "", {}),
    ],
)
def test_url(script: bytes, path: str, query: dict[str, str]) -> None:
    heard = environment(b"agi_network_script: " + script)
    assert (heard.path, heard.query) == (path, query)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\n",
        b"\n",
        b"agi_network: yes\n\n",
        b"agi_uniqueid: pbx1-1.1\n\n",
        b"agi_x" * ENVIRONMENT_CAP,
        b"agi_x: y\n" * (LINES_CAP + 1),
    ],
)
def test_garbage_is_a_fault(garbage: bytes) -> None:
    with pytest.raises(ProtocolFault):
        list(Reader().feed(garbage))


def test_long_name_is_cut() -> None:
    heard = environment(b"agi_calleridname: " + b"x" * 10_000, b"agi_dnid: 4001")
    assert heard["agi_calleridname"].strip("x") == ""
    assert len(heard["agi_calleridname"]) < LINE_CAP
    assert heard["agi_dnid"] == "4001"


@pytest.mark.parametrize("line", [b"x" * (LINE_CAP + 1), b"200 result=1 (" + b"x" * LINE_CAP + b")\n"])
def test_long_reply_is_a_fault(line: bytes) -> None:
    with pytest.raises(ProtocolFault):
        replies(line)


def test_endless_usage_is_a_fault() -> None:
    with pytest.raises(ProtocolFault):
        replies(b"520-usage\n" + b"more\n" * (LINES_CAP + 1))
