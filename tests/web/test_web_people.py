"""Users, teams and roles on the page: made and changed at once, and nobody locked out."""

from typing import Any

import pytest
from desk import Desk, dictionary
from playwright.async_api import Browser, Locator, expect
from running import PASSWORD, Running

from contactcenter.crm import accounts, roles, teams
from contactcenter.crm.access import CENTER, Right
from contactcenter.crm.accounts import AccountChange
from contactcenter.crm.users import UserChange

pytestmark = pytest.mark.asyncio(loop_scope="module")

EAST = {"zh": "东区", "en": "East"}


async def team(edge: Running, *logins: str, name: str = "east", title: dict[str, str] = EAST) -> None:
    """A team of these users."""
    await edge.store.write(teams.put, name, title, by=CENTER, at=1.0)
    for login in logins:
        await change(edge, login, teams=(name,))


async def change(edge: Running, login: str, *, teams: tuple[str, ...] | None = None, **user: Any) -> None:
    """What somebody else changes of a user meanwhile."""
    to = AccountChange(user=UserChange(**user), teams=teams)
    await edge.store.write(accounts.change, login, to, by=CENTER, at=2.0)


async def rights_of(edge: Running, name: str) -> frozenset[Right]:
    """What the store has."""
    found = await edge.store.read(roles.get, name)
    assert found
    return found.rights


async def at(desk: Desk, path: str, login: str = "admin") -> None:
    """Somebody who has opened this page."""
    await desk.sign_in(login)
    await desk.page.goto(path)
    await desk.page.wait_for_selector(".shell[data-link=up]")


def right(desk: Desk, name: str) -> Locator:
    return desk.page.locator(f"[data-right='{name}']")


async def axe_at_the_end(desk: Desk) -> list[str]:
    """What axe-core finds at the end of the page, where the bar covers nothing; what is below the header then
    is no target."""
    await desk.page.evaluate("document.querySelector('.header').style.position = 'static'")
    await desk.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    return await desk.axe()


async def saved(desk: Desk) -> None:
    """Save the role, until it is."""
    await desk.page.locator(".save-bar .primary").click()
    await expect(desk.page.locator(".save-bar")).to_have_count(0)


# --- users ---


async def test_users_are_found(desk: Desk, edge: Running) -> None:
    await team(edge, "agent2")
    await at(desk, "/users")
    rows = desk.page.get_by_role("table", name="Users").locator("tbody tr")
    await expect(rows).to_have_count(5)
    assert await desk.axe() == []
    await desk.page.get_by_label("Name or login").fill("lind")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Maria Lind")
    await expect(rows.first).to_contain_text("East")
    await desk.page.get_by_role("button", name="Clear filters").click()
    await desk.page.get_by_label("Role", exact=True).select_option("supervisor")
    await expect(rows).to_have_count(2)
    await desk.page.get_by_label("Name or login").fill("nobody of this name")
    await desk.page.get_by_text("Nobody fits.").wait_for()


async def test_a_user_is_made_by_keyboard_and_signs_in(desk: Desk, edge: Running, chromium: Browser) -> None:
    await team(edge)
    await at(desk, "/users")
    page, keys = desk.page, desk.page.keyboard
    await page.get_by_role("button", name="New user").focus()
    await keys.press("Enter")
    await expect(page.locator("#new-login")).to_be_focused()
    assert await desk.axe() == []
    await keys.type("agent1")
    await keys.press("Tab")
    await keys.type("<b>Eva</b> \u202eavE")
    await keys.press("Enter")
    await page.get_by_text("Somebody has this login already.").wait_for()
    await page.locator("#new-login").fill("eva")
    await page.get_by_role("dialog").get_by_label("East").check()
    password = await page.locator("#new-password").input_value()
    assert len(password) >= 16
    await page.locator("#new-name").press("Enter")
    await page.wait_for_url("**/users/eva")
    await expect(page.locator("h1")).to_contain_text("<b>Eva</b>")
    account = await edge.store.read(accounts.get, "eva")
    assert account
    assert account.teams == ("east",)
    async with edge.browser() as browser:
        await browser.sign_in("eva", password)


