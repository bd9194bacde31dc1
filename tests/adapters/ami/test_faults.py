"""A link in bad days: the faults F1, F2, F3, F4, F7 and F8 of the fault matrix, on a real socket."""

import asyncio
import logging
import random
import time
from contextlib import suppress

import pytest

from contactcenter.ami import Counters, OutcomeUnknown, Status, Timing
from contactcenter.ami.protocol import Framer
from tests.adapters.ami.conftest import Office, opened, to
from tests.adapters.ami.test_link import ORIGINATE, queued
from tests.support.fake_ami import FakeAmi, encode

SCRIPT = b"".join(encode(Event="Newstate", Uniqueid=f"pbx1-17.{n}", CallerIDName="Дитрий") for n in range(1))


@pytest.mark.parametrize("reset", [False, True])
async def test_f1_a_link_cut_at_every_byte_comes_back_and_sends_nothing_twice(peer: FakeAmi, reset, caplog):
    """Connection n is cut after n bytes, until one is long enough for everything."""
    caplog.set_level(logging.CRITICAL)
    tried = []

    async def booted(boot):
        action = ORIGINATE | {"ActionID": f"attempt-{len(tried)}"}
        tried.append(action["ActionID"])
        with suppress(OutcomeUnknown):
            await office.link.send(action)

    dialled = []
    peer.reset = reset
    peer.script = SCRIPT
    peer.budget = lambda n: n
    peer.answers["Originate"] = lambda c, a: (dialled.append(a["ActionID"]), queued(c, a), c.event("End"))
    timing = Timing(backoff_first=0.0001, backoff_cap=0.0002)
    async with opened(to(peer, timing=timing), on_booted=booted) as office:
        async with asyncio.timeout(50):
            while (await office.states.get()).status is not Status.READY:
                pass
            await office.event("End")
        assert [action.name for action in office.link.protocol.responses.values()] in ([], ["Ping"])
    assert peer.accepted > 600
    assert office.link.counters.reconnects == peer.accepted - 1
    assert peer.most_strangers == 1
    assert len(dialled) == len(set(dialled)), "an action was sent twice"


async def test_f1_the_first_try_comes_within_a_second(peer: FakeAmi):
    async with opened(to(peer, timing=Timing())) as office:
        await office.state(Status.READY)
        for _ in range(2):
            peer.connections[0].cut()
            down = await office.state(Status.DOWN)
            assert down.reason == "Asterisk closed the connection"
            assert down.retry_in <= 1.0
            await office.state(Status.READY)
        assert office.link.counters.reconnects == 2


async def test_f1_an_unanswered_action_is_unknown_at_once_and_never_sent_again(peer: FakeAmi, office: Office):
    waiting = asyncio.create_task(office.link.send(ORIGINATE, timeout=60))
    first = peer.connections[0]
    await first.received.get()
    first.cut()
    with pytest.raises(OutcomeUnknown, match="Originate was sent, then the link was lost"):
        await asyncio.wait_for(waiting, 1)
    await office.state(Status.READY)
    peer.answers["Probe"] = lambda c, a: c.answer(a)
    await office.link.send({"Action": "Probe"})
    assert peer.connections[-1].received.get_nowait()["Action"] == "Probe"


class Highest(random.Random):
    """The jitter that a test can predict: always the ceiling."""

    def uniform(self, a: float, b: float) -> float:
        return a or b


async def test_f1_waits_grow_while_the_link_fails_or_flaps_and_begin_anew_after_a_stable_one(peer: FakeAmi):
    timing = Timing(backoff_first=0.01, backoff_cap=0.15)
    async with opened(to(peer, timing=timing), rng=Highest()) as office:

        async def cut() -> float:
            await office.state(Status.READY)
            peer.connections[0].cut()
            return (await office.state(Status.DOWN)).retry_in

        assert [await cut() for _ in range(3)] == [0.01, 0.02, 0.04]
        await office.state(Status.READY)
        await peer.stop()
        assert [(await office.state(Status.DOWN)).retry_in for _ in range(3)] == [0.08, 0.15, 0.15]
        await peer.listen()
        await office.state(Status.READY)
        await asyncio.sleep(0.2)  # time is the subject: longer than the cap
        peer.connections[0].cut()
        assert (await office.state(Status.DOWN)).retry_in == 0.01


