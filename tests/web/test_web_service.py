"""The agent's desk during a call: who it is, what he wants, what is to be done; and what goes along."""

import pytest
from desk import Desk
from playwright.async_api import expect
from running import Running
from service import customer, followup, interaction, request, request_now, with_kinds

from contactcenter.crm import cards, requests, roles
from contactcenter.crm.access import CENTER, Right
from contactcenter.crm.requests import Filter, RequestState
from contactcenter.crm.roles import Role
from contactcenter.crm.users import UserChange
from contactcenter.events import ConsultAsked, CustomerChosen
from contactcenter.values import CustomerCard, MatchMethod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def called(desk: Desk, *cards: CustomerCard, match: MatchMethod | None = None) -> str:
    """The agent talks; answers the interaction."""
    pop = desk.center.ring("agent1", *cards, match=match)
    await desk.face("reserved")
    desk.center.join("agent1")
    await desk.face("talking")
    return pop.interaction


async def test_a_request_is_opened_from_the_call_with_the_keyboard_alone(desk: Desk, edge: Running) -> None:
    with_kinds(edge)
    wang = await customer(edge, "王小明")
    await request(edge, wang, "Invoice is wrong", priority=4, owner="agent1")
    card = await edge.store.read(cards.get, wang.id)
    assert card
    await desk.sign_in()
    talk = await called(desk, card)
    page, keys = desk.page, desk.page.keyboard
    panel = page.locator("#desk-request")
    await expect(panel).to_contain_text("Invoice is wrong")
    await expect(panel).to_contain_text("Urgent")
    await keys.press("Shift+F8")
    await expect(panel.get_by_label("Subject")).to_be_focused()
    await keys.type("No sound in the evening")
    await keys.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("is open.")
    found = (await edge.store.read(requests.page, CENTER, Filter(states=(RequestState.NEW,)))).items
    one = next(each for each in found if each.subject == "No sound in the evening")
    assert (one.customer, one.interaction, one.owner) == (wang.id, talk, "agent1")
    # The record of the customer is told anew, with it.
    await expect(panel).to_contain_text("No sound in the evening")
    await expect(panel.get_by_label("Subject")).to_have_count(0)
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("No sound in the evening")
    await page.get_by_role("link", name="Desk").click()
    await expect(page.locator("#caller")).to_have_text("王小明")