async def test_what_is_wrong_with_a_new_user_stands_at_its_field(desk: Desk) -> None:
    await at(desk, "/users")
    await desk.page.get_by_role("button", name="New user").click()
    await desk.page.locator("#new-login").fill("Big Letters")
    await desk.page.locator("#new-name").fill("Eva")
    await desk.page.get_by_role("button", name="Add the user").click()
    assert not await desk.page.locator("#new-login").evaluate("input => input.validity.valid")
    await desk.page.locator("#new-login").fill("eva")
    await desk.page.locator("#new-password").fill("short")
    await desk.page.get_by_role("button", name="Add the user").click()
    await desk.page.get_by_role("dialog").wait_for()
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)
    await expect(desk.page.get_by_role("button", name="New user")).to_be_focused()


async def test_a_user_is_changed(desk: Desk, edge: Running) -> None:
    await team(edge)
    await at(desk, "/users/agent2")
    assert await desk.axe() == []
    await desk.page.locator("#user-name").fill("Maria L.")
    await desk.page.get_by_role("group", name="Teams").get_by_label("East").check()
    await desk.page.locator("#user-name").press("Enter")
    await desk.page.get_by_text("Saved: Maria L.").wait_for()
    account = await edge.store.read(accounts.get, "agent2")
    assert account
    assert (account.user.name, account.teams) == ("Maria L.", ("east",))
    await expect(desk.page.locator("#user-name")).to_have_value("Maria L.")


async def test_an_agent_s_queues_and_skills_are_changed_as_agents_are(desk: Desk, edge: Running) -> None:
    await at(desk, "/users/agent2")
    form = desk.page.locator("form", has=desk.page.get_by_role("group", name="Queues"))
    await form.get_by_label("Sales").check()
    await form.get_by_label("Add a skill to “Skills”").select_option("billing")
    await form.get_by_label("Level of Billing").select_option("7")
    await form.get_by_role("button", name="Save").click()
    await desk.page.get_by_text("Saved: Maria Lind").wait_for()
    account = await edge.store.read(accounts.get, "agent2")
    assert account
    assert (set(account.user.queues), account.user.skills) == ({"support", "sales"}, {"billing": 7})


async def test_what_two_people_change_at_once_is_shown(desk: Desk, edge: Running) -> None:
    await at(desk, "/users/agent2")
    name = desk.page.locator("#user-name")
    await name.fill("Mine")
    await change(edge, "agent2", name="Theirs", phone="115")
    await name.press("Enter")
    dialog = desk.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Theirs")
    await expect(dialog).to_contain_text("Mine")
    assert await desk.axe() == []
    await dialog.locator(".primary").click()
    await desk.page.get_by_text("Saved: Mine").wait_for()
    account = await edge.store.read(accounts.get, "agent2")
    assert account
    assert (account.user.name, account.user.phone) == ("Mine", "115")


async def test_a_locked_user_is_out_at_once(desk: Desk, chromium: Browser, edge: Running) -> None:
    async with Desk(chromium, edge) as other:
        await other.sign_in("supervisor1")
        await at(desk, "/users/supervisor1")
        await desk.page.get_by_role("button", name="Lock the account").click()
        await desk.page.get_by_text("is locked and signed out.").wait_for()
        await other.page.wait_for_url("**/sign-in")
        await desk.page.get_by_role("button", name="Unlock the account").click()
        await desk.page.get_by_text("may sign in again.").wait_for()


async def test_nobody_locks_himself_or_everybody_out(desk: Desk, edge: Running) -> None:
    await at(desk, "/users/admin")
    await expect(desk.page.get_by_role("button", name="Lock the account")).to_be_disabled()
    await desk.page.locator("#user-role").select_option("supervisor")
    await desk.page.locator("#user-name").press("Enter")
    await desk.page.get_by_text("This would lock everybody out").wait_for()
    assert await edge.store.read(accounts.get, "admin")


async def test_a_password_is_given_and_shown_once(desk: Desk, edge: Running) -> None:
    await at(desk, "/users/agent1")
    await desk.page.get_by_role("button", name="New password …").click()
    field = desk.page.locator("#new-password")
    first = await field.input_value()
    await desk.page.get_by_role("button", name="Another one").click()
    await expect(field).not_to_have_value(first)
    password = await field.input_value()
    await desk.page.get_by_role("button", name="Give this password").click()
    await desk.page.get_by_text("it is not shown again").wait_for()
    assert await desk.axe() == []
    await desk.page.get_by_role("button", name="Told: close").click()
    async with edge.browser() as browser:
        await browser.sign_in("agent1", password)
        status, _ = await browser.call("POST", "/api/session", json={"login": "agent1", "password": PASSWORD})
        assert status == 401


