"""The audit log and exports on the page: found by filters, read as people read, checked, taken away."""

import csv
import io
from typing import Any

import pytest
from desk import Desk, dictionary
from playwright.async_api import Browser, Page, expect
from running import Running

from contactcenter.crm import audit, roles
from contactcenter.crm.access import CENTER, Right
from contactcenter.values import AuditEntry

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKUP = "<img src=x onerror=alert(1)>"


async def written(edge: Running, *entries: dict[str, Any]) -> None:
    base: dict[str, Any] = {
        "at": 1.7e9,
        "login": "admin",
        "act": "change",
        "kind": "queue",
        "object": "support",
    }
    await edge.store.write(audit.write_all, tuple(AuditEntry(**base | each) for each in entries))


async def at(desk: Desk, path: str, login: str = "admin") -> None:
    await desk.sign_in(login)
    await desk.page.goto(path)
    await desk.page.wait_for_selector(".shell[data-link=up]")


def rows(desk: Desk) -> Any:
    return desk.page.get_by_role("table", name="Audit").locator("tbody tr")


async def fetched(page: Page, name: str) -> tuple[str, str]:
    """The name and the text of the file that the button gives."""
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=name).first.click()
    download = await downloading.value
    path = await download.path()
    return download.suggested_filename, path.read_text(encoding="utf-8-sig")


async def test_what_was_changed_is_readable(desk: Desk, edge: Running) -> None:
    await written(
        edge,
        {"kind": "role", "object": "agent", "before": {"rights": ["audit.read"], "hidden": []},
         "after": {"rights": ["customers.merge"], "hidden": ["customer.id_number"]}},
        {"kind": "user", "object": "agent1", "before": {"disabled": False}, "after": {"disabled": True}},
        {"kind": "customer", "object": "c1", "act": "delete", "before": {"name": MARKUP}},
        {"kind": "customer", "object": "c" * 32, "act": "create",
         "after": {str(n): str(n) for n in range(9)}},
    )  # fmt: skip
    await at(desk, "/audit")
    await expect(rows(desk)).to_have_count(4)
    assert await desk.axe() == []
    await expect(rows(desk).nth(3)).to_contain_text("+ Merge customers")
    await expect(rows(desk).nth(3)).to_contain_text("− Read the audit log")
    await expect(rows(desk).nth(2)).to_contain_text("Locked no → yes")
    await expect(rows(desk).nth(2).get_by_role("link", name="陈晓")).to_be_visible()
    await expect(rows(desk).nth(1)).to_contain_text(f"{MARKUP} → (empty)")
    await expect(rows(desk).nth(0)).to_contain_text("cccccccc…")
    await rows(desk).nth(0).get_by_text("6 more").click()
    await expect(rows(desk).nth(0)).to_contain_text("8")


async def test_rows_are_found_by_who_what_and_when(desk: Desk, edge: Running) -> None:
    await written(
        edge, {"login": "agent1", "act": "open", "kind": "customer", "object": "c1"},
        {"login": "agent1", "act": "export", "kind": "customers", "object": "", "granted": False},
        {"at": 1.6e9, "act": "merge", "kind": "customer", "object": "c2"},
    )  # fmt: skip
    await at(desk, "/audit")
    await expect(rows(desk)).to_have_count(3)
    await desk.page.get_by_label("Act", exact=True).select_option("merge")
    await expect(rows(desk)).to_have_count(1)
    await desk.page.get_by_role("button", name="Clear filters").click()
    await desk.page.locator("#audit-login").fill("agent1")
    await desk.page.get_by_label("Result").select_option("false")
    await expect(rows(desk)).to_have_count(1)
    await expect(rows(desk)).to_contain_text("refused")
    await desk.page.get_by_role("button", name="Clear filters").click()
    await desk.page.get_by_label("From").fill("2023-01-01T00:00")
    await expect(rows(desk)).to_have_count(2)
    await desk.page.get_by_label("Object").fill("no such thing")
    await desk.page.get_by_text("No row fits.").wait_for()


async def test_the_chain_is_checked_and_says_what_is_wrong(desk: Desk, edge: Running) -> None:
    await written(edge, *({"object": str(n)} for n in range(5)))
    await at(desk, "/audit")
    chain = desk.page.locator(".chain")
    await expect(chain).to_contain_text("Not checked since the server started")
    await desk.page.get_by_role("button", name="Check now").focus()
    await desk.page.keyboard.press("Enter")
    await expect(chain).to_contain_text("Verified: 5 rows, each as it was written")
    assert await desk.axe() == []
    await chain.locator("summary").click()
    last = await edge.store.read(audit.followed)
    kept = await chain.locator("code").inner_text()
    number, _, hash_ = kept.partition(":")
    assert await edge.store.read(audit.holds, int(number), hash_)
    assert last.rows == 6, "that it was checked is in the log, too"

    def past_the_triggers(db: Any) -> None:
        db.exec_driver_sql("DROP TRIGGER audit_update")
        db.exec_driver_sql("UPDATE audit SET login = 'nobody' WHERE seq = 3")

    await edge.store.write(past_the_triggers)
    await desk.page.get_by_role("button", name="Check again").click()
    await expect(chain.get_by_role("alert")).to_contain_text("Row 3 is not as it was written")
    await expect(chain).to_contain_text("The 2 rows before it are sound.")
    assert await desk.axe() == []
    await desk.page.reload()
    await expect(chain).to_contain_text("Row 3 is not as it was written")


