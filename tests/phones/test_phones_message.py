"""The parser against whatever a network may bring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Line

from contactcenter.phones.message import MalformedMessage, Message, NameAddr, Request, Response, Uri, parse
from contactcenter.phones.sdp import Sdp, UnusableSdp

PLAIN = (
    b"INVITE sip:200@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n"
    b'f: "A;B" <sip:100@127.0.0.1>;tag=x\r\nt: sip:200@127.0.0.1;user=phone\r\ni: 1@a\r\nCSeq: 7 INVITE\r\n'
    b"m: <sip:100@127.0.0.1:5070;ob>\r\nSubject: folded\r\n  over two lines\r\nl: 4\r\n\r\nbodyrest"
)

text = st.text(st.characters(blacklist_characters="\r\n\0", codec="utf-8"), max_size=30)
hosts = st.sampled_from(["127.0.0.1", "pbx.example", "[::1]"])
uris = st.builds(Uri, text, hosts, st.none() | st.integers(0, 65535))
words = st.text(st.sampled_from("abcdef0123456789-."), min_size=1, max_size=12)
addresses = st.builds(NameAddr, uris, text, st.dictionaries(words, words, max_size=3))
header = st.tuples(st.sampled_from(["Subject", "X-Any", "User-Agent"]), text.map(str.strip))


@st.composite
def messages(draw: st.DrawFn) -> Message:
    method = draw(st.sampled_from(["INVITE", "BYE", "REFER", "X-NEW"]))
    headers = (
        ("Via", f"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK{draw(words)}"),
        ("From", str(draw(addresses))),
        ("To", str(draw(addresses))),
        ("Call-ID", draw(words)),
        ("CSeq", f"{draw(st.integers(0, 2**31 - 1))} {method}"),
        *draw(st.lists(header, max_size=4)),
    )
    body = draw(st.binary(max_size=80))
    if draw(st.booleans()):
        return Request(method=method, uri=str(draw(uris)), headers=headers, body=body)
    return Response(status=draw(st.integers(100, 699)), reason=draw(text), headers=headers, body=body)


@given(messages())
def test_what_is_written_is_read_back(message: Message) -> None:
    assert parse(message.to_bytes()) == message


@given(addresses)
def test_an_address_is_read_back(address: NameAddr) -> None:
    back = NameAddr.parse(str(address))
    assert (back.uri, back.name) == (address.uri, address.name)
    assert back.params == address.params


@given(st.binary(max_size=400))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(data)


@given(st.data())
def test_a_damaged_message_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = parse(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except MalformedMessage:
        return
    assert message.branch
    assert message.cseq
    assert message.from_
    assert message.to


def test_short_names_folding_and_the_length_of_the_body() -> None:
    message = parse(PLAIN)
    assert isinstance(message, Request)
    assert (message.from_.name, message.from_.tag, message.to.params) == ("A;B", "x", {"user": "phone"})
    assert message.get("subject") == "folded over two lines"
    assert NameAddr.parse(message.get("contact")).uri == Uri("100", "127.0.0.1", 5070, "ob")
    assert message.body == b"body"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nSubject:", b"\nSubject:"),
        (b"\r\nSubject:", b"\rSubject:"),
        (b"\r\nSubject:", b"\r\nSub ject:"),
        (b"l: 4", b"l: 9"),
        (b"l: 4", b"l: -1"),
        (b"l: 4", "l: ４".encode()),
        (b"7 INVITE", b"7 BYE"),
        (b"7 INVITE", b"99999999999 INVITE"),
        (b"SIP/2.0\r\n", b"SIP/3.0\r\n"),
        (b"folded", b"fol\0ded"),
        (b";branch=z9hG4bK1", b""),
        (b'"A;B" <', b'"A;B <'),
        (b"sip:100@127.0.0.1>;", b"tel:100>;"),
        (b"sip:100@127.0.0.1>;", b"sip:100@127.0.0.1;"),
        (b"i: 1@a\r\n", b""),
        (b"\r\n\r\nbody", b"\r\nbody"),
    ],
)
def test_what_is_refused(old: bytes, new: bytes) -> None:
    assert old in PLAIN
    with pytest.raises(MalformedMessage):
        parse(PLAIN.replace(old, new, 1))


@pytest.mark.parametrize("evil", ["a\r\nX: 1", "a\nb", "a\0", "\ud800"])
def test_what_is_not_written(evil: str) -> None:
    message = parse(PLAIN)
    assert isinstance(message, Request)
    for headers, uri in (((("Subject", evil),), "sip:a@b"), ((), f"sip:{evil}@b")):
        with pytest.raises(MalformedMessage):
            Request(method="INVITE", uri=uri, headers=headers).to_bytes()


async def test_a_phone_outlives_garbage(line: Line) -> None:
    samples = [b"\0" * 20, b"\xff" * 500, b"\r\n\r\n", PLAIN[:80], PLAIN.replace(b"INVITE", b"ACK")]
    methods = (b"BYE", b"CANCEL", b"REFER", b"PRACK", b"NOTIFY")
    samples += [PLAIN.replace(b"INVITE", method) for method in methods]
    contacts = (b"m: x", b"m: *", b"X: 1")
    samples += [PLAIN.replace(b"m: <sip:100@127.0.0.1:5070;ob>", contact) for contact in contacts]
    for sample in samples:
        line.bob.received(sample, ("127.0.0.1", 9))
    assert line.bob.malformed == 2
    line.bob.malformed = 0
    out, come = await line.ringing()
    come.answer()
    await out.wait_answered()


@given(st.binary(max_size=200))
def test_no_session_description_raises_anything_but_unusable(body: bytes) -> None:
    for candidate in (body, b"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n" + body):
        try:
            sdp = Sdp.parse(candidate)
        except UnusableSdp:
            continue
        assert Sdp.parse(Sdp("127.0.0.1", 4000).answering(sdp).to_bytes()).port == 4000
