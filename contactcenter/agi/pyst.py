"""Existing synchronous scripts on pyst2's `AGI` class, run in threads over the session's own connection.

pyst2's class installs a signal handler, writes each line to stderr, does not escape quotes and takes HANGUP
for a number: this subclass replaces all of that and keeps its 35 command methods.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from contactcenter.agi.protocol import Environment
from contactcenter.agi.script import Call


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

    def wait_in_queue(self, queue: str, priority: int = 0) -> str:
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
    """The bounded pool in which synchronous scripts run: one call more than threads waits for its turn."""

    def __init__(self, size: int = 32) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="ivr")

    async def run(
        self,
        script: Callable[[Any], object],
        environment: Environment,
        connection: Connection,
        call: Call,
    ) -> None:
        """Run a synchronous script to its end."""
        loop = asyncio.get_running_loop()
        agi = SyncAGI(environment, connection, call, loop)
        try:
            await loop.run_in_executor(self._pool, script, agi)
        finally:
            agi.end()

    def close(self) -> None:
        """Let go of the threads; scripts in them end at their next command."""
        self._pool.shutdown(wait=False, cancel_futures=True)
