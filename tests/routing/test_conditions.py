"""Conditions on a customer: read as they are said, and never more than that."""

import pytest

from contactcenter.routing.conditions import NoCondition, custom_fields, is_so, parse
from contactcenter.values import CustomerCard

WANG = CustomerCard(
    id="c1", number="1", name="Wang", tier="gold", category="key", tags=("vip", "loud"), company="星河",
    custom={"segment": "a", "points": 120, "limit": "12.50", "since": "2026-03-01", "likes": ["tea", "go"],
            "loyal": True},
)  # fmt: skip
NOBODY = CustomerCard(id="c2", number="2", name="Nobody")


@pytest.mark.parametrize(
    ("text", "wang", "nobody"),
    [
        ('customer.tier == "gold"', True, False), ('"gold" == customer.tier', True, False),
        ('customer.tier != "gold"', False, True), ('customer.tier in ("gold", "platinum")', True, False),
        ('customer.tier not in ("gold", "platinum")', False, True), ('customer.tags == "vip"', True, False),
        ('"vip" in customer.tags', True, False), ('"vip" not in customer.tags', False, True),
        ('customer.tags in ("vip", "x")', True, False), ("customer.save_desk", False, False),
        ("not customer.save_desk", True, True), ("customer.save_desk == False", True, True),
        ("customer.custom.points >= 120", True, False), ("customer.custom.points > 120", False, False),
        ("100 < customer.custom.points", True, False), ("customer.custom.points == 120.0", True, False),
        ("customer.custom.limit < 13", True, False), ("customer.custom.limit == 12.5", True, False),
        ('customer.custom.since >= "2026-01-01"', True, False),
        ('customer.custom.likes == "tea"', True, False),
        ('"go" in customer.custom.likes', True, False), ("customer.custom.loyal", True, False),
        ("customer.custom.loyal == 1", False, False), ("customer.custom.nothing == 1", False, False),
        ("customer.custom.nothing != 1", True, True), ("customer.custom.nothing < 1", False, False),
        ('customer.custom.points > "1"', False, False), ('customer.company == "星河"', True, False),
        ('customer.kind == "person"', True, True),
        ('customer.tier == "gold" and not "quiet" in customer.tags or customer.save_desk', True, False),
        ('(customer.tier == "x" or customer.category == "key") and customer.custom.points > 1', True, False),
    ],
)  # fmt: skip
def test_a_condition_says_what_it_reads_like(text: str, wang: bool, nobody: bool) -> None:
    assert (is_so(text, WANG), is_so(text, NOBODY)) == (wang, nobody)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", '"gold"', "customer", "customer.tier", "customer.tier == customer.category", "tier == 'x'",
        "customer.name == 'x'", "customer.__class__ == 'x'", "customer.custom == 'x'",
        "customer.custom.a.b == 1",
        "customer.tier.upper() == 'X'", "__import__('os').system('x')", "customer.tier == 'a' == 'b'",
        "customer.tier in 'gold'", "customer.tier in ()", "customer.tier == ('a', 'b')",
        "customer.tier is 'x'",
        "customer.tier == None", "customer.tier == f'{1}'", "customer.tier < True", "customer.tier == 1 + 1",
        "lambda: 1", "[x for x in customer.tags]", "customer.tier == 'x' if 1 else 2", "x" * 501, "(" * 300,
        "not " * 120 + "customer.save_desk and", "customer.tier == b'x'", "customer.tier == 1e999 - 1e999",
        "a\0b",
        "customer.tier == 'x'; 1", "customer['tier'] == 'x'",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_in_words(text: str) -> None:
    with pytest.raises(NoCondition) as refused:
        parse(text)
    assert len(str(refused.value)) > 10


def test_the_custom_fields_that_a_condition_asks_for_are_known() -> None:
    text = 'not customer.custom.a == 1 or customer.custom.b in (1, 2) and customer.tier == "x"'
    assert custom_fields(parse(text)) == {"a", "b"}
