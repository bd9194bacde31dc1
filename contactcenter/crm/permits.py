"""Permits: what the store knows of numbers now, for the rules that say whether they may be dialled.

Everything is read in the transaction of who asks (`hopper.py` for many, `attempts.py` for the one that is
dialled next), so that nothing changes between the answer and the row that is written upon it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, or_, select

from contactcenter.crm import caller_ids, consents, do_not_call, roots
from contactcenter.crm.schema import attempts, customers, lists, national_lists, national_numbers, root_of_row
from contactcenter.dialer.attempts import NOT_PLACED, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign
from contactcenter.dialer.leads import LeadNumber
from contactcenter.dialer.permission import DAY_S, Dialled, Terms, terms_of
from contactcenter.dialer.profiles import Profile
from contactcenter.values import frozen

_SAVED_BEFORE_S = 3600.0
"""How much earlier a call may have been saved than it was placed."""
_TALKED = (Outcome.CONNECTED.value, Outcome.ANNOUNCED.value)


@frozen
class Target:
    """A number that is to be dialled, and whose it is."""

    number: str
    """E.164."""
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    list: str = ""
    customer: str = ""
    consent: str = ""
    """The lead's own."""
    dropped_at: float | None = None


@frozen
class Permit:
    """What is known of a target."""

    dialled: Dialled
    consent: str = ""
    """The record of it; empty: there is none."""


def terms(db: Connection, campaign: Campaign, drift_s: float = 0.0) -> Terms:
    """What the campaign dials by now; `drift_s`: how far our clock is from the machine's."""
    return terms_of(
        campaign,
        caller_id_verified=bool(numbers_shown(db, campaign)),
        national_list_at=national_list_at(db, campaign.profile),
        drift_s=drift_s,
    )


def numbers_shown(db: Connection, campaign: Campaign) -> tuple[str, ...]:
    """Those of the campaign's numbers that may be shown."""
    verified = caller_ids.verified(db)
    return tuple(each for each in campaign.caller_ids if each in verified)


def national_list_at(db: Connection, profile: str) -> float | None:
    """When the oldest of the profile's public lists was fetched that are in force; None: there is none."""
    query = select(func.min(national_lists.c.fetched_at)).where(
        national_lists.c.profile == profile, national_lists.c.edition > 0
    )
    found: float | None = db.scalar(query)
    return found


def permits(
    db: Connection, by: Terms, targets: Sequence[Target], at: float, *, ignoring: str = ""
) -> list[Permit]:
    """What is known of each target at `at`, in their order; of the attempt `ignoring` nothing is."""
    numbers = sorted({each.number for each in targets})
    unwanted = do_not_call.among(db, numbers)
    national = _on_national_list(db, by.profile, numbers) if by.marketing else frozenset()
    calls = _calls(db, numbers, at, ignoring)
    ringing = _ringing(db, numbers, ignoring)
    dropped = _dropped(db, numbers)
    said = _said(db, {each.customer for each in targets if each.customer}, marketing=by.marketing)
    of_lists = _of_lists(db, {each.list for each in targets if each.list})
    found = []
    for each in targets:
        granted, record = said.get(each.customer, (None, ""))
        consent = record if granted else each.consent or of_lists.get(each.list, "")
        moments = [each.dropped_at, dropped.get(each.number)]
        dialled = Dialled(
            zones=each.zones,
            regions=each.regions,
            do_not_call=each.number in unwanted or granted is False,
            on_national_list=each.number in national,
            consent=bool(consent),
            calls=calls.get(each.number, ()),
            ringing=each.number in ringing,
            dropped_at=max((moment for moment in moments if moment is not None), default=None),
        )
        found.append(Permit(dialled=dialled, consent="" if granted is False else consent))
    return found


def _on_national_list(db: Connection, profile: Profile, numbers: Sequence[str]) -> frozenset[str]:
    if profile.national_list_days is None or not numbers:
        return frozenset()
    query = (
        select(national_numbers.c.number)
        .join(
            national_lists,
            and_(
                national_lists.c.name == national_numbers.c.list,
                national_lists.c.edition == national_numbers.c.edition,
            ),
        )
        .where(national_numbers.c.number.in_(numbers), national_lists.c.profile == profile.name)
    )
    return frozenset(db.scalars(query))


