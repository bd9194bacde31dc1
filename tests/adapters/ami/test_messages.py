"""What Asterisk says, as it is read: headers, repeats, escapes, and any chunking of the bytes."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.ami import Counters, Message, unescape
from contactcenter.ami.protocol import Framer


def read(text: str) -> Message:
    message = Message.from_line(text.strip("\n").replace("\n", "\r\n"))
    assert message is not None
    return message


def test_headers_are_read_in_any_case_and_absence_is_an_error():
    event = read("Event: Newchannel\nUniqueid: pbx-1.1\nCallerIDName: \nExten:")
    assert event.event == "Newchannel"
    assert (event["UNIQUEID"], event["calleridname"], event["Exten"]) == ("pbx-1.1", "", "")
    with pytest.raises(KeyError):
        event["Linkedid"]


def test_a_misspelt_attribute_is_an_error_and_not_an_empty_text():
    with pytest.raises(AttributeError, match="uniqeid"):
        getattr(read("Event: Hangup\nUniqueid: 1"), "uniqe" + "id")


def test_a_message_can_be_copied_and_pickled():
    event = read("Event: UserEvent\nVariable: a=1\nVariable: b=2")
    for twin in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert twin == event
        assert twin.all("variable") == ["a=1", "b=2"]


def test_the_first_of_a_repeated_header_wins_so_that_a_userevent_cannot_forge_a_channel():
    event = read("Event: UserEvent\nChannel: PJSIP/a-01\nUserEvent: Call\nChannel: PJSIP/forged-02")
    assert event["Channel"] == "PJSIP/a-01"
    assert event.all("Channel") == ["PJSIP/a-01", "PJSIP/forged-02"]
    assert event.all("Absent") == []


def test_repeated_variables_and_output_lines_are_all_kept():
    reply = read(
        "Response: Success\nOutput: one\nOutput: two = 2\nChanVariable: A=1\nChanVariable: B=x=y\n"
        "ChanVariable: A=late"
    )
    assert reply.content == "one\ntwo = 2"
    assert list(reply.iter_lines()) == ["one", "two = 2"]
    assert dict(reply.getdict("ChanVariable")) == {"A": "1", "B": "x=y"}


def test_a_result_is_not_url_unquoted():
    assert read("Event: AGIExecEnd\nResult: 100%25")["Result"] == "100%25"


def test_two_messages_run_together_by_a_lost_blank_line_are_none():
    assert Message.from_line("Event: Hangup\r\nUniqueid: 1\r\nEvent: Hangup\r\nUniqueid: 2") is None
    assert Message.from_line("no colon here") is None
    assert Message.from_line("Uniqueid: 1") is None


def test_an_originate_response_is_an_event_that_has_a_response():
    event = read("Event: OriginateResponse\nActionID: 7\nResponse: Failure\nReason: 0")
    assert (event.event, event.response, event.success) == ("OriginateResponse", "Failure", True)


ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    "'": r"\'",
    '"': r"\"",
    "?": r"\?",
}


@given(st.text())
def test_unescape_undoes_what_asterisk_escapes(name: str):
    assert unescape("".join(ESCAPES.get(char, char) for char in name)) == name


def test_unescape_leaves_a_lone_backslash_at_the_end():
    assert unescape("half\\") == "half\\"
    assert unescape(r"O\'Brien \"Bob\"") == 'O\'Brien "Bob"'


PIECES = st.lists(
    st.sampled_from(
        [
            b"Event: A\r\nName: Jos\xc3\xa9\r\n\r\n",
            b"Event: B\r\n\r\n",
            b"\r\n",
            b"\r",
            b"\n",
            b"\r\n\r\n",
            b"\x00\xff",
            b"Event: Big\r\nX: " + b"x" * 80 + b"\r\n\r\n",
            b"y" * 90,
        ]
    ),
    max_size=12,
).map(b"".join)


@given(PIECES, st.data())
def test_any_split_of_the_stream_gives_the_same_messages_and_drops(stream: bytes, data: st.DataObject):
    whole, split = Counters(), Counters()
    # What a limit drops may not depend on where the network cut the bytes.
    expected = Framer(whole, limit=64).feed(stream + b"\r\n\r\n")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream) + 4), max_size=20)))
    framer = Framer(split, limit=64)
    got = [
        block
        for start, end in zip([0, *cuts], [*cuts, None], strict=True)
        for block in framer.feed((stream + b"\r\n\r\n")[start:end])
    ]
    assert got == expected
    assert split.dropped == whole.dropped


def test_a_stream_byte_by_byte_gives_each_message_at_its_last_byte():
    stream = b"".join(
        b"Event: E%d\r\nCallerIDName: \xd0\x94\xd0\xb8\r\nPad: %s\r\n\r\n" % (n, b"p" * 400)
        for n in range(200)
    )
    framer, whole, before = Framer(Counters()), 0, 0
    for offset in range(len(stream)):
        whole += len(framer.feed(stream[offset : offset + 1]))
        assert whole == stream.startswith(b"\r\n\r\n", offset - 3) + before
        before = whole
    assert whole == 200


def test_memory_stays_within_the_limit_during_an_endless_message():
    counters = Counters()
    framer = Framer(counters, limit=1 << 20)
    for _ in range(160):
        framer.feed(b"x" * 65536)
        assert len(framer._buffer) <= (1 << 20) + 65536 + 3
    assert counters.dropped == 1
    assert framer.feed(b"tail\r\n\r\nEvent: After\r\n\r\n") == [b"Event: After"]
