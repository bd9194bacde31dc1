"""What the center has written: its commands to the store, and the noun that carries out each."""

from collections.abc import Sequence

from sqlalchemy import Connection

from contactcenter.commands import (
    CorrectDisposition,
    SaveAudit,
    SaveCallback,
    SaveInteraction,
    SaveRecording,
)
from contactcenter.crm import audit, callbacks, interactions, recordings

Saved = SaveInteraction | CorrectDisposition | SaveAudit | SaveCallback | SaveRecording
"""The center's commands that write. They wait in the journal while the database is away."""


def storable(command: Saved) -> Saved:
    """The command with all text made inert, so that no caller's name can make its own record unwritable."""
    if isinstance(command, SaveAudit):
        return SaveAudit(entry=audit.storable(command.entry))
    if isinstance(command, SaveCallback):
        return SaveCallback(record=callbacks.storable(command.record))
    if isinstance(command, SaveRecording):
        return recordings.storable(command)
    return interactions.storable(command)


def write(db: Connection, commands: Sequence[Saved]) -> int:
    """Carry out the commands; answers how many came for an interaction already final."""
    refused = interactions.write(
        db, [each for each in commands if isinstance(each, SaveInteraction | CorrectDisposition)]
    )
    audit.write_all(db, (each.entry for each in commands if isinstance(each, SaveAudit)))
    callbacks.save(db, (each.record for each in commands if isinstance(each, SaveCallback)))
    recordings.save(db, [each for each in commands if isinstance(each, SaveRecording)])
    return refused
