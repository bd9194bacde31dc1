"""While a page waits for its answer, and while somebody writes: nothing is lost, and nothing overwritten."""

import dataclasses
import re

import pytest
from desk import Desk
from playwright.async_api import FilePayload, Locator, Page, expect
from records import changed, customer, made, read
from running import Running
from service import ZONE, followup, followup_now
from service import customer as of_nobody

from contactcenter.crm import followups, roles
from contactcenter.crm.access import CENTER, Right
from contactcenter.crm.followups import FollowupChange

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = ("points", "stars")
WATCH = """() => {
    window.seen = [];
    const look = () => seen.push(document.querySelector("main .long-text").textContent);
    new MutationObserver(look).observe(
        document.querySelector("main"), {subtree: true, childList: true, characterData: true}
    );
}"""
"""Write down what stands in the note after each change of the page."""


def fact(page: Page, label: str) -> Locator:
    return page.locator(".fact", has=page.get_by_text(label, exact=True))


async def at(desk: Desk, path: str, ready: str, login: str = "admin") -> Page:
    """A page, as soon as this is on it."""
    await desk.sign_in(login)
    await desk.page.goto(path)
    await desk.page.locator(ready).first.wait_for()
    return desk.page


async def numbers(edge: Running) -> None:
    """Two custom fields of customers."""
    for name in FIELDS:
        title = {"zh": name, "en": name.title()}
        await made(edge, "/api/fields", {"kind": "customer", "name": name, "title": title, "type": "number"})


async def test_what_somebody_else_saved_while_one_writes_is_asked_about_though_the_page_shows_it(
    desk: Desk, edge: Running
) -> None:
    id_ = await customer(edge, company="Old")
    page = await at(desk, f"/customers/{id_}", ".record-head")
    await page.get_by_role("button", name="Change: Company").click()
    await page.get_by_label("Company").fill("Mine")
    await changed(edge, f"/api/customers/{id_}", {"company": "Theirs"})
    await expect(page.locator(".record-who")).to_contain_text("Theirs")
    await page.get_by_label("Company").press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Theirs")
    assert (await read(edge, f"/api/customers/{id_}"))["company"] == "Theirs"
    # Who closes the question has decided nothing: what he wrote is still there.
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_label("Company")).to_have_value("Mine")
    await page.get_by_label("Company").press("Enter")
    await page.get_by_role("button", name="Keep what is there now").click()
    await expect(fact(page, "Company")).to_contain_text("Theirs")


async def test_one_s_own_changes_one_after_the_other_are_no_conflict(desk: Desk, edge: Running) -> None:
    await numbers(edge)
    id_ = await customer(edge)
    page = await at(desk, f"/customers/{id_}", ".record-head")
    for label in ("Points", "Stars"):
        await page.get_by_role("button", name=f"Change: {label}").click()
        await page.get_by_label(label).fill("7")
    await page.get_by_label("Points").press("Enter")
    await expect(fact(page, "Points")).to_contain_text("7")
    await page.get_by_label("Stars").press("Enter")
    await expect(page.get_by_role("button", name="Change: Stars")).to_be_focused()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await read(edge, f"/api/customers/{id_}"))["custom"] == {"points": 7, "stars": 7}


