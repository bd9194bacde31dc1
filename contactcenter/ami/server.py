"""One Asterisk server's manager: where it is, who we are to it, and how patient we are."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All in seconds."""

    sign_in: float = 10.0
    """For connecting, TLS and signing in together; a wrong secret is answered after 1 s."""
    boot: float = 10.0
    """How long FullyBooted may take before CoreStatus is asked instead."""
    ping: float = 5.0
    dead_after: float = 9.5
    """Silence, in spite of a Ping, that proves a half-open link. Below 10 with room for a loop's delay."""
    answer: float = 5.0
    """For the link's own questions."""
    backoff_first: float = 0.5
    backoff_cap: float = 10.0
    """A link that stayed ready this long starts again from `backoff_first`; one that flaps does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiServer:
    """`needs` names the actions that the user must be allowed to use; a sign-in without them is refused."""

    name: str
    username: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038
    tls: ssl.SSLContext | None = None
    needs: frozenset[str] = frozenset()
    timing: Timing = Timing()
