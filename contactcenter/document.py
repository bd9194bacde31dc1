"""The configuration as a file: taken out of a store, and put back into one, while no server needs to run."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contactcenter.config import LIVE, ConfigError, Configuration, Settings, wrong_of
from contactcenter.configurator import FROM_THE_FILE
from contactcenter.crm import configurations, engines, migrations
from contactcenter.crm.configurations import Version
from contactcenter.crm.place import Place
from contactcenter.crm.store import Store
from contactcenter.mistakes import WrongReferences

_BARE = re.compile(r"[A-Za-z0-9_-]+")


async def stored(place: Place) -> Version | None:
    """The version in force in a store, whether a server runs on it or not; None when there is none yet."""
    if isinstance(place, Path) and not place.exists():
        return None
    return await engines.peek(
        place, lambda db: configurations.current(db) if migrations.revision(db) else None
    )


async def put(settings: Settings, file: Path, store: Store) -> Version | None:
    """Make the file's sections the next version; None when they are in force already.

    Of a whole configuration only what may change live is taken. Raises `ConfigError`.
    """
    document = settings.with_configuration(read(file, settings)).document()
    before = await store.read(configurations.current)
    if before and before.document == document:
        return None
    return await store.write(
        configurations.add,
        document,
        expected=before.version if before else 0,
        login=FROM_THE_FILE,
        comment=f"imported from {file.name}",
        at=store.now(),
    )


def read(file: Path, settings: Settings) -> Configuration:
    """The part of a file that may change live, checked together with the rest of the configuration."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, [f"this is no valid TOML: {error}"]) from None
    try:
        configuration = Configuration.model_validate({key: raw[key] for key in raw if key in LIVE})
        settings.with_configuration(configuration)
    except ValidationError as error:
        wrong = [each for one in error.errors(include_url=False) for each in wrong_of(one)]
    except WrongReferences as error:
        wrong = error.wrong
    else:
        return configuration
    raise ConfigError(file, [f"{each.key}: {each.says}" for each in wrong])


def as_toml(document: dict[str, Any]) -> str:
    """The document as a person can edit it: a table for each table, values that are none left out."""
    return "\n".join(_table((), document)).strip() + "\n"


def _table(path: tuple[str, ...], table: dict[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not _is_table(value) and value is not None}
    if path and (plain or not table):
        yield f"\n[{'.'.join(map(_key, path))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if _is_table(value):
            yield from _table((*path, key), value)


def _is_table(value: Any) -> bool:
    """A title is a table too, but reads better in one line."""
    return isinstance(value, dict) and set(value) != {"zh", "en"}


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            inner = (f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
            return f"{{ {', '.join(inner)} }}"
        case _:
            return json.dumps(value)


def _text(text: str) -> str:
    """JSON's strings are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
