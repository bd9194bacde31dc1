"""Id numbers: of an identity card, a passport, or an organisation's licence. Personal data: sealed."""

import re

from contactcenter.crm.errors import Refusal
from contactcenter.crm.text import entered

LONGEST = 64
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
"""ISO 7064, MOD 11-2, as GB 11643 uses it: the last character by the weighted sum of the first seventeen."""


def id_number(text: str, *, of_person: bool, field: str = "id_number") -> str:
    """The number in the one form in which it is kept. Raises `Refusal`.

    What looks like the number of a Chinese identity card, 18 digits, must have its check digit right; other
    countries' numbers and passports have other forms, and are taken as they are.
    """
    plain = entered(text, field, LONGEST).upper()
    packed = re.sub(r"[\s-]", "", plain)
    if of_person and re.fullmatch(r"[0-9]{17}[0-9X]", packed):
        expected = _CHECKS[
            sum(int(digit) * weight for digit, weight in zip(packed, _WEIGHTS, strict=False)) % 11
        ]
        if packed[-1] != expected:
            raise Refusal("one of its digits is wrong: the last one does not fit the others", field=field)
        return packed
    return plain