async def test_f2_a_given_up_link_leaves_no_socket_behind_its_unsent_bytes(peer: FakeAmi, office: Office):
    protocol = office.link.protocol
    peer.connections[0].writer.transport.pause_reading()
    big = {"Action": "Big", "X": ["x" * 1000] * 100}
    waiting = [asyncio.create_task(office.link.send(big)) for _ in range(200)]
    await asyncio.sleep(0)
    assert protocol.transport.get_write_buffer_size() > 0
    await office.link.close()
    assert protocol.transport.get_write_buffer_size() == 0
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}


async def test_f1_a_shutdown_is_the_reason_of_the_loss(peer: FakeAmi, office: Office):
    peer.connections[0].event("Shutdown", Shutdown="Cleanly")
    peer.connections[0].cut()
    assert (await office.state(Status.DOWN)).reason == "Asterisk shut down (Cleanly)"


async def test_f2_a_half_open_link_is_found_by_silence_and_recycled(peer: FakeAmi):
    timing = Timing(ping=0.1, dead_after=0.3, backoff_first=0.01, backoff_cap=0.01)
    async with opened(to(peer, timing=timing)) as office:
        await office.state(Status.READY)
        peer.mute = True
        waiting = asyncio.create_task(office.link.send(ORIGINATE, timeout=60))
        began = asyncio.get_running_loop().time()
        down = await office.state(Status.DOWN)
        assert asyncio.get_running_loop().time() - began < 0.6
        assert down.reason == "half-open: not a byte for 0.3 s in spite of a Ping"
        with pytest.raises(OutcomeUnknown, match="half-open"):
            await waiting
        peer.mute = False
        await office.state(Status.READY)


def test_f2_the_shipped_patience_is_below_ten_seconds():
    assert Timing().ping == 5.0
    assert Timing().ping < Timing().dead_after < 10.0


async def test_f2_events_without_an_answer_to_the_ping_keep_a_slow_link(peer: FakeAmi):
    timing = Timing(ping=0.02, dead_after=0.1)
    async with opened(to(peer, timing=timing)) as office:
        await office.state(Status.READY)
        peer.mute = True
        for n in range(12):
            peer.connections[0].event("Newstate", N=n)
            await asyncio.sleep(0.03)  # time is the subject: longer in all than dead_after, shorter each
        assert office.link.state.status is Status.READY
        assert peer.accepted == 1


async def test_f2_a_stall_of_our_own_is_not_the_peers_silence(peer: FakeAmi):
    async with opened(to(peer, timing=Timing(ping=0.01, dead_after=1.0))) as office:
        await office.state(Status.READY)
        time.sleep(1.1)
        peer.answers["Ping"] = lambda c, a: c.answer(a)
        for _ in range(5):
            await peer.connections[0].received.get()
        assert peer.accepted == 1


def test_f3_a_dripping_message_costs_linear_time():
    """200,000 reads of one byte: a search from the buffer's start each time would take seconds of CPU."""
    framer, began = Framer(Counters()), time.process_time()
    for _ in range(200_000):
        framer.feed(b"y")
    assert framer.feed(b"\r\n\r\n") == [b"y" * 200_000]
    assert time.process_time() - began < 1.5


GARBAGE = {
    "a truncated frame": b"Event: Hang\r\n\r",
    "binary": b"\x00\xff\xfe\x80\r\n\r\n",
    "invalid UTF-8": b"Event: Newstate\r\nCallerIDName: Jos\xe9 \xff\r\n\r\n",
    "CR only": b"Event: Hangup\rUniqueid: 1\r\r",
    "duplicate keys": b"Event: Hangup\r\nUniqueid: 1\r\nUniqueid: 2\r\n\r\n",
    "a header of 1 MB": b"Event: Hangup\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "an event of 10 MB": b"Event: Hangup\r\n" + (b"X: " + b"y" * 36 + b"\r\n") * 250_000 + b"\r\n",
    "a missing blank line": b"Event: Hangup\r\nUniqueid: 1\r\nEvent: Hangup\r\nUniqueid: 2\r\n\r\n",
    "blank lines": b"\r\n\r\n\r\n\r\n",
    "no value": b"Event\r\n:\r\n: \r\n\r\n",
    "a response to nobody": b"Response: Error\r\nMessage: Missing action in request\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_f4_garbage_is_skipped_and_the_next_event_is_heard(peer: FakeAmi, office: Office, name):
    peer.connections[0].write(GARBAGE[name] + b"\r\n\r\n")
    peer.connections[0].event("Newchannel", Uniqueid="after")
    assert (await office.event("Newchannel"))["Uniqueid"] == "after"
    counters = office.link.counters
    dropped = name in ("binary", "an event of 10 MB", "a missing blank line", "no value")
    assert (counters.dropped, counters.unknown) == (int(dropped), int(name == "a response to nobody"))
    assert (peer.accepted, office.link.state.status) == (1, Status.READY)


async def test_f4_undecodable_bytes_become_replacement_characters(peer: FakeAmi, office: Office):
    peer.connections[0].write(GARBAGE["invalid UTF-8"])
    name = (await office.event("Newstate"))["CallerIDName"]
    assert name == "Jos\ufffd \ufffd"
    name.encode()


async def test_f4_a_character_split_over_reads_is_intact(peer: FakeAmi, office: Office):
    for byte in encode(Event="Newstate", CallerIDName="José Дитрий 🎧"):
        peer.connections[0].write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await office.event("Newstate"))["CallerIDName"] == "José Дитрий 🎧"


