"""Campaigns on the pages: the list, what one does now, its settings beside the law; and an agent's leads."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from desk import Desk
from fake_center import campaign_view
from playwright.async_api import Browser, expect
from running import Running
from sqlalchemy import Connection, insert, update

from contactcenter.commands import ShowCampaign
from contactcenter.crm import appointments, attempt_rows, caller_ids, campaigns, do_not_call, lists, schema
from contactcenter.crm.access import CENTER
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.campaigns import CampaignRow
from contactcenter.crm.lists import NewList
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.events import CampaignAsked, CampaignsChanged, DialAsked, LeadAsked, SkipAsked
from contactcenter.values import LeadCard

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_S = 86_400.0
LOOKS = (("en", "light"), ("zh", "dark"))


async def campaign(edge: Running, **changes: Any) -> CampaignRow:
    """A campaign that lacks nothing."""
    at = edge.clock()
    one = await edge.store.write(lists.create, NewList(name="Spring 2026", owner="", team=""), at=at)
    await edge.store.write(caller_ids.put, "+862161234567", verified=True, note="contract", at=at)
    settings = Campaign(
        id="", name="Renewals", mode=Mode.PREDICTIVE, profile="CN", queue="support", trunk="carrier",
        lists=(ListShare(list=one.id, weight=3),), caller_ids=("+862161234567",), message="Call 400 800.",
        talk_script="Hello {name}.",
    )  # fmt: skip
    return await edge.store.write(campaigns.create, replace(settings, **changes), owner="admin", at=at)


async def dialled(edge: Running, row: CampaignRow) -> None:
    """It has run for two days, and runs."""
    at = edge.clock()

    def write(db: Connection) -> None:
        began = update(schema.campaigns).where(schema.campaigns.c.id == row.campaign.id)
        db.execute(began.values(started_at=at - 1.5 * DAY_S, state="running"))
        counts = {0: {"connected": 97, "dropped": 3, "no_answer": 200}, 1: {"connected": 99, "dropped": 1}}
        db.execute(
            insert(schema.campaign_days),
            [
                {
                    "campaign": row.campaign.id, "day": day, "outcome": outcome, "calls": calls,
                    "counted": "" if outcome == "no_answer" else outcome,
                }
                for day, of in counts.items()
                for outcome, calls in of.items()
            ],
        )  # fmt: skip

    await edge.store.write(write)
    view = campaign_view(
        row.campaign.id, "support", name="Renewals", mode="predictive", dialling=9, ringing=7, answered=1,
        talking=4, agents_free=2, placed=400, connected=196, dropped=4, drop_share=0.02, drop_limit=0.03,
        why="predicted", wanted=2, since=at - 60, refusals={"not_now": 12, "do_not_call": 3},
    )  # fmt: skip
    edge.center.carry(ShowCampaign(view=view))


@pytest_asyncio.fixture(loop_scope="module")
async def running_one(edge: Running) -> CampaignRow:
    row = await campaign(edge)
    await dialled(edge, row)
    return row


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Browser, edge: Running) -> AsyncIterator[Desk]:
    """An administrator's page."""
    async with Desk(chromium, edge) as desk:
        yield await desk.sign_in("admin")


