"""Made-up people and companies, Chinese and English, by the dice that they are given.

Nobody of them exists. Telephone numbers belong to nobody either: see `data.py`.
"""

import random
import tomllib
from functools import lru_cache
from pathlib import Path

from contactcenter.crm import words
from contactcenter.values import frozen

_WORDS = tomllib.loads(Path(__file__).with_name("people.toml").read_text(encoding="utf-8"))
TEXTS: dict[str, dict[str, list[str]]] = {
    name: _WORDS[name] for name in ("subjects", "talks", "products", "notes")
}
"""What people call about, by language; `{0}` stands for a product."""


def _list(name: str) -> list[str]:
    found = _WORDS[name]
    return found.split() if isinstance(found, str) else list(found)


_SURNAMES, _GIVEN, _FIRST, _LAST = map(_list, ("surnames", "given", "first", "last"))
_SURNAME_WEIGHTS = tuple(1 / (n + 6) for n in range(len(_SURNAMES)))
_CITIES, _BRANDS, _TRADES, _FORMS = map(_list, ("cities", "brands", "trades", "forms"))
_ENGLISH_BRANDS, _ENGLISH_TRADES = map(_list, ("english_brands", "english_trades"))
_ENGLISH_FORMS, _DOMAINS = map(_list, ("english_forms", "domains"))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@frozen
class Person:
    """Somebody, or a company."""

    name: str
    language: str
    company: str
    email: str


def chinese(dice: random.Random) -> str:
    """A Chinese name of two or three characters, or more with a double surname."""
    given = dice.choice(_GIVEN)
    if dice.random() < 0.72:
        given += dice.choice(_GIVEN)
    return dice.choices(_SURNAMES, _SURNAME_WEIGHTS)[0] + given


def english(dice: random.Random) -> str:
    """First and last name."""
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


def company(dice: random.Random, language: str) -> str:
    """A company's name."""
    if language == "en":
        return f"{dice.choice(_ENGLISH_BRANDS)} {dice.choice(_ENGLISH_TRADES)} {dice.choice(_ENGLISH_FORMS)}"
    return dice.choice(_CITIES) + dice.choice(_BRANDS) + dice.choice(_TRADES) + dice.choice(_FORMS)


def person(dice: random.Random, language: str) -> Person:
    """Somebody: one in eight gives a company, one in three an e-mail address."""
    name = english(dice) if language == "en" else chinese(dice)
    works = company(dice, language) if dice.random() < 0.125 else ""
    email = ""
    if dice.random() < 0.35:
        local = name.lower().replace(" ", ".").replace("'", "") if language == "en" else _sound(name)
        local = local.encode("ascii", "ignore").decode()
        email = f"{local}{dice.randrange(10_000)}@{dice.choice(_DOMAINS)}"
    return Person(name=name, language=language, company=works, email=email)


@lru_cache(maxsize=65_536)
def _sound(name: str) -> str:
    return "".join(words.syllables(name))


def id_number(dice: random.Random) -> str:
    """The number of an identity card with a right check digit, of a region that there is not (99)."""
    body = f"99{dice.randrange(10_000):04}{dice.randrange(1950, 2006)}{dice.randrange(1, 13):02}"
    body += f"{dice.randrange(1, 29):02}{dice.randrange(1000):03}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]
