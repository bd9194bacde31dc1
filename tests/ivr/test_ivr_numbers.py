"""Numbers, amounts, dates and digits as people say them."""

from datetime import date
from decimal import Decimal

import pytest

from contactcenter.agi.numbers import LARGEST, amount, calendar_date, digits, number, spoken


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (0, "零", "zero"),
        (2, "二", "two"),
        (10, "十", "ten"),
        (15, "十五", "fifteen"),
        (20, "二十", "twenty"),
        (22, "二十二", "twenty-two"),
        (101, "一百零一", "one hundred and one"),
        (110, "一百一十", "one hundred and ten"),
        (200, "两百", "two hundred"),
        (1001, "一千零一", "one thousand and one"),
        (1010, "一千零一十", "one thousand and ten"),
        (1200, "一千二百", "one thousand two hundred"),
        (2000, "两千", "two thousand"),
        (2002, "两千零二", "two thousand and two"),
        (10010, "一万零一十", "ten thousand and ten"),
        (12000, "一万两千", "twelve thousand"),
        (20000, "两万", "twenty thousand"),
        (100000, "十万", "one hundred thousand"),
        (101000, "十万一千", "one hundred and one thousand"),
        (120002, "十二万零二", "one hundred and twenty thousand and two"),
        (1000010, "一百万零一十", "one million and ten"),
        (100000001, "一亿零一", "one hundred million and one"),
        (100001000, "一亿零一千", "one hundred million one thousand"),
        (200000000, "两亿", "two hundred million"),
        (-5, "负五", "minus five"),
    ],
)
def test_number(value: int, zh: str, en: str) -> None:
    assert number(value, "zh") == zh
    assert number(value, "en") == en


def test_numbers_have_an_end() -> None:
    assert number(LARGEST, "zh").startswith("九千九百九十九亿")
    with pytest.raises(ValueError, match="too large"):
        number(LARGEST + 1, "en")


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ("0", "零元", "zero yuan"),
        ("0.05", "五分", "five fen"),
        ("0.5", "五角", "fifty fen"),
        ("0.22", "两角二分", "twenty-two fen"),
        ("2", "两元", "two yuan"),
        ("2.2", "两元二角", "two yuan twenty"),
        ("2.02", "两元零二分", "two yuan oh two"),
        ("10", "十元", "ten yuan"),
        ("12.5", "十二元五角", "twelve yuan fifty"),
        ("12.05", "十二元零五分", "twelve yuan oh five"),
        ("12.55", "十二元五角五分", "twelve yuan fifty-five"),
        ("0.005", "一分", "one fen"),
        ("-12.50", "负十二元五角", "minus twelve yuan fifty"),
        ("-0.001", "零元", "zero yuan"),
        ("1000000", "一百万元", "one million yuan"),
    ],
)
def test_amount(value: str, zh: str, en: str) -> None:
    assert amount(Decimal(value), "zh") == zh
    assert amount(Decimal(value), "en") == en


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (date(2026, 3, 5), "二零二六年三月五日", "March fifth, twenty twenty-six"),
        (date(2024, 2, 29), "二零二四年二月二十九日", "February twenty-ninth, twenty twenty-four"),
        (date(2000, 1, 1), "二零零零年一月一日", "January first, two thousand"),
        (date(2005, 10, 20), "二零零五年十月二十日", "October twentieth, two thousand and five"),
        (date(2010, 5, 2), "二零一零年五月二日", "May second, twenty ten"),
        (date(1999, 12, 31), "一九九九年十二月三十一日", "December thirty-first, nineteen ninety-nine"),
        (date(1905, 8, 12), "一九零五年八月十二日", "August twelfth, nineteen oh five"),
        (date(1900, 11, 30), "一九零零年十一月三十日", "November thirtieth, nineteen hundred"),
    ],
)
def test_date(day: date, zh: str, en: str) -> None:
    assert calendar_date(day, "zh") == zh
    assert calendar_date(day, "en") == en


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("1", "幺", "one"),
        ("10001", "幺零零零幺", "one zero zero zero one"),
        ("+86-10", "八六幺零", "eight six one zero"),
        ("1381234567", "幺三，八幺二三，四五六七", "one three, eight one two three, four five six seven"),
        ("13812345678", "幺三八，幺二三四，五六七八", digits("138", "en") + ", " + digits("12345678", "en")),
        ("123456789", "幺二三四五，六七八九", "one two three four five, six seven eight nine"),
    ],
)
def test_digits(text: str, zh: str, en: str) -> None:
    assert digits(text, "zh") == zh
    assert digits(text, "en") == en


def test_values_in_texts_are_said_by_their_kind() -> None:
    said = [spoken(value, "en") for value in (12, Decimal(12), date(2026, 1, 1), "12", "+12", "Ann", "")]
    assert said == [
        "twelve",
        "twelve yuan",
        "January first, twenty twenty-six",
        "one two",
        "one two",
        "Ann",
        "",
    ]
