"""Telephone numbers in one form, E.164, so that a caller is found whichever way his number was written."""

import phonenumbers

from contactcenter.crm.errors import Refusal

_REASONS = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
    phonenumbers.ValidationResult.TOO_SHORT: "too short for a telephone number",
    phonenumbers.ValidationResult.TOO_LONG: "too long for a telephone number",
}

_ORDINARY = (
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
)


def e164(number: str, region: str = "CN", field: str = "phone") -> str:
    """`number` as `+8613…`; numbers without a country code are taken as dialled in `region` (ISO 3166).

    Accepts what is possible in its country's plan, not only what the tables know as assigned: new ranges open
    faster than tables are updated, and a customer who can't be stored can't be served.
    Raises `Refusal` for extensions, letters, half numbers and everything that is no telephone number.
    """
    # Caps before parsing: the number comes from anywhere. (Letters would be read as a vanity keypad.)
    if not 0 < len(number) <= 64 or any(c.isalpha() for c in number):
        raise Refusal("not a telephone number", field=field)
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException as error:
        raise Refusal(f"not a telephone number: {error}", field=field) from error
    if parsed.extension:
        raise Refusal("a number with an extension can't be dialled or recognised: leave it out", field=field)
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise Refusal(_REASONS.get(reason, "not a telephone number of its country"), field=field)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_ordinary(number: str, region: str) -> bool:
    """Whether it is an ordinary telephone of that country: no premium rate, no shared cost, no service, no
    other country of the same country code (+1 is the Caribbean, too), nothing that the tables don't know."""
    try:
        parsed = phonenumbers.parse(e164(number, region))
    except Refusal:
        return False
    kind = phonenumbers.number_type(parsed)
    return kind in _ORDINARY and phonenumbers.region_code_for_number(parsed) == region