async def test_who_only_reads_changes_nothing(desk: Desk) -> None:
    await at(desk, "/users/agent1", "supervisor1")
    await expect(desk.page.locator("#user-name")).to_be_disabled()
    await expect(desk.page.get_by_role("button", name="Lock the account")).to_have_count(0)
    await desk.page.goto("/roles/supervisor")
    await expect(right(desk, "audit.read")).to_be_disabled()
    await expect(desk.page.get_by_role("button", name="New role")).to_have_count(0)


# --- teams ---


async def test_a_team_is_made_filled_and_deleted(desk: Desk, edge: Running) -> None:
    await at(desk, "/teams")
    page = desk.page
    await page.get_by_text("There is no team yet").wait_for()
    await page.get_by_role("button", name="New team").click()
    await page.locator("#team-zh").fill("东区")
    await page.locator("#team-en").fill("East")
    await page.locator("#team-name").fill("east")
    assert await desk.axe() == []
    await page.locator("#team-name").press("Enter")
    card = page.locator("[data-team=east]")
    await card.get_by_text("Nobody is in it.").wait_for()
    add = card.get_by_label("Add somebody to East")
    await add.select_option("agent2")
    await expect(card.get_by_role("link", name="Maria Lind")).to_be_visible()
    assert await desk.axe() == []
    await card.get_by_role("button", name="Delete East").click()
    await card.get_by_text("users are in this team: take them out first").wait_for()
    await card.get_by_role("button", name="Take Maria Lind out of East").click()
    await card.get_by_text("Nobody is in it.").wait_for()
    await card.get_by_role("button", name="Rename East").click()
    await page.locator("#team-en").fill("Far East")
    await page.locator("#team-en").press("Enter")
    await expect(card.locator("h2")).to_have_text("Far East")
    await card.get_by_role("button", name="Delete Far East").click()
    await page.get_by_text("There is no team yet").wait_for()
    assert await edge.store.read(teams.every) == ()


# --- roles ---


async def test_a_right_that_is_taken_is_gone_from_an_open_page(
    desk: Desk, chromium: Browser, edge: Running
) -> None:
    async with Desk(chromium, edge) as other:
        await other.sign_in("supervisor1")
        await other.page.goto("/audit")
        await other.page.locator(".chain").wait_for()
        await at(desk, "/roles/supervisor")
        await right(desk, "audit.read").uncheck()
        for kind in ("customers.import", "leads.import", "do_not_call.manage"):
            await right(desk, kind).uncheck()
        await expect(desk.page.locator(".save-bar")).to_contain_text("Acts at once for 2 users")
        assert await axe_at_the_end(desk) == []
        await saved(desk)
        await other.page.get_by_text("Not for you").wait_for()
        await expect(other.page.locator(".rail a[href='/audit']")).to_have_count(0)
        await expect(other.page.locator(".rail a[href='/imports']")).to_have_count(0)
        await right(desk, "audit.read").check()
        await saved(desk)
        await other.page.locator(".chain").wait_for()
    assert Right.CUSTOMERS_IMPORT not in await rights_of(edge, "supervisor")


async def test_a_role_that_would_lock_everybody_out_is_refused_in_words(desk: Desk, edge: Running) -> None:
    await at(desk, "/roles/admin")
    await right(desk, "roles.write").uncheck()
    await desk.page.locator(".save-bar .primary").click()
    await desk.page.get_by_text("This would lock everybody out").wait_for()
    await expect(desk.page.locator(".save-bar")).to_contain_text("“Change roles”")
    assert await axe_at_the_end(desk) == []
    assert Right.ROLES_WRITE in await rights_of(edge, "admin")
    await desk.page.get_by_role("button", name="Discard").click()
    await expect(right(desk, "roles.write")).to_be_checked()


async def test_scopes_and_hidden_fields_by_keyboard(desk: Desk, edge: Running) -> None:
    await at(desk, "/roles/quality")
    page = desk.page
    row = page.locator("[data-kind=customer]")
    await row.get_by_role("radio", name="all").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(row.get_by_role("radio", name="team")).to_be_checked()
    await expect(row.locator(".scope-words")).to_contain_text("those of their teams")
    await page.locator("[data-hidden='customer.balance']").focus()
    await page.keyboard.press(" ")
    await expect(page.locator(".save-bar")).to_contain_text("Changed: Scopes, Hidden fields")
    await page.locator(".save-bar .primary").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Quality is saved").wait_for()
    role = await edge.store.read(roles.get, "quality")
    assert role
    assert (role.scopes["customer"], role.hidden) == ("team", frozenset({"customer.id_number"}))  # type: ignore[index]


