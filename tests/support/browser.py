"""The browser of the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

_PROGRAMS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
"""The same engine; without the windows that nobody sees it takes half the processor's time."""
_PROGRAM = next((each for each in _PROGRAMS if Path(each).exists()), _PROGRAMS[0])
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A Chromium without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_PROGRAM, args=_ARGUMENTS)
        yield browser
        await browser.close()
