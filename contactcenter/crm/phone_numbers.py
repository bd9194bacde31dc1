"""Telephone numbers in one form, E.164, so that a caller is found whichever way his number was written."""

import re

import phonenumbers

from contactcenter.crm.errors import Refusal

_REASONS = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
    phonenumbers.ValidationResult.TOO_SHORT: "too short for a telephone number",
    phonenumbers.ValidationResult.TOO_LONG: "too long for a telephone number",
}

_EXTENSION = re.compile(
    r"""(?P<number>.*?\d[\s)）]*)
        (?:转分机|轉分機|分机|分機|转|轉|内线|內線|;ext=|extension|ext\.?|anexo|[x#,;*])
        [\s:：.]*(?P<extension>\d{1,10})\s*[#)）]?\s*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""How people write what is to be dialled behind a switchboard's number."""

_SWITCHBOARD = re.compile(r"(?P<number>(?:\+?86[ -]?)?0?\d{2,3}[ -]\d{7,8})-(?P<extension>\d{1,6})")
"""`010-88888888-8001`, as it stands on Chinese cards: the third part is the extension."""

_CHINA, _SHORTEST_IN_CHINA, _MOBILE_IN_CHINA = 86, 9, 11
"""The country's code, and how many digits a number has there, with its area code but without the 0."""

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
        says = _REASONS.get(reason, "not a telephone number of its country")
        if not number.lstrip().startswith(("+", "＋", "00")):
            says += f"; a number of another country than {region} begins with + and that country's code"
        raise Refusal(says, field=field)
    if says := _half(parsed):
        raise Refusal(says, field=field)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def check_region(region: str, field: str) -> None:
    """Refuse what is no region of telephone numbers (ISO 3166). Raises `Refusal`."""
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise Refusal(f"there is no country {region[:32]!r}: give one such as CN or US", field=field)


def with_extension(number: str, region: str = "CN", field: str = "phone") -> tuple[str, str]:
    """The number in E.164 and the extension behind it, as in `010-8888 8888 转 123`; empty without one.

    Raises `Refusal` as `e164` does.
    """
    text = number.strip()
    found = (_SWITCHBOARD.fullmatch(text) or _EXTENSION.fullmatch(text)) if len(text) <= 64 else None
    if found is None:
        return e164(number, region, field), ""
    return e164(found["number"], region, field), found["extension"]


def _half(parsed: phonenumbers.PhoneNumber) -> str:
    """Why it is only a part of a Chinese number, where the tables think that everything from seven digits on
    could be one; empty when it is whole."""
    if parsed.country_code != _CHINA or phonenumbers.is_valid_number(parsed):
        return ""
    digits = phonenumbers.national_significant_number(parsed)
    if re.match("1[3-9]", digits) and len(digits) < _MOBILE_IN_CHINA:
        return f"too short: a mobile number has {_MOBILE_IN_CHINA} digits, this has {len(digits)}"
    return "the area code is missing" if len(digits) < _SHORTEST_IN_CHINA else ""


def is_ordinary(number: str, region: str) -> bool:
    """Whether it is an ordinary telephone of that country: no premium rate, no shared cost, no service, no
    other country of the same country code (+1 is the Caribbean, too), nothing that the tables don't know."""
    try:
        parsed = phonenumbers.parse(e164(number, region))
    except Refusal:
        return False
    kind = phonenumbers.number_type(parsed)
    return kind in _ORDINARY and phonenumbers.region_code_for_number(parsed) == region
