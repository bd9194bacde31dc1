"""What is said to Asterisk: nothing that it could read as something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.ami import Message, channel_name, endpoint, number
from contactcenter.ami.actions import Action, redacted


async def encoded(**fields: object) -> bytes:
    return Action({"Action": "Setvar", "ActionID": "1"} | fields).encode()


CLEAN = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=200)


@given(CLEAN, st.text(max_size=20), st.sampled_from("\r\n\0"), st.booleans())
async def test_a_break_in_any_value_is_refused_by_the_name_of_its_field(head, tail, sign, listed):
    value = head + sign + tail
    with pytest.raises(ValueError, match="Value holds a CR, LF or NUL"):
        await encoded(Value=[head, value] if listed else value)


@given(st.text(min_size=1).filter(lambda key: not key.replace("-", "").replace("_", "").isalnum()))
async def test_a_key_that_is_no_header_name_is_refused(key):
    with pytest.raises(ValueError, match="is no header name"):
        await encoded(**{key: "x"})


@given(CLEAN)
async def test_what_is_encoded_is_read_back(value):
    payload = await encoded(Value=value)
    message = Message.from_line("Response: x\r\n" + payload.decode().removesuffix("\r\n\r\n"))
    assert message is not None
    assert (message["Action"], message["ActionID"], message["Value"]) == ("Setvar", "1", value)


async def test_the_action_comes_first_and_the_order_of_variables_is_kept():
    assert await encoded(Variable=["b=2", "a=1"], Priority=1) == (
        b"Action: Setvar\r\nActionID: 1\r\nVariable: b=2\r\nVariable: a=1\r\nPriority: 1\r\n\r\n"
    )


@pytest.mark.parametrize(("size", "fits"), [(1023, True), (1024, True), (1025, False)])
@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_line_has_1024_bytes_with_its_end(size, fits, letter):
    room = size - len("Value: \r\n")
    value = "x" * (room % len(letter.encode())) + letter * (room // len(letter.encode()))
    if fits:
        assert len((await encoded(Value=value)).split(b"\r\n")[2]) + 2 == size
    else:
        with pytest.raises(ValueError, match="Value makes a line of 1025 bytes"):
            await encoded(Value=value)


async def test_an_action_has_128_headers_at_most():
    await encoded(Variable=["a=1"] * 126)
    with pytest.raises(ValueError, match="129 headers"):
        await encoded(Variable=["a=1"] * 127)


async def test_half_a_surrogate_pair_and_other_types_are_refused():
    with pytest.raises(ValueError, match="Value holds half a surrogate"):
        await encoded(Value="\ud800")
    with pytest.raises(TypeError, match="Value: NoneType"):
        await encoded(Value=[None])


async def test_an_originate_that_would_deafen_the_link_is_refused():
    with pytest.raises(ValueError, match="Async"):
        await encoded(Action="Originate", Channel="PJSIP/a")
    assert b"Async: true" in await encoded(Action="Originate", Channel="PJSIP/a", Async="true")


def test_a_shown_login_has_no_secret():
    assert redacted(b"Action: Login\r\nSecret: s3cret\r\nKey: 0af\r\nEvents: on\r\n\r\n") == (
        b"Action: Login\r\nSecret: ***\r\nKey: ***\r\nEvents: on\r\n\r\n"
    )


BAD_SIGNS = [*"&|^,;${}(/@!\\ \r\n\0%\"'<>é١"]


@pytest.mark.parametrize("sign", BAD_SIGNS)
@pytest.mark.parametrize("check", [number, endpoint, channel_name])
def test_allow_lists_refuse_every_sign_that_a_dialplan_reads(check, sign):
    good = {number: "+4912345", endpoint: "agent-1", channel_name: "PJSIP/agent-1-0000002a"}[check]
    assert check(good) == good
    for bad in (good + sign, sign + good, sign, ""):
        with pytest.raises(ValueError, match="is no"):
            check(bad)


def test_allow_lists_take_what_asterisk_uses():
    assert number("*72#") == "*72#"
    with pytest.raises(ValueError, match="number"):
        number("1" * 33)
    assert channel_name("Local/4001@queue-0000000f;2") == "Local/4001@queue-0000000f;2"
    for bad in ("PJSIP/agent", "PJSIP/a-0000002a<ZOMBIE>", "PJSIP/a-0000002a&PJSIP/b-0000002b", "++1"):
        with pytest.raises(ValueError, match="channel name"):
            channel_name(bad)