async def test_what_is_typed_on_while_it_is_saved_is_saved_next(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    page = await at(desk, f"/customers/{id_}", ".record-head")
    await page.get_by_role("button", name="Change: Company").click()
    async with desk.answers_held(f"**/api/customers/{id_}") as answered:
        await page.keyboard.type("Star")
        await page.keyboard.press("Enter")
        await answered.wait()
        await page.keyboard.type(" River")
    await expect(page.locator(".record-who")).to_contain_text("Star")
    await expect(page.get_by_label("Company")).to_have_value("Star River")
    await page.keyboard.press("Enter")
    await expect(fact(page, "Company")).to_contain_text("Star River")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_older_answer_takes_nothing_back(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    page = await at(desk, f"/customers/{id_}", ".record-head")
    await page.get_by_role("button", name="Change: Company").click()
    await page.keyboard.type("Star River")
    async with desk.answers_held(f"**/api/customers/{id_}", first_only=True) as answered:
        await changed(edge, f"/api/customers/{id_}", {"tier": "gold"})  # the page reads it anew
        await answered.wait()
        await page.keyboard.press("Enter")
        await expect(fact(page, "Company")).to_contain_text("Star River")
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(fact(page, "Company")).to_contain_text("Star River")


async def test_an_address_that_is_written_at_stays_the_one_it_is(desk: Desk, edge: Running) -> None:
    phones = ["13800138000", "13800138001", "13800138002"]
    id_ = await customer(edge, phones=phones)
    page = await at(desk, f"/customers/{id_}", ".address")
    card = page.locator(".card", has=page.get_by_role("heading", name="Ways to reach"))
    await card.get_by_role("button", name="Change: +8613800138001").click()
    await card.get_by_label("Phone", exact=True).fill("13900139001")
    await card.get_by_role("button", name="Remove: +8613800138000").click()
    await expect(card.locator(".address")).to_have_count(1)
    await card.get_by_label("Phone", exact=True).press("Enter")
    await expect(card.locator(".address")).to_have_count(2)
    found = [each["value"] for each in (await read(edge, f"/api/customers/{id_}"))["addresses"]]
    assert found == ["+8613900139001", "+8613800138002"]


async def test_an_address_that_is_gone_is_written_anew(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge, phones=["13800138000"])
    page = await at(desk, f"/customers/{id_}", ".address")
    card = page.locator(".card", has=page.get_by_role("heading", name="Ways to reach"))
    await card.get_by_role("button", name="Change: +8613800138000").click()
    await card.get_by_label("Phone", exact=True).fill("13900139001")
    await changed(edge, f"/api/customers/{id_}", {"addresses": [], "company": "Gone"})
    await expect(page.locator(".record-who")).to_contain_text("Gone")
    await expect(card.get_by_label("Phone", exact=True)).to_have_value("13900139001")
    await card.get_by_label("Phone", exact=True).press("Enter")
    await expect(card.locator(".address")).to_contain_text("139")
    (left,) = (await read(edge, f"/api/customers/{id_}"))["addresses"]
    assert left["value"] == "+8613900139001"


async def test_what_somebody_else_made_sure_of_meanwhile_stays_so(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge, phones=["13800138000"])
    page = await at(desk, f"/customers/{id_}", ".address")
    card = page.locator(".card", has=page.get_by_role("heading", name="Ways to reach"))
    await card.get_by_role("button", name="Change: +8613800138000").click()
    await card.get_by_label("Kind").select_option("work")
    sure = {"channel": "phone", "value": "+8613800138000", "verified": True}
    await changed(edge, f"/api/customers/{id_}", {"addresses": [sure]})
    await expect(card.get_by_label("Verified")).to_be_checked()
    await card.get_by_role("button", name="Save").click()
    await expect(card.locator(".address")).to_contain_text("Work")
    (left,) = (await read(edge, f"/api/customers/{id_}"))["addresses"]
    assert (left["kind"], left["verified_at"] is None) == ("work", False)


async def test_a_note_that_is_written_on_while_it_is_saved_is_kept(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    note = await made(edge, f"/api/customers/{id_}/notes", {"text": "One"})
    page = await at(desk, f"/customers/{id_}?pane=notes", ".note-list > li")
    await page.get_by_role("button", name="Change the note").click()
    text = page.locator(".note-list").get_by_label("Text")
    await text.fill("Two")
    async with desk.answers_held(f"**/api/notes/{note['id']}") as answered:
        await page.keyboard.press("Control+Enter")
        await answered.wait()
        await page.keyboard.type(" and three")
    await expect(text).to_have_value("Two and three")
    # Somebody else comes between, and the list is read anew: he is not overwritten unseen.
    await changed(edge, f"/api/notes/{note['id']}", {"text": "Theirs"})
    await page.get_by_label("Write a note").fill("Another")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".note-list > li")).to_have_count(2)
    await text.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Theirs")
    await page.get_by_role("button", name="Save what I chose").click()
    await expect(page.locator(".note-list p.written").filter(has_text="Two and three")).to_be_visible()


async def test_an_older_list_takes_nothing_back(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    page = await at(desk, f"/customers/{id_}?pane=notes", ".note-writer")
    async with desk.answers_held(f"**/api/customers/{id_}/notes?*", first_only=True) as answered:
        for n, text in enumerate(("One", "Two"), 1):
            await page.get_by_label("Write a note").fill(text)
            await page.keyboard.press("Control+Enter")
            await answered.wait()
            await expect(page.get_by_label("Write a note")).to_have_value("")
            if n == 2:
                await expect(page.locator(".note-list > li")).to_have_count(2)
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(page.locator(".note-list > li")).to_have_count(2)


async def test_a_follow_up_that_somebody_else_changed_is_not_set_back(desk: Desk, edge: Running) -> None:
    wang = await of_nobody(edge, "Wang")
    one = await followup(edge, "Call him", 3600, customer=wang.id)
    page = await at(desk, f"/followups/{one.id}", "main .record", "agent1")
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="Edit").click()
    await dialog.get_by_label("Note").fill("Mine")
    await dialog.get_by_role("button", name="Close").click()
    to = FollowupChange(note="Theirs")
    await edge.store.write(followups.change, one.id, to, at=edge.clock(), zone=ZONE)
    await page.evaluate("dispatchEvent(new Event('focus'))")  # whoever comes back sees what is now
    await expect(page.locator("main .long-text").first).to_have_text("Theirs")
    await page.get_by_role("button", name="Edit").click()
    await expect(dialog.get_by_label("Note")).to_have_value("Mine")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog", name="Changed meanwhile")).to_contain_text("Theirs")
    assert (await followup_now(edge, one)).note == "Theirs"


async def test_an_answer_that_comes_late_does_not_set_back_what_was_saved_meanwhile(
    desk: Desk, edge: Running
) -> None:
    wang = await of_nobody(edge, "Wang")
    one = await followup(edge, "Call him", 3600, customer=wang.id)
    page = await at(desk, f"/followups/{one.id}", "main .record", "agent1")
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="Edit").click()
    await dialog.get_by_label("Note").fill("Mine")
    async with desk.answers_held(f"**/api/followups/{one.id}", first_only=True) as answered:
        await changed(edge, f"/api/customers/{wang.id}", {"company": "Other"})  # the page reads again
        await answered.wait()
        await dialog.get_by_role("button", name="Save").click()
        await expect(page.locator("main .long-text").first).to_have_text("Mine")
        await page.evaluate(WATCH)
    # What came before this answer is drawn by then.
    await page.evaluate(
        "fetch('/healthz').then((one) => one.text()).then(() => new Promise(requestAnimationFrame))"
    )
    assert {*await page.evaluate("seen")} <= {"Mine"}


