"""Transfers by REFER (RFC 3515, RFC 5589): asking the far end to call somebody else, and being asked to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from .dialog import address_of
from .message import MalformedMessage, NameAddr, Request, Response, Uri
from .transaction import ServerTransaction

if TYPE_CHECKING:
    from .call import SipCall

_FRAGMENT = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})")


class Referral:
    """One REFER that we sent: its own status, then the status of the call that it led to."""

    def __init__(self, call: SipCall, target: Uri) -> None:
        self.accepted = 0
        self.status = 0
        self._call = call
        headers = (("Refer-To", f"<{target}>"), ("Referred-By", f"<{call.dialog.local.uri}>"))
        call.agent.send(call.dialog, call.dialog.request("REFER", headers), self._on_response)

    @property
    def done(self) -> bool:
        return self.status >= 200 or self.accepted >= 300

    def _on_response(self, response: Response) -> None:
        self.accepted = response.status
        self._call.watchers.check()

    def progress(self, notify: Request) -> None:
        """A NOTIFY tells how the far end fares with the new call."""
        if match := _FRAGMENT.match(notify.body):
            self.status = int(match[1])
            self._call.watchers.check()


def replacing(other: SipCall) -> Uri:
    """The far end of `other`, with the request to take the place of that call (RFC 3891)."""
    dialog = other.dialog
    replaces = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
    uri = dialog.remote.uri
    return Uri(uri.user, uri.host, uri.port, headers="Replaces=" + quote(replaces, safe=""))


def accept(call: SipCall, transaction: ServerTransaction) -> None:
    """The far end wants us to call somebody: place that call, and report its fate by NOTIFY."""
    try:
        target = NameAddr.parse(transaction.request.get("refer-to")).uri
    except MalformedMessage:
        transaction.respond(400)
        return
    transaction.respond(202)
    # Of the headers that a Refer-To may carry only Replaces is taken over: the rest is for others to abuse.
    pairs = [pair.partition("=") for pair in target.headers.split("&")]
    headers = [("Replaces", unquote(value)) for name, _, value in pairs if name.lower() == "replaces"]
    headers.append(("Referred-By", f"<{call.dialog.remote.uri}>"))
    uri = Uri(target.user, target.host, target.port, target.parameters)

    def report(new: SipCall) -> None:
        over = new.state not in ("trying", "ringing")
        fragment = f"SIP/2.0 {new.status or 100} \r\n".encode()
        about = (
            ("Event", "refer"), ("Content-Type", "message/sipfrag;version=2.0"),
            ("Subscription-State", "terminated;reason=noresource" if over else "active;expires=60"),
        )  # fmt: skip
        call.agent.send(call.dialog, call.dialog.request("NOTIFY", about, fragment), lambda _: None)
        if over:
            new.listeners.remove(report)

    try:
        call.referred = call.agent.call(
            uri,
            caller=NameAddr(call.dialog.local.uri, call.dialog.local.name),
            peer=address_of(uri) or call.dialog.peer,
            credentials=call.dialog.credentials,
            headers=headers,
            media=call.session.media is not None,
        )
    except MalformedMessage:  # CR or LF in what the far end sent
        return
    call.referred.listeners.append(report)
