"""The recipe that puts Asterisk into a folder, and the set-up's hand-over of pip's settings to uv."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "asterisk-docker" / "install.sh"

sys.path.insert(0, str(ROOT / "scripts"))
from uv_install import arguments  # noqa: E402 - a script, not a package


def install(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [INSTALL, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, timeout=50
    )


def test_what_is_there_is_left_alone():
    before = (ROOT / ".asterisk" / ".recipe").stat()
    done = install(DEBIAN_MIRROR="http://127.0.0.1:9/debian")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (ROOT / ".asterisk" / ".recipe").stat().st_mtime_ns == before.st_mtime_ns


def test_an_unreachable_mirror_is_named_and_leaves_nothing(tmp_path: Path):
    done = install(str(tmp_path / "tree"), DEBIAN_MIRROR="http://127.0.0.1:9/debian")
    assert done.returncode == 1
    assert "cannot read the package lists of http://127.0.0.1:9/debian" in done.stderr
    assert "DEBIAN_MIRROR" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_mirror_of_this_machine_is_used():
    assert (
        install("--mirror", DEBIAN_MIRROR="http://mirror.example/debian").stdout
        == "http://mirror.example/debian\n"
    )
    own = install("--mirror", DEBIAN_MIRROR="").stdout.strip()
    assert own.removesuffix("/").endswith(("/debian", "/debian.list"))


def test_only_the_listed_modules_are_kept():
    listed = {
        line.removeprefix("load = ")
        for line in (ROOT / "dialplans" / "modules.conf.j2").read_text().splitlines()
        if line.startswith("load = ")
    }
    kept = {path.name for path in ROOT.glob(".asterisk/usr/lib/*/asterisk/modules/*")}
    assert kept == listed


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, []),
        ({"index-url": "http://mirror.example/simple"}, ["--default-index", "http://mirror.example/simple"]),
        (
            {
                "extra-index-url": "file:///a file:///b",
                "find-links": "/wheels",
                "trusted-host": "mirror.example",
            },
            [
                "--index",
                "file:///a",
                "--index",
                "file:///b",
                "--find-links",
                "/wheels",
                "--allow-insecure-host",
                "mirror.example",
            ],
        ),
        ({"extra-index-url": "\\nfile:///a\\nfile:///b"}, ["--index", "file:///a", "--index", "file:///b"]),
        ({"no-index": "true", "find-links": "/wheels"}, ["--find-links", "/wheels", "--no-index"]),
    ],
)
def test_uv_is_told_what_pip_knows(settings: dict[str, str], wanted: list[str]):
    assert arguments(settings) == wanted
