"""Campaigns over HTTP: settings, steps, figures, who sees which of them live, and an agent's leads."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from fake_center import agent_view, campaign_view
from running import Browser, Running
from sqlalchemy import Connection, insert, update

from contactcenter.commands import Refused, ShowAgent, ShowCampaign
from contactcenter.crm import appointments, attempt_rows, caller_ids, do_not_call, lists, roles, schema
from contactcenter.crm.access import CENTER, Kind, Scope
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.lists import NewList
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Detection
from contactcenter.events import (
    AppointmentCallAsked,
    CampaignAsked,
    CampaignsChanged,
    DialAsked,
    LeadAsked,
    SkipAsked,
)
from contactcenter.values import LeadCard

pytestmark = pytest.mark.asyncio

DAY_S = 86_400.0
NEW = {"name": "Renewals", "mode": "predictive", "profile": "CN", "queue": "support"}


def lead_card(**changes: Any) -> LeadCard:
    card = LeadCard(
        campaign="c", campaign_name="Renewals", lead="l1", attempt="dial-1", name="Zhang Wei",
        number="+8613800138000", fields={"plan": "50 GB"}, talk_script="Hello Zhang Wei.", previewing=True,
        may_skip=True,
    )  # fmt: skip
    return replace(card, **changes)


async def made(admin: Browser, **body: Any) -> dict[str, Any]:
    status, answer = await admin.call("POST", "/api/campaigns", json=NEW | body)
    assert status == 201, answer
    return dict(answer)


async def ready(edge: Running, admin: Browser) -> dict[str, Any]:
    """A campaign that lacks nothing."""
    at = edge.clock()
    one = await edge.store.write(lists.create, NewList(name="L", owner="", team=""), at=at)
    await edge.store.write(caller_ids.put, "+862161234567", verified=True, note="contract", at=at)
    return await made(
        admin,
        name="Whole",
        lists=[{"list": one.id, "weight": 2}],
        caller_ids=["+862161234567"],
        message="Call 400 800.",
    )


async def test_settings_are_given_back_as_they_were_given_and_checked_by_version(edge: Running) -> None:
    week = [[["09:00", "12:00"], ["13:30", "18:00"]]] * 5 + [[["10:00", "00:00"]], []]
    given = {
        "window": {"starts_at": 5.0, "ends_at": None, "week": week},
        "rules": {"busy": {"after_s": 900.0, "limit": 3, "next_number": True, "other_time": False}},
        "blend": {"inbound_first": False, "keep_free": 2}, "drop_target": 0.01,
        "form": "Interested? | yes | no\nWhen?",
        "detection": {
            name: value for name, value in asdict(Detection()).items() if name not in ("heard", "persons")
        } | {"on_machine": "leave_message"},
    }  # fmt: skip
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        campaign = await made(admin, **given)
        assert {name: campaign[name] for name in given} == given
        assert campaign["state"] == "draft"
        assert campaign["terms"]["drop_target"] == 0.01
        path = f"/api/campaigns/{campaign['id']}"
        status, changed = await admin.call(
            "PATCH", path, json={"most_calls": 7, "drop_target": None}, headers={"If-Match": '"1"'}
        )
        assert (status, changed["most_calls"], changed["drop_target"], changed["version"]) == (
            200, 7, None, 2,
        )  # fmt: skip
        told = await edge.center.heard(CampaignsChanged)
        assert [(each.id, each.most_calls) for each in told.campaigns] == [(campaign["id"], 7)]
        status, conflict = await admin.call("PATCH", path, json={"ratio": 2.0}, headers={"If-Match": '"1"'})
        assert (status, conflict["current"]["most_calls"]) == (412, 7)
        status, refused = await admin.call("PATCH", path, json={"window": {"week": [[["9", "10"]]] * 7}})
        assert (status, refused["field"]) == (422, "window.week.0.0.0")
        status, copy = await admin.call("POST", f"{path}/copy", json={"name": "Again"})
        assert (status, copy["state"], copy["window"]) == (201, "draft", given["window"])
        found = await admin.get("/api/campaigns", state="draft")
        assert [each["name"] for each in found["items"]] == ["Again", "Renewals"]


async def test_what_was_found_among_the_machines_is_entered_with_its_proof(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        detection = {"max_words": 4, "on_machine": "leave_message"}
        campaign = await made(admin, detection=detection, machine_message="Call us.")
        path = f"/api/campaigns/{campaign['id']}"
        found = {"heard": 100, "persons": 1, "proof": "test series of 3 March, heard by Eva, minutes 7"}
        for wrong, field in (
            ({"heard": 0}, "heard"), ({"persons": 101}, "persons"), ({"proof": "  "}, "proof"),
        ):  # fmt: skip
            status, refused = await admin.call("POST", f"{path}/samples", json=found | wrong)
            assert (status, refused["field"]) == (422, field)
        status, after = await admin.call("POST", f"{path}/samples", json=found)
        assert (status, after["sample"]) == (201, {"heard": 100, "persons": 1})
        assert "heard" not in after["detection"], "no setting"
        told = await edge.center.heard(CampaignsChanged)
        steered_by = told.campaigns[0].detection
        assert steered_by
        assert (steered_by.heard, steered_by.persons) == (100, 1)
        await admin.call("POST", f"{path}/samples", json=found)
        status, after = await admin.call("PATCH", path, json={"detection": after["detection"], "ratio": 2})
        assert (status, after["sample"]["heard"]) == (200, 200), "the same values: the samples are of them"
        status, other = await admin.call("PATCH", path, json={"detection": detection | {"max_words": 2}})
        assert (status, other["sample"]) == (200, {"heard": 0, "persons": 0})
        shown = (await admin.get(f"{path}/samples"))["items"]
        assert [(one["heard"], one["login"], one["counts"]) for one in shown] == [(100, "admin", False)] * 2
        status, bare = await admin.call("PATCH", path, json={"detection": None})
        assert (status, bare["sample"]["heard"]) == (200, 0)
        status, refused = await admin.call("POST", f"{path}/samples", json=found)
        assert (status, refused["field"]) == (409, "detection")
        log = (await admin.get("/api/audit", kind="campaign", object=campaign["id"]))["items"]
        proofs = [one["after"]["sample"]["proof"] for one in log if one["act"] == "sample"]
        assert proofs == [found["proof"]] * 2


async def test_a_start_is_refused_with_every_reason_at_once(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        bare = await made(admin, profile="US", ring_s=5, drop_target=0.2)
        path = f"/api/campaigns/{bare['id']}"
        status, refused = await admin.call("POST", f"{path}/start")
        assert status == 422
        fields = {each["field"] for each in refused["errors"]}
        assert {"lists", "caller_ids", "message", "ring_s", "drop_target", "profile"} <= fields
        said = {each["field"]: each for each in (await admin.get(f"{path}/problems"))["items"]}
        assert said.keys() == fields
        looser = {name: said["drop_target"][name] for name in ("lack", "given", "wanted")}
        assert looser == {"lack": "looser", "given": "0.2", "wanted": "0.02"}
        assert not [event for event in edge.center.events if isinstance(event, CampaignAsked)]


async def test_a_step_is_the_centers_to_take(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        campaign = await ready(edge, admin)
        path = f"/api/campaigns/{campaign['id']}"
        assert (await admin.call("POST", f"{path}/start"))[0] == 200
        asked = await edge.center.heard(CampaignAsked, step="start", login="admin")
        assert [share.weight for share in asked.kept.campaign.lists] == [2]
        edge.center.refusal = Refused(request="", code="illegal_now", message="it is stopped")
        status, answer = await admin.call("POST", f"{path}/pause")
        assert (status, answer["detail"]) == (409, "it is stopped")
        status, put_away = await admin.call("POST", f"{path}/archive")
        assert (status, put_away["state"]) == (200, "archived")
        status, answer = await admin.call("PATCH", path, json={"name": "Other"})
        assert (status, answer["field"]) == (409, "state")


async def test_drops_are_counted_by_day_period_and_window(edge: Running) -> None:
    at = edge.clock()

    def dialled(db: Connection) -> None:
        began = update(schema.campaigns).where(schema.campaigns.c.id == id_)
        db.execute(began.values(started_at=at - 31.5 * DAY_S, state="running"))
        rows = ((0, "dropped", 9), (10, "connected", 97), (10, "dropped", 3), (31, "connected", 9))
        db.execute(
            insert(schema.campaign_days),
            [
                {
                    "campaign": id_, "day": day, "outcome": outcome, "calls": calls,
                    "counted": "" if outcome == "busy" else outcome,
                }
                for day, outcome, calls in (*rows, (31, "dropped", 1), (31, "busy", 4))
            ],
        )  # fmt: skip

    async with edge.browser() as admin:
        await admin.sign_in("admin")
        id_ = (await ready(edge, admin))["id"]
        await edge.store.write(dialled)
        figures = await admin.get(f"/api/campaigns/{id_}/figures")
    assert (figures["today"]["share"], figures["today"]["answered"]) == (0.1, 10)
    assert figures["period"] == figures["today"], "the second period began yesterday"
    assert figures["window"]["share"] == pytest.approx(4 / 110)
    assert [day["day"] for day in figures["days"]] == [30, 31]
    assert figures["outcomes"] == {"connected": 9, "dropped": 1, "busy": 4}
    assert [(one["name"], one["weight"], one["due"]) for one in figures["lists"]] == [("L", 2, 0)]


def attempt(id_: str, campaign: str, at: float, **changes: Any) -> dict[str, Any]:
    """A row of one that nobody answered, but for `changes`."""
    record = AttemptRecord(
        id=id_, campaign=campaign, list="l", lead="l1", number="+8613800138000", position=0,
        shows="+862161234567", mode="predictive", profile="CN", trunk="carrier", state="over", saved_at=at,
        placed_at=at, rang_at=at + 1, ended_at=at + 26, outcome="no_answer", consent="list",
    )  # fmt: skip
    return {**attempt_rows.values(record), "kept_until": at + 366 * DAY_S, **changes}


async def test_attempts_are_listed_by_scope_and_make_the_evidence(edge: Running) -> None:
    at = edge.clock()
    async with edge.browser() as admin, edge.browser() as agent:
        await admin.sign_in("admin")
        id_ = (await ready(edge, admin))["id"]

        def dialled(db: Connection) -> None:
            began = update(schema.campaigns).where(schema.campaigns.c.id == id_)
            db.execute(began.values(started_at=at - 3600))
            talked = {"answered_at": at + 5, "joined_at": at + 8.5, "outcome": "connected", "agent": "agent1"}
            for row in (
                attempt("a1", id_, at - 60),
                attempt("a2", id_, at, number="+8613800138001", **talked),
            ):
                db.execute(insert(schema.attempts).values(row))

        await edge.store.write(dialled)
        path = f"/api/campaigns/{id_}"
        found = (await admin.get(f"{path}/attempts"))["items"]
        assert [(one["id"], one["outcome"]) for one in found] == [("a2", "connected"), ("a1", "no_answer")]
        found = (await admin.get(f"{path}/attempts", number="138 0013 8000"))["items"]
        assert [one["id"] for one in found] == ["a1"]
        report = await admin.get(f"{path}/compliance")
        period = report["periods"][0]
        kept = {each["rule"]: each["kept"] for each in period["verdicts"]}
        assert (period["placed"], period["late"], period["longest_wait_s"]) == (2, 1, 3.5)
        assert (kept["clock"], kept["ring"]) == (False, True)
        assert (await admin.get(f"{path}/compliance", period=2))["periods"] == []
        await agent.sign_in("agent1")
        for part in ("attempts", "compliance"):
            assert (await agent.call("GET", f"{path}/{part}"))[0] in (403, 404), part


async def test_who_wants_no_calls_is_on_the_list_with_one_request(edge: Running) -> None:
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        pop = edge.center.ring("agent1", caller="13800138000")
        edge.center.carry(replace(pop, lead=lead_card(number="+8613800138000")))
        for call, status in ((pop.call, 204), (pop.call, 204), ("another", 404)):
            answer = await agent.call("POST", "/api/me/do-not-call", json={"call": call})
            assert answer[0] == status, answer
    entry = await edge.store.read(do_not_call.find, "+8613800138000")
    assert entry
    assert (entry.source, entry.asked, entry.login, entry.campaign, entry.attempt) == (
        "agent", True, "agent1", "c", "dial-1",
    )  # fmt: skip


# --- live ---


async def test_who_sees_a_campaign_live(edge: Running) -> None:
    async with edge.browser() as admin, edge.browser() as agent, edge.browser() as lead:
        await admin.sign_in("admin")
        own, others = await made(admin, owner="supervisor2"), await made(admin, name="B", owner="admin")
        hand = await made(admin, name="C", mode="manual")
        for each in (own, others, hand):
            view = campaign_view(each["id"], "support", mode=each["mode"])
            edge.center.carry(ShowCampaign(view=view))
        edge.center.carry(ShowAgent(view=agent_view("agent1", queues=("support",))))
        await edge.store.write(team_lead)
        await lead.sign_in("supervisor2")
        await agent.sign_in("agent1")
        edge.center.carry(ShowAgent(view=agent_view("agent1", queues=("support",))))

        async def seen(who: Browser) -> set[str]:
            return {each["id"] for each in (await who.get("/api/campaigns/live"))["items"]}

        assert await seen(admin) == {own["id"], others["id"], hand["id"]}
        assert await seen(agent) == {hand["id"]}, "he takes leads from it himself"
        assert await seen(lead) == {own["id"]}
        async with await agent.listen() as socket:
            snapshot = await socket.receive_json()
            assert [view["id"] for view in snapshot["campaigns"]] == [hand["id"]]


def team_lead(db: Connection) -> None:
    """The supervisors' leads are their own only."""
    role = next(role for role in roles.BUILTIN if role.name == "supervisor")
    roles.put(db, replace(role, scopes={**role.scopes, Kind.LEAD: Scope.OWN}), by=CENTER, at=1.0)


