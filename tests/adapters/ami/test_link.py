"""A link in good days: signing in, sending, hearing, and ending."""

import asyncio
import logging
import random

import pytest

from contactcenter.ami import (
    ActionFailed,
    AmiLink,
    AmiServer,
    Boot,
    Direction,
    LinkState,
    NotConnected,
    OutcomeUnknown,
    SignInRefused,
    Status,
    Timing,
)
from tests.adapters.ami.conftest import QUICK, Office, opened, to
from tests.support.fake_ami import FakeAmi, encode


def queued(connection, action):
    connection.answer(action, Message="Originate successfully queued")


ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/a", "Async": "true"}


async def test_signs_in_by_challenge_and_takes_the_snapshot_before_it_is_ready(peer: FakeAmi):
    order = []
    snapshot = asyncio.Event()

    async def booted(boot):
        order.append(office.link.state.status)
        reply = await office.link.send({"Action": "CoreShowChannels"})
        order.append(reply.response["Message"])
        snapshot.set()

    peer.answers["CoreShowChannels"] = lambda c, a: c.answer(a, Message="here")
    office = Office(to(peer), on_booted=booted)
    office.link.connect()
    await office.state(Status.READY)
    assert snapshot.is_set()
    assert order == [Status.SIGNED_IN, "here"]
    assert "Secret" not in peer.logins[0]
    assert office.link.counters.ping_ms > 0
    await office.link.close()


async def test_signs_in_by_secret_where_there_is_no_challenge(peer: FakeAmi):
    peer.challenge = ""
    async with opened(to(peer)) as office:
        await office.state(Status.READY)
    assert peer.logins[0]["Secret"] == "s3cret"


async def test_an_action_returns_its_answer_and_a_refusal_says_why(peer: FakeAmi, office: Office):
    peer.answers["Getvar"] = lambda c, a: c.answer(a, Value="7")
    peer.answers["Hangup"] = lambda c, a: c.answer(a, "Error", Message="No such channel")
    assert (await office.link.send({"Action": "Getvar", "Variable": "X"})).response["Value"] == "7"
    with pytest.raises(ActionFailed, match="refused Hangup: No such channel") as refusal:
        await office.link.send({"Action": "Hangup", "Channel": "PJSIP/x"})
    assert refusal.value.response["Message"] == "No such channel"


async def test_a_list_is_returned_and_its_events_are_heard_as_well(peer: FakeAmi, office: Office):
    def listing(connection, action):
        connection.answer(action, EventList="start", Message="Channels will follow")
        for n in range(4):
            connection.event("CoreShowChannel", ActionID=action["ActionID"], Uniqueid=f"1.{n}")
            connection.event("Newstate", Uniqueid=f"1.{n}")
        connection.event("CoreShowChannelsComplete", ActionID=action["ActionID"], EventList="Complete")

    peer.answers["CoreShowChannels"] = listing
    reply = await office.link.send({"Action": "CoreShowChannels"})
    assert [item["Uniqueid"] for item in reply.items] == ["1.0", "1.1", "1.2", "1.3"]
    heard = [(await office.event("CoreShowChannel"))["Uniqueid"] for _ in range(4)]
    assert heard == ["1.0", "1.1", "1.2", "1.3"]


async def test_an_originate_returns_when_queued_and_its_response_is_an_event(peer: FakeAmi, office: Office):
    peer.answers["Originate"] = queued
    reply = await office.link.send(ORIGINATE | {"ActionID": "attempt-1"})
    assert reply.items == ()
    peer.connections[0].event("OriginateResponse", ActionID="attempt-1", Response="Failure")
    assert (await office.event("OriginateResponse"))["ActionID"] == "attempt-1"


async def test_queue_add_returns_at_its_only_response(peer: FakeAmi, office: Office):
    peer.answers["QueueAdd"] = lambda c, a: c.answer(a, Message="Added interface to queue")
    assert (await office.link.send({"Action": "QueueAdd", "Queue": "q"})).response.success


async def test_injection_is_refused_before_anything_is_registered_or_written(peer: FakeAmi, office: Office):
    peer.answers["Probe"] = lambda c, a: c.answer(a)
    with pytest.raises(ValueError, match="Value"):
        await office.link.send({"Action": "Setvar", "Value": "x\r\n\r\nAction: Originate\r\n"})
    assert not any(a.name == "Setvar" for a in office.link.protocol.responses.values())
    await office.link.send({"Action": "Probe"})
    assert peer.connections[0].received.get_nowait()["Action"] == "Probe"


