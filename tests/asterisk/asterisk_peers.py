"""What talks to Asterisk in these tests: raw AMI, a FastAGI server of a few lines, SIPp as the carrier.

They are kept apart from our own clients on purpose: a test of Asterisk's configuration must not need them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self

from contactcenter.asterisk.configuration import AsteriskSettings
from tests.support.asterisk import AMI_SECRET, PHONES

SETTINGS = AsteriskSettings(
    ami_secret=AMI_SECRET,
    phones=PHONES,
    # Short, so that a test of the rescue does not wait for as long as a caller would.
    rescue_pause_s=0.2,
    rescue_tries=3,
    apology="beep",
)

WAIT_S = 20
"""Longest wait for one named event."""

Message = dict[str, str]


class Ami:
    """One signed-in AMI connection that keeps every event until somebody asks for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._events: list[Message] = []
        self._responses: dict[str, asyncio.Future[Message]] = {}
        self._news = asyncio.Event()
        self._next = 0
        self._task = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def connected(cls, settings: AsteriskSettings) -> AsyncIterator[Self]:
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.ami_port)
        await reader.readline()
        ami = cls(reader, writer)
        try:
            answer = await ami.ask("Login", Username=settings.ami_user, Secret=settings.ami_secret)
            assert answer["Response"] == "Success", answer
            yield ami
        finally:
            ami._task.cancel()
            writer.close()

    async def ask(self, action: str, *variables: str, **headers: str) -> Message:
        """The response to one action."""
        self._next += 1
        name = str(self._next)
        lines = [
            f"Action: {action}",
            f"ActionID: {name}",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        lines += [f"Variable: {variable}" for variable in variables]
        answer = self._responses[name] = asyncio.get_running_loop().create_future()
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(WAIT_S):
            return await answer

    async def event(self, name: str, **expected: str) -> Message:
        """The first event of that name, from the beginning of the connection, with the expected headers."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self._events:
                    if event["Event"] == name and expected.items() <= event.items():
                        self._events.remove(event)
                        return event
                self._news.clear()
                await self._news.wait()

    def seen(self) -> list[Message]:
        """The events that nobody took yet, in order."""
        return list(self._events)

    async def _read(self) -> None:
        while block := await self._reader.readuntil(b"\r\n\r\n"):
            message = dict(line.split(": ", 1) for line in block.decode().split("\r\n") if ": " in line)
            if "Event" in message:
                self._events.append(message)
                self._news.set()
            elif (answer := self._responses.pop(message.get("ActionID", ""), None)) is not None:
                answer.set_result(message)


class Session:
    """One FastAGI connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, environment: Message
    ) -> None:
        self._reader, self._writer = reader, writer
        self.environment = environment

    @property
    def script(self) -> str:
        return self.environment["agi_network_script"].partition("?")[0]

    async def command(self, line: str) -> str:
        """Asterisk's answer to one command; `HANGUP` when the caller has left."""
        self._writer.write(line.encode() + b"\n")
        return (await self._reader.readline()).decode().strip() or "EOF"

    async def line(self) -> str:
        """The next thing that Asterisk says by itself: `HANGUP`, or `EOF`."""
        return (await self._reader.readline()).decode().strip() or "EOF"

    def close(self) -> None:
        """The script is done."""
        self._writer.close()

    async def get(self, variable: str) -> str:
        answer = await self.command(f"GET VARIABLE {variable}")
        return answer.partition("(")[2].rstrip(")")


Script = Callable[[Session], Awaitable[None]]


@asynccontextmanager
async def fastagi(settings: AsteriskSettings, script: Script) -> AsyncIterator[None]:
    """A FastAGI server that runs `script` for each call; at the end it is as if its process had died."""
    calls: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        calls.add(call)
        environment: Message = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            environment.setdefault(name, value)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await script(Session(reader, writer, environment))
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", settings.agi_port)
    try:
        yield
    finally:
        server.close()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def sipp(settings: AsteriskSettings, number: str, *options: str) -> tuple[int, str]:
    """One call from the carrier to `number`; SIPp's exit status (0: as the scenario says) and last words."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", f"127.0.0.1:{settings.sip_port}", "-i", "127.0.0.2", "-s", number, "-m", "1", "-nostdin"),
        *("-timeout", f"{WAIT_S}s", "-timeout_error", *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/tmp",
    )
    try:
        output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return process.returncode or 0, output.decode(errors="replace")


@asynccontextmanager
async def carrier_answers(settings: AsteriskSettings) -> AsyncIterator[None]:
    """The carrier takes outbound calls and keeps them until we hang up."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sn", "uas", "-i", "127.0.0.2", "-p", str(settings.carrier_port), "-nostdin"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/tmp",
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def invited(settings: AsteriskSettings, user: str, *, address: str = "127.0.0.2") -> str:
    """The status line that ends an INVITE to `user`, a text that need be no valid number."""
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[str] = asyncio.Queue()

    class Caller(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answers.put_nowait(data.decode().partition("\r\n")[0])

    transport, _ = await loop.create_datagram_endpoint(
        Caller, local_addr=(address, 0), remote_addr=("127.0.0.1", settings.sip_port)
    )
    try:
        host, port = transport.get_extra_info("sockname")
        sdp = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
        request = [
            f"INVITE sip:{user}@127.0.0.1:{settings.sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{port}",
            f"From: <sip:mallory@{host}>;tag={port}",
            f"To: <sip:{user}@127.0.0.1>",
            f"Call-ID: {port}@{host}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:mallory@{host}:{port}>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(sdp)}",
        ]
        transport.sendto("\r\n".join([*request, "", sdp]).encode())
        async with asyncio.timeout(WAIT_S):
            while (answer := await answers.get()).startswith("SIP/2.0 1"):
                pass
        return answer.removeprefix("SIP/2.0 ")
    finally:
        transport.close()
