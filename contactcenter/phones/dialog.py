"""A dialog (RFC 3261 §12): what both ends of a call remember of each other between two requests."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from .digest import Credentials
from .message import Address, MalformedMessage, Message, NameAddr, Request, Uri


def address_of(uri: Uri) -> Address | None:
    """Where a URI points, when its host is an IPv4 address; names are not resolved."""
    try:
        return str(ipaddress.IPv4Address(uri.host)), uri.port or 5060
    except ValueError:
        return None


@dataclass(slots=True)
class Dialog:
    """`peer` is where requests go before the far end has said where it is, or when it says a name.

    A REGISTER series uses it as well: not a dialog in the RFC's sense, but the same Call-ID and counter.
    """

    local: NameAddr
    remote: NameAddr
    target: Uri
    peer: Address
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    credentials: Credentials | None = None
    routes: tuple[str, ...] = ()
    cseq: int = 0
    remote_cseq: int = -1
    invite: Request | None = None
    """The last INVITE as sent: an ACK repeats its number, a CANCEL its branch."""

    @property
    def destination(self) -> Address:
        if not self.remote.tag:
            return self.peer
        return address_of(NameAddr.parse(self.routes[0]).uri if self.routes else self.target) or self.peer

    def next_cseq(self) -> int:
        self.cseq += 1
        return self.cseq

    def request(self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """A request in this dialog; ACK takes the number of the INVITE that it acknowledges."""
        number = self.invite.cseq[0] if method == "ACK" and self.invite else self.next_cseq()
        mine = (
            *(("Route", route) for route in self.routes),
            ("From", str(self.local)), ("To", str(self.remote)), ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"), ("Max-Forwards", "70"),
        )  # fmt: skip
        return Request(method=method, uri=str(self.target), headers=(*mine, *headers), body=body)

    def learn(self, message: Message, *, from_response: bool) -> None:
        """Takes the peer's tag, Contact and route from a message that makes or refreshes the dialog."""
        remote = message.to if from_response else message.from_
        if not self.remote.tag and remote.tag:
            self.remote = self.remote.tagged(remote.tag)
            recorded = [route.strip() for value in message.all("record-route") for route in value.split(",")]
            self.routes = tuple(_usable(reversed(recorded) if from_response else recorded))
        if message.get("contact"):
            try:
                self.target = NameAddr.parse(message.get("contact")).uri
            except MalformedMessage:
                return  # the old target stays: a peer that cannot say where it is, is where it was

    def in_order(self, request: Request) -> bool:
        """Whether the request is newer than all before it; remembers it if so."""
        number = request.cseq[0]
        if number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True


def _usable(routes: Iterable[str]) -> Iterable[str]:
    for route in routes:
        try:
            NameAddr.parse(route)
        except MalformedMessage:
            continue
        yield route
