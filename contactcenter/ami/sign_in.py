"""Signing in: who we are, what we may do, and which run of Asterisk answers. Refusals say what to change."""

from __future__ import annotations

import hashlib
import time

from contactcenter.ami.errors import ActionFailed, SignInRefused
from contactcenter.ami.messages import Message
from contactcenter.ami.protocol import AmiProtocol
from contactcenter.ami.server import AmiServer
from contactcenter.ami.state import Boot


async def sign_in(protocol: AmiProtocol, server: AmiServer) -> None:
    """Log in by MD5 challenge, or by the plain secret where the peer offers no challenge; check our rights.

    Raises: SignInRefused; OutcomeUnknown when the link ends meanwhile.
    """
    patience = server.timing.sign_in
    try:
        reply = await protocol.exchange({"Action": "Challenge", "AuthType": "MD5"}, patience)
        proof = (reply.response["Challenge"] + server.secret).encode()
        key = hashlib.md5(proof, usedforsecurity=False).hexdigest()  # AMI knows no other digest
        credentials = {"AuthType": "MD5", "Key": key}
    except (ActionFailed, KeyError):
        credentials = {"Secret": server.secret}
    login = {"Action": "Login", "Username": server.username, "Events": "on", **credentials}
    try:
        await protocol.exchange(login, patience)
    except ActionFailed as refusal:
        ours = protocol.transport.get_extra_info("sockname")[0]
        raise SignInRefused(
            f"user {server.username!r} was refused ({refusal.response.get('Message', '')}): the name or the "
            f"secret is wrong, or manager.conf's deny/permit does not let our address {ours} in (Asterisk's "
            "log tells which)"
        ) from refusal
    if server.needs:
        granted = (await protocol.exchange({"Action": "ListCommands"}, patience)).response
        if missing := sorted(name for name in server.needs if name not in granted):
            raise SignInRefused(
                f"user {server.username!r} may not use {', '.join(missing)}: add the classes "
                "that they need to `write` in manager.conf"
            )


async def identify(
    protocol: AmiProtocol, server: AmiServer, event: Message | None, before: Boot | None
) -> Boot:
    """Who is there, given its FullyBooted (None if it never came) and the Boot that this link saw before."""
    at = time.monotonic()  # not later than the answers: see `restarted`
    status = await _ask(protocol, server, "CoreStatus")
    settings = await _ask(protocol, server, "CoreSettings")
    if event is None and status is None:
        raise SignInRefused(
            f"user {server.username!r} hears no FullyBooted and may not ask CoreStatus: add "
            "`system` to `read`, or `reporting` to `write`, in manager.conf"
        )
    started = f"{status['CoreStartupDate']} {status['CoreStartupTime']}" if status else ""
    uptime = int(event["Uptime"]) if event and event.get("Uptime", "").isdecimal() else None
    if before is None:
        restarted = False
    elif started and before.started:
        restarted = started != before.started
    else:
        # In the same run, uptime has grown by the time that passed (2 s for rounding and delay). A wrong
        # "restarted" would end every live call in our books, so without both uptimes the answer is no.
        restarted = (
            uptime is not None and before.uptime is not None and uptime + 2 < before.uptime + at - before.at
        )
    version = settings["AsteriskVersion"] if settings else ""
    return Boot(started=started, version=version, uptime=uptime, at=at, restarted=restarted)


async def _ask(protocol: AmiProtocol, server: AmiServer, question: str) -> Message | None:
    """The answer to an action without arguments; None where the user may not ask."""
    try:
        return (await protocol.exchange({"Action": question}, server.timing.answer)).response
    except ActionFailed:
        return None
