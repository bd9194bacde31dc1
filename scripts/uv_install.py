"""Installs a lock file into this interpreter's environment: uv, told what pip is configured for.

    .venv/bin/python scripts/uv_install.py requirements/runtime.lock

uv is ten times as fast as pip, but reads neither pip's files nor its variables; a machine that reaches its
packages through a mirror says so there. The exit status is uv's.
"""

import os
import subprocess
import sys
from pathlib import Path


def pip_settings() -> dict[str, str]:
    """pip's settings by name; `install.` is more exact than `global.`, and the environment beats both."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listed:
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = value.strip("'\"")
    return found


def arguments(settings: dict[str, str]) -> list[str]:
    """The same places for uv."""
    result = []
    if "index-url" in settings:
        result += ["--default-index", settings["index-url"]]
    for key, option in (
        ("extra-index-url", "--index"),
        ("find-links", "--find-links"),
        ("trusted-host", "--allow-insecure-host"),
    ):
        # pip's lists are divided by blanks or line ends, which its listing shows as \n.
        for value in settings.get(key, "").replace("\\n", " ").split():
            result += [option, value]
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        result.append("--no-index")
    return result


def main() -> None:
    """Becomes uv."""
    settings = pip_settings()
    uv = str(Path(sys.executable).with_name("uv"))
    environment = {"UV_NATIVE_TLS": "1", **os.environ}
    if "cert" in settings:
        environment.setdefault("SSL_CERT_FILE", settings["cert"])
    command = [
        *(uv, "--quiet", "pip", "install", "--python", sys.executable, "--require-hashes", "--no-deps"),
        # Compiled now, once: the server starts two seconds sooner, also where Python may not write bytecode.
        "--compile-bytecode",
        # The hashes say what is right, so no index can foist a package on us, whichever has it.
        *("--index-strategy", "unsafe-best-match", *arguments(settings), "--requirement", sys.argv[1]),
    ]
    os.execve(uv, command, environment)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
