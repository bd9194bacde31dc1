"""G.711, tones, session descriptions and what an ear makes of packets."""

import math
import struct
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.phones import ulaw
from contactcenter.phones.ear import Ear
from contactcenter.phones.sdp import Sdp, UnusableSdp
from contactcenter.phones.session import Session
from contactcenter.phones.tones import AUDIBLE, FLOOR, SILENT, loudness_of, power_of, tone
from contactcenter.phones.watch import Watchers


def test_mulaw_knows_the_values_of_the_standard() -> None:
    assert ulaw.decode(bytes([0x00, 0x80, 0x7F, 0xFF, 0x0F, 0x8F])) == [-32124, 32124, 0, 0, -16764, 16764]
    assert ulaw.encode(array("h", [0, 32767, -32768]).tobytes()) in (b"\xff\x80\x00", b"\x7f\x80\x00")


def test_every_code_survives_a_round_trip() -> None:
    samples = ulaw.decode(bytes(range(256)))
    assert ulaw.decode(ulaw.encode(array("h", samples).tobytes())) == samples


@given(st.integers(-32124, 32124))
def test_the_error_of_a_sample_is_at_most_half_a_step(sample: int) -> None:
    decoded = ulaw.decode(ulaw.encode(struct.pack("<h", sample)))[0]
    assert abs(decoded - sample) <= max(4, abs(sample) / 32 + 4)


@pytest.mark.parametrize("frequency", [440, 800, 1200])
def test_a_tone_is_found_where_it_is_and_nowhere_else(frequency: int) -> None:
    samples = ulaw.decode(ulaw.encode(tone(frequency, 0.1)))
    assert power_of(samples, frequency, 800) == pytest.approx(-10, abs=0.5)
    assert loudness_of(samples, 800) == pytest.approx(-10, abs=0.5)
    for other in {440, 800, 1200} - {frequency}:
        assert power_of(samples, other, 800) < SILENT
    assert power_of(samples, frequency, 1600) == pytest.approx(-16, abs=0.5), "half of the window is missing"
    assert power_of([], frequency, 800) == FLOOR


def test_three_tones_together_are_heard_each() -> None:
    tones = [array("h", tone(frequency, 0.1)) for frequency in (440, 800, 1200)]
    mixed = [sum(three) for three in zip(*tones, strict=True)]
    assert all(power_of(mixed, frequency, 800) > AUDIBLE for frequency in (440, 800, 1200))
    assert power_of(mixed, 1000, 800) < AUDIBLE


def test_speech_is_read_from_wav_and_raw_files(tmp_path: Path) -> None:
    pcm = tone(440, 0.05)
    (tmp_path / "a.raw").write_bytes(pcm)
    for name, rate in (("a.wav", 8000), ("b.WAV", 16000)):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(pcm)
    assert ulaw.read_pcm(tmp_path / "a.raw") == ulaw.read_pcm(tmp_path / "a.wav") == pcm
    with pytest.raises(ValueError, match="8 kHz"):
        ulaw.read_pcm(tmp_path / "b.WAV")


def packet(sequence: int, payload: bytes, *, kind: int = 0, stamp: int = 0, first: int = 0x80) -> bytes:
    return struct.pack("!BBHII", first, kind, sequence & 0xFFFF, stamp, 1) + payload


def test_an_ear_counts_what_is_lost_also_over_the_end_of_the_numbers() -> None:
    ear = Ear(Watchers())
    for sequence in (65533, 65534, 65537, 65536, 65538):
        ear.take(packet(sequence, ulaw.SILENCE))
    assert (ear.reception.packets, ear.reception.lost, ear.reception.ignored) == (5, 1, 0)


def test_an_ear_takes_a_key_once_however_often_its_packets_come() -> None:
    ear = Ear(Watchers())
    events = [(1, 0), (1, 0), (1, 0), (1, 900), (11, 1800), (11, 1800), (16, 2000)]
    for sequence, (key, stamp) in enumerate(events):
        ear.take(packet(sequence, struct.pack("!BBH", key, 10, 160), kind=101, stamp=stamp))
    assert ear.digits == "11#"


