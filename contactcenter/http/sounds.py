"""Sounds: open recordings, as the edge `recordings` gives them to whoever may listen."""

from typing import Protocol

from contactcenter.values import RecordingRecord


class Sound(Protocol):
    """An open recording, as the edge `recordings` gives it. Blocking."""

    length: int

    def read(self, begin: int, end: int) -> bytes:
        """Bytes of the WAV."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Sounds(Protocol):
    """Opens recordings. Blocking; raises whatever goes wrong with the file."""

    def __call__(self, record: RecordingRecord, /) -> Sound: ...


def nothing_kept(record: RecordingRecord) -> Sound:
    """For an edge without recordings."""
    raise FileNotFoundError(record.id)
