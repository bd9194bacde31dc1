"""Which phones are registered, and at which server.

Asterisk says it in two ways. An event tells of each contact at once; the list of device states, which is
asked for to learn of what came before, follows behind: who registers in that moment is still absent there.
So the list counts for nothing where a contact was heard of a moment ago.
"""

from collections import defaultdict

REGISTERED = frozenset({"Created", "Reachable", "NonQualified", "Updated"})
ABSENT = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})
"""Device states of a phone that is not registered."""

SETTLED_S = 10.0
"""So long after a contact's event its device state is true even where Asterisk is busy."""


class Registrations:
    """What was heard of each phone, by server. A phone that is registered anywhere can be rung."""

    def __init__(self) -> None:
        self._contacts: dict[tuple[str, str], str] = {}
        """(server, phone) -> its newest contact."""
        self._heard_at: dict[tuple[str, str], float] = {}
        self._at: defaultdict[str, set[str]] = defaultdict(set)
        """Phone -> the servers at which it is registered."""
        self._told: dict[str, bool] = {}

    def contact(self, server: str, phone: str, contact: str, status: str, at: float) -> bool | None:
        """A contact's event. Answers whether the phone can be rung; None: this was an old contact's end. A
        phone that registers anew gets a new contact, and only then loses the old one: it is not gone."""
        registered, place = status in REGISTERED, (server, phone)
        if registered:
            self._contacts[place] = contact
        elif self._contacts.get(place, contact) != contact:
            return None
        self._heard_at[place] = at
        return self._set(server, phone, registered)

    def listed(self, server: str, phone: str, state: str, asked_at: float) -> bool | None:
        """A line of the list of device states that was asked for at `asked_at`. Answers whether the phone can
        be rung; None: that is no news."""
        if self._heard_at.get((server, phone), float("-inf")) > asked_at - SETTLED_S:
            return None
        before = self._told.get(phone)
        now = self._set(server, phone, state not in ABSENT)
        return now if now is not before else None

    def _set(self, server: str, phone: str, registered: bool) -> bool:
        if registered:
            self._at[phone].add(server)
        else:
            self._at[phone].discard(server)
        self._told[phone] = bool(self._at[phone])
        return self._told[phone]