async def test_from_a_draft_to_a_start_that_says_what_is_missing(page: Desk, edge: Running) -> None:
    tab = page.page
    await tab.goto("/campaigns")
    await expect(tab.get_by_text("No campaign yet.")).to_be_visible()
    await tab.get_by_role("button", name="New campaign").click()
    await tab.keyboard.type("Trial")
    await tab.get_by_label("Mode", exact=True).select_option("power")
    await tab.get_by_label("Law of").select_option("US")
    await tab.get_by_label("Queue").select_option("support")
    await tab.get_by_role("button", name="Make it").click()
    target = tab.get_by_label("Share of drops aimed at")
    await expect(target).to_be_visible()
    await expect(tab.locator(".field", has=target).locator(".law")).to_contain_text("16 CFR 310.4")
    await target.fill("5")
    await expect(tab.locator(".field", has=target)).to_contain_text("Looser than the law: 2.0% at most.")
    await tab.get_by_label("Message when nobody is free").fill("This is Cloud. Call 800.")
    await tab.get_by_label("Tighter hours than the law's").check()
    await tab.get_by_label("Monday", exact=True).fill("9:00-12:00, 13:00-24:00")
    await expect(tab.locator(".week-picture li").first).to_contain_text("09:00–12:00, 13:00–21:00")
    await tab.get_by_role("button", name="Save").click()
    await edge.center.heard(CampaignsChanged)
    await expect(tab.locator(".save-bar")).to_have_attribute("data-changed", "false")
    await tab.locator("[data-step=start]").click()
    lacks = tab.locator(".lacks li")
    await expect(lacks.filter(has_text="Numbers shown")).to_be_visible()
    await expect(lacks.filter(has_text="Share of drops aimed at")).to_contain_text("0.05")
    assert not [event for event in edge.center.events if isinstance(event, CampaignAsked)]


async def test_the_live_view_says_how_it_stands_and_steers(
    page: Desk, edge: Running, running_one: CampaignRow
) -> None:
    tab, path = page.page, f"/campaigns/{running_one.campaign.id}"
    await tab.goto("/campaigns")
    await expect(tab.locator("tbody tr").locator(".small-gauge")).to_contain_text("2.0% / 3.0%")
    await tab.locator("tbody tr").focus()
    await tab.keyboard.press("Enter")
    await expect(tab).to_have_url(re.compile(f"{path}$"))
    await expect(tab.locator("[data-dots=ringing] .dots i")).to_have_count(7)
    await expect(tab.locator(".pacing-why")).to_contain_text("by what was learnt. 2 calls more were placed.")
    gauges = tab.locator(".drop-gauge")
    await expect(gauges.first).to_have_attribute(
        "aria-label", "Today: 1.0% of 100 dropped; the law allows 3.0%."
    )
    await expect(gauges.nth(1)).to_have_attribute("data-verdict", "under")
    legend = tab.locator(".shares-legend li")
    await expect(legend.filter(has_text="No answer")).to_contain_text("50%")
    await expect(tab.locator(".count-bars li").first).to_contain_text("Outside of the hours")
    view = edge.server._edge.live.campaigns[running_one.campaign.id]
    edge.center.carry(ShowCampaign(view=replace(view, ringing=0, why="inbound_first", wanted=0)))
    await expect(tab.locator(".pacing-why")).to_have_text("Callers wait: they come first.")
    await tab.get_by_label("Calls at once, at most").fill("12")
    await tab.keyboard.press("Enter")
    told = await edge.center.heard(CampaignsChanged)
    assert told.campaigns[0].most_calls == 12
    await tab.locator("[data-step=pause]").click()
    await edge.center.heard(CampaignAsked, step="pause", login="admin")


async def attempts_of(edge: Running, row: CampaignRow) -> None:
    """One who talked, too late; one who was not in; one who was not called."""
    at = edge.clock() - 100
    blank = AttemptRecord(
        id="a1", campaign=row.campaign.id, list="l", lead="l1", number="+8613800138000", position=0,
        shows="+862161234567", mode="predictive", profile="CN", trunk="carrier", state="over", saved_at=at,
        placed_at=at, rang_at=at + 1, ended_at=at + 26, outcome="no_answer", consent="list",
    )  # fmt: skip
    talked = {"answered_at": at + 5, "joined_at": at + 8.5, "outcome": "connected", "agent": "agent1"}
    refused = {"placed_at": None, "rang_at": None, "outcome": "refused", "refusal": "not_now"}
    records = (
        blank,
        replace(blank, id="a2", number="+8613800138001", **talked),
        replace(blank, id="a3", number="+8613800138002", **refused),
    )
    rows = [{**attempt_rows.values(record), "kept_until": at + 366 * DAY_S} for record in records]
    await edge.store.write(lambda db: db.execute(insert(schema.attempts), rows) and None)


