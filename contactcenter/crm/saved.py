"""What the center has written: its commands to the store, and the noun that carries out each."""

from collections.abc import Sequence

from sqlalchemy import Connection

from contactcenter.commands import (
    CorrectDisposition,
    KeepAttempt,
    ReturnLeads,
    SaveAudit,
    SaveCallback,
    SaveCampaignState,
    SaveDoNotCall,
    SaveInteraction,
    SaveRecording,
)
from contactcenter.crm import (
    attempts,
    audit,
    callbacks,
    campaigns,
    do_not_call,
    hopper,
    interactions,
    recordings,
)

Saved = (
    SaveInteraction
    | CorrectDisposition
    | SaveAudit
    | SaveCallback
    | SaveRecording
    | KeepAttempt
    | SaveDoNotCall
    | SaveCampaignState
    | ReturnLeads
)
"""The center's commands that write. They wait in the journal while the database is away."""


def storable(command: Saved) -> Saved:
    """The command with all text made inert, so that no caller's name can make its own record unwritable."""
    if isinstance(command, SaveAudit):
        return SaveAudit(entry=audit.storable(command.entry))
    if isinstance(command, SaveCallback):
        return SaveCallback(record=callbacks.storable(command.record))
    if isinstance(command, SaveRecording):
        return recordings.storable(command)
    if isinstance(command, KeepAttempt):
        return KeepAttempt(record=attempts.storable(command.record))
    if isinstance(command, SaveDoNotCall | SaveCampaignState | ReturnLeads):
        return command  # of numbers, ids and words of our own
    return interactions.storable(command)


def write(db: Connection, commands: Sequence[Saved]) -> int:
    """Carry out the commands; answers how many came for an interaction already final."""
    refused = interactions.write(
        db, [each for each in commands if isinstance(each, SaveInteraction | CorrectDisposition)]
    )
    audit.write_all(db, (each.entry for each in commands if isinstance(each, SaveAudit)))
    callbacks.save(db, (each.record for each in commands if isinstance(each, SaveCallback)))
    recordings.save(db, [each for each in commands if isinstance(each, SaveRecording)])
    _write_outgoing(db, commands)
    return refused


def _write_outgoing(db: Connection, commands: Sequence[Saved]) -> None:
    """In their order: who said no in a call is left alone before what became of the call is settled."""
    for command in commands:
        match command:
            case SaveDoNotCall():
                do_not_call.add(
                    db, command.number, command.source, campaign=command.campaign, attempt=command.attempt,
                    by=command.by, at=command.at,
                )  # fmt: skip
            case SaveCampaignState():
                campaigns.save_state(db, command.campaign, command.state, by=command.by, at=command.at)
            case ReturnLeads():
                hopper.give_back(db, command.leads)
    attempts.keep(db, (each.record for each in commands if isinstance(each, KeepAttempt)))
    attempts.heed_words(db, (each for each in commands if isinstance(each, CorrectDisposition)))