async def test_what_is_changed_of_a_role_outlives_a_look_elsewhere(desk: Desk) -> None:
    await at(desk, "/roles/agent")
    await right(desk, "customers.merge").check()
    await desk.page.locator(".sections a", has_text="Quality").click()
    await expect(desk.page.locator("h2").first).to_have_text("Quality")
    await expect(desk.page.locator(".sections a", has_text="Agent").first).to_contain_text("not saved")
    await desk.page.locator(".tab", has_text="Users").click()
    await desk.page.get_by_role("table", name="Users").wait_for()
    await desk.page.go_back()
    await desk.page.locator(".sections a", has_text="Agent").first.click()
    await expect(right(desk, "customers.merge")).to_be_checked()
    await desk.page.get_by_role("button", name="Discard").click()


async def test_two_rights_that_exclude_each_other_are_explained(desk: Desk) -> None:
    await at(desk, "/roles/agent")
    await right(desk, "calls.monitor").check()
    await desk.page.get_by_text("one phone can't ring for both").wait_for()
    await expect(desk.page.locator(".save-bar .primary")).to_be_disabled()
    await desk.page.get_by_role("button", name="Discard").click()


async def test_a_role_that_somebody_else_changed_is_compared(desk: Desk, edge: Running) -> None:
    await at(desk, "/roles/sales")
    await right(desk, "customers.export").check()
    found = await edge.store.read(roles.get, "sales")
    assert found
    await edge.store.write(
        lambda db: roles.put(
            db,
            roles.Role(**{**vars_of(found), "rights": found.rights | {Right.AUDIT_READ}}),
            by=CENTER,
            at=3.0,
        )
    )
    await desk.page.locator(".save-bar .primary").click()
    dialog = desk.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Read the audit log")
    await expect(dialog).to_contain_text("Export customers")
    await dialog.get_by_role("radio").first.check()
    await dialog.locator(".primary").click()
    await expect(dialog).to_have_count(0)
    assert Right.AUDIT_READ in await rights_of(edge, "sales")


def vars_of(role: roles.Role) -> dict[str, Any]:
    """Its fields."""
    return {name: getattr(role, name) for name in role.__dataclass_fields__}


async def test_a_role_is_made_after_another_and_deleted(desk: Desk, edge: Running) -> None:
    await at(desk, "/roles")
    await desk.page.get_by_role("button", name="New role").click()
    await desk.page.locator("#role-zh").fill("夜班座席")
    await desk.page.locator("#role-en").fill("Night agent")
    await desk.page.locator("#role-name").fill("agent")
    await desk.page.locator("#role-like").select_option("senior_agent")
    await desk.page.get_by_role("button", name="Make the role").click()
    await desk.page.get_by_text("There is one already.").wait_for()
    await desk.page.locator("#role-name").fill("night")
    await desk.page.locator("#role-name").press("Enter")
    await desk.page.wait_for_url("**/roles/night")
    await expect(right(desk, "customers.merge")).to_be_checked()
    assert await rights_of(edge, "night") == await rights_of(edge, "senior_agent")
    await change(edge, "agent1", role="night")
    await desk.page.get_by_role("button", name="Delete").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Delete").click()
    await dialog.get_by_text("users have this role: give them another one first").wait_for()
    await change(edge, "agent1", role="agent")
    await dialog.get_by_role("button", name="Delete").click()
    await desk.page.get_by_text("Night agent is deleted.").wait_for()
    assert await edge.store.read(roles.get, "night") is None


@pytest.mark.parametrize(("language", "theme"), [("zh", "dark"), ("en", "dark"), ("zh", "light")])
async def test_in_both_languages_and_themes(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await team(edge, "agent1", "supervisor1")
    words = dictionary(language)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        for path, ready in (
            ("/users", "tbody tr"), ("/users/agent1", ".role-words"), ("/teams", "[data-team]"),
            ("/roles/supervisor", ".matrix"),
        ):  # fmt: skip
            await desk.page.goto(path)
            await desk.page.locator(ready).first.wait_for()
            assert await axe_at_the_end(desk) == [], path
            assert await desk.overflow(1280, 720) <= 0, path
            assert await desk.overflow(360, 640) <= 0, path
        await expect(desk.page.locator(".matrix")).to_contain_text(words["scope_of.customer.team"])
