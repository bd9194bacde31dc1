"""One call of one phone, from INVITE to BYE, whoever placed it.

`State` follows what the far end confirmed, not what we asked for: after `hang_up` a call is ENDING until the
other side agrees (or stays silent for 64·T1). Whatever crosses on the wire (an answer and a CANCEL, two BYEs)
ends in ENDED.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from . import referral
from .dialog import Dialog
from .ear import Ear
from .message import MalformedMessage, Request, Response, Uri
from .rtp import RtpStream
from .sdp import CONTENT_TYPE, UnusableSdp
from .session import Session
from .transaction import ServerTransaction

if TYPE_CHECKING:
    from .agent import UserAgent

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE")
_INFO_KEY = re.compile(rb"\s*(?:Signal\s*=\s*)?([0-9*#A-Da-d])\s*(?:\r?\n|$)")


class State(StrEnum):
    TRYING = "trying"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDING = "ending"
    ENDED = "ended"


_OPEN = (State.TRYING, State.RINGING)
_OVER = (State.ENDING, State.ENDED)


class CallFailed(Exception):
    """The far end refused: `status` is its SIP status (408: it never answered; 487: the call ended first)."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"{what}: status {status}")
        self.status = status


@dataclass(slots=True)
class Times:
    """Monotonic seconds at which each message of this call was first sent or received; None: not yet."""

    invite: float | None = None
    ringing: float | None = None
    answered: float | None = None
    acknowledged: float | None = None
    bye: float | None = None
    ended: float | None = None