def _calls(
    db: Connection, numbers: Sequence[str], at: float, ignoring: str
) -> Mapping[str, tuple[float, ...]]:
    """When each was called in the last day, by whichever campaign; what nobody knows the end of, counts."""
    query = select(attempts.c.number, func.coalesce(attempts.c.placed_at, attempts.c.saved_at)).where(
        attempts.c.number.in_(numbers),
        attempts.c.saved_at > at - DAY_S - _SAVED_BEFORE_S,
        attempts.c.id != ignoring,
        attempts.c.outcome.not_in([each.value for each in NOT_PLACED]),
        or_(
            attempts.c.placed_at.is_not(None),
            attempts.c.outcome == Outcome.LOST.value,
            attempts.c.state != AttemptState.OVER.value,
        ),
    )
    found: dict[str, tuple[float, ...]] = {}
    for number, moment in db.execute(query) if numbers else ():
        found[number] = (*found.get(number, ()), moment)
    return found


def _ringing(db: Connection, numbers: Sequence[str], ignoring: str) -> frozenset[str]:
    query = select(attempts.c.number).where(
        attempts.c.number.in_(numbers),
        attempts.c.state != "over",
        attempts.c.id != ignoring,
    )
    return frozenset(db.scalars(query)) if numbers else frozenset()


def _dropped(db: Connection, numbers: Sequence[str]) -> Mapping[str, float]:
    """The last drop at each number after which nobody talked there (`drops.left_alone`, as a query)."""
    silent = and_(
        attempts.c.outcome == Outcome.LOST.value, attempts.c.answered_at.is_not(None),
        attempts.c.joined_at.is_(None), attempts.c.heard != "machine",
    )  # fmt: skip
    left_alone = or_(attempts.c.outcome == Outcome.DROPPED.value, silent)
    dropped = case((left_alone, attempts.c.ended_at))
    talked = case((attempts.c.outcome.in_(_TALKED), attempts.c.ended_at))
    outcomes = (Outcome.DROPPED.value, Outcome.LOST.value, *_TALKED)
    query = (
        select(attempts.c.number, func.max(dropped), func.max(talked))
        .where(attempts.c.number.in_(numbers), attempts.c.outcome.in_(outcomes))
        .group_by(attempts.c.number)
    )
    return {
        number: last
        for number, last, talk in (db.execute(query) if numbers else ())
        if last is not None and (talk is None or talk < last)
    }


def _said(db: Connection, ids: Collection[str], *, marketing: bool) -> dict[str, tuple[bool | None, str]]:
    """What each customer's last word on our calls was, and its record."""
    if not ids:
        return {}
    query = select(customers.c.id, root_of_row(customers).label("root"))
    rows = db.execute(query.where(customers.c.id.in_(sorted(ids))))
    root = {row.id: row.root for row in rows}
    words = consents.standing(
        db, roots.families(db, set(root.values())), "phone", "marketing" if marketing else "service"
    )
    return {id_: words[of] for id_, of in root.items()}


def _of_lists(db: Connection, ids: Collection[str]) -> dict[str, str]:
    """The evidence that holds for all leads of a list."""
    query = select(lists.c.id, lists.c.consent).where(lists.c.id.in_(sorted(ids)), lists.c.consent != "")
    return {id_: f"list {id_}: {consent}" for id_, consent in db.execute(query)} if ids else {}


def target_of(lead: Row[Any], number: LeadNumber) -> Target:
    """What a lead's number is, by the lead's row."""
    consent = f"lead {lead.id}: {lead.consent}" if lead.consent else ""
    return Target(
        number=number.number, zones=number.zones, regions=number.regions, list=lead.list,
        customer=lead.customer, consent=consent, dropped_at=lead.dropped_at,
    )  # fmt: skip
