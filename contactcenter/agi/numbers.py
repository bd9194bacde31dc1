"""Numbers, amounts, dates and digits as the words that a person says, in Chinese and in English."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

ZH_DIGITS = "零一二三四五六七八九"
_EN = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_EN_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_EN_DAYS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}
_EN_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
LARGEST = 10**12 - 1


def spoken(value: object, language: str) -> str:
    """A value inside a prompt's text: a Decimal is an amount, an int a number, a date a date; text of digits
    is read digit by digit, other text as it is."""
    match value:
        case Decimal():
            return amount(value, language)
        case int():
            return number(value, language)
        case date():
            return calendar_date(value, language)
    text = str(value)
    return digits(text, language) if text.isascii() and text.removeprefix("+").isdigit() else text


def number(value: int, language: str) -> str:
    """A whole number up to 10^12 - 1. Raises `ValueError` above that."""
    if abs(value) > LARGEST:
        raise ValueError(f"too large to be said: {value}")
    if value < 0:
        return {"zh": "负", "en": "minus "}[language] + number(-value, language)
    return {"zh": _zh, "en": _en}[language](value)


def digits(text: str, language: str) -> str:
    """Digit by digit, in groups as people read telephone numbers aloud; other marks are skipped."""
    kept = [mark for mark in text if mark in "0123456789"]
    said = [_digit(mark, language) for mark in kept]
    gap, pause = {"zh": ("", "，"), "en": (" ", ", ")}[language]
    return pause.join(gap.join(said[start:end]) for start, end in _groups(len(said)))


def amount(value: Decimal, language: str) -> str:
    """Money in yuan, rounded to fen half up."""
    # Quantising before the sign is looked at: -0.001 is said as zero, not as minus zero.
    cents = int((value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if cents < 0:
        return {"zh": "负", "en": "minus "}[language] + amount(Decimal(-cents) / 100, language)
    yuan, fen = divmod(cents, 100)
    return {"zh": _zh_amount, "en": _en_amount}[language](yuan, fen)


def calendar_date(day: date, language: str) -> str:
    """A day of the calendar with its year."""
    if language == "zh":
        year = "".join(ZH_DIGITS[int(mark)] for mark in str(day.year))
        return f"{year}年{_zh_counted(day.month)}月{_zh_counted(day.day)}日"
    return f"{_EN_MONTHS[day.month - 1]} {_en_ordinal(day.day)}, {_en_year(day.year)}"


# --- Chinese ---


def _zh(value: int) -> str:
    return _zh_leading_two(_zh_counted(value))


def _zh_leading_two(text: str) -> str:
    # 两 stands before a unit that it counts (两百, 两千, 两万), never before 十 nor at the end.
    return "两" + text[1:] if len(text) > 1 and text[0] == "二" and text[1] in "百千万亿" else text


def _zh_counted(value: int) -> str:
    if value == 0:
        return "零"
    said, gap = "", False
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group = value // unit % 10**4
        if group == 0:
            gap = gap or bool(said)
            continue
        if said and (gap or group < 1000):
            said += "零"
        words = _zh_group(group)
        said += ("两" if words == "二" and name else words) + name
        gap = False
    # 十 without 一 only at the very beginning: 十五, but 一百一十五.
    return said[1:] if said.startswith("一十") else said


def _zh_group(value: int) -> str:
    said, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit == 0:
            gap = gap or bool(said)
            continue
        said += ("零" if gap else "") + ("两" if digit == 2 and unit == 1000 else ZH_DIGITS[digit]) + name
        gap = False
    return _zh_leading_two(said)


def _zh_amount(yuan: int, fen: int) -> str:
    jiao, fen = divmod(fen, 10)
    said = f"{'两' if yuan == 2 else _zh(yuan)}元" if yuan or not (jiao or fen) else ""
    two = "二" if said else "两"
    if jiao:
        said += f"{two if jiao == 2 else ZH_DIGITS[jiao]}角"
    if fen:
        said += ("零" if said and not jiao else "") + f"{two if fen == 2 and not jiao else ZH_DIGITS[fen]}分"
    return said


# --- English ---


def _en(value: int) -> str:
    if value < 20:
        return _EN[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _EN_TENS[tens] + (f"-{_EN[ones]}" if ones else "")
    for unit, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= unit:
            many, rest = divmod(value, unit)
            link = " and " if rest and rest < 100 else " "
            return f"{_en(many)} {name}" + (link + _en(rest) if rest else "")
    raise AssertionError(value)


def _en_amount(yuan: int, fen: int) -> str:
    if not yuan and fen:
        return f"{_en(fen)} fen"
    tail = "" if not fen else f" oh {_en(fen)}" if fen < 10 else f" {_en(fen)}"
    return f"{_en(yuan)} yuan{tail}"


def _en_ordinal(day: int) -> str:
    if day > 20 and day % 10:
        return f"{_EN_TENS[day // 10]}-{_en_ordinal(day % 10)}"
    if day in _EN_DAYS:
        return _EN_DAYS[day]
    word = _en(day)
    return (word[:-1] + "ie" if word.endswith("y") else word) + "th"


def _en_year(year: int) -> str:
    century, rest = divmod(year, 100)
    if year % 1000 < 10 or year < 1000:
        return _en(year)
    if rest == 0:
        return f"{_en(century)} hundred"
    return f"{_en(century)} oh {_en(rest)}" if rest < 10 else f"{_en(century)} {_en(rest)}"


# --- Both ---


def _digit(mark: str, language: str) -> str:
    # On the telephone 一 is said 幺: it can't be mistaken for 七.
    if language == "zh":
        return "幺" if mark == "1" else ZH_DIGITS[int(mark)]
    return _EN[int(mark)]


def _groups(length: int) -> list[tuple[int, int]]:
    """Fours from the end, a rest of one joined to its neighbour: 11 digits are read 3-4-4."""
    if length <= 5:
        return [(0, length)]
    starts = list(range(length % 4, length, 4))
    if length % 4 > 1:
        starts.insert(0, 0)
    starts[0] = 0
    return list(zip(starts, [*starts[1:], length], strict=True))