class SipCall:
    """`incoming` is the transaction of the INVITE that came in, None for a call that we place.

    To be read: `state`, `times`, `status` (of the INVITE: heard or answered), `ended_by` ("local", "remote"),
    `reason` (the Reason header of the BYE or CANCEL), `headers` (of the received INVITE), `called` (the
    number), `referred` (the call that a REFER made us place), `replaced_by` (the call that took this one's
    place). `listeners` are called after each change of `state`.
    """

    def __init__(
        self, agent: UserAgent, dialog: Dialog, *, incoming: ServerTransaction | None, media: bool
    ) -> None:
        self.agent, self.dialog = agent, dialog
        self.state = State.TRYING
        self.times = Times(invite=time.monotonic())
        self.status = 0
        self.ended_by = ""
        self.reason = ""
        self.headers = incoming.request.headers if incoming else ()
        self.called = _user_of(incoming.request.uri) if incoming else dialog.target.user
        self.referred: SipCall | None = None
        self.replaced_by: SipCall | None = None
        self.listeners: list[Callable[[SipCall], None]] = []
        self.session = Session(agent.address[0], media=media)
        self.watchers = self.session.watchers
        self._incoming = incoming
        self._provisional = False
        self._awaiting_ack = False
        self._negotiating = False
        self._referral: referral.Referral | None = None

    @property
    def caller_number(self) -> str:
        return (self.dialog.remote if self._incoming else self.dialog.local).uri.user

    @property
    def caller_name(self) -> str:
        return (self.dialog.remote if self._incoming else self.dialog.local).name

    @property
    def audio(self) -> RtpStream:
        """The sound that we send. RuntimeError for a call without media."""
        if self.session.media is None:
            raise RuntimeError("this call was made with media=False")
        return self.session.media

    @property
    def ear(self) -> Ear:
        """The sound and the keys that we receive. RuntimeError for a call without media."""
        return self.audio.ear

    async def hears(self, frequency: float, within: float = 10.0) -> float:
        """Seconds until the tone is there; TimeoutError when it does not come, at once if the call ends."""
        return await self.ear.hears(frequency, within)

    async def loses(self, frequency: float, within: float = 10.0) -> float:
        """Seconds until the tone is gone; TimeoutError when it stays."""
        return await self.ear.loses(frequency, within)

    # Waiting for an event, by its name

    async def wait_ringing(self, within: float = 10.0) -> None:
        """Returns when it rings or was answered; CallFailed when it ended instead."""
        await self._reach((State.RINGING, State.ANSWERED), within, "ringing")

    async def wait_answered(self, within: float = 10.0) -> None:
        """Returns when it was answered (an incoming call: with the ACK); CallFailed when it ended instead."""
        await self._reach((State.ANSWERED,), within, "the answer")
        await self.watchers.until(lambda: not self._awaiting_ack, within, "the ACK")

    async def wait_ended(self, within: float = 10.0) -> None:
        """Returns when both sides agree that the call is over."""
        await self.watchers.until(lambda: self.state is State.ENDED, within, "the end of the call")

    async def wait_held(self, within: float = 10.0) -> None:
        """Returns when the far end has put us on hold."""
        await self.watchers.until(lambda: self.session.held, within, "being held")

    async def wait_resumed(self, within: float = 10.0) -> None:
        """Returns when the far end has taken us back."""
        await self.watchers.until(lambda: not self.session.held, within, "being taken back")

    async def _reach(self, states: tuple[State, ...], within: float, what: str) -> None:
        await self.watchers.until(lambda: self.state in states or self.state in _OVER, within, what)
        if self.state not in states:
            raise CallFailed(f"ended before {what}", self.status or 487)

    def _become(self, state: State) -> None:
        if self.state in (state, State.ENDED):
            return
        self.state = state
        if state in _OVER:
            self.session.close()
        self.watchers.check()
        for listener in tuple(self.listeners):
            listener(self)

    def _end(self, by: str) -> None:
        if self.state is not State.ENDED:
            self.times.ended = time.monotonic()
            self.ended_by = self.ended_by or by
            self.agent.forget(self)
            self._become(State.ENDED)

    # Calling

    def place(self, headers: Iterable[tuple[str, str]]) -> None:
        """Sends the INVITE. MalformedMessage when a value cannot stand in it."""
        offer = self.session.offer(on_hold=False)
        request = self.dialog.request("INVITE", (*CONTENT_TYPE, ALLOW, *headers), offer)
        self.agent.send(self.dialog, request, self._on_invite_response)

    def hang_up(self) -> None:
        """Ends the call, whatever its state: refuses, cancels or sends BYE. Then await `wait_ended`."""
        if self.state in _OVER:
            return
        if self._incoming is not None and self.state in _OPEN:
            self.reject()
            return
        answered = self.state is State.ANSWERED
        self.ended_by = "local"
        self._become(State.ENDING)
        if answered:
            self._bye()
        elif self._provisional:
            self._cancel()
        # Else CANCEL waits for the first provisional response (RFC 3261 §9.1), or may overtake the INVITE.

    def _bye(self) -> None:
        if self._awaiting_ack or self.times.bye is not None:
            return  # RFC 3261 §15: not before the ACK; `_on_ack` comes back here
        self.times.bye = time.monotonic()
        self.agent.send(self.dialog, self.dialog.request("BYE"), self._on_bye_response)

    def _on_bye_response(self, response: Response) -> None:
        if response.status >= 200:
            self._end("local")

    def _cancel(self) -> None:
        invite = self.dialog.invite
        if invite is None:
            return
        self.agent.send(self.dialog, invite.companion("CANCEL"), lambda _: None, branch=invite.branch)
        self.agent.later(lambda: self._end("local"))  # no 487 within 64·T1: it will not come

    def _on_invite_response(self, response: Response) -> None:
        if self.state is State.ENDED:
            return
        if response.status < 300 and response.to.tag:
            self.dialog.learn(response, from_response=True)
        if response.status < 200:
            first, self._provisional = not self._provisional, True
            if self.state is State.ENDING:
                if first:
                    self._cancel()
            elif response.status > 100 and self.state in _OPEN:
                self.status = response.status
                self.times.ringing = self.times.ringing or time.monotonic()
                self.session.take_answer(response.body)  # 183: announcements before the answer
                self._become(State.RINGING)
        elif response.status < 300:
            self.agent.transmit(self.dialog, self.dialog.request("ACK"))
            if self.state is State.ENDING:  # the answer crossed our CANCEL
                self._bye()
            elif self.state in _OPEN:
                self.status = response.status
                self.times.answered = self.times.acknowledged = time.monotonic()
                self.session.take_answer(response.body)
                self._become(State.ANSWERED)
        else:
            self.status = response.status
            self._end("remote")

    # Being called

    def ring(self) -> None:
        """Tells the caller that this phone rings."""
        if self._incoming is not None and self.state is State.TRYING:
            self.status = 180
            self.times.ringing = time.monotonic()
            self._incoming.respond(180)
            self._become(State.RINGING)

    def answer(self) -> None:
        """Takes an incoming call: ANSWERED at once; `wait_answered` returns when the caller's ACK came."""
        if self._incoming is None or self.state not in _OPEN:
            return
        try:
            body = self.session.answer(self._incoming.request.body)
        except UnusableSdp:
            self.reject(488)
            return
        self.status, self._awaiting_ack = 200, True
        self.times.answered = time.monotonic()
        self._incoming.respond(200, headers=(*CONTENT_TYPE, ALLOW), body=body, then=self._on_ack)
        self._become(State.ANSWERED)

    def reject(self, status: int = 603) -> None:
        """Refuses an incoming call that was not answered yet: 486 busy, 603 declined, 480 …"""
        self._refuse(status, "local")

    def cancelled(self, cancel: Request) -> None:
        """The caller gave up before the answer; after it a CANCEL changes nothing."""
        self.reason = cancel.get("reason")
        self._refuse(487, "remote")

    def _refuse(self, status: int, by: str) -> None:
        if self._incoming is not None and self.state in _OPEN:
            self.status, self.ended_by = status, by
            self._incoming.respond(status, then=lambda _: self._end(by))
            self._become(State.ENDING)

    def _on_ack(self, ack: Request | None) -> None:
        self._awaiting_ack = False
        if ack is not None:
            self.times.acknowledged = self.times.acknowledged or time.monotonic()
            if ack.body:  # the INVITE had no offer: ours went out with the 200
                self.session.take_answer(ack.body, on_hold=self.session.on_hold)
        if self.state is State.ENDING:
            self._bye()
        elif ack is None:
            self.hang_up()
        self.watchers.check()

    # During the call

    async def hold(self) -> None:
        """Puts the far end on hold; returns when it agreed. CallFailed when it refused or the call ended."""
        await self._renegotiate(on_hold=True)

    async def resume(self) -> None:
        """Takes the far end back; as `hold`."""
        await self._renegotiate(on_hold=False)

    async def _renegotiate(self, *, on_hold: bool) -> None:
        status = await self._reinvite(on_hold=on_hold)
        if status == 491:
            # Both sides asked at the same time: RFC 3261 §14.1 lets the one who placed the call wait longer.
            await asyncio.sleep(random.uniform(0, 2) if self._incoming else random.uniform(2.1, 4))  # noqa: S311
            status = await self._reinvite(on_hold=on_hold)
        if status >= 300:
            raise CallFailed("hold" if on_hold else "resume", status)

    async def _reinvite(self, *, on_hold: bool) -> int:
        """The status of one re-INVITE; 487 when the call is over before it is answered."""
        if self.state is not State.ANSWERED:
            return 487
        finals: list[Response] = []

        def on_response(response: Response) -> None:
            if 200 <= response.status < 300:
                self.dialog.learn(response, from_response=True)
                self.agent.transmit(self.dialog, self.dialog.request("ACK"))
            if response.status >= 200 and not finals:
                finals.append(response)
                if response.status < 300:
                    self.session.take_answer(response.body, on_hold=on_hold)
                self.watchers.check()

        offer = self.session.offer(on_hold=on_hold)
        request = self.dialog.request("INVITE", (*CONTENT_TYPE, ALLOW), offer)
        self._negotiating = True
        try:
            self.agent.send(self.dialog, request, on_response)
            patience = self.agent.timers.lifetime + 1
            await self.watchers.until(lambda: bool(finals) or self.state in _OVER, patience, "a re-INVITE")
        finally:
            self._negotiating = False
        return finals[0].status if finals else 487

    async def transfer(self, target: str, within: float = 10.0) -> None:
        """Blind transfer to a SIP URI by REFER: returns when the far end reported success, and hangs up.

        CallFailed when the transfer or the new call was refused; MalformedMessage for a bad `target`.
        """
        await self._refer(Uri.parse(target), within)

    async def transfer_to(self, other: SipCall, within: float = 10.0) -> None:
        """Attended transfer: connects the far ends of this call and of `other`, and leaves both.

        Where `other` still rings, it is the far end that ends it. Asterisk says that the transfer is done
        before the other far end has taken this phone's place there: a CANCEL in between would end him, too.
        """
        await self._refer(referral.replacing(other), within)
        if other.state is not State.ANSWERED:
            with contextlib.suppress(TimeoutError):
                await other.wait_ended()
        other.hang_up()

    async def _refer(self, target: Uri, within: float) -> None:
        sent = self._referral = referral.Referral(self, target)
        await self.watchers.until(lambda: sent.done or self.state in _OVER, within, "the transfer")
        status = max(sent.accepted if sent.accepted >= 300 else 0, sent.status)
        if status >= 300 or not sent.accepted:
            raise CallFailed("transfer", status or 487)
        self.hang_up()

    def receive(self, transaction: ServerTransaction) -> None:
        """A request of the far end within this call; every one is answered."""
        request = transaction.request
        if not self.dialog.in_order(request):
            transaction.respond(500)
            return
        match request.method:
            case "BYE":
                transaction.respond(200)
                self.reason = request.get("reason")
                self.times.bye = self.times.bye or time.monotonic()
                self._end("remote")
            case "INVITE" | "UPDATE":
                self._on_offer(transaction)
            case "REFER":
                referral.accept(self, transaction)
            case "NOTIFY":
                transaction.respond(200)
                if self._referral is not None:
                    self._referral.progress(request)
            case "INFO":
                transaction.respond(200)
                if self.session.media is not None and (match := _INFO_KEY.match(request.body)):
                    self.ear.digits += match[1].decode().upper()
                    self.watchers.check()
            case "OPTIONS":
                transaction.respond(200, headers=[ALLOW])
            case _:
                transaction.respond(405, headers=[ALLOW])

    def _on_offer(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self.state in _OVER:
            transaction.respond(481)
            return
        if self._negotiating or self._awaiting_ack or (request.method == "INVITE" and self.state in _OPEN):
            transaction.respond(491)
            return
        self.dialog.learn(request, from_response=False)
        if request.method == "UPDATE" and not request.body:  # a session timer's refresh
            transaction.respond(200)
            return
        try:
            body = self.session.answer(request.body)
        except UnusableSdp:
            transaction.respond(488)
            return
        if request.method == "INVITE":
            self._awaiting_ack = True
        transaction.respond(200, headers=CONTENT_TYPE, body=body, then=self._on_ack)


def _user_of(uri: str) -> str:
    try:
        return Uri.parse(uri).user
    except MalformedMessage:
        return ""
