"""The list of interactions and the record of one: whose it is, and what came of it."""

import pytest
from desk import Desk
from playwright.async_api import expect
from running import Running
from service import customer, interaction

from contactcenter.commands import Refused
from contactcenter.crm import assignments, requests
from contactcenter.crm.access import CENTER
from contactcenter.values import MatchMethod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_interactions_are_filtered_and_lead_to_the_customer(desk: Desk, edge: Running) -> None:
    wang, li = await customer(edge, "王小明"), await customer(edge, "Li Na")
    now = edge.clock()
    await interaction(edge, "i1", wang)
    await interaction(
        edge, "i2", li, agent="agent2", outcome="abandoned", disposition="", arrived_at=now - 9e5
    )
    await interaction(edge, "i3", None, queue="sales")
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="History").click()
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(page.get_by_role("link", name="王小明")).to_have_attribute("href", f"/customers/{wang.id}")
    for label, value, left in (
        ("Agent", "agent2", "Li Na"),
        ("Queue", "sales", "Sales"),
        ("Outcome", "abandoned", "Li Na"),
    ):
        await page.get_by_label(label, exact=True).select_option(value)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text(left)
        await page.get_by_role("button", name="Clear filters").click()
        await expect(rows).to_have_count(3)
    await page.goto(f"/history?customer={wang.id}")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="One customer").click()
    await expect(rows).to_have_count(3)
    await page.get_by_label("Outcome").select_option("message")
    await expect(page.locator(".empty")).to_have_text("No interaction fits these filters.")
    assert await desk.axe() == []
    assert await desk.overflow(1280, 800) <= 0


async def test_the_record_says_who_it_was_and_how_sure_that_is(desk: Desk, edge: Running) -> None:
    wang, li = await customer(edge, "王小明"), await customer(edge, "Li Na", "+8613900139000")
    await interaction(edge, "i1", wang)
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.goto("/history/i1")
    facts = page.locator("dl.record")
    await expect(facts).to_contain_text("王小明")
    await expect(facts).to_contain_text("Recognised by caller's number · unsure (48%)")
    await expect(page.get_by_text("No request, no follow-up.")).to_be_visible()
    await page.get_by_role("button", name="New request").click()
    await expect(page.get_by_label("Subject")).to_be_focused()
    await keys.type("Wants his money back")
    await keys.press("Enter")
    await expect(page.get_by_role("link", name="Wants his money back")).to_be_visible()
    (one,) = (await edge.store.read(requests.page, CENTER)).items
    assert (one.customer, one.interaction, one.owner) == (wang.id, "i1", "agent1")
    # The center has forgotten it: what is said stands beside the final record.
    desk.center.refusal = Refused(
        request="", code="unknown", message="there is no such interaction that lives"
    )
    await page.get_by_role("button", name="Somebody else").click()
    await expect(page.get_by_role("combobox", name="Customer")).to_be_focused()
    await keys.type("Li Na")
    await page.get_by_role("option", name="Li Na").click()
    await expect(facts.get_by_role("link", name="Li Na")).to_be_visible()
    await expect(facts).to_contain_text("Chosen by an agent")
    given = (await edge.store.read(assignments.of, ("i1",)))["i1"]
    assert (given.customer, given.method, given.login) == (li.id, MatchMethod.CHOSEN, "supervisor1")
    await expect(page.locator(".timeline")).to_contain_text("Customer said later")
    assert await desk.axe() == []
