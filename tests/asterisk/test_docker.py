"""`--asterisk docker`, against a stand-in for the docker command: no engine runs where these tests do.

What compose would do with the file is not tried here; the image itself is, by `make test-image`.
"""

from pathlib import Path

import pytest

from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.docker import COMPOSE, DockerAsterisk
from contactcenter.asterisk.embedded import AsteriskFailed

SETTINGS = AsteriskSettings(ami_secret="a-secret-of-ami", phones={"101": "secret-101"}, port_offset=300)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command that writes down how it was called; it fails when the file `broken` exists."""
    command = tmp_path / "docker"
    command.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\nenv >> {tmp_path}/environment\n'
        f'[ ! -e {tmp_path}/broken ] || {{ echo "no space left on device"; exit 1; }}\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


async def test_container_is_brought_up_with_our_settings_and_taken_down(docker: Path) -> None:
    async with DockerAsterisk(SETTINGS, docker / "prompts", docker / "spool" / "monitor"):
        assert (docker / "prompts").is_dir()
    up, down = (docker / "calls").read_text().splitlines()
    assert up == f"compose --file {COMPOSE} up --detach --build --wait"
    assert down == f"compose --file {COMPOSE} down --timeout 4"
    environment = (docker / "environment").read_text().splitlines()
    for line in (
        "ASTERISK_AMI_SECRET=a-secret-of-ami",
        "ASTERISK_PHONES=101:secret-101",
        "ASTERISK_PORT_OFFSET=300",
        f"CONTACTCENTER_PROMPTS={docker / 'prompts'}",
    ):
        assert line in environment
    used = COMPOSE.read_text()
    for name in DockerAsterisk(SETTINGS, docker, docker)._environment:
        assert name == "COMPOSE_PROJECT_NAME" or f"${{{name}" in used, f"compose.yaml does not use {name}"


async def test_failure_of_compose_is_told_with_its_last_words(docker: Path) -> None:
    (docker / "broken").touch()
    with pytest.raises(AsteriskFailed, match="no space left on device"):
        async with DockerAsterisk(SETTINGS, docker / "prompts", docker / "spool" / "monitor"):
            pass


async def test_without_docker_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AsteriskFailed, match="--asterisk embedded"):
        async with DockerAsterisk(SETTINGS, tmp_path / "prompts", tmp_path / "spool" / "monitor"):
            pass
