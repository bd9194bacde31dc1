"""Records that the tests of the pages begin with, made by the API as programs make them."""

from typing import Any

from running import Running


async def made(edge: Running, path: str, body: dict[str, Any], *, by: str = "admin") -> dict[str, Any]:
    """What somebody made by POST."""
    async with edge.browser() as browser:
        await browser.sign_in(by)
        status, found = await browser.call("POST", path, json=body)
        assert status in (200, 201), found
        return dict(found)


async def changed(edge: Running, path: str, body: dict[str, Any], *, by: str = "admin") -> dict[str, Any]:
    """What somebody else changed meanwhile."""
    async with edge.browser() as browser:
        await browser.sign_in(by)
        status, found = await browser.call("PATCH", path, json=body)
        assert status == 200, found
        return dict(found)


async def read(edge: Running, path: str, *, by: str = "admin", **params: Any) -> Any:
    """What is there now."""
    async with edge.browser() as browser:
        await browser.sign_in(by)
        return await browser.get(path, **params)


async def customer(edge: Running, name: str = "王晓明", *, by: str = "admin", **given: Any) -> str:
    """The id of a new customer."""
    return str((await made(edge, "/api/customers", {"name": name, **given}, by=by))["id"])