# --- an agent's leads ---


async def test_a_lead_is_dialled_or_skipped_and_what_is_hidden_stays_so(edge: Running) -> None:
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        async with await agent.listen() as socket:
            await socket.receive_json()
            pop = edge.center.ring("agent1", caller="+8613800138000")
            edge.center.carry(replace(pop, offer="o2", lead=lead_card(preview_until=9.0)))
            while (frame := await socket.receive_json())["type"] != "pop" or not frame["lead"]:
                pass
            assert frame["lead"]["talk_script"] == "Hello Zhang Wei."
            assert (frame["lead"]["preview_until"], frame["lead"]["may_skip"]) == (9.0, True)
        assert (await agent.call("POST", "/api/me/lead", json={"campaign": "c"}))[0] == 202
        await edge.center.heard(LeadAsked, login="agent1", campaign="c")
        assert (await agent.call("POST", "/api/me/preview/dial", json={"call": pop.call}))[0] == 204
        await edge.center.heard(DialAsked, login="agent1", call=pop.call)
        body = {"call": pop.call, "reason": "  data is wrong "}
        assert (await agent.call("POST", "/api/me/preview/skip", json=body))[0] == 204
        await edge.center.heard(SkipAsked, login="agent1", call=pop.call, reason="data is wrong")

        def hide(db: Connection) -> None:
            role = next(role for role in roles.BUILTIN if role.name == "agent")
            roles.put(db, replace(role, hidden=frozenset({"lead.fields"})), by=CENTER, at=1.0)

        await edge.store.write(hide)
        async with await agent.listen() as socket:
            pops = (await socket.receive_json())["pops"]
            shown = pops[0]["lead"]
            assert (shown["fields"], shown["talk_script"], shown["name"]) == ({}, "", "Zhang Wei")


