"""A real browser against the running edge with the fake center behind it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "http"))

from desk import Desk
from running import Running, running

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def edge(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as edge:
        yield edge


@pytest_asyncio.fixture(loop_scope="module")
async def desk(chromium: Browser, edge: Running) -> AsyncIterator[Desk]:
    """The sign-in page, in English and light."""
    async with Desk(chromium, edge) as desk:
        yield desk