async def test_f7_a_lost_answer_ends_as_unknown_and_leaves_nothing_behind(peer: FakeAmi, office: Office):
    protocol = office.link.protocol
    outcomes = await asyncio.gather(
        *(office.link.send({"Action": "Lost"}, timeout=0.02) for _ in range(50)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}
    assert "no answer came within 0.02 s" in str(outcomes[0])
    assert not any(action.name == "Lost" for action in protocol.responses.values())
    late = peer.connections[0].received.get_nowait()
    peer.connections[0].event("Item", ActionID=late["ActionID"])
    peer.connections[0].answer(late)
    peer.connections[0].event("Last")
    await office.event("Item")
    await office.event("Last")
    assert office.link.counters.unknown == 1


async def test_f7_an_answer_with_a_wrong_action_id_is_nobodys(peer: FakeAmi, office: Office):
    peer.answers["Odd"] = lambda c, a: c.answer({"ActionID": "someone-else"})
    with pytest.raises(OutcomeUnknown):
        await office.link.send({"Action": "Odd"}, timeout=0.05)
    assert office.link.counters.unknown == 1


async def test_f7_a_list_whose_start_was_lost_is_unknown(peer: FakeAmi, office: Office):
    peer.answers["Status"] = lambda c, a: c.event("Done", ActionID=a["ActionID"], EventList="Complete")
    with pytest.raises(OutcomeUnknown):
        await office.link.send({"Action": "Status"}, timeout=0.05)


async def test_f7_an_abandoned_wait_leaves_nothing_behind(peer: FakeAmi, office: Office):
    waiting = asyncio.create_task(office.link.send({"Action": "Slow", "ActionID": "slow"}))
    await peer.connections[0].received.get()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert "slow" not in office.link.protocol.responses


async def test_f8_a_wrong_secret_makes_no_hot_loop(peer: FakeAmi):
    timing = Timing(backoff_first=0.05, backoff_cap=5.0)
    async with opened(to(peer, secret="wrong", timing=timing)) as office:
        delays = [(await office.state(Status.DOWN)).retry_in for _ in range(3)]
        assert office.link.state.status is Status.DOWN
        assert all(delay <= 0.05 * 2**n for n, delay in enumerate(delays))
        assert peer.most_strangers == 1
        assert len(peer.logins) == 3


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no Asterisk manager port: it says 'SSH-2.0-OpenSSH_9.2'"),
        (b"Asterisk Call Manager/" + b"9" * 200, "no Asterisk manager port"),
        (b"\x00\x00\x00", "no Asterisk manager port"),
    ],
)
async def test_f8_an_odd_greeting_is_named(peer: FakeAmi, greeting, words):
    peer.greeting = greeting
    async with opened(to(peer)) as office:
        assert words in (await office.state(Status.DOWN)).reason
    assert peer.logins == []


async def test_f8_a_silent_port_and_a_closed_one_are_told_apart(peer: FakeAmi):
    peer.greeting, peer.mute = b"", True
    async with opened(to(peer, timing=Timing(sign_in=0.05, backoff_first=0.01))) as office:
        assert "did not let us in within 0.05 s" in (await office.state(Status.DOWN)).reason
        await peer.stop()
        state = await office.state(Status.DOWN)
        while "did not let us in" in state.reason or "closed the connection" in state.reason:
            state = await office.state(Status.DOWN)
        assert "is Asterisk running, with enabled=yes" in state.reason
        peer.greeting, peer.mute = b"Asterisk Call Manager/9.0.0\r\n", False
        await peer.listen()
        await office.state(Status.READY)
