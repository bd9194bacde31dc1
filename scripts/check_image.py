"""Boots the image's Asterisk in its buildah container and talks to it, for `scripts/test-image.sh`.

    python scripts/check_image.py STORAGE CONTAINER ENTRYPOINT…

Exit status 0 when it boots, does not run as root, and AMI and SIP answer.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from contactcenter.asterisk.configuration import AsteriskSettings
from tests.support.asterisk import free_offset

_BOOT_S = 30


def main() -> None:
    """Runs the checks, says what was found, and ends the container's processes."""
    storage, container, *entrypoint = sys.argv[1:]
    buildah = ["buildah", "--root", f"{storage}/root", "--runroot", f"{storage}/run"]
    with free_offset() as offset:
        settings = AsteriskSettings(ami_secret=secrets.token_urlsafe(), port_offset=offset)
        environment = ["--env", f"ASTERISK_AMI_SECRET={settings.ami_secret}"]
        environment += ["--env", f"ASTERISK_PORT_OFFSET={offset}"]
        run = [*buildah, "run", *environment, container, "--"]
        with open(".cache/image-boot.log", "wb") as log:
            asterisk = subprocess.Popen(  # noqa: S603 - the words come from scripts/test-image.sh
                [*run, *entrypoint], start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            check(settings, run, asterisk)
        except BaseException:
            print(Path(".cache/image-boot.log").read_text(), file=sys.stderr)
            raise
        finally:
            os.killpg(asterisk.pid, signal.SIGTERM)
            asterisk.wait(10)


def check(settings: AsteriskSettings, run: list[str], asterisk: subprocess.Popen[bytes]) -> None:
    """Raises when something is not as it should be."""
    began = time.monotonic()
    banner = wait_for_ami(settings, asterisk)
    health = [*run, "/opt/asterisk/asterisk", "-C", "/var/lib/asterisk/etc/asterisk.conf", "-rx"]
    subprocess.run(  # noqa: S603 - as above
        [*health, "core waitfullybooted"], check=True, timeout=_BOOT_S, stdout=subprocess.DEVNULL
    )
    print(f"  booted in {time.monotonic() - began:.1f} s: {banner}")

    answer = ami_login(settings)
    if "Response: Success" not in answer:
        raise SystemExit(f"AMI refused to sign us in: {answer}")
    print("  AMI signs in")

    owner = listener_owner(settings.ami_port)
    if owner == 0:
        raise SystemExit("Asterisk runs as root")
    print(f"  it runs as user {owner}")

    reply = sip_options(settings.sip_port)
    if not reply.startswith("SIP/2.0 200"):
        raise SystemExit(f"SIP OPTIONS was answered by {reply!r}")
    print(f"  SIP answers: {reply}")


def wait_for_ami(settings: AsteriskSettings, asterisk: subprocess.Popen[bytes]) -> str:
    """The first line that AMI says."""
    deadline = time.monotonic() + _BOOT_S
    while time.monotonic() < deadline:
        if asterisk.poll() is not None:
            raise SystemExit(f"the container ended with status {asterisk.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", settings.ami_port), timeout=1) as connection:
                return connection.makefile().readline().strip()
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit(f"AMI does not listen after {_BOOT_S} s")


def ami_login(settings: AsteriskSettings) -> str:
    """The response to a sign-in."""
    with socket.create_connection(("127.0.0.1", settings.ami_port), timeout=5) as connection:
        login = f"Action: Login\r\nUsername: {settings.ami_user}\r\nSecret: {settings.ami_secret}\r\n\r\n"
        connection.sendall(login.encode())
        lines = connection.makefile()
        return lines.readline() + lines.readline()


def listener_owner(port: int) -> int:
    """The user id of the process that listens on a TCP port."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
            return int(columns[7])
    raise SystemExit(f"nobody listens on TCP port {port}")


def sip_options(port: int) -> str:
    """The status line of the answer to an OPTIONS from the carrier's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.2", 0))
        client.settimeout(5)
        host = f"127.0.0.2:{client.getsockname()[1]}"
        request = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bKcheck\r\n"
            f"From: <sip:check@{host}>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: check@{host}\r\n"
            f"CSeq: 1 OPTIONS\r\nContact: <sip:check@{host}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        client.sendto(request.encode(), ("127.0.0.1", port))
        return client.recv(4096).decode().splitlines()[0]


if __name__ == "__main__":
    main()