async def test_attempts_and_the_evidence_can_be_read_and_printed(
    page: Desk, edge: Running, running_one: CampaignRow
) -> None:
    await attempts_of(edge, running_one)
    tab = page.page
    await tab.goto(f"/campaigns/{running_one.campaign.id}?part=attempts")
    rows = tab.locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="a rule forbade it")).to_contain_text("Outside of the hours")
    await tab.get_by_label("What became of it").select_option("connected")
    await expect(rows).to_have_count(1)
    await tab.get_by_role("link", name="Compliance").click()
    clock = tab.get_by_role("row").filter(has_text="Time to an agent")
    await expect(clock).to_contain_text("broken")
    await expect(clock).to_contain_text("1 waited too long after their greeting, the longest 3.50 s")
    await tab.emulate_media(media="print")
    await expect(tab.locator(".rail")).to_be_hidden()
    await expect(clock).to_be_visible()


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_the_pages_are_for_everybody(
    chromium: Browser, edge: Running, running_one: CampaignRow, language: str, theme: str
) -> None:
    path = f"/campaigns/{running_one.campaign.id}"
    await attempts_of(edge, running_one)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        for address, there in (
            ("/campaigns", "tbody tr"), (path, ".shares-legend"), (f"{path}?part=settings", ".save-bar"),
            (f"{path}?part=attempts", "tbody tr"), (f"{path}?part=report", ".verdict-word"),
        ):  # fmt: skip
            await desk.page.goto(address)
            await expect(desk.page.locator(there).first).to_be_visible()
            assert await desk.axe() == [], address
            assert await desk.overflow(320, 700) <= 0, address


# --- the agent's desk ---


