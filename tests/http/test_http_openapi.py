"""OpenAPI is complete and true: it names every API route, and a fuzzer that believes it finds no lie."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from running import SETTINGS, running
from schemathesis.specs.openapi.checks import positive_data_acceptance

from contactcenter.http import openapi
from contactcenter.http.server import API, all_routes

EXAMPLES = 15
DOCUMENT = openapi.describe(API, SETTINGS.version, SETTINGS.cookie)
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


class Background:
    """The running edge in a thread of its own, because the fuzzer is synchronous."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.token = ""
        self._folder = folder
        self._up, self._loop = threading.Event(), asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> "Background":
        self._thread.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(20)
        self._loop.close()

    async def _run(self) -> None:
        async with running(self._folder) as edge:
            self.url, self.token = edge.url, await edge.token("admin")
            self._up.set()
            await self._done.wait()


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    with Background(tmp_path_factory.mktemp("fuzz")) as background:
        yield background


def test_the_document_names_every_route() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert described == {(route.method, route.path) for route in all_routes(API)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_the_server_does_what_the_document_says(
    operation: schemathesis.APIOperation, background: Background
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def believe(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=background.url,
            headers={"Authorization": f"Bearer {background.token}"},
            # No schema can say which telephone number is possible, or which account number is free.
            excluded_checks=[positive_data_acceptance],
        )

    believe()
