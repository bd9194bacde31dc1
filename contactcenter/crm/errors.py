"""What can go wrong with the store, by whose mistake it is."""


class Refusal(Exception):
    """The caller's mistake: the request can't be carried out as it stands. Nothing was written.

    `code` is for programs (`not_found`, `taken`, `invalid`, `too_long`), `str(error)` for people, `field`
    names the wrong input, or is empty.
    """

    def __init__(self, message: str, *, code: str = "invalid", field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class ChangedMeanwhile(Refusal):
    """Somebody else changed the record after it was read: it has another version by now."""

    def __init__(self, expected: int, found: int, *, field: str = "If-Match") -> None:
        super().__init__(
            f"you changed version {expected}, and there is version {found} by now: look at both and change "
            "that one",
            code="changed_meanwhile",
            field=field,
        )


class StoreUnavailable(Exception):
    """The database did not take the write (or give the read) in time: full, locked, broken. Try again later.

    A write that ends so was usually not carried out, but may have been: its commit can still come.
    """


class StoreRefused(Exception):
    """The database can't be opened as it is: corrupt, in use, or newer than this program. Says what to do."""