async def test_a_refused_request_keeps_its_words_and_is_sent_once(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await desk.sign_in()
    await called(desk, wang)
    page, keys = desk.page, desk.page.keyboard
    await keys.press("Shift+F8")
    await keys.type("Line drops")
    panel = page.locator("#desk-request")
    await page.route("**/api/requests", lambda route: route.abort())
    await keys.press("Enter")
    await expect(panel.get_by_role("alert")).to_contain_text("The server can't be reached")
    await expect(panel.get_by_label("Subject")).to_have_value("Line drops")
    await page.unroute_all(behavior="wait")
    async with desk.answers_held("**/api/requests", first_only=True) as answered:
        await keys.press("Enter")
        await answered.wait()
        await keys.press("Enter")
    await expect(panel.get_by_label("Subject")).to_have_count(0)
    found = (await edge.store.read(requests.page, CENTER)).items
    assert [each.subject for each in found] == ["Line drops"]


async def test_a_call_that_comes_in_takes_no_request_away(desk: Desk, edge: Running) -> None:
    wang, li = await customer(edge, "Wang"), await customer(edge, "Li Na", "+8613900139000")
    await desk.sign_in()
    await called(desk, wang)
    page = desk.page
    await page.keyboard.press("Shift+F8")
    await page.keyboard.type("Half a sen")
    desk.center.part("agent1")
    await desk.face("wrap_up")
    await called(desk, li)
    late = page.locator(".card", has_text="Request not sent yet: Wang")
    await expect(late.get_by_label("Subject")).to_have_value("Half a sen")
    await late.get_by_role("button", name="Discard").click()
    await expect(late).to_have_count(0)


async def test_one_of_several_is_chosen_and_corrected(desk: Desk, edge: Running) -> None:
    ada, bob = await customer(edge, "Ada"), await customer(edge, "Bob")
    zoe = await customer(edge, "Zoe Miller", "+8613900139000")
    await desk.sign_in()
    talk = await called(desk, ada, bob)
    page = desk.page
    context = page.locator(".context")
    await expect(context).to_contain_text("2 customers have this number")
    await context.get_by_role("button", name="Ada").click()
    await expect(page.locator("#caller")).to_have_text("Ada")
    told = await desk.center.heard(CustomerChosen, interaction=talk)
    assert (told.customer.id, told.method) == (ada.id, MatchMethod.CHOSEN)
    await expect(context).to_contain_text("Chosen by an agent")
    desk.center.forget()
    # It was the other one; whom the number was taken for is still offered.
    await context.get_by_role("button", name="Somebody else").click()
    await context.get_by_role("button", name="Bob").click()
    await expect(page.locator("#caller")).to_have_text("Bob")
    assert (await desk.center.heard(CustomerChosen)).customer.id == bob.id
    desk.center.forget()
    # Neither: by search.
    await context.get_by_role("button", name="Somebody else").click()
    await page.get_by_role("combobox", name="Find a customer").fill("zoe")
    await page.get_by_role("option", name="Zoe Miller").click()
    await expect(page.locator("#caller")).to_have_text("Zoe Miller")
    assert (await desk.center.heard(CustomerChosen)).customer.id == zoe.id


async def test_what_the_center_refuses_is_taken_back(desk: Desk, edge: Running) -> None:
    ada, bob = await customer(edge, "Ada"), await customer(edge, "Bob")
    await desk.sign_in()
    await called(desk, ada, bob)
    page = desk.page
    await page.route("**/api/calls/*/customer", lambda route: route.abort())
    await page.locator(".context").get_by_role("button", name="Ada").click()
    await expect(page.locator(".toast")).to_contain_text("The server can't be reached")
    await expect(page.locator(".match")).to_have_count(2)
    await expect(page.locator("#caller")).to_have_text("13800138000")


async def test_an_unknown_caller_gets_a_record_while_he_talks(desk: Desk, edge: Running) -> None:
    await desk.sign_in()
    talk = await called(desk)
    page, keys = desk.page, desk.page.keyboard
    context = page.locator(".context")
    await expect(context).to_contain_text("No customer has this number")
    await expect(page.locator("#desk-request")).to_contain_text("Choose first who is calling.")
    await context.get_by_role("button", name="New customer").click()
    form = context.get_by_role("form", name="New customer")
    await expect(form.get_by_label("Name")).to_be_focused()
    await expect(form.get_by_label("Phone number")).to_have_value("13800138000")
    await keys.type("钱多多")
    await form.get_by_label("Phone number").fill("8888 8888")
    await keys.press("Enter")
    # Half a number is refused; nothing is lost.
    await expect(form.get_by_role("alert")).not_to_be_empty()
    await expect(form.get_by_label("Name")).to_have_value("钱多多")
    await form.get_by_label("Phone number").fill("13800138000")
    assert await desk.axe() == []
    await keys.press("Enter")
    await expect(page.locator("#caller")).to_have_text("钱多多")
    told = await desk.center.heard(CustomerChosen, interaction=talk)
    assert (told.customer.name, told.method) == ("钱多多", MatchMethod.CREATED)
    await expect(context).to_contain_text("Record opened during the call")
    made = await edge.store.read(cards.with_phone, "+8613800138000")
    assert [each.name for each in made] == ["钱多多"]


async def test_notes_of_the_call_go_along_with_the_caller(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await desk.sign_in()
    await called(desk, wang)
    page = desk.page
    await page.locator("form.outcome textarea").fill("Reset twice.\nNo change.")
    await page.keyboard.press("Shift+F2")
    note = page.get_by_label("Note for the next person")
    await expect(note).to_have_value("Reset twice.\nNo change.")
    await note.fill("Reset twice, asks for a technician.")
    await page.get_by_role("radio", name="Number", exact=True).check()
    await page.locator("#send-on-to").fill("4000")
    await note.press("Enter")
    asked = await desk.center.heard(ConsultAsked)
    assert asked.note == "Reset twice, asks for a technician."


async def test_follow_ups_of_the_caller_are_seen_and_planned(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await followup(edge, "Send the offer", -3600, customer=wang.id)
    one = await request(edge, wang, "Line drops")
    card = await edge.store.read(cards.get, wang.id)
    assert card
    await desk.sign_in()
    talk = await called(desk, card)
    await interaction(edge, talk, wang, final=False)
    page = desk.page
    await expect(page.locator(".context")).to_contain_text("Send the offer")
    await page.get_by_role("button", name="New follow-up").click()
    await expect(page.get_by_label("What is to be done")).to_be_focused()
    await page.keyboard.type("Call back")
    await page.get_by_role("button", name="In an hour").click()
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.locator(".toast")).to_contain_text("Call back")
    await expect(page.locator(".context .past", has_text="Call back")).to_be_visible()
    # This call is about the request that is open already.
    await page.get_by_role("button", name="This call is about it").click()
    await expect(page.locator(".toast").last).to_contain_text(f"belongs to {one.number}")
    steps = (await edge.store.read(requests.steps, one.id, CENTER)).items
    assert [step.kind for step in steps] == ["linked", "opened"]
    assert steps[0].detail["interaction"] == talk


async def test_who_may_not_write_requests_sees_them_only(desk: Desk, edge: Running) -> None:
    role = Role(
        name="listener", title={"zh": "旁听", "en": "Listener"},
        rights=frozenset({Right.CALLS_TAKE, Right.CUSTOMERS_READ, Right.REQUESTS_READ}),
    )  # fmt: skip
    await edge.store.write(roles.put, role, by=CENTER, at=edge.clock())
    await edge.users.change("agent1", UserChange(role="listener"))
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops")
    card = await edge.store.read(cards.get, wang.id)
    assert card
    await desk.sign_in()
    await called(desk, card)
    page = desk.page
    await expect(page.locator("#desk-request")).to_contain_text("Line drops")
    await page.keyboard.press("Shift+F8")
    for name in ("New request", "Somebody else", "This call is about it", "New follow-up"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert (await request_now(edge, one)).version == 1
