"""The list of customers, the box in which they are found, and one customer seen from all sides."""

import re

import pytest
from desk import Desk
from playwright.async_api import Browser, Locator, Page, expect
from records import changed, customer, made, read
from running import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<img src=x onerror=alert(1)>\u202eevil"


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Customers").locator("tbody tr")


def fact(page: Page, label: str) -> Locator:
    return page.locator(".fact", has=page.get_by_text(label, exact=True))


async def at(desk: Desk, id_: str, login: str = "admin") -> Page:
    """The page of a customer."""
    await desk.sign_in(login)
    await desk.page.goto(f"/customers/{id_}")
    await desk.page.locator(".record-head").wait_for()
    return desk.page


async def test_the_list_is_filtered_sorted_and_opened_by_keys(desk: Desk, edge: Running) -> None:
    await customer(edge, "王晓明", tags=["VIP"], phones=["13800138000"])
    await customer(edge, "Maria Lind", company="Nordic", kind="organisation")
    await desk.sign_in("agent1")
    page = desk.page
    await page.get_by_role("link", name="Customers").click()
    await expect(rows(page)).to_have_count(2)
    await page.get_by_label("Name or company").fill("nord")
    await expect(rows(page)).to_have_count(1)
    assert page.url.endswith("/customers?name=nord")
    await page.reload()  # the filters are in the address
    await expect(page.get_by_label("Name or company")).to_have_value("nord")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Tag", exact=True).fill("VIP")
    await expect(rows(page)).to_have_text([re.compile("王晓明")])
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_role("button", name="Last changed").click()
    await expect(rows(page)).to_have_text([re.compile("Maria Lind"), re.compile("王晓明")])
    await rows(page).first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("王晓明")


async def test_a_wrong_condition_is_refused_in_words(desk: Desk, edge: Running) -> None:
    await customer(edge)
    await desk.sign_in("admin")
    page = desk.page
    await page.goto("/customers")
    await page.get_by_role("button", name="More filters").click()
    await page.get_by_label("Condition").fill("customer.custom.")
    await expect(page.get_by_role("alert").filter(has_text="This filter can't be used.")).to_be_visible()
    await page.get_by_label("Condition").fill('customer.tier == "gold"')
    await expect(page.locator(".empty")).to_have_text("No customer fits these filters.")


async def test_the_list_is_taken_away_as_it_is_filtered(desk: Desk, edge: Running) -> None:
    await customer(edge, "Maria Lind")
    await customer(edge, "王晓明")
    await desk.sign_in("admin")
    page = desk.page
    await page.goto("/customers?name=lind")
    await expect(rows(page)).to_have_count(1)
    async with page.expect_download() as taken:
        await page.get_by_role("button", name="CSV").click()
    text = (await (await taken.value).path()).read_text(encoding="utf-8-sig")
    assert "Maria Lind" in text
    assert "王晓明" not in text


async def test_columns_are_chosen_and_views_kept(desk: Desk, edge: Running) -> None:
    await customer(edge, category="Key")
    await desk.sign_in("admin")
    page = desk.page
    await page.goto("/customers")
    table = page.get_by_role("table", name="Customers")
    await expect(table.locator("th", has_text="Category")).to_have_count(0)
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitemcheckbox", name="Category").click()
    await page.keyboard.press("Escape")
    await expect(table.locator("th", has_text="Category")).to_have_count(1)
    await page.get_by_label("Kind").select_option("person")
    views = page.get_by_role("button", name="Views")
    await views.click()
    await page.get_by_role("button", name="Save this view").click()
    await page.get_by_label("Name of the view").fill("Persons")
    await page.keyboard.press("Enter")
    named = page.get_by_role("button", name="Persons", exact=True)
    await expect(named).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_role("button", name="Persons changed").click()
    await page.locator(".menu").get_by_role("button", name="Persons", exact=True).click()
    await expect(page.get_by_label("Kind")).to_have_value("person")
    kept = (await read(edge, "/api/views", kind="customer"))["items"]
    assert [(view["title"], view["filter"]["kind"]) for view in kept] == [("Persons", "person")]
    await named.click()
    await page.get_by_role("button", name="Delete “Persons”").click()
    await expect(views).to_be_visible()
    assert (await read(edge, "/api/views", kind="customer"))["items"] == []