# --- appointments ---


async def test_a_call_is_agreed_on_from_the_talk_moved_kept_and_reminded_of(edge: Running) -> None:
    at = edge.clock()
    async with edge.browser() as agent, edge.browser() as other:
        await agent.sign_in("agent1")
        await other.sign_in("agent2")
        pop = edge.center.ring("agent1", caller="13800138000")
        edge.center.carry(replace(pop, lead=lead_card()))
        zones = await agent.get("/api/appointments/zones", number="+8613800138000")
        assert zones == {"zones": ["Asia/Shanghai"]}
        body = {"at": at + DAY_S, "zone": "Asia/Shanghai", "call": pop.call, "remind_at": at + 1}
        status, made = await agent.call("POST", "/api/appointments", json=body)
        assert status == 201, made
        assert {name: made[name] for name in ("number", "name", "lead", "campaign", "queue", "owner")} == {
            "number": "+8613800138000", "name": "Zhang Wei", "lead": "l1", "campaign": "c",
            "queue": "support", "owner": "agent1",
        }  # fmt: skip
        path = f"/api/appointments/{made['id']}"
        assert (await other.call("GET", path))[0] == 404
        assert (await other.call("POST", "/api/appointments", json=body))[1]["field"] == "call"
        edge.clock.ahead_s += 2
        edge.server._edge.reminders.look()
        async with await agent.listen() as socket, await other.listen() as elsewhere:
            frame = await socket.receive_json()
            while not frame.get("reminders"):
                frame = await socket.receive_json()
            (view,) = frame["reminders"]
            assert (view["kind"], view["id"], view["title"]) == ("appointment", made["id"], "Zhang Wei")
            assert (await elsewhere.receive_json())["reminders"] == []
        assert (await agent.call("DELETE", f"{path}/reminder"))[0] == 204
        status, moved = await agent.call("PATCH", path, json={"at": at + 2 * DAY_S})
        assert (status, moved["at"], moved["remind_at"]) == (200, at + 2 * DAY_S, None)
        assert [one["id"] for one in (await agent.get("/api/appointments", state="open"))["items"]] == [
            made["id"]
        ]
        edge.clock.ahead_s += 3 * DAY_S
        async with edge.browser() as admin:
            await admin.sign_in("admin")
            (missed,) = (await admin.get("/api/appointments", state="missed"))["items"]
            assert (missed["id"], missed["state"]) == (made["id"], "missed")
            status, kept = await admin.call("PATCH", path, json={"state": "done"})
            assert (status, kept["state"], kept["history"][-1]["login"]) == (200, "done", "admin")
            assert (await admin.call("DELETE", path))[0] == 409


