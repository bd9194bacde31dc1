"""A real Asterisk for a test, beside those of other tests and of other workers."""

import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.embedded import EmbeddedAsterisk

TREE = Path(__file__).resolve().parents[2] / ".asterisk"

AMI_SECRET = "ami-secret-of-the-tests"
PHONES: Mapping[str, str] = {str(number): f"phone-{number}-secret" for number in range(101, 121)}

# Offsets at which no fixed port of one instance is a port of another, RTP included; the step is no difference
# of two of our default ports.
_FIRST_OFFSET, _STEP, _COUNT = 11000, 20, 45


@contextmanager
def free_offset() -> Iterator[int]:
    """A port offset that no other test of this machine uses meanwhile.

    Every default port plus the offset may be used: Asterisk's, and ours (HTTP, FastAGI, the carrier).
    """
    # Workers begin at different places, and hold a UDP socket on the (TCP) port of HTTP: "taken".
    first = os.getpid() % _COUNT
    for n in range(_COUNT):
        offset = _FIRST_OFFSET + _STEP * ((first + n) % _COUNT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sign:
            try:
                sign.bind(("127.0.0.1", 8080 + offset))
            except OSError:
                continue
            yield offset
            return
    raise RuntimeError("every port offset of the tests is taken")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's tmp_path: Asterisk does not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="cc-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def running_asterisk(settings: AsteriskSettings | None = None) -> AsyncIterator[EmbeddedAsterisk]:
    """An Asterisk with the phones 101 to 120 on a free port offset; `settings.port_offset` is replaced."""
    with open_folder() as folder, free_offset() as offset:
        base = settings or AsteriskSettings(ami_secret=AMI_SECRET, phones=PHONES)
        shifted = replace(base, port_offset=offset)
        async with EmbeddedAsterisk(shifted, TREE, instance=folder / "asterisk") as asterisk:
            yield asterisk
