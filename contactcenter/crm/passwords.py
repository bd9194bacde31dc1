"""Passwords as argon2id hashes: 19 MiB, two passes. Tens of milliseconds each, so never in the loop."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contactcenter.crm.errors import Refusal
from contactcenter.crm.text import inert

SHORTEST, LONGEST = 8, 256


class Passwords:
    """Hashes and checks passwords in threads, two at a time: more would only starve the calls of CPU."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._places = asyncio.Semaphore(2)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The hash to store. Raises `Refusal` when the password is shorter than 8 or longer than 256."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Refusal(f"a password has {SHORTEST} to {LONGEST} characters", field="password")
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, inert(password, LONGEST))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the stored password. None (an unknown user) takes as long as a wrong password."""
        if stored is None and not self._nobody:
            self._nobody = await self.hash("nobody's password")
        async with self._places:
            right = await asyncio.to_thread(self._verify, stored or self._nobody, inert(password, LONGEST))
        return right and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
