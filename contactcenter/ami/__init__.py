"""The edge to Asterisk's manager interface (AMI), and the only importer of panoramisk.

`AmiLink` is one server's link; `Message` what it says, a mapping of fields what it is told. Panoramisk 1.4 is
the base (messages, action ids, event patterns); its ways of losing, doubling and delaying are replaced here.
"""

from contactcenter.ami.actions import Fields, Reply, channel_name, endpoint, number
from contactcenter.ami.errors import ActionFailed, AmiError, NotConnected, OutcomeUnknown, SignInRefused
from contactcenter.ami.link import AmiLink
from contactcenter.ami.messages import Message, unescape
from contactcenter.ami.server import AmiServer, Timing
from contactcenter.ami.state import Boot, Counters, Direction, LinkState, Status

__all__ = [
    "ActionFailed",
    "AmiError",
    "AmiLink",
    "AmiServer",
    "Boot",
    "Counters",
    "Direction",
    "Fields",
    "LinkState",
    "Message",
    "NotConnected",
    "OutcomeUnknown",
    "Reply",
    "SignInRefused",
    "Status",
    "Timing",
    "channel_name",
    "endpoint",
    "number",
    "unescape",
]