async def test_upstreams_ways_to_send_are_checked_too(peer: FakeAmi, office: Office):
    peer.answers["Command"] = lambda c, a: c.answer(a, Output=["one", "two"])
    assert (await office.link.send_command("core show uptime")).response.content == "one\ntwo"
    send = office.link.protocol.send
    for attempt in (office.link.send_command("x\r\ny"), send({"Action": "A", "B": "\n"})):
        with pytest.raises(ValueError, match="CR, LF"):
            await attempt


async def test_an_action_id_that_is_under_way_is_not_used_twice(peer: FakeAmi, office: Office):
    first = asyncio.create_task(office.link.send({"Action": "Slow", "ActionID": "same"}))
    slow = await peer.connections[0].received.get()
    with pytest.raises(ValueError, match="same is already under way"):
        await office.link.send({"Action": "Slow", "ActionID": "same"})
    peer.connections[0].answer(slow)
    assert (await first).response.success


async def test_events_are_heard_in_order_past_a_callback_that_raises(peer: FakeAmi, caplog):
    heard = []

    def on_message(message):
        heard.append(message["N"])
        raise RuntimeError(message["N"])

    ticks = [encode(Event="Tick", N=n) for n in range(50)]
    peer.script = b"".join([*ticks, encode(Event="Last", N="last")])
    peer.booted = False
    link = AmiLink(to(peer), on_message, lambda state: None)
    last = asyncio.Event()
    link.register_event("last", lambda *_: last.set())
    with caplog.at_level(logging.CRITICAL):
        link.connect()
        await asyncio.wait_for(last.wait(), 5)
    assert heard == [*map(str, range(50)), "last"]
    assert link.counters.callback_errors == 51
    assert not link.protocol.closed
    await link.close()


async def test_patterns_match_in_any_case_until_they_are_unregistered(peer: FakeAmi, office: Office):
    seen = []
    unregister = office.link.register_event("queue*", lambda link, event: seen.append(event.event))
    peer.connections[0].event("QueueMemberAdded")
    peer.connections[0].event("Newchannel")
    await office.event("Newchannel")
    unregister()
    peer.connections[0].event("QueueMemberRemoved")
    await office.event("QueueMemberRemoved")
    assert seen == ["QueueMemberAdded"]

    async def late(link, event): ...

    with pytest.raises(TypeError, match="plain function"):
        office.link.register_event("*", late)


async def test_the_tap_sees_both_directions_without_the_secret(peer: FakeAmi):
    taken = []
    peer.challenge = ""
    async with opened(to(peer), tap=lambda *raw: taken.append(raw), clock=lambda: 17.0) as office:
        await office.state(Status.READY)
    assert {time for _, _, time in taken} == {17.0}
    login = next(raw for raw, way, _ in taken if b"Action: Login" in raw and way is Direction.OUT)
    assert b"Secret: ***" in login
    assert all(b"s3cret" not in raw for raw, _, _ in taken)
    assert any(
        way is Direction.IN and b"Event: FullyBooted" in raw and raw.endswith(b"\r\n\r\n")
        for raw, way, _ in taken
    )


async def test_what_was_never_connected_sends_nothing(peer: FakeAmi):
    link = AmiLink(to(peer), lambda message: None, lambda state: None)
    with pytest.raises(NotConnected, match="Originate was not sent: pbx1 is closed"):
        await link.send(ORIGINATE)


async def test_close_ends_everything_and_tells_who_waits(peer: FakeAmi, office: Office):
    waiting = asyncio.create_task(office.link.send(ORIGINATE))
    await peer.connections[0].received.get()
    await office.link.close()
    with pytest.raises(OutcomeUnknown, match="Originate was sent, then the link was lost: closed by us"):
        await waiting
    assert office.link.state == LinkState(Status.CLOSED)
    ours = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert not any(name.startswith("AmiLink") for name in ours), ours
    with pytest.raises(NotConnected):
        await office.link.send(ORIGINATE)
    await office.link.close()


async def test_close_during_the_wait_for_a_reconnect_stays_closed(peer: FakeAmi):
    await peer.stop()
    async with opened(to(peer, timing=Timing())) as office:
        await office.state(Status.DOWN)
        await office.link.close()
        assert office.link._task is None
    assert peer.accepted == 0


async def test_close_from_inside_the_snapshot_does_not_hang(peer: FakeAmi):
    async def booted(boot):
        await office.link.close()

    office = Office(to(peer), on_booted=booted)
    office.link.connect()
    await office.state(Status.CLOSED)


