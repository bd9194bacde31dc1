"""`make traces`: plays every scenario on the real Asterisk and keeps what the center heard.

`python -m tests.traces.record NAME …` plays only those that are named.
"""

import asyncio
import sys
from pathlib import Path

from contactcenter.app import CONTROL_SOCKET
from contactcenter.tracing.recorder import listen
from tests.support.center import Center, running_center
from tests.traces.scenarios import DIDS, FAILING, SCENARIOS

FOLDER = Path(__file__).parent / "recorded"
SCENARIO_S = 60


async def record(center: Center, name: str) -> None:
    """One scenario into its file."""
    if name.startswith("dialled"):
        # Attempts are numbered from the server's start, and a replay begins there.
        await center.stop()
        await center.start_again()
    lines: list[str] = []
    begun = asyncio.Event()

    def keep(line: str) -> None:
        lines.append(line)
        begun.set()

    keeping = asyncio.create_task(listen(center.folder / CONTROL_SOCKET, keep))
    try:
        async with asyncio.timeout(SCENARIO_S):
            await begun.wait()
            await SCENARIOS[name](center)
            await center.quiet()
    finally:
        keeping.cancel()
    (FOLDER / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


async def main(names: list[str]) -> None:
    """All scenarios, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    async with running_center(dids=DIDS, numbers=(FAILING,)) as center:
        for name in names or list(SCENARIOS):
            sys.stdout.write(f"{name} …")
            sys.stdout.flush()
            await record(center, name)
            sys.stdout.write(" recorded\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
