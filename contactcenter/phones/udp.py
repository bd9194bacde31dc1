"""A UDP socket on the event loop that opens without awaiting, so that an SDP can name its port at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from .message import Address


class UdpSocket:
    """Bound to `host`:`port` (0: any). A datagram that cannot be sent is lost, as UDP allows."""

    def __init__(self, host: str, port: int, received: Callable[[bytes, Address], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = received
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            # 60 calls a second come in bursts, which the default of ~200 KB loses while the loop is busy.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.address: Address = self._socket.getsockname()
        self._loop.add_reader(self._socket, self._read)

    def _read(self) -> None:
        for _ in range(64):  # then the loop has its turn: a flood must not starve the timers
            try:
                data, source = self._socket.recvfrom(65535)
            except OSError:  # nothing more to read, or an ICMP error of an earlier datagram
                return
            self._received(data, source)
            if self._socket.fileno() < 0:  # closed by what it received
                return

    def send(self, data: bytes, to: Address) -> None:
        try:
            self._socket.sendto(data, to)
        except OSError:
            return  # full buffer, unreachable or impossible address: a lost datagram, as the timers expect

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
