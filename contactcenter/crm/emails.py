"""E-mail addresses in one form, so that a customer is found whichever way his was written."""

import re
from typing import Any

from contactcenter.crm.errors import Refusal
from contactcenter.crm.text import entered

_EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@[^@\s,;<>\"()]{1,190}")


def email(value: Any, field: str = "email") -> str:
    """The address in lower case. Raises `Refusal` for what is none."""
    text = entered(value, field, 254).lower() if isinstance(value, str) else ""
    # Not printable are marks that turn the direction of writing, too: in an address they only deceive.
    if not _EMAIL.fullmatch(text) or not text.isprintable():
        raise Refusal("must be an e-mail address, such as wang@example.com", field=field)
    return text
