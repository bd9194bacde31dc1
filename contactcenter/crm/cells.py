"""Cells: what stands in somebody's table, read as what it was meant to be.

Nothing is guessed: what can be meant in two ways, or was lost on its way through a spreadsheet, is refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from contactcenter.crm.errors import Refusal

SEPARATORS = re.compile(r"[;；,，、|\n]+")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
_WHOLE = re.compile(r"([0-9]+)\.0+")
_YES = frozenset({"true", "yes", "y", "1", "是", "对", "有", "√", "✓", "✔", "需要"})
_NO = frozenset({"false", "no", "n", "0", "否", "不", "无", "×", "x", "不需要"})
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})(?:\s*日)?")
_TIME = re.compile(r"[T\s]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
LANGUAGES = {
    "zh": "zh", "zh-cn": "zh", "zh-hans": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "chinese": "zh",
    "en": "en", "en-us": "en", "en-gb": "en", "英文": "en", "英语": "en", "english": "en",
}  # fmt: skip
_PHONES = re.compile(r"[；、\n/|]|;(?!\s*ext)", re.IGNORECASE)


def check_width(cells: Sequence[str], columns: Sequence[object]) -> None:
    """Refuse a row that has more cells than the table has columns."""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise Refusal(f"the row has {len(cells)} cells, the table {len(columns)} columns")


def phones(text: str, field: str = "phone") -> Iterator[str]:
    """The telephone numbers of one cell, each as it was written. Raises `Refusal`."""
    for part in _PHONES.split(text):
        if number := part.strip():
            yield digits(number, field)


def digits(text: str, field: str) -> str:
    """A number that is a name: `13800138000.0` is what a spreadsheet makes of eleven digits. What it has cut
    short (`1.38E+10`) can't be known any more. Raises `Refusal`."""
    if "•" in text:
        raise Refusal("this is masked, as in lists: only the whole of it can be imported", field=field)
    if match := _WHOLE.fullmatch(text):
        return match[1]
    if match := _SCIENTIFIC.fullmatch(text):
        first, rest, power = match[1], match[2] or "", int(match[3])
        if len(rest) != power or len(first + rest) > 15:
            raise Refusal(
                f"a spreadsheet has cut this number short ({text}), and its digits are lost: format the "
                "column as text, enter the number again, and save",
                field=field,
            )
        return first + rest
    return text


def amount(text: str, field: str) -> str:
    """`¥1,234.50` as `1234.50`. Raises `Refusal`."""
    plain = unicodedata.normalize("NFKC", text).strip("¥￥$€£元 ").replace(",", "").replace(" ", "")
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]+)?", plain):
        raise Refusal("not an amount", field=field)
    return plain.lstrip("+")


def truth(text: str, field: str) -> bool:
    """Yes or no, as people write it. Raises `Refusal`."""
    plain = text.casefold()
    if plain in _YES or plain in _NO:
        return plain in _YES
    raise Refusal("yes or no", field=field)


def one_of(known: Mapping[str, str], text: str, field: str) -> str:
    """What a word that people use stands for. Raises `Refusal`."""
    if (found := known.get(unicodedata.normalize("NFKC", text).casefold())) is None:
        raise Refusal(f"one of {', '.join(dict.fromkeys(known.values()))}", field=field)
    return found


def day(text: str, name: str) -> tuple[date, str]:
    """The day, and what stands behind it. Year, month, day in this order: in which order 3/4/2026 is meant,
    nobody knows. Raises `Refusal`."""
    match = _DAY.match(text)
    wrong = Refusal("a day as year-month-day, such as 2026-03-31", field=name)
    if match is None:
        raise wrong
    try:
        return date(int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    except ValueError:
        raise wrong from None


def moment(text: str, zone: str, name: str) -> float:
    """A day, or a day and a time by the clock of `zone`, as seconds since the epoch. Raises `Refusal`."""
    date_, rest = day(text, name)
    clock = _TIME.fullmatch(rest) if rest else None
    wrong = Refusal("a time such as 2026-03-31 14:30", field=name)
    if rest and clock is None:
        raise wrong
    hour, minute, second = (int(each or 0) for each in clock.groups()) if clock else (0, 0, 0)
    try:
        at = datetime(date_.year, date_.month, date_.day, hour, minute, second, tzinfo=ZoneInfo(zone))
    except ValueError:
        raise wrong from None
    return at.timestamp()


def plain(title: str) -> str:
    """A column's name as it is compared: width, case and what is not a letter or digit don't count."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    folded = re.sub(r"[(（].*?[)）]", "", folded) or folded
    return "".join(each for each in folded if each.isalnum())