async def test_the_log_is_taken_away_as_the_filters_leave_it(desk: Desk, edge: Running) -> None:
    await written(edge, {"object": "=cmd()"}, {"kind": "role", "object": "agent"})
    await at(desk, "/audit")
    await desk.page.get_by_label("Kind").select_option("queue")
    await expect(rows(desk)).to_have_count(1)
    name, text = await fetched(desk.page, "Text (CSV)")
    assert name.startswith("audit log")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Object"], row["Kind"]) == ("'=cmd()", "queue")
    await desk.page.get_by_role("button", name="Clear filters").click()
    await expect(rows(desk).filter(has_text="end an export")).to_have_count(1)


async def test_who_may_read_but_not_take_away_has_no_button(desk: Desk) -> None:
    await at(desk, "/audit", "supervisor1")
    await desk.page.locator(".chain").wait_for()
    await expect(desk.page.get_by_role("button", name="Text (CSV)")).to_have_count(0)


# --- exports ---


async def test_a_list_is_taken_away_with_the_columns_that_are_wanted(desk: Desk, edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        await admin.call("POST", "/api/customers", json={"name": "=王", "tier": "gold"})
    await at(desk, "/exports")
    card = desk.page.locator("[data-export=customers]")
    await card.get_by_label("Format").select_option("csv")
    await card.locator("summary").click()
    assert await desk.axe() == []
    await card.get_by_role("button", name="None").click()
    await expect(card.get_by_role("button", name="Download")).to_be_disabled()
    await card.get_by_label("Name", exact=True).check()
    await card.get_by_label("Tier").check()
    async with desk.page.expect_download() as downloading:
        await card.get_by_role("button", name="Download").click()
    path = await (await downloading.value).path()
    assert path.read_text(encoding="utf-8-sig").split() == ['"Name","Tier"', '"\'=王","gold"']
    await edge.store.settled()
    await desk.page.reload()
    past = desk.page.get_by_role("table", name="Your last exports").locator("tbody tr")
    await expect(past).to_contain_text("Customers")
    await expect(past).to_contain_text("complete")


async def test_a_list_is_taken_away_as_its_filters_leave_it(desk: Desk, edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        for name in ("王小明", "Anna Lind"):
            await admin.call("POST", "/api/customers", json={"name": name})
    await at(desk, "/customers?name=Anna")
    await expect(desk.page.get_by_role("table", name="Customers").locator("tbody tr")).to_have_count(1)
    _, text = await fetched(desk.page, "Text (CSV)")
    assert [row["Name"] for row in csv.DictReader(io.StringIO(text))] == ["Anna Lind"]


async def test_days_that_run_backwards_are_refused(desk: Desk) -> None:
    await at(desk, "/exports")
    card = desk.page.locator("[data-export=interactions]")
    await card.get_by_label("From day").fill("2026-03-02")
    await card.get_by_label("To day").fill("2026-03-01")
    await card.get_by_text("This is before the first day.").wait_for()
    await expect(card.get_by_role("button", name="Download")).to_be_disabled()


async def test_a_right_that_is_gone_takes_the_export_from_an_open_page(desk: Desk, edge: Running) -> None:
    await at(desk, "/exports", "supervisor1")
    await desk.page.locator("[data-export=customers]").wait_for()
    role = roles.builtin("supervisor")
    assert role
    gone = {Right.CUSTOMERS_EXPORT, Right.REQUESTS_EXPORT, Right.INTERACTIONS_EXPORT}
    fewer = roles.Role(name="supervisor", title=role.title, rights=role.rights - gone, scopes=role.scopes)
    await edge.store.write(roles.put, fewer, by=CENTER, at=3.0)
    await desk.page.get_by_text("Not for you").wait_for()


@pytest.mark.parametrize(("language", "theme"), [("zh", "dark"), ("en", "dark"), ("zh", "light")])
async def test_in_both_languages_and_themes(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await written(edge, {"before": {"priority": 1}, "after": {"priority": 5}})
    words = dictionary(language)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        for path, ready in (("/audit", "tbody tr"), ("/exports", "[data-export=audit]")):
            await desk.page.goto(path)
            await desk.page.locator(ready).first.wait_for()
            assert await desk.axe() == [], path
            assert await desk.overflow(1280, 720) <= 0, path
            assert await desk.overflow(360, 640) <= 0, path
        await desk.page.get_by_text(words["exports.hint"]).wait_for()