async def test_anyone_of_the_queue_is_reminded_until_a_call_has_kept_it(edge: Running) -> None:
    at = edge.clock()
    new = NewAppointment(
        number="13800138000", at=at + DAY_S, zone="Asia/Shanghai", owner="", queue="support", lead="l1",
        remind_at=at + 1, name="Zhang Wei",
    )  # fmt: skip
    made = await edge.store.write(appointments.agree, new, at=at)
    edge.clock.ahead_s += 2
    edge.server._edge.reminders.look()
    async with edge.browser() as agent, edge.browser() as other:
        await agent.sign_in("agent2")
        await other.sign_in("supervisor2")
        async with await agent.listen() as socket, await other.listen() as elsewhere:
            frame = await socket.receive_json()
            while not frame.get("reminders"):
                frame = await socket.receive_json()
            assert (frame["reminders"][0]["owner"], frame["reminders"][0]["queue"]) == ("", "support")
            assert (await elsewhere.receive_json())["reminders"] == []
            assert [one["id"] for one in (await agent.get("/api/appointments"))["items"]] == [made.id]
            assert (await other.get("/api/appointments"))["items"] == []
            begun_at = edge.clock()
            await edge.store.write(appointments.keep, "l1", "a1", begun_at=begun_at, at=begun_at + 9)
            while made.id not in frame.get("gone", {}).get("reminders", ()):
                frame = await socket.receive_json()