@pytest.mark.parametrize("asked", ["王晓", "wangxm", "wxm", "0138", "100234", "wxm@exa"])
async def test_one_box_finds_by_whatever_is_known(desk: Desk, edge: Running, asked: str) -> None:
    addresses = [
        {"channel": "phone", "value": "13800138000"},
        {"channel": "email", "value": "wxm@example.com"},
    ]
    await customer(edge, number="100234", addresses=addresses)
    await customer(edge, "李娜", phones=["13900000001"])
    await desk.sign_in("agent1")
    page = desk.page
    await page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search")
    await expect(box).to_be_focused()
    await page.keyboard.type(asked)
    await page.locator(f"[data-found='{asked}'] [role=option]").first.wait_for()
    await expect(page.locator("[role=option]")).to_have_text([re.compile("王晓明")])
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("王晓明")


async def test_the_box_says_what_it_needs_and_goes_by_escape(desk: Desk, edge: Running) -> None:
    await desk.sign_in("agent1")
    page = desk.page
    await page.keyboard.press("Control+k")
    await page.keyboard.type("1")
    await expect(page.locator(".finder-says")).to_have_text(
        "Type a name, or at least three digits of a number."
    )
    await page.keyboard.type("39999")
    await expect(page.locator(".finder-says")).to_have_text("Nothing found.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".finder-list")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("combobox", name="Search")).to_have_value("")


async def test_every_fact_is_changed_where_it_stands(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    page = await at(desk, id_)
    await page.get_by_role("button", name="Change: Company").click()
    await expect(page.get_by_label("Company")).to_be_focused()
    await page.keyboard.type("Star River")
    await page.keyboard.press("Enter")
    await expect(fact(page, "Company")).to_contain_text("Star River")
    await expect(page.get_by_role("button", name="Change: Company")).to_be_focused()
    await page.get_by_role("button", name="Change: Tags").click()
    await page.get_by_label("Tags").fill("VIP，老客户")
    await page.keyboard.press("Enter")
    await expect(fact(page, "Tags").locator(".chip")).to_have_text(["VIP", "老客户"])
    await page.get_by_role("button", name="Change: Owner").click()
    await page.get_by_label("Owner").select_option("agent1")
    await fact(page, "Owner").get_by_role("button", name="Save").click()
    await expect(page.locator(".record-head")).to_contain_text("陈晓")
    await page.get_by_role("button", name="Change: Company").click()
    await page.keyboard.type("x")
    await page.keyboard.press("Escape")
    await expect(fact(page, "Company")).to_contain_text("Star River")
    now = await read(edge, f"/api/customers/{id_}")
    assert (now["company"], now["tags"], now["owner"]) == ("Star River", ["VIP", "老客户"], "agent1")


async def test_what_is_refused_stays_to_be_mended(desk: Desk, edge: Running) -> None:
    page = await at(desk, await customer(edge))
    await page.get_by_role("button", name="Change: Balance").click()
    await page.keyboard.type("12,5x")
    await page.keyboard.press("Enter")
    await expect(fact(page, "Balance").locator(".error-text")).to_be_visible()
    await expect(page.get_by_label("Balance")).to_have_value("12,5x")
    await page.get_by_label("Balance").fill("12.5")
    await page.keyboard.press("Enter")
    await expect(fact(page, "Balance")).to_contain_text("12.50")


async def test_what_is_typed_survives_a_look_at_another_page(desk: Desk, edge: Running) -> None:
    page = await at(desk, await customer(edge))
    await page.get_by_role("button", name="Change: Remark").click()
    await page.keyboard.type("half a sentence")
    await page.get_by_role("link", name="History").click()
    await page.go_back()
    await expect(page.get_by_label("Remark")).to_have_value("half a sentence")
    await page.keyboard.press("Escape")


async def test_two_people_change_one_record(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge, company="Old")
    page = await at(desk, id_)
    await page.get_by_role("button", name="Change: Company").click()
    await page.get_by_label("Company").fill("Mine")
    await changed(edge, f"/api/customers/{id_}", {"company": "Theirs", "tier": "gold"})
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Theirs")
    await expect(dialog).to_contain_text("Mine")
    assert (await read(edge, f"/api/customers/{id_}"))["company"] == "Theirs"
    assert await desk.axe() == []
    await dialog.get_by_role("button", name="Save what I chose").click()
    await expect(fact(page, "Company")).to_contain_text("Mine")
    now = await read(edge, f"/api/customers/{id_}")
    assert (now["company"], now["tier"]) == ("Mine", "gold")


async def test_a_change_beside_anothers_change_is_no_conflict(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    page = await at(desk, id_)
    await page.get_by_role("button", name="Change: Company").click()
    await page.keyboard.type("Mine")
    await changed(edge, f"/api/customers/{id_}", {"tier": "gold"})
    await page.keyboard.press("Enter")
    await expect(fact(page, "Company")).to_contain_text("Mine")
    await expect(fact(page, "Tier")).to_contain_text("Gold")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_ways_to_reach_are_added_changed_and_removed(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge, phones=["13800138000"])
    page = await at(desk, id_)
    card = page.locator(".card", has=page.get_by_role("heading", name="Ways to reach"))
    await expect(card.get_by_role("link", name="Call +8613800138000")).to_have_attribute(
        "href", "tel:+8613800138000"
    )
    await card.get_by_role("button", name="Add").click()
    await card.get_by_label("Phone", exact=True).fill("8888 8888")
    await page.keyboard.press("Enter")
    await expect(card.locator(".error-text")).to_contain_text("area code")
    await card.get_by_label("Phone", exact=True).fill("010-8888 8888 转 123")
    await page.keyboard.press("Enter")
    await expect(card.locator(".address")).to_have_count(2)
    await expect(card.locator(".address").nth(1)).to_contain_text("ext. 123")
    await card.get_by_role("button", name="Verified: +8613800138000").click()
    await expect(card.locator(".address").first).to_contain_text("Verified")
    await card.get_by_role("button", name="Preferred way: +861088888888").click()
    await expect(card.locator(".address").nth(1)).to_contain_text("Preferred")
    await card.get_by_role("button", name="Remove: +8613800138000").click()
    await expect(card.locator(".address")).to_have_count(1)
    (left,) = (await read(edge, f"/api/customers/{id_}"))["addresses"]
    assert (left["value"], left["extension"], left["preferred"]) == ("+861088888888", "123", True)


async def test_consents_are_noted_and_do_not_contact_stands_out(desk: Desk, edge: Running) -> None:
    page = await at(desk, await customer(edge))
    await page.get_by_role("button", name="Do not contact").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Nobody contacts this customer from then on")
    await dialog.get_by_label("In the customer's words").fill("Leave me alone")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator(".record-head .chip.refused")).to_have_text("Do not contact")
    await expect(page.locator(".consents")).to_contain_text("Leave me alone")


async def test_relations_are_made_and_taken_back(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    await customer(edge, "Star River", kind="organisation")
    page = await at(desk, id_)
    card = page.locator(".card", has=page.get_by_role("heading", name="Relations"))
    await card.get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What", exact=True).select_option("employee")
    await dialog.get_by_role("combobox", name="Of whom").fill("star")
    await page.locator("[role=option]").first.wait_for()
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Save").click()
    await expect(card).to_contain_text("whose employee this customer is")
    await card.get_by_role("button", name="Remove the relation to Star River").click()
    await expect(card).to_contain_text("No relation to another customer.")
    await page.get_by_role("button", name="Undo").click()
    await expect(card).to_contain_text("Star River")


async def test_notes_are_written_changed_and_removed(desk: Desk, edge: Running) -> None:
    page = await at(desk, await customer(edge))
    await page.get_by_role("tab", name="Timeline").focus()
    await page.keyboard.press("End")
    await expect(page.get_by_role("tab", name="Files")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Notes")).to_have_attribute("aria-selected", "true")
    await page.get_by_label("Write a note").fill(HOSTILE)
    await page.keyboard.press("Control+Enter")
    note = page.locator(".note-list > li")
    await expect(note).to_have_count(1)
    await expect(note.locator("p.written")).to_have_text(HOSTILE)
    await expect(page.get_by_label("Write a note")).to_have_value("")
    await note.get_by_role("button", name="Change the note").click()
    await note.get_by_label("Text").fill("Better")
    await page.keyboard.press("Control+Enter")
    await expect(note.locator("p.written")).to_have_text("Better")
    await note.get_by_role("button", name="Keep on top").click()
    await expect(note).to_have_class("pinned")
    await note.get_by_role("button", name="Remove the note").click()
    await expect(note).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(note.locator("p.written")).to_have_text("Better")


async def test_the_timeline_has_everything_and_is_narrowed(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge)
    await made(edge, f"/api/customers/{id_}/notes", {"text": "a note"})
    await made(edge, "/api/requests", {"customer": id_, "subject": "Line drops"})
    await changed(edge, f"/api/customers/{id_}", {"tier": "gold"})
    page = await at(desk, id_)
    entries = page.locator(".entries > li")
    await expect(entries).to_have_count(4)  # and that it was opened
    await page.get_by_role("button", name="Notes", exact=True).click()
    await expect(entries).to_have_count(1)
    await expect(entries).to_contain_text("a note")
    await page.get_by_role("button", name="Requests", exact=True).click()
    await expect(entries).to_have_count(2)
    await page.get_by_role("button", name="Everything").click()
    await expect(entries).to_have_count(4)
    await page.get_by_label("From", exact=True).fill("2031-01-01")
    await expect(page.locator(".timeline-pane .empty")).to_have_text("Nothing of this kind.")


async def test_a_customer_is_made_and_wrong_numbers_are_told(desk: Desk, edge: Running) -> None:
    await customer(edge, "Li Na", phones=["13900000001"])
    await desk.sign_in("agent1")
    page = desk.page
    await page.goto("/customers")
    await page.get_by_role("link", name="New customer").click()
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("新客户")
    await page.get_by_label("Telephone number").fill("1390000")
    await page.get_by_role("button", name="Create").click()
    await expect(
        page.locator(".field", has=page.get_by_label("Telephone number")).locator(".error-text")
    ).to_contain_text("short")
    await page.get_by_label("Telephone number").fill("139 0000 0001")
    await expect(page.locator(".notice")).to_contain_text("Li Na")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("h1")).to_have_text("新客户")


async def test_who_may_not_change_sees_no_pencil(desk: Desk, edge: Running) -> None:
    id_ = await customer(edge, id_number="11010519491231002X")
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        body = {"login": "q1", "name": "Q", "role": "quality", "password": "correct horse battery"}
        status, found = await admin.call("POST", "/api/users", json=body)
        assert status == 201, found
    page = await at(desk, id_, "q1")
    await expect(page.locator(".pencil")).to_have_count(0)
    await expect(fact(page, "Id number")).to_contain_text("Hidden from your role")
    await expect(page.get_by_role("button", name="Merge")).to_have_count(0)
    await page.goto("/customers")
    await expect(page.get_by_role("link", name="New customer")).to_have_count(0)


async def test_another_teams_customer_is_nowhere(desk: Desk, edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        for team in ("north", "south"):
            await admin.call("PUT", f"/api/teams/{team}", json={"title": {"zh": team, "en": team}})
        assert (await admin.call("PATCH", "/api/users/agent1", json={"teams": ["south"]}))[0] == 200
    id_ = await customer(edge, "Hidden Person", team="north", owner="agent2")
    await desk.sign_in("agent1")
    page = desk.page
    await page.goto("/customers")
    await expect(page.locator(".empty")).to_have_text("There is no customer yet.")
    await page.keyboard.press("/")
    await page.keyboard.type("hidden")
    await expect(page.locator(".finder-says")).to_have_text("Nothing found.")
    await page.goto(f"/customers/{id_}")
    await expect(
        page.get_by_role("alert").filter(has_text="There is no such customer, or not for you.")
    ).to_be_visible()


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("zh", "dark"), ("zh", "light"), ("en", "dark")]
)
async def test_the_pages_shut_nobody_out(chromium: Browser, edge: Running, language: str, theme: str) -> None:
    id_ = await customer(
        edge,
        HOSTILE,
        phones=["13800138000", "+46 8 123 456 78"],
        tags=["x" * 60],
        tier="gold",
        company="很" * 100,
    )
    await made(edge, f"/api/customers/{id_}/notes", {"text": HOSTILE * 20})
    await made(
        edge, f"/api/customers/{id_}/consents", {"channel": "any", "purpose": "any", "state": "refused"}
    )
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        page = await at(desk, id_)
        await page.locator(".entries > li").first.wait_for()
        assert await desk.axe() == []
        for width in (1280, 800, 360):
            assert await desk.overflow(width, 700) <= 0
        await page.goto("/customers")
        await page.locator("tbody tr").first.wait_for()
        await page.keyboard.press("/")
        await page.keyboard.type("img")
        await page.locator("[role=option]").first.wait_for()
        assert await desk.axe() == []
        assert await desk.overflow(360, 700) <= 0
        await page.goto("/customers/new")
        await page.locator("form.customer-form").wait_for()
        assert await desk.axe() == []
        assert await desk.overflow(360, 700) <= 0
