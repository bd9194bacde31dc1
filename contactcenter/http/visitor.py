"""Visitors: whoever proved who he is, and what he may do and see."""

from dataclasses import replace

from contactcenter.crm.access import Reader, Right
from contactcenter.crm.readers import Known
from contactcenter.crm.users import User
from contactcenter.values import frozen


@frozen
class Visitor:
    """Whoever proved who he is: by a session's cookie, or by a token."""

    known: Known
    csrf: str = ""
    """What state-changing requests must repeat in `X-CSRF-Token`; empty with a token, which needs none."""
    secret: str = ""
    """The cookie's or the token's own text. Never in a log, never in an answer."""
    by_token: bool = False
    scopes: frozenset[str] = frozenset()
    """What a token may be used for: `read`, `write`, `admin`."""

    @property
    def user(self) -> User:
        """His account."""
        return self.known.user

    @property
    def reader(self) -> Reader:
        """What he may do and see, apart from the call that he has just now (`Visit.reader`)."""
        return self.known.reader

    @property
    def login(self) -> str:
        """His login."""
        return self.user.login

    @property
    def name(self) -> str:
        """His name."""
        return self.user.name

    def with_rights(self, known: Known) -> "Visitor":
        """The same, with the rights of another moment."""
        return replace(self, known=known)

    def may(self, right: Right) -> bool:
        """Whether he has the right; what a token leaves of it is the door's business (`signin.authorise`)."""
        return self.reader.may(right)