async def test_an_appointment_that_no_campaign_dials_is_called_from_the_page(edge: Running) -> None:
    at = edge.clock()

    async def agreed(**fields: Any) -> str:
        new = {"number": "13800138000", "zone": "Asia/Shanghai", "owner": "agent1", "queue": "support"}
        made = await edge.store.write(
            appointments.agree,
            NewAppointment(at=at + DAY_S, **new | fields),
            at=at,  # type: ignore[arg-type]
        )
        return f"/api/appointments/{made.id}/call"

    path, of_lead = await agreed(), await agreed(lead="l1")
    abroad, unwanted = await agreed(number="+442079460958"), await agreed(number="13800138009")
    await edge.store.write(do_not_call.add, "+8613800138009", "letter", at=at)
    async with edge.browser() as agent, edge.browser() as other:
        await agent.sign_in("agent1")
        await other.sign_in("agent2")
        assert (await agent.call("POST", path))[0] == 202
        await edge.center.heard(
            AppointmentCallAsked, login="agent1", appointment=path.split("/")[3], number="+8613800138000",
            queue="support",
        )  # fmt: skip
        assert (await other.call("POST", path))[0] == 404
        for wrong, code in ((of_lead, "illegal_now"), (abroad, "illegal_now"), (unwanted, "do_not_call")):
            status, problem = await agent.call("POST", wrong)
            assert (status, problem["code"]) == (409, code)
        await agent.call("DELETE", path.removesuffix("/call"))
        assert (await agent.call("POST", path))[1]["field"] == "state"
