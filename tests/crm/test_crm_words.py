"""Words: what is typed finds what is held, in Chinese, by sound, in Latin and by numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.crm import words
from contactcenter.crm.words import Term


def name_finds(question: str, name: str) -> bool:
    """Whether every word of the question is one of the name's, or begins one where it may."""
    held = set(words.name_words(name))
    terms = words.asked(question)
    return bool(terms) and all(
        any(word.startswith(term.word) if term.prefix else word == term.word for word in held)
        for term in terms
    )


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("王小明", "王小明"), ("小明", "王小明"), ("王", "王小明"), ("wangxiaoming", "王小明"),
        ("wang xiao", "王小明"), ("wangx", "王小明"), ("wxm", "王小明"), ("WXM", "王小明"),
        ("shantianfang", "单田芳"), ("zeng", "曾志伟"), ("zzw", "曾志伟"),
        ("lvbu", "吕布"), ("lubu", "吕布"),
        ("ouyang", "欧阳娜娜"), ("jose nunez", "José Núñez"), ("JOSÉ", "José Núñez"), ("nun", "José Núñez"),
        ("muller", "Jörg Müller"), ("marialind", "Maria Lind"), ("ml", "Maria Lind"),
        ("ｍａｒｉａ", "Maria Lind"),
        ("云通", "北京云通科技有限公司"), ("bjyt", "北京云通科技有限公司"), ("иван", "Иван Петров"),
    ],
)  # fmt: skip
def test_a_name_is_found(question: str, name: str) -> None:
    assert name_finds(question, name)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("王明", "王小明"),
        ("xm", "王小明"),
        ("张", "王小明"),
        ("lind m x", "Maria Lind"),
        ("w x m z", "王小明"),
    ],
)
def test_another_name_is_not(question: str, name: str) -> None:
    assert not name_finds(question, name)


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("13800138000", "+8613800138000"), ("138 0013 8000", "+8613800138000"), ("8000", "+8613800138000"),
        ("00138", "+8613800138000"), ("+86 138", "+8613800138000"), ("010-6552", "+861065529988"),
        ("0086 138", "+8613800138000"), ("(020) 7946", "+442079460958"),
        ("100", "100234"), ("0001", "2026-000123"),
        ("2026-000123", "2026-000123"),
    ],
)  # fmt: skip
def test_a_part_of_a_number_finds_it(question: str, number: str) -> None:
    (term,) = words.asked(question)
    held = set(words.number_words(number))
    assert term.number
    assert any(word.startswith(digits) for digits in words.number_readings(term.word) for word in held)


@pytest.mark.parametrize("question", ["", "  ", "12", "-", "+", "😀", "%", '"', "*", "()"])
def test_a_question_without_words_asks_nothing(question: str) -> None:
    assert words.asked(question) == ()


def test_a_name_and_a_number_in_one_question() -> None:
    assert words.asked("王伟 1380") == (
        Term(word="王伟", prefix=False),
        Term(word="1380", prefix=True, number=True),
    )


def test_an_e_mail_address_is_one_word() -> None:
    assert words.asked("Zhang.Wei@ex") == (Term(word="zhangweiex", prefix=True, email=True),)
    assert words.letters("zhang.wei@example.com").startswith("zhangweiex")


@given(st.text(max_size=60))
def test_every_word_is_letters_and_digits(text: str) -> None:
    """So that none can be an operator of an index, or two words to it."""
    for word in (*words.text_words(text), *words.name_words(text), words.letters(text)):
        assert word.isalnum() or word == ""
    for word in words.number_words(text):
        assert word.isalnum() or not word.isascii()
    for term in words.asked(text):
        assert term.word.isalnum()


@given(st.text(alphabet="王李小明伟芳ab é1", min_size=1, max_size=12))
def test_a_name_is_found_by_itself(name: str) -> None:
    if any(not term.number for term in words.asked(name)) and not any(c.isdigit() for c in name):
        assert name_finds(name, name)


def test_a_huge_text_is_cut() -> None:
    assert sum(map(len, words.text_words("好" * 1_000_000))) < 4 * words.LONGEST_TEXT


@given(
    st.text(st.sampled_from("ab12 _王小\u0301é٣.ｂ-あ")),
    st.text(st.sampled_from("ab12王小bあ"), min_size=1, max_size=4),
)
def test_a_text_holds_what_is_among_its_words(text: str, question: str) -> None:
    held = set(words.text_words(text))
    for term in words.asked(question):
        among = any(word.startswith(term.word) if term.prefix else word == term.word for word in held)
        assert words.holds(words.folded(text), term) == among
