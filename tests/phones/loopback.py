"""Two telephones on loopback, without an Asterisk between them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from contactcenter.phones import NameAddr, SipCall, Timers, Uri, UserAgent
from contactcenter.phones.watch import Watchers

QUICK = Timers(t1=0.04, t2=0.16)


def caller(number: str = "100", name: str = "") -> NameAddr:
    return NameAddr(Uri(number, "127.0.0.1"), name)


@dataclass
class Line:
    """Alice calls, Bob is called; `arrived` holds Bob's calls."""

    alice: UserAgent
    bob: UserAgent
    arrived: list[SipCall] = field(default_factory=list)
    watchers: Watchers = field(default_factory=Watchers)
    habit: Callable[[SipCall], None] = SipCall.ring

    def came(self, call: SipCall) -> None:
        self.arrived.append(call)
        self.habit(call)
        self.watchers.check()

    def uri(self, number: str = "200") -> Uri:
        return Uri(number, *self.bob.address)

    async def ringing(self, name: str = "", media: bool = True) -> tuple[SipCall, SipCall]:
        """Alice's and Bob's side of a call that rings."""
        before = len(self.arrived)
        out = self.alice.call(self.uri(), caller=caller(name=name), media=media)
        await self.watchers.until(lambda: len(self.arrived) > before, 5, "the call at Bob's")
        return out, self.arrived[before]

    async def talking(self) -> tuple[SipCall, SipCall]:
        """Alice's and Bob's side of an answered call; her tone is 440 Hz, his 800 Hz."""
        out, come = await self.ringing()
        out.audio.play_tone(440)
        come.audio.play_tone(800)
        come.answer()
        await out.wait_answered()
        await come.wait_answered()
        return out, come
