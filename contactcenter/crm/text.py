"""Text from outside, made harmless to store. To HTML and shells it stays hostile: escape it there."""

import re
from unicodedata import category

from contactcenter.crm.errors import Refusal

# PostgreSQL refuses NUL and no UTF-8 encoder takes a lone surrogate: either would lose a whole record.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of characters that leave no mark on a page."""


def inert(text: str, cap: int = 200) -> str:
    """`text` as any database can hold it: what can't be stored becomes U+FFFD.

    Longer than `cap` characters, its end is replaced by `…[+N]`, N being the number of characters left out.
    """
    if not text.isascii() or "\0" in text:
        text = _UNSTORABLE.sub("\ufffd", text)
    if len(text) > cap:
        return f"{text[:cap]}…[+{len(text) - cap}]"
    return text


def entered(text: str, field: str, cap: int = 200) -> str:
    """What a person typed into `field`: trimmed and inert; refused, not cut, when it is longer than `cap`.

    Of which nothing would be seen, such as marks of the direction of writing alone, is empty: nobody could
    click at such a name."""
    text = inert(text.strip(), cap=len(text) + 1)
    if all(category(each) in _UNSEEN for each in text):
        return ""
    if len(text) > cap:
        raise Refusal(f"at most {cap} characters, this has {len(text)}", code="too_long", field=field)
    return text
