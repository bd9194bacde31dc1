"""Mistakes in a configuration, in words that say what would be right instead of what was expected inside."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Wrong(NamedTuple):
    """One mistake."""

    key: str
    says: str
    """What is wrong with it, and what to do."""


class WrongReferences(ValueError):
    """Keys that are right each for itself, and wrong together."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__("; ".join(f"{each.key}: {each.says}" for each in wrong))
        self.wrong = wrong


_WORDS: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false, without quotes",
    "bool_parsing": "must be true or false, without quotes",
    "string_type": "must be text, in quotes",
    "path_type": "must be a path, in quotes",
    "tuple_type": 'must be a list, such as ["a", "b"]',
    "list_type": 'must be a list, such as ["a", "b"]',
    "dict_type": "must be a table: several keys, each with its value",
    "model_type": "must be a table: several keys, each with its value",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "must not be empty: add at least one",
    "string_too_long": "must have {max_length} characters at most",
}
"""Type of pydantic's error -> what is right; `{}` for the error's own figures."""

_DATES = re.compile(r"date")

PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]{0,31}$": "must be a name: a small letter, then small letters, digits or _, 32 at most",
    r"^\+?[0-9]{1,15}$": "must be a telephone number: 1 to 15 digits, with or without + before them",
    r"^[0-9]{2,6}$": "must be a phone's number: 2 to 6 digits, in quotes",
    r"^([A-Za-z0-9_-]{8,128})?$": "must be 8 to 128 letters, digits, _ or -",
    r"^[A-Za-z0-9_-]{1,32}$": "must be 1 to 32 letters, digits, _ or -",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$": "must be the name of an endpoint in pjsip.conf, such as carrier",
    r"^[0-9]{1,15}$": "must be digits, 1 to 15 of them, in quotes",
    r"^(\+?[0-9]{1,15})?$": "must be a telephone number or empty: digits, with or without + before them",
    r"^PJSIP/[A-Za-z0-9_.+@:/-]{1,150}$": "must be an endpoint such as PJSIP/120 or PJSIP/+49301@carrier",
}
"""What the patterns of `config` mean."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def remedy(error: Mapping[str, Any]) -> str:
    """What would be right, for one of pydantic's errors."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "is missing: add it"
    if kind == "extra_forbidden":
        return "is not a key that exists here: check the spelling, or remove it"
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    if kind == "string_too_short":
        least = context["min_length"]
        return "must not be empty" if least == 1 else f"must have {least} characters at least"
    if words := _WORDS.get(kind):
        return words.format(**context)
    if _DATES.match(kind):
        return "must be a date such as 2027-01-01"
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")


def place(parts: tuple[str | int, ...]) -> str:
    """A key as TOML would have it: `dids."40 02".queue`; of a wrong key the key itself."""
    named = [str(part) for part in parts if part != "[key]"]
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in named)
