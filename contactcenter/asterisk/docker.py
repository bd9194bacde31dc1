"""The dockerized Asterisk of `asterisk-docker/`, for testers: built if needed, started, and stopped again."""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.embedded import AsteriskFailed
from contactcenter.places import folder

COMPOSE = folder("asterisk-docker") / "compose.yaml"


class DockerAsterisk:
    """`async with` brings the container up, healthy, and takes it down. `prompts` is mounted into it, at the
    same path, for the sounds that the server makes, and `spool` for what Asterisk records."""

    def __init__(self, settings: AsteriskSettings, prompts: Path, spool: Path) -> None:
        self._environment = {
            "ASTERISK_AMI_SECRET": settings.ami_secret,
            "ASTERISK_AGI_KEY": settings.agi_key,
            "ASTERISK_PHONES": ",".join(f"{number}:{secret}" for number, secret in settings.phones.items()),
            "ASTERISK_DIDS": ",".join(settings.dids),
            "ASTERISK_SYSTEMNAME": settings.systemname,
            "ASTERISK_PORT_OFFSET": str(settings.port_offset),
            "ASTERISK_PEOPLE_ADDRESS": settings.people_address,
            "CONTACTCENTER_PROMPTS": str(prompts),
            "CONTACTCENTER_SPOOL": str(spool),
            "COMPOSE_PROJECT_NAME": f"contactcenter-{settings.port_offset}",
        }
        self._prompts = prompts
        self._spool = spool

    async def __aenter__(self) -> Self:
        """Raises `AsteriskFailed` when there is no Docker, or the container does not become healthy."""
        self._prompts.mkdir(parents=True, exist_ok=True)
        self._spool.mkdir(parents=True, exist_ok=True)
        # Asterisk is another user in there. On this machine the folder around it keeps others out.
        self._spool.parent.chmod(0o700)
        self._spool.chmod(0o777)
        await self._compose("up", "--detach", "--build", "--wait")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._compose("down", "--timeout", "4")

    async def _compose(self, *arguments: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *("docker", "compose", "--file", str(COMPOSE), *arguments),
                env={**os.environ, **self._environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except FileNotFoundError:
            raise AsteriskFailed(
                "there is no docker command: install Docker with its compose plugin, or use "
                "--asterisk embedded, which needs neither"
            ) from None
        output, _ = await process.communicate()
        if process.returncode:
            said = output.decode(errors="replace").strip().splitlines()[-8:]
            raise AsteriskFailed("\n  ".join([f"docker compose {arguments[0]} failed:", *said]))
