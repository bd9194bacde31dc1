"""Words: what a record is found by, and what somebody who types into the search box means. Pure.

Both sides are cut into the same words, so any index that can look up whole words and beginnings of words
serves (`search.py` has SQLite's and PostgreSQL's):

- Han text becomes its characters and its pairs of neighbours: 王小明 → 王 小 明 王小 小明.
- A Chinese name is also found by its sound: whole (wangxiaoming), by syllables, and by initials (wxm).
- Latin, Cyrillic, Greek … become words without accents and case: José Núñez → jose nunez.
- Numbers become all their endings, so that any part of one is the beginning of a word: 4008 → 4008, 008.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from contactcenter.values import frozen

LEAST_DIGITS = 3
"""Fewer digits than this say nothing of a number: every one has them."""
LONGEST_WORD = 40
LONGEST_SOUND = 12
"""Characters whose sound is kept: no person's name is longer, and of a company's nobody types more."""
LONGEST_TEXT = 20_000
"""Characters of one text that are cut into words."""
MOST_WORDS = 8
"""Words of a question: more of them narrow nothing that anybody would look through."""

_HANS = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134a"
_HAN = re.compile(rf"[{_HANS}]+")
_LATIN = rf"(?![{_HANS}])[^\W_]"
"""A letter or digit of any script that is cut into whole words."""
_NUMBER = re.compile(r"\d+")
_ONLY_NUMBER = re.compile(r"[\s().+/-]*(?:\d[\s().+/-]*)+\Z")
_WORD = re.compile(r"[^\W_]+")
# What folding may have to change, once a text is decomposed: anything but ASCII and the letters of which no
# one is a digit or an accent. Long texts have few of it, and only these are looked at one by one.
_ODD = re.compile(
    r"[^\x00-\x7f\u00a0-\u02ff\u0370-\u0482\u048a-\u0530\u1100-\u11ff\u3000-\u3029\u3041-\u3096\u309b-\u4dbf"
    r"\u4e00-\u9fff]"
)

# How a character reads as a family name, where that differs from its usual sound.
_SURNAMES = {
    "单": "shan", "單": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "查": "zha", "区": "ou", "區": "ou",
    "朴": "piao", "盖": "ge", "蓋": "ge", "尉": "yu", "缪": "miao", "繆": "miao", "种": "chong", "折": "she",
    "黑": "he", "秘": "bi", "乐": "yue", "樂": "yue", "员": "yun", "員": "yun", "翟": "zhai", "覃": "qin",
    "召": "shao",
}  # fmt: skip


@frozen
class Term:
    """One word of a question."""

    word: str
    prefix: bool
    """Whether it may be the beginning of a word only."""
    number: bool = False
    """Whether it is looked for among numbers."""
    email: bool = False
    """Whether it is the beginning of an e-mail address, as `letters` writes it."""


def folded(text: str) -> str:
    """`text` without accents, case and width: what two people would call the same letters and digits."""
    return _ODD.sub(_fold, unicodedata.normalize("NFKD", text[:LONGEST_TEXT].casefold()))


def _fold(odd: re.Match[str]) -> str:
    c = odd.group()
    return str(unicodedata.decimal(c)) if c.isdecimal() else "" if unicodedata.combining(c) else c


def text_words(text: str) -> Iterator[str]:
    """The words of any text, without the sounds of Chinese."""
    text = folded(text)
    for run in (each for word in _WORD.findall(text) for each in runs(word)):
        if _HAN.fullmatch(run):
            yield from _grams(run)
        else:
            yield run[:LONGEST_WORD]


def name_words(name: str) -> Iterator[str]:
    """The words of a name, with the sounds of its Chinese parts."""
    yield from text_words(name)
    joined = "".join(_WORD.findall(folded(name)))
    if " " in name.strip() and not _HAN.search(joined):
        # Maria Lind is looked for as marialind and as ml too.
        yield joined[:LONGEST_WORD]
        yield "".join(word[0] for word in _WORD.findall(folded(name)))
    for run in _WORD.findall(folded(name)):
        for han in _HAN.findall(run):
            yield from sounds(han[:LONGEST_SOUND])


def is_han(run: str) -> bool:
    """Whether it is written in Han characters only, and so compared with no sound."""
    return _HAN.fullmatch(run) is not None


def holds(text: str, term: Term) -> bool:
    """Whether a folded text has the term among its `text_words`: the same answer, without cutting it."""
    if _HAN.fullmatch(term.word):
        return term.word in text
    end = "" if term.prefix else rf"(?!{_LATIN})"
    return re.search(rf"(?<!{_LATIN}){re.escape(term.word)}{end}", text) is not None


def runs(text: str) -> Iterator[str]:
    """A folded text in pieces that are either all Han or hold none."""
    start = 0
    for han in _HAN.finditer(text):
        if han.start() > start:
            yield text[start : han.start()]
        yield han.group()
        start = han.end()
    if start < len(text):
        yield text[start:]


def syllables(run: str) -> tuple[str, ...]:
    """How a run of Han characters sounds, a syllable each; any other run is its own sound."""
    return tuple(lazy_pinyin(run, style=Style.NORMAL, v_to_u=False)) if _HAN.fullmatch(run) else (run,)


@lru_cache(maxsize=65_536)
def sounds(han: str) -> tuple[str, ...]:
    """How Han characters are typed by their sound: all of it, each syllable, the initials, the first syllable
    and initials."""
    found: dict[str, None] = {}
    usual = lazy_pinyin(han, style=Style.NORMAL, v_to_u=False)
    readings = [usual]
    if (surname := _SURNAMES.get(han[0])) and usual[0] != surname:
        readings.append([surname, *usual[1:]])
    for syllables in readings:
        for syllable in syllables:
            found[syllable] = None
        found["".join(syllables)[:LONGEST_WORD]] = None
        found["".join(syllable[:1] for syllable in syllables)] = None
        # The family's name whole, the rest by initials: wangxm.
        found["".join([syllables[0], *(each[:1] for each in syllables[1:])])[:LONGEST_WORD]] = None
        if any("v" in syllable for syllable in syllables):  # 吕 is typed lv and lu
            found["".join(syllables).replace("v", "u")[:LONGEST_WORD]] = None
    return tuple(found)


def number_words(number: str) -> Iterator[str]:
    """Every ending of a number that has enough digits; of anything else its folded text, if it has any."""
    plain = letters(number)
    if plain.isdecimal() or (plain[:-1].isdecimal() and plain[-1:] == "x"):
        for start in range(max(1, len(plain) - LEAST_DIGITS + 1)):
            yield plain[start:][:LONGEST_WORD]
    elif plain:
        yield plain[:LONGEST_WORD]
        for digits in _NUMBER.findall(folded(number)):
            if len(digits) >= LEAST_DIGITS:
                yield from number_words(digits)


def letters(text: str) -> str:
    """All letters and digits of a text as one word: how an e-mail address is found by its beginning."""
    return "".join(_WORD.findall(folded(text)))[: 2 * LONGEST_WORD]


def asked(question: str) -> tuple[Term, ...]:
    """The words of a question, all of which must be found. Empty when it holds none."""
    question = folded(question).strip()
    if _ONLY_NUMBER.fullmatch(question):
        digits = "".join(_NUMBER.findall(question))
        return (Term(word=digits, prefix=True, number=True),) if len(digits) >= LEAST_DIGITS else ()
    terms: dict[Term, None] = {}
    for piece in question.split():
        for term in _terms(piece):
            terms[term] = None
    return tuple(terms)[:MOST_WORDS]


def number_readings(digits: str) -> tuple[str, ...]:
    """The ways in which somebody may have meant these digits of a number: as they stand, without the country
    code or the trunk's 0 before them. 010 6552 is written 10 6552 behind +86."""
    readings = [digits]
    for before in ("0086", "00", "0"):
        if digits.startswith(before) and len(digits) - len(before) >= LEAST_DIGITS:
            readings.append(digits[len(before) :])
    return tuple(dict.fromkeys(readings))


def _terms(piece: str) -> Iterable[Term]:
    if "@" in piece[1:] and letters(piece):
        return (Term(word=letters(piece), prefix=True, email=True),)
    if _ONLY_NUMBER.fullmatch(piece) and len(digits := "".join(_NUMBER.findall(piece))) >= LEAST_DIGITS:
        return (Term(word=digits, prefix=True, number=True),)
    terms = []
    for run in (each for word in _WORD.findall(piece) for each in runs(word)):
        if _HAN.fullmatch(run):
            # Pairs say all that the characters alone would, and are rarer.
            pairs = [run[i : i + 2] for i in range(len(run) - 1)]
            terms += [Term(word=gram, prefix=False) for gram in pairs or [run]]
        else:
            # The word that is still being typed is the beginning of one.
            terms.append(Term(word=run[:LONGEST_WORD], prefix=True))
    return terms


def _grams(han: str) -> Iterator[str]:
    yield han[0]
    for at in range(1, len(han)):
        yield han[at]
        yield han[at - 1 : at + 1]
