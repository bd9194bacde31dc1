"""Likeness: how sure it is that two records are one customer, and by what. Pure.

Each reason that speaks for it has a chance of being right by itself; together they are
`1 - (1 - a)(1 - b) …`, as for independent witnesses. A name alone says little where many have it, as they do
张伟: equal names count by how rare they are among our customers.
"""

from collections.abc import Iterable

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import token_sort_ratio

from contactcenter.crm import words
from contactcenter.values import frozen

LEAST = 0.55
"""From here on a pair is shown to somebody."""
ID_NUMBER = 0.99
EMAIL = 0.7
PHONES = {"mobile": 0.6, "main": 0.6, "home": 0.4, "other": 0.4, "work": 0.3, "fax": 0.1}
"""By the kind of the number; a switchboard's or a household's is shared by many who are not the same."""
SHARED = 4
"""A number or mailbox of more customers than this says nothing: it is a switchboard's."""
NAME = 0.75
"""A name that nobody else has, letter by letter."""
SAME_COMPANY = 0.3
UNLIKE = 0.5
"""Names less alike than this speak against it: a couple shares a number and is no double."""


@frozen
class Reason:
    """One thing that two records have in common."""

    kind: str
    """id_number, phone, email, name, company."""
    value: str = ""
    """What it is; of a name and an id number nothing."""
    chance: float = 0.0
    """How sure it would be by this alone, 0 to 1."""


def names(one: str, other: str) -> float:
    """How alike two names are, 0 to 1: 1 the same letters, 0.9 the same sound, else by how much is the same.

    Latin names are compared without accents and in any order of their words, Chinese ones by characters and
    by sound: 王晓明 and 王小明 sound the same.
    """
    first, second = words.letters(one), words.letters(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    if first.isascii() and second.isascii():
        return token_sort_ratio(words.folded(one), words.folded(other)) / 100
    by_sound = _sound(first), _sound(second)
    if by_sound[0] == by_sound[1]:
        return 0.9
    letters = JaroWinkler.similarity(first, second)
    return max(letters, 0.85 * JaroWinkler.similarity(*by_sound))


def together(reasons: Iterable[Reason], alike: float, namesakes: int = 1) -> float:
    """How sure all reasons together make it. `alike` is `names`; `namesakes` how many customers have the
    name, both of the pair among them."""
    doubt = 1.0
    for reason in reasons:
        doubt *= 1 - reason.chance
    if alike >= 1.0:
        doubt *= 1 - name_chance(namesakes)
    elif alike >= UNLIKE:
        doubt *= 1 - 0.5 * (alike - UNLIKE) / (1 - UNLIKE)
    score = 1 - doubt
    return score if alike >= UNLIKE or any(each.kind == "id_number" for each in reasons) else score * 0.6


def name_chance(namesakes: int) -> float:
    """What an equal name says, when so many customers have it."""
    return NAME * 2 / max(2, namesakes)


def key(name: str) -> str:
    """Names with equal keys are compared with each other: the same sounds and words, in any order. So 王明,
    Wang Ming and Ming Wang are."""
    parts = (each for word in name.split() for each in words.runs(words.letters(word)))
    return "".join(sorted(syllable for part in parts for syllable in words.syllables(part)))


def _sound(plain: str) -> str:
    return "".join("".join(words.syllables(run)) for run in words.runs(plain))
