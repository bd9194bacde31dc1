"""Existing synchronous scripts on pyst2's `AGI` class, run in threads over the session's own connection.

pyst2's class installs a signal handler, writes each line to stderr, does not escape quotes and takes HANGUP
for a number: this subclass replaces all of that and keeps its 35 command methods.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from asterisk.agi import (
    AGI,
    AGIAppError,
    AGIInvalidCommand,
    AGIResultHangup,
    AGIUsageError,
    re_kv,
)

from contactcenter.agi.connection import CallerGone, CommandTimeout, Connection
from contactcenter.agi.loader import exited
from contactcenter.agi.protocol import Environment
from contactcenter.agi.script import Call
from contactcenter.agi.stall import interrupt

TIDY_UP_S = 60.0
"""How long a script may go on after its call was taken from it, before it is interrupted."""


class SyncAGI(AGI):  # type: ignore[misc]
    """pyst2's AGI object for one call, for use in one worker thread.

    `agi.wait_in_queue(name)` gives such scripts the queue. After the caller's hang-up every command raises
    `AGIResultHangup`.
    """

    def __init__(
        self, environment: Environment, connection: Connection, call: Call, loop: asyncio.AbstractEventLoop
    ) -> None:
        # Not super().__init__: it takes over SIGHUP, which only the main thread may, and reads a file.
        self.env = dict(environment.values)
        self._got_sighup = False
        self._connection = connection
        self._call = call
        self._loop = loop
        self._ended = False

    def execute(self, command: str, *args: object) -> dict[str, tuple[str, str]]:
        """Send one command and wait; the result as pyst2's methods expect it."""
        line = " ".join([command.strip(), *map(str, args)]).strip()
        reply = self._wait(self._connection.line(line, None))
        if reply.code == 510:
            raise AGIInvalidCommand(reply.data)
        if reply.code == 520:
            raise AGIUsageError(reply.data)
        if reply.result == "-1":
            raise AGIAppError("Error executing application, or hangup")
        extra = {key: (value, data) for key, value, data in re_kv.findall(f"endpos={reply.endpos}")}
        return extra | {"result": (reply.result, reply.data)}

    def wait_in_queue(self, queue: str, priority: float = 0) -> str:
        """`Call.queue` for synchronous scripts."""
        return str(self._wait(self._call.queue(queue, priority=priority)))

    def end(self) -> None:
        """Refuse all further commands: a thread can't be stopped, but it must not talk into what follows."""
        self._ended = True

    def _quote(self, string: object) -> str:
        return '"' + str(string).replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _wait(self, coroutine: Any) -> Any:
        if self._ended:
            coroutine.close()
            raise AGIResultHangup("the center took the call from the script")
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except (CallerGone, CommandTimeout, asyncio.CancelledError) as error:
            raise AGIResultHangup("User hungup during execution") from error


class Threads:
    """Synchronous scripts, each in a thread of its own; one call more than `size` waits for its turn.

    A thread can't be stopped from outside, so one whose script goes on after its call is interrupted, and all
    are daemons: the process ends in spite of them.
    """

    def __init__(self, size: int = 32) -> None:
        self._turns = asyncio.Semaphore(size)

    async def run(
        self,
        script: Callable[[Any], object],
        environment: Environment,
        connection: Connection,
        call: Call,
    ) -> None:
        """Run a synchronous script to its end, for which `sys.exit()` is as good as any.

        Raises what it raises, `ScriptExited` for a `sys.exit` with anything but 0.
        """
        await self._turns.acquire()
        loop = asyncio.get_running_loop()
        agi = SyncAGI(environment, connection, call, loop)
        outcome: asyncio.Future[BaseException | None] = loop.create_future()

        def over(error: BaseException | None) -> None:
            self._turns.release()
            if not outcome.done():
                outcome.set_result(error)

        def work() -> None:
            error = None
            try:
                script(agi)
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(over, error)

        thread = threading.Thread(target=work, name=f"ivr {call.id}", daemon=True)
        thread.start()
        try:
            error = await outcome
        finally:
            agi.end()
            if thread.is_alive():
                loop.call_later(TIDY_UP_S, _interrupt, thread, loop)
        if isinstance(error, SystemExit):
            exited(error)
        elif error:
            raise error


def _interrupt(thread: threading.Thread, loop: asyncio.AbstractEventLoop) -> None:
    """Again and again, for a script may catch it; one that waits in a call into C gets it afterwards."""
    if thread.is_alive() and thread.ident is not None:
        interrupt(thread.ident)
        loop.call_later(1.0, _interrupt, thread, loop)