async def test_what_is_typed_of_a_user_outlives_saving_and_a_look_elsewhere(
    desk: Desk, edge: Running
) -> None:
    page = await at(desk, "/users/agent2", "#user-name")
    await page.get_by_label("Name", exact=True).fill("Maria")
    async with desk.answers_held("**/api/users/agent2") as answered:
        await page.keyboard.press("Enter")
        await answered.wait()
        await page.keyboard.type(" Lund")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Maria")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Maria Lund")
    await page.get_by_role("link", name="Audit").click()
    await page.go_back()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Maria Lund")
    await page.get_by_label("Name", exact=True).press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Maria Lund")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_changed_of_a_role_while_it_is_saved_stays_to_be_saved(
    desk: Desk, edge: Running
) -> None:
    page = await at(desk, "/roles/quality", "[data-right='customers.merge']")
    await page.locator("[data-right='customers.merge']").check()
    async with desk.answers_held("**/api/roles/quality") as answered:
        await page.locator(".save-bar .primary").click()
        await answered.wait()
        await page.locator("[data-right='customers.import']").check()
    await expect(page.locator(".toast")).to_contain_text("Quality")
    await expect(page.locator("[data-right='customers.import']")).to_be_checked()
    await page.locator(".save-bar .primary").click()
    await expect(page.locator(".save-bar")).to_have_count(0)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    now = await edge.store.read(roles.get, "quality")
    assert now
    assert {"customers.merge", "customers.import"} <= {str(right) for right in now.rights}


async def test_a_role_that_somebody_else_changed_before_one_came_back_is_asked_about(
    desk: Desk, edge: Running
) -> None:
    page = await at(desk, "/roles/quality", "[data-right='customers.merge']")
    await page.locator("[data-right='customers.merge']").check()
    await page.get_by_role("link", name="Audit", exact=True).click()
    found = await edge.store.read(roles.get, "quality")
    assert found
    theirs = dataclasses.replace(found, rights=found.rights | {Right.CUSTOMERS_EXPORT})
    await edge.store.write(lambda db: roles.put(db, theirs, by=CENTER, at=3.0))
    await page.go_back()
    await page.locator(".save-bar .primary").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Changed meanwhile")


async def test_a_refusal_that_is_said_aloud_is_in_the_page_s_language(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    note = await made(edge, f"/api/customers/{id_}/notes", {"text": "One"})
    page = await at(desk, f"/customers/{id_}?pane=notes", ".note-list > li")
    await page.get_by_role("button", name="中文").click()
    await changed(edge, f"/api/notes/{note['id']}", {"text": "Theirs"})
    await page.get_by_role("button", name="删除笔记").click()
    await expect(page.locator(".toast")).to_contain_text("已被他人修改")
    assert not re.search("[A-Za-z]", await page.locator(".toast").inner_text())


async def test_who_went_elsewhere_is_not_called_back_by_a_new_record(desk: Desk, edge: Running) -> None:
    page = await at(desk, "/customers/new", ".customer-form")
    await page.get_by_label("Name").fill("Maria Lind")
    async with desk.answers_held("**/api/customers") as answered:
        await page.keyboard.press("Enter")
        await answered.wait()
        await page.get_by_role("link", name="History").click()
    await expect(page.locator(".toast")).to_contain_text("Maria Lind")
    await expect(page).to_have_url(re.compile("/history$"))


async def test_who_went_elsewhere_is_told_that_his_file_is_there(desk: Desk, edge: Running) -> None:
    page = await at(desk, "/imports", "#import-file")
    file = FilePayload(name="list.csv", mimeType="text/csv", buffer=b"Name,Mobile\nMaria Lind,13800138000\n")
    async with desk.answers_held("**/api/imports?*") as answered:
        await page.set_input_files("#import-file", file)
        await answered.wait()
        await page.get_by_role("link", name="History").click()
    await expect(page.locator(".toast")).to_contain_text("list.csv")
    await expect(page).to_have_url(re.compile("/history$"))
    await page.get_by_role("button", name="Look").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("list.csv")