async def test_two_servers_have_two_links_that_share_nothing(peer: FakeAmi, office: Office):
    async with FakeAmi() as other, opened(to(other, name="pbx2")) as second:
        await second.state(Status.READY)
        peer.connections[0].event("Newchannel", Uniqueid="pbx1-1.1")
        other.connections[0].event("Newchannel", Uniqueid="pbx2-1.1")
        assert (await office.event("Newchannel"))["Uniqueid"] == "pbx1-1.1"
        assert (await second.event("Newchannel"))["Uniqueid"] == "pbx2-1.1"
        assert second.link.counters is not office.link.counters


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": "wrong"}, "secret is wrong, or manager.conf's deny/permit does not let our address 127."),
        ({"needs": frozenset({"Originate", "Redirect", "Atxfer"})}, "'cc' may not use Atxfer, Redirect: add"),
    ],
)
async def test_a_refused_sign_in_says_what_to_do(peer: FakeAmi, change, words):
    async with opened(to(peer, **change)) as office:
        assert words in (await office.state(Status.DOWN)).reason
        with pytest.raises(NotConnected, match="was not sent: pbx1 is down"):
            await office.link.send(ORIGINATE)


async def test_granted_rights_let_us_in(peer: FakeAmi):
    async with opened(to(peer, needs=frozenset({"originate"}))) as office:
        await office.state(Status.READY)


async def test_login_during_the_boot_waits_for_fully_booted(peer: FakeAmi):
    peer.booted = False
    async with opened(to(peer, timing=Timing())) as office:
        connection = await peer.signed_in.get()
        await office.state(Status.SIGNED_IN)
        with pytest.raises(NotConnected, match="is signed in"):
            await office.link.send(ORIGINATE)
        connection.event("FullyBooted", Uptime=1)
        await office.state(Status.READY)
    assert [boot.uptime for boot in office.boots] == [1]


async def test_without_the_event_core_status_is_asked_and_a_late_event_counts_again(peer: FakeAmi):
    boots: list[Boot] = []
    twice = asyncio.Event()

    async def booted(boot):
        boots.append(boot)
        if len(boots) == 2:
            twice.set()

    peer.booted = False
    async with opened(to(peer, timing=Timing(boot=0.05)), on_booted=booted) as office:
        await office.state(Status.READY)
        peer.connections[0].event("FullyBooted", Uptime=9)
        await asyncio.wait_for(twice.wait(), 5)
    assert [(boot.uptime, boot.started, boot.version, boot.restarted) for boot in boots] == [
        (None, "2026-11-21 21:13:00", "22.10.1", False),
        (9, "2026-11-21 21:13:00", "22.10.1", False),
    ]


async def test_a_user_that_sees_neither_is_told_which_rights_are_missing(peer: FakeAmi, caplog):
    peer.booted, peer.started = False, ""
    with caplog.at_level(logging.CRITICAL):
        async with opened(to(peer, timing=Timing(boot=0.05))) as office:
            reason = (await office.state(Status.DOWN)).reason
    assert "add `system` to `read`, or `reporting` to `write`" in reason


@pytest.mark.parametrize(
    ("first", "second", "restarted"),
    [
        (("2026-11-21 21:13:00", 3600), ("2026-11-21 21:13:00", 3600), False),
        (("2026-11-21 21:13:00", 3600), ("2026-11-21 21:50:01", 3600), True),
        (("", 3600), ("", 3601), False),
        (("", 3600), ("", 2), True),
        (("", 3600), ("2026-11-21 21:13:00", 3600), False),
    ],
)
async def test_a_restart_of_asterisk_is_known_from_its_start_or_uptime(peer, first, second, restarted):
    peer.started, peer.uptime = first
    async with opened(to(peer)) as office:
        await office.state(Status.READY)
        peer.started, peer.uptime = second
        peer.connections[0].cut()
        await office.state(Status.READY)
    assert [boot.restarted for boot in office.boots] == [False, restarted]


async def test_a_snapshot_that_fails_starts_the_link_anew(peer: FakeAmi, caplog):
    async def booted(boot):
        if peer.accepted == 1:
            raise SignInRefused("no rights")

    with caplog.at_level(logging.CRITICAL):
        async with opened(to(peer), on_booted=booted) as office:
            assert (await office.state(Status.DOWN)).reason == "no snapshot: no rights"
            await office.state(Status.READY)


def test_backoff_doubles_up_to_ten_seconds_with_full_jitter():
    class Highest(random.Random):
        def uniform(self, a, b):
            assert a == 0
            return b

    link = AmiLink(AmiServer(name="x", username="u", secret="s"), print, print, rng=Highest())
    assert [link._backoff(n) for n in (0, 1, 2, 3, 4, 5, 99999)] == [0.5, 1, 2, 4, 8, 10, 10]
    link._random = random.Random(7)
    assert len({link._backoff(9) for _ in range(100)}) == 100


def test_the_secret_is_not_in_what_is_printed():
    assert "hush" not in repr(AmiServer(name="x", username="u", secret="hush", timing=QUICK))