def lead(edge: Running, **changes: Any) -> LeadCard:
    card = LeadCard(
        campaign="c", campaign_name="Renewals", lead="l1", attempt="dial-1", name="Zhang Wei",
        number="+8613800138000", fields={"plan": "<b>50 GB</b>"}, talk_script="Hello Zhang Wei.",
        form="Interested? | yes | no", previewing=True, preview_until=edge.clock() + 20, may_skip=True,
    )  # fmt: skip
    return replace(card, **changes)


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_a_lead_is_looked_at_dialled_and_talked_to(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("agent1")
        tab, center = desk.page, edge.center
        pop = center.ring("agent1", caller="+8613800138000")
        center.carry(replace(pop, offer="look", lead=lead(edge)))
        await expect(tab.locator(".count-down strong")).to_have_text(re.compile("^(19|20)$"))
        await expect(tab.locator(".lead-fields")).to_contain_text("<b>50 GB</b>")
        await expect(tab.locator("#announcement")).to_contain_text("Renewals")
        assert await desk.axe() == []
        assert await desk.overflow(320, 700) <= 0
        await tab.keyboard.press("F2")
        await center.heard(DialAsked, login="agent1", call=pop.call)
        center.carry(replace(pop, offer="look", lead=lead(edge, previewing=False, preview_until=None)))
        await expect(tab.locator(".count-down")).to_have_count(0)
        await expect(tab.locator(".lead-preview .talk-script")).to_contain_text("Hello Zhang Wei.")
        center.join("agent1")
        await expect(tab.locator(".talk-script")).to_contain_text("Hello Zhang Wei.")
        await tab.locator(".questions select").select_option("yes")
        assert await desk.axe() == []
        await tab.locator(".lead-acts .danger").click()
        await expect(tab.locator(".said-no")).to_be_visible()
        assert await edge.store.read(do_not_call.find, "+8613800138000")
        center.part("agent1")
        await tab.locator("form.outcome textarea").fill("Sends a mail.")
        await tab.locator("form.outcome input[type=radio]").first.check(force=True)
        async with tab.expect_request("**/disposition") as sent:
            await tab.keyboard.press("Control+Enter")
        body = (await sent.value).post_data_json
        assert body["note"] == "Interested?: yes\nSends a mail."


async def test_a_lead_is_skipped_with_a_reason_and_taken_by_hand(desk: Desk, edge: Running) -> None:
    await desk.sign_in("agent1")
    tab, center = desk.page, edge.center
    center._show_agent("agent1", state="available", queues=("support",))
    center.carry(ShowCampaign(view=campaign_view("c9", "support", name="By hand", mode="manual")))
    await tab.get_by_role("button", name="Next lead").click()
    await center.heard(LeadAsked, login="agent1", campaign="c9")
    pop = center.ring("agent1", caller="+8613800138000")
    center.carry(replace(pop, offer="look", lead=lead(edge, preview_until=None)))
    await expect(tab.get_by_role("button", name="Skip")).to_be_visible()
    await expect(tab.locator(".count-down")).to_have_count(0)
    await tab.keyboard.press("F4")
    await expect(tab.get_by_role("button", name="Not the right time")).to_be_focused()
    await tab.get_by_label("Another reason").fill("On holiday")
    await tab.keyboard.press("Enter")
    await center.heard(SkipAsked, login="agent1", call=pop.call, reason="On holiday")
    center.carry(replace(pop, offer="look", lead=lead(edge, may_skip=False)))
    await expect(tab.get_by_role("button", name="Skip")).to_have_count(0)


async def test_a_call_is_agreed_on_by_the_customers_clock(desk: Desk, edge: Running) -> None:
    await desk.sign_in("agent1")
    tab, center = desk.page, edge.center
    pop = center.ring("agent1", caller="+12125550123")
    center.carry(replace(pop, offer="talk", lead=lead(edge, number="+12125550123", previewing=False)))
    center.join("agent1")
    await tab.get_by_role("button", name="Agree on a call").click()
    await expect(tab.get_by_label("By the clock of")).to_have_value("America/New_York")
    await tab.get_by_label("When", exact=True).fill("2027-03-14T02:30")
    await expect(tab.get_by_text("The clocks never show this time there.")).to_be_visible()
    now = datetime.fromtimestamp(edge.clock(), ZoneInfo("America/New_York"))
    wanted = (now + timedelta(days=2)).replace(hour=15, minute=0, second=0, microsecond=0)
    await tab.get_by_label("When", exact=True).fill(f"{wanted:%Y-%m-%dT%H:%M}")
    await tab.get_by_label("Who calls").select_option("")
    assert await desk.axe() == []
    await tab.get_by_role("button", name="Agree", exact=True).click()
    await expect(tab.locator(".toast")).to_contain_text("Agreed:")
    (made,) = (await edge.store.read(appointments.page, CENTER, at=edge.clock())).items
    assert (made.at, made.zone, made.owner, made.lead) == (
        wanted.timestamp(), "America/New_York", "", "l1",
    )  # fmt: skip


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_missed_ones_stand_before_the_supervisor(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    at = edge.clock()
    soon = NewAppointment(number="+8613800138000", name="Zhang Wei", at=at + 60, zone="Asia/Shanghai")
    await edge.store.write(appointments.agree, soon, at=at)
    edge.clock.ahead_s += 3600
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        tab = desk.page
        card = tab.locator(".card").filter(has=tab.locator("[data-appointment=missed]"))
        await expect(card).to_contain_text("Zhang Wei")
        assert await desk.axe() == []
        await tab.goto("/appointments?state=missed")
        await expect(tab.locator("tbody tr")).to_have_count(1)
        assert await desk.axe() == []
        assert await desk.overflow(320, 700) <= 0
        await tab.locator("tbody .acts .button").first.click()
        await expect(tab.locator("tbody tr")).to_have_count(0)
