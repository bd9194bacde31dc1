"""An agent's phone against a small registrar, and a customer with a script."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from loopback import QUICK, Line

from contactcenter.phones import (
    CallFailed,
    Customer,
    HangUp,
    Phone,
    Press,
    RegistrationFailed,
    SipCall,
    Speak,
    State,
    UserAgent,
    Wait,
)
from contactcenter.phones.digest import Credentials, answer, fields
from contactcenter.phones.message import Address, NameAddr, Request, Uri, parse
from contactcenter.phones.phone import Habit, answer_after, busy, decline, ignore, ring
from contactcenter.phones.tones import tone
from contactcenter.phones.udp import UdpSocket


def test_digest_as_in_the_examples_of_the_standards() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    value = answer(challenge, Credentials("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", "0a4f113b")
    assert value is not None
    assert fields(value)["response"] == "6629fae49393a05397450978507c4ef1"
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    value = answer(challenge, Credentials("Mufasa", "Circle of Life"), "GET", "/dir/index.html", cnonce)
    assert value is not None
    assert fields(value)["response"] == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    for unknown in ('Digest realm="x", nonce="y", algorithm=MD5-sess', "Basic realm=x", 'Digest realm="x"'):
        assert answer(unknown, Credentials("a", "b"), "GET", "/") is None
    assert "secret" not in repr(Credentials("101", "secret"))


class Registrar:
    """Challenges every REGISTER without a right answer, like Asterisk; keeps the contacts of the others."""

    def __init__(self) -> None:
        self.socket = UdpSocket("127.0.0.1", 0, self.received)
        self.contacts: list[tuple[NameAddr, str]] = []
        self.nonces = 0

    def received(self, data: bytes, source: Address) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        if request.method != "REGISTER":
            return
        given = fields(request.get("authorization"))
        if not given or given["response"] != self.expected(given):
            self.nonces += 1
            challenge = f'Digest realm="test", nonce="n{self.nonces}", qop="auth", algorithm=MD5'
            reply = request.reply(401, tag="r", headers=[("WWW-Authenticate", challenge)])
        else:
            self.contacts.append((NameAddr.parse(request.get("contact")), request.get("expires")))
            reply = request.reply(200, tag="r")
        self.socket.send(reply.to_bytes(), source)

    def expected(self, given: dict[str, str]) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, what = md5("101:test:right"), md5(f"REGISTER:{given['uri']}")
        return md5(f"{secret}:n{self.nonces}:{given['nc']}:{given['cnonce']}:auth:{what}")


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    registrar = Registrar()
    yield registrar
    registrar.socket.close()


async def test_a_phone_registers_again_in_time_and_leaves(registrar: Registrar) -> None:
    async with Phone("101", "right", server=registrar.socket.address, host="127.0.0.1", expires=1) as phone:
        await phone.wait_registered(2, within=0.9)
    contact, _ = registrar.contacts[0]
    assert (contact.uri.user, contact.uri.port) == ("101", phone.agent.address[1])
    assert [expires for _, expires in registrar.contacts[:2]] == ["1", "1"]
    assert registrar.contacts[-1][1] == "0"


async def test_a_wrong_password_is_said_at_once(registrar: Registrar) -> None:
    with pytest.raises(RegistrationFailed) as refused:
        async with Phone("101", "wrong", server=registrar.socket.address, host="127.0.0.1"):
            pass
    assert refused.value.status == 401
    assert registrar.nonces == 2, "the same password is not tried again"


async def test_no_registrar_is_a_408() -> None:
    nobody = UdpSocket("127.0.0.1", 0, lambda *_: None)
    with pytest.raises(RegistrationFailed) as refused:
        async with Phone("101", "x", server=nobody.address, host="127.0.0.1", timers=QUICK):
            pass
    assert refused.value.status == 408
    nobody.close()


@pytest.fixture
async def phone(registrar: Registrar) -> AsyncIterator[Phone]:
    async with Phone("101", "right", server=registrar.socket.address, host="127.0.0.1", tone=800) as phone:
        yield phone


@pytest.fixture
async def customer(phone: Phone) -> AsyncIterator[Customer]:
    server = phone.agent.address
    async with Customer("13800138000", "王 “Tim” O'Neil", server=server, host="127.0.0.1") as customer:
        yield customer


async def test_a_phone_rings_until_somebody_answers(phone: Phone, customer: Customer) -> None:
    call = customer.call("101")
    incoming = await phone.wait_call()
    await call.wait_ringing()
    assert (incoming.state, incoming.called) == (State.RINGING, "101")
    assert (incoming.caller_number, incoming.caller_name) == ("13800138000", "王 “Tim” O'Neil")
    incoming.answer()
    await call.hears(800)


@pytest.mark.parametrize(("habit", "status"), [(busy, 486), (decline, 603)])
async def test_a_phone_that_refuses(phone: Phone, customer: Customer, habit: Habit, status: int) -> None:
    phone.habit = habit
    with pytest.raises(CallFailed) as refused:
        await customer.call("101").wait_answered()
    assert refused.value.status == status


async def test_a_phone_that_answers_by_itself(phone: Phone, customer: Customer) -> None:
    phone.habit = answer_after(0.1)
    call = customer.call("101")
    await call.wait_answered()
    assert call.times.answered is not None
    assert call.times.ringing is not None
    assert call.times.answered - call.times.ringing > 0.09
    phone.habit = ring
    second = customer.call("101")
    await second.wait_ringing()
    assert second.state is State.RINGING
    second.hang_up()
    await second.wait_ended()


async def test_a_phone_that_neither_rings_nor_answers(phone: Phone, customer: Customer) -> None:
    phone.habit = ignore
    call = customer.call("101")
    await phone.wait_call()
    call.hang_up()
    await call.wait_ended()
    assert (call.status, call.times.ringing) == (487, None)


async def test_a_phone_that_vanished_is_silent(phone: Phone, registrar: Registrar) -> None:
    await phone.vanish()
    agent = UserAgent(timers=QUICK)
    call = agent.call(Uri("101", *phone.agent.address), caller=NameAddr(Uri("1", "127.0.0.1")))
    with pytest.raises(CallFailed) as failed:
        await call.wait_answered()
    assert failed.value.status == 408
    assert [expires for _, expires in registrar.contacts] == ["120"], "it did not say goodbye"
    agent.close()


async def test_a_customer_follows_his_script(phone: Phone, customer: Customer) -> None:
    phone.habit = SipCall.answer
    call = customer.call("101")
    script = [Press("12"), Speak(tone(440, 0.3)), Wait(0.1), HangUp()]
    performance = asyncio.create_task(customer.perform(call, script))
    incoming = await phone.wait_call()
    await incoming.ear.receives("12", within=5)
    await incoming.hears(440)
    await incoming.wait_ended()
    await performance
    assert call.ended_by == "local"


async def test_a_customer_leaves_off_when_the_agent_hangs_up(phone: Phone, customer: Customer) -> None:
    phone.habit = SipCall.answer
    call = customer.call("101")
    performance = asyncio.create_task(customer.perform(call, [Speak(tone(440, 60)), Press("1"), HangUp()]))
    incoming = await phone.wait_call()
    await incoming.hears(440)
    incoming.hang_up()
    await asyncio.wait_for(performance, 2)
    assert (call.ended_by, incoming.ear.digits) == ("remote", "")


async def test_a_phone_calls_through_its_server(line: Line) -> None:
    phone = Phone("101", "x", server=line.bob.address, host="127.0.0.1", tone=440)
    call = phone.call("4002")
    await call.wait_ringing()
    assert (line.arrived[0].called, line.arrived[0].caller_number) == ("4002", "101")
    await phone.close()
    assert line.arrived[0].status == 487
