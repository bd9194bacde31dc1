"""Simulated telephones: SIP over UDP with G.711 µ-law, telephone events and tones that tell who hears whom.

`Phone` is an agent's registered telephone, `Customer` a caller from the carrier's side, `UserAgent` what both
stand on. They serve the demonstration, the tests and the benchmark; they are no softphone for people.
"""

from .agent import UserAgent
from .call import CallFailed, SipCall, State
from .customer import Customer, HangUp, Press, Speak, Step, Wait
from .digest import Credentials
from .message import MalformedMessage, NameAddr, Uri
from .phone import Phone, RegistrationFailed
from .transaction import Timers

__all__ = [
    "CallFailed", "Credentials", "Customer", "HangUp", "MalformedMessage", "NameAddr", "Phone", "Press",
    "RegistrationFailed", "SipCall", "Speak", "State", "Step", "Timers", "Uri", "UserAgent", "Wait",
]  # fmt: skip