def test_an_ear_skips_extensions_contributors_and_padding() -> None:
    ear = Ear(Watchers())
    voice = ulaw.encode(tone(440, 0.02))
    ear.take(packet(1, struct.pack("!IHHI", 7, 0, 1, 0) + voice + b"\0\0\0\4", first=0x80 | 0x20 | 0x10 | 1))
    assert ear.heard(440, 0.02) == pytest.approx(-10, abs=1)


@given(st.binary(max_size=60))
def test_an_ear_outlives_garbage(data: bytes) -> None:
    ear = Ear(Watchers())
    ear.take(data)
    ear.take(b"\xb0\x00" + data)
    ear.take(b"\x80\x65" + data)
    assert not math.isnan(ear.loudness())


OFFER = (
    "v=0\no=- 1 1 IN IP4 10.0.0.9\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\n"
    "m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    "m=audio 4000 RTP/AVP 8 0 96\nc=IN IP4 10.0.0.2\na=rtpmap:96 telephone-event/8000\na=sendonly\n"
)


def test_an_offer_is_understood_and_answered() -> None:
    offer = Sdp.parse(OFFER.replace("\n", "\r\n").encode())
    assert (offer.host, offer.port, offer.events) == ("10.0.0.2", 4000, 96)
    assert (offer.sends, offer.receives) == (True, False)
    answer = Sdp("127.0.0.1", 6000).answering(offer)
    body = answer.to_bytes().decode()
    assert [line for line in body.split("\r\n") if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 96",
        "m=audio 6000 RTP/AVP 0 96",
    ]
    assert "a=recvonly" in body
    assert (answer.sends, answer.receives) == (False, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("audio 4000", "audio 0"),
        ("8 0 96", "8 96"),
        ("m=audio", "m=image"),
        ("IN IP4", "IN IP6"),
        ("RTP/AVP 8", "RTP/SAVP 8"),
    ],
)
def test_what_cannot_be_answered_is_unusable(old: str, new: str) -> None:
    assert old in OFFER
    with pytest.raises(UnusableSdp):
        Sdp.parse(OFFER.replace(old, new).encode())


async def test_telephone_events_go_with_the_number_of_the_offer() -> None:
    caller, callee = Session("127.0.0.1", media=True), Session("127.0.0.1", media=True)
    offer = caller.offer(on_hold=False).replace(b"AVP 0 101", b"AVP 0 96").replace(b":101 ", b":96 ")
    answer = callee.answer(offer)
    assert b"a=rtpmap:96 telephone-event/8000" in answer
    caller.take_answer(answer)
    assert caller.media is not None
    assert callee.media is not None
    packets: list[bytes] = []
    take = caller.media.ear.take

    def recorded(packet: bytes) -> None:
        packets.append(packet)
        take(packet)

    caller.media.ear.take = recorded
    await callee.media.press("5", seconds=0.06)
    await caller.media.ear.receives("5", within=2)
    events = [packet for packet in packets if packet[1] & 0x7F == 96]
    assert [packet[1] >> 7 for packet in events] == [1, 0, 0, 0, 0], "the marker is on the first packet"
    assert len({packet[4:8] for packet in events}) == 1, "one timestamp for one key"
    assert [packet[13] >> 7 for packet in events] == [0, 0, 1, 1, 1], "the end is said three times"
    assert [int.from_bytes(packet[14:16], "big") for packet in events] == [160, 320, 480, 480, 480]
    caller.close()
    callee.close()


async def test_nobody_presses_keys_to_a_far_end_that_takes_none() -> None:
    caller, callee = Session("127.0.0.1", media=True), Session("127.0.0.1", media=True)
    offer = caller.offer(on_hold=False).replace(b"telephone-event", b"unknown")
    callee.answer(offer)
    assert callee.media is not None
    with pytest.raises(RuntimeError, match="telephone events"):
        await callee.media.press("5")
    caller.close()
    callee.close()


def test_the_old_way_to_hold_is_understood() -> None:
    held = OFFER.replace("10.0.0.2", "0.0.0.0").replace("sendonly", "sendrecv")
    assert not Sdp.parse(held.encode()).receives
