"""Starts Asterisk in a container of its own: `python3 -m contactcenter.asterisk.container`.

The settings come from variables named after the fields of `AsteriskSettings`: `ASTERISK_AMI_SECRET`,
`ASTERISK_PORT_OFFSET`, `ASTERISK_DIDS=4001,4002`, `ASTERISK_PHONES=101:secret,102:secret` …
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from contactcenter.asterisk.configuration import AsteriskSettings, BadSetting, Folders, write
from contactcenter.asterisk.music import write_music

_TREE = Path("/opt/asterisk")
_INSTANCE = Path("/var/lib/asterisk")
_PREFIX = "ASTERISK_"


def read_environment(environment: Mapping[str, str]) -> AsteriskSettings:
    """The settings that the environment names, the defaults for others; raises `BadSetting`."""
    types_of = get_type_hints(AsteriskSettings)
    names = {field.name for field in fields(AsteriskSettings)}
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(_PREFIX):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if name not in names:
            raise BadSetting(name, text, f"known; the settings are {', '.join(sorted(names))}")
        values[name] = _parsed(name, text, types_of[name])
    if "ami_secret" not in values:
        raise BadSetting("ami_secret", "", f"there: set {_PREFIX}AMI_SECRET")
    return AsteriskSettings(**values)


def _parsed(name: str, text: str, kind: Any) -> Any:
    items = [item for item in text.split(",") if item]
    if get_origin(kind) is tuple:
        return tuple(items)
    if get_origin(kind) is not None:
        # The one mapping is secret, so its text is not shown.
        if not all(":" in item for item in items):
            raise BadSetting(name, "…", "a list such as 101:secret,102:secret")
        return dict(item.split(":", 1) for item in items)
    if kind is bool:
        if text not in ("yes", "no"):
            raise BadSetting(name, text, "yes or no")
        return text == "yes"
    try:
        return kind(text)
    except ValueError:
        raise BadSetting(name, text, "a number") from None


def main() -> None:
    """Writes the configuration and becomes Asterisk, in the foreground."""
    try:
        settings = read_environment(os.environ)
    except BadSetting as error:
        sys.exit(str(error))
    folders = Folders.of_instance(_INSTANCE, _TREE)
    for folder in (folders.state / "keys", folders.run, folders.log, folders.recordings):
        folder.mkdir(parents=True, exist_ok=True)
    write_music(folders.music)
    write(settings, folders)
    program = str(_TREE / "asterisk")
    os.execv(program, [program, "-C", str(folders.etc / "asterisk.conf"), "-f"])  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
