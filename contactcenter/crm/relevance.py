"""Relevance: how well what a record holds matches a question, and where. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from contactcenter.crm import words
from contactcenter.crm.words import Term

_AROUND = 40
"""Characters shown before and after what matched in a text."""


class Match(NamedTuple):
    """How well one field matches, from 0 (not at all) to 100, and what of it is shown."""

    score: int
    field: str = ""
    excerpt: str = ""


NONE = Match(0)
IN_A_TEXT = 20
BY_PARTS = 10
"""Every word is somewhere in the record, but no field holds them all."""


class Asked:
    """The question, for comparing it with what the records hold."""

    def __init__(self, question: str, terms: Sequence[Term]) -> None:
        self.question = question
        self.plain = words.letters(question)
        self.terms = terms
        self._by_sound = not all(words.is_han(term.word) for term in terms)
        self.digits = "".join(c for c in question if c.isdecimal()) if all(t.number for t in terms) else ""
        self.readings = words.number_readings(self.digits) if self.digits else ()

    def name(self, name: str) -> int:
        """How well a name matches: 90 the whole, 75 its beginning, 70 its sound, 55 some of its words."""
        plain = words.letters(name)
        if not plain or self.digits:
            return 0
        if plain == self.plain:
            return 90
        if plain.startswith(self.plain):
            return 75
        held = _words_of(name, self._by_sound)
        if self.plain in held:
            return 70
        if all(any(_fits(word, term) for word in held) for term in self.terms if not term.number):
            return 55 if any(not term.number for term in self.terms) else 0
        return 0

    def number(self, number: str) -> int:
        """How well a number matches: 95 the whole, 65 its end, 45 something within."""
        plain = "".join(c for c in number if c.isalnum())
        best = 0
        wanted = self.readings or tuple(term.word for term in self.terms if term.number)
        for digits in wanted:
            if plain == digits or plain == f"86{digits}":
                best = max(best, 95)
            elif plain.endswith(digits):
                best = max(best, 65)
            elif digits in plain:
                best = max(best, 45)
        return best

    def email(self, address: str) -> int:
        """How well an e-mail address matches: 92 the whole, 72 its beginning."""
        plain = words.letters(address)
        if plain == self.plain:
            return 92
        return 72 if any(term.email and plain.startswith(term.word) for term in self.terms) else 0

    def excerpt(self, text: str) -> str:
        """Where a text holds the first of the words that it holds, with what stands around; else empty."""
        low = text.casefold()
        for term in self.terms:
            at = low.find(term.word)
            if at < 0 and not term.word.isascii():
                at = low.find(term.word[0])
            if at < 0:
                continue
            begin, end = max(0, at - _AROUND), min(len(text), at + len(term.word) + _AROUND)
            part = " ".join(text[begin:end].split())
            return f"{'…' if begin else ''}{part}{'…' if end < len(text) else ''}"
        return ""

    def missing(
        self,
        terms: Iterable[Term],
        *,
        names: Iterable[str] = (),
        numbers: Iterable[str] = (),
        emails: Iterable[str] = (),
        texts: Iterable[str] = (),
    ) -> tuple[Term, ...]:
        """Those of the terms that none of these names, numbers, addresses and texts holds, as the index has
        them. A text is no longer looked at once all are found."""
        left = tuple(terms)
        for name in names:
            if left and (words_ := _words_of(name, self._by_sound)):
                left = tuple(term for term in left if not any(_fits(word, term) for word in words_))
        if left and (held := {word for number in numbers for word in words.number_words(number)}):
            left = tuple(term for term in left if not _among(held, term))
        if left and (held := {words.letters(email) for email in emails}):
            left = tuple(t for t in left if not (t.email and any(each.startswith(t.word) for each in held)))
        for text in texts:
            if not left:
                break
            plain = words.folded(text)
            left = tuple(term for term in left if term.email or not words.holds(plain, term))
        return left

    def text(self, texts: Iterable[tuple[str, str]]) -> Match:
        """The first of these fields with their texts that holds a word of the question."""
        for field, value in texts:
            if part := self.excerpt(value):
                return Match(IN_A_TEXT, field, part)
        return Match(BY_PARTS)


@lru_cache(maxsize=4_096)
def _words_of(name: str, by_sound: bool) -> frozenset[str]:
    """The words of a name: each is compared more than once for one question, and again at the next letter."""
    return frozenset(words.name_words(name) if by_sound else words.text_words(name))


def _fits(word: str, term: Term) -> bool:
    """Whether a record's word is what the term stands for."""
    return word.startswith(term.word) if term.prefix else word == term.word


def _among(numbers: Iterable[str], term: Term) -> bool:
    """Whether a record's numbers hold what the term stands for."""
    readings = words.number_readings(term.word)
    return not term.email and any(each.startswith(readings) for each in numbers)
