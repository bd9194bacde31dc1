"""Telephone numbers in one form, E.164, so that a caller is found whichever way his number was written."""

import phonenumbers

from contactcenter.crm.errors import Refusal

_SUBSCRIBERS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
_REASONS = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
    phonenumbers.ValidationResult.TOO_SHORT: "too short for a telephone number",
    phonenumbers.ValidationResult.TOO_LONG: "too long for a telephone number",
}


def e164(number: str, region: str = "CN", field: str = "phone") -> str:
    """`number` as `+8613…`; numbers without a country code are taken as dialled in `region` (ISO 3166).

    Accepts what is as long as its country's subscriber numbers, not only what the tables know as assigned: new
    ranges open faster than tables are updated, and a customer who can't be stored can't be served.
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
    reasons = [phonenumbers.is_possible_number_for_type_with_reason(parsed, kind) for kind in _SUBSCRIBERS]
    possible = phonenumbers.ValidationResult.IS_POSSIBLE in reasons
    if possible or phonenumbers.is_valid_number(parsed):
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    raise Refusal(_REASONS.get(reasons[0], "not a telephone number of its country"), field=field)
