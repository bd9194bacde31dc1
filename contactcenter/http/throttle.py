"""Slows down those who guess passwords, without locking out those who know theirs.

Three counts of failures: per account and address, per account, per address. The delay doubles with each
failure over the free ones, from 1 s to 15 min. An address from which the account signed in before is not held
up by what others do to that account, so nobody can lock out a colleague by guessing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST_S, LONGEST_S = 1.0, 900.0
REMEMBERED = 20_000
"""Keys kept at most; the longest unused goes first."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts attempts. `now` gives seconds since the epoch.

    The free failures of an address leave room for a whole office behind one.
    """

    def __init__(
        self, now: Callable[[], float], *, free_per_account: int = 10, free_per_address: int = 50
    ) -> None:
        self._now = now
        self._free = {"pair": 0, "account": free_per_account, "address": free_per_address}
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, login: str, address: str) -> float:
        """How long this attempt has to wait; 0 when it may be made now."""
        now = self._now()
        blocks = [self._failures[key] for key in self._keys(login, address) if key in self._failures]
        return max([0.0, *(failures.until - now for failures in blocks)])

    def attempt(self, login: str, address: str) -> None:
        """Count the attempt as failed before the password is looked at: many at once gain nothing."""
        now = self._now()
        for key in self._keys(login, address):
            failures = self._failures.setdefault(key, _Failures())
            self._failures.move_to_end(key)
            if now - failures.last > LONGEST_S * 2:
                failures.count = 0
            failures.count += 1
            failures.last = now
            over = failures.count - self._free[key[0]]
            if over > 0:
                failures.until = now + min(FIRST_S * 2.0 ** min(over - 1, 20), LONGEST_S)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """The password was right: take the attempt back, and know the address from now on."""
        self._failures.pop(("pair", login, address), None)
        for key in (("account", login), ("address", address)):
            if failures := self._failures.get(key):
                failures.count -= 1
                if failures.count <= self._free[key[0]]:
                    failures.until = 0.0
        self._known[login, address] = None
        self._known.move_to_end((login, address))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _keys(self, login: str, address: str) -> list[tuple[str, ...]]:
        keys: list[tuple[str, ...]] = [("pair", login, address), ("address", address)]
        if (login, address) not in self._known:
            keys.append(("account", login))
        return keys
