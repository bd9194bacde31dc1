"""A SIP user agent: one UDP socket, the transactions and the calls on it (RFC 3261 over UDP, IPv4).

Nothing that arrives raises out of the socket's callback. What cannot be parsed is counted in `malformed`;
what nobody expects is refused or, if a response, dropped.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterable

from .call import ALLOW, SipCall
from .dialog import Dialog, address_of
from .digest import Credentials, answer
from .message import Address, MalformedMessage, NameAddr, Request, Response, Uri, parse
from .transaction import ClientTransaction, ServerTransaction, Timers
from .udp import UdpSocket

log = logging.getLogger(__name__)
_REPLACES = re.compile(r"\s*([^;\s]+)\s*;(.*)", re.DOTALL)
_SUPPORTED = {"replaces", "timer"}


class UserAgent:
    """Bound to `host`:`port` (0: any) when made, inside a running loop; `on_call` hears each incoming call.

    `media`: whether incoming calls get sound. OSError when the address is taken.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        on_call: Callable[[SipCall], None] | None = None,
        media: bool = True,
        timers: Timers | None = None,
    ) -> None:
        self.timers = timers or Timers()
        self.on_call = on_call
        self.media = media
        self.malformed = 0
        self.calls: dict[tuple[str, str], SipCall] = {}
        self.credentials: Credentials | None = None
        """For the calls that come in: the server may challenge what we send within them."""
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._invites: dict[tuple[str, str, int], ServerTransaction] = {}
        self._ringing: dict[ServerTransaction, SipCall] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self.socket = UdpSocket(host, port, self.received)
        self.address: Address = self.socket.address

    def close(self) -> None:
        """Ends without a word to anyone, as a phone whose cable is pulled; hang up and unregister first."""
        self.socket.close()
        for client in self._clients.values():
            client.stop()
        for server in self._servers.values():
            server.stop()
        for timer in self._timers:
            timer.cancel()
        for call in tuple(self.calls.values()):
            call.session.close()
        self.calls.clear()

    # Calls

    def call(
        self,
        target: str | Uri,
        *,
        caller: NameAddr,
        peer: Address | None = None,
        credentials: Credentials | None = None,
        headers: Iterable[tuple[str, str]] = (),
        media: bool = True,
    ) -> SipCall:
        """Places a call and returns at once; `peer`: where to send it, if not to the target's own address.

        MalformedMessage when a value cannot stand in a SIP message; nothing was sent then.
        """
        uri = target if isinstance(target, Uri) else Uri.parse(target)
        local, to = caller.tagged(secrets.token_hex(6)), peer or address_of(uri)
        if to is None:
            raise MalformedMessage(f"no IPv4 address in {uri}, and no peer given")
        dialog = Dialog(local, NameAddr(uri), uri, to, credentials=credentials)
        call = SipCall(self, dialog, incoming=None, media=media)
        try:
            call.place(headers)
        except MalformedMessage:
            call.session.close()
            raise
        self.calls[dialog.call_id, local.tag] = call
        return call

    def forget(self, call: SipCall) -> None:
        self.calls.pop((call.dialog.call_id, call.dialog.local.tag), None)

    # Sending

    def later(self, action: Callable[[], None]) -> None:
        """Runs `action` after 64·T1, unless the agent was closed."""

        def run() -> None:
            self._timers.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(self.timers.lifetime, run)
        self._timers.add(handle)

    def send(
        self,
        dialog: Dialog,
        request: Request,
        on_response: Callable[[Response], None],
        *,
        branch: str = "",
    ) -> None:
        """Sends a request and repeats it until answered. A CANCEL names the `branch` of its INVITE.

        A digest challenge is met here, unseen by `on_response`, which hears a 408 when nobody answered.
        MalformedMessage when the request cannot be written.
        """
        sent = self._with_via(request, branch)
        data, destination = sent.to_bytes(), dialog.peer if branch else dialog.destination
        if sent.method == "INVITE":
            dialog.invite = sent
        key = (sent.branch, sent.method)

        def respond(response: Response) -> None:
            again = self._authorized(dialog, request, response) if response.status in (401, 407) else None
            if again is None:
                on_response(response)
            else:
                self.send(dialog, again, on_response)

        def transmit(message: Request) -> None:
            self.socket.send(data if message is sent else message.to_bytes(), destination)

        def forget() -> None:
            self._clients.pop(key, None)

        self._clients[key] = ClientTransaction(sent, transmit, self.timers, respond, forget)

    def transmit(self, dialog: Dialog, request: Request) -> None:
        """Sends a request that nobody answers: an ACK."""
        self.socket.send(self._with_via(request).to_bytes(), dialog.destination)

    def _with_via(self, request: Request, branch: str = "") -> Request:
        host, port = self.address
        via = f"SIP/2.0/UDP {host}:{port};rport;branch={branch or 'z9hG4bK' + secrets.token_hex(8)}"
        headers = (("Via", via), *request.headers)
        if not request.get("contact"):
            headers = (*headers, ("Contact", self.contact(request.from_.uri.user)))
        return Request(method=request.method, uri=request.uri, headers=headers, body=request.body)

    def contact(self, user: str) -> str:
        return f"<{Uri(user, *self.address)}>"

    def _authorized(self, dialog: Dialog, request: Request, response: Response) -> Request | None:
        proxy = response.status == 407
        name = "Proxy-Authorization" if proxy else "Authorization"
        challenges = response.all("proxy-authenticate" if proxy else "www-authenticate")
        # A second challenge to the same password is a refusal, also where it says that the nonce was too old:
        # ours was a moment old, and a server that finds every nonce too old would have us ask for ever.
        if dialog.credentials is None or request.get(name.lower()):
            return None
        for challenge in challenges:
            value = answer(challenge, dialog.credentials, request.method, request.uri)
            if value is not None:
                kept = [header for header in request.headers if header[0] != "CSeq"]
                headers = (*kept, ("CSeq", f"{dialog.next_cseq()} {request.method}"), (name, value))
                return Request(method=request.method, uri=request.uri, headers=headers, body=request.body)
        return None

    # Receiving

    def received(self, data: bytes, source: Address) -> None:
        """One datagram from the network."""
        if not data.strip(b"\r\n\0"):  # a keep-alive
            return
        try:
            message = parse(data)
        except MalformedMessage:
            self.malformed += 1
            return
        try:
            if isinstance(message, Response):
                client = self._clients.get((message.branch, message.cseq[1]))
                if client is not None:
                    client.receive(message)
            else:
                self._on_request(message, source)
        except MalformedMessage:  # well-formed, but something in it cannot be sent back
            self.malformed += 1
        except Exception:
            log.exception("a SIP message could not be handled")

    def _on_request(self, request: Request, source: Address) -> None:
        number, method = request.cseq
        dialog_key = (request.call_id, request.from_.tag, number)
        if method == "ACK":  # of a 2xx it has a branch of its own, hence no search by branch
            invite = self._invites.get(dialog_key)
            if invite is not None:
                invite.acknowledge(request)
            return
        key = (request.branch, request.get("via").split(";")[0], method)
        known = self._servers.get(key)
        if known is not None:
            known.repeat()
            return

        def forget() -> None:
            self._servers.pop(key, None)
            self._ringing.pop(transaction, None)
            if method == "INVITE":
                self._invites.pop(dialog_key, None)

        tag = request.to.tag or secrets.token_hex(6)
        contact = (("Contact", self.contact(request.to.uri.user)),)

        def respond(response: Response) -> None:
            self.socket.send(response.to_bytes(), source)

        transaction = ServerTransaction(request, respond, self.timers, tag, contact, forget)
        self._servers[key] = transaction
        if method == "INVITE":
            self._invites[dialog_key] = transaction
        self._dispatch(transaction, source)

    def _dispatch(self, transaction: ServerTransaction, source: Address) -> None:
        request = transaction.request
        required = {option.strip().lower() for value in request.all("require") for option in value.split(",")}
        if request.method == "CANCEL":
            self._on_cancel(transaction)
        elif unsupported := required - _SUPPORTED - {""}:
            transaction.respond(420, headers=[("Unsupported", ", ".join(sorted(unsupported)))])
        elif request.to.tag:
            call = self.calls.get((request.call_id, request.to.tag))
            if call is None:
                transaction.respond(481)
            else:
                call.receive(transaction)
        elif request.method == "INVITE":
            self._on_invite(transaction, source)
        elif request.method in ("OPTIONS", "NOTIFY"):
            transaction.respond(200, headers=[ALLOW])
        else:
            transaction.respond(405, headers=[ALLOW])

    def _on_cancel(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        invite = self._servers.get((request.branch, request.get("via").split(";")[0], "INVITE"))
        call = self._ringing.get(invite) if invite is not None else None
        transaction.respond(481 if call is None else 200)
        if call is not None:
            call.cancelled(request)

    def _on_invite(self, transaction: ServerTransaction, source: Address) -> None:
        request = transaction.request
        try:
            target = NameAddr.parse(request.get("contact")).uri
        except MalformedMessage:
            transaction.respond(400)
            return
        replaced = self._replaced(request.get("replaces"))
        if request.get("replaces") and replaced is None:
            transaction.respond(481)
            return
        local, remote = request.to.tagged(transaction.tag), NameAddr(request.from_.uri, request.from_.name)
        dialog = Dialog(local, remote, target, source, request.call_id, self.credentials)
        dialog.learn(request, from_response=False)
        dialog.in_order(request)
        call = SipCall(self, dialog, incoming=transaction, media=self.media)
        self.calls[dialog.call_id, dialog.local.tag] = call
        self._ringing[transaction] = call
        if replaced is not None:
            replaced.replaced_by = call
            call.answer()
            replaced.hang_up()
        elif self.on_call is None:
            call.reject(480)
        else:
            self.on_call(call)
        if transaction.last is None:
            transaction.respond(100)

    def _replaced(self, value: str) -> SipCall | None:
        match = _REPLACES.match(value)
        if match is None:
            return None
        tags = dict(pair.strip().split("=", 1) for pair in match[2].split(";") if "=" in pair)
        call = self.calls.get((match[1], tags.get("to-tag", "")))
        return call if call is not None and call.dialog.remote.tag == tags.get("from-tag") else None
