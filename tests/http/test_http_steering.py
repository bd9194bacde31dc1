"""Configuration and changes over HTTP: who may do what, what is refused and why, and how it is undone."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from running import Browser, Running

from contactcenter.commands import ReturnChange
from contactcenter.config import ConfigError
from contactcenter.configurator import Configurator
from contactcenter.crm import audit, configurations
from contactcenter.crm.audit import AuditRow
from contactcenter.events import AgentChanged, ChangeTimed, EligibleAsked, RulesChanged

ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/api/configuration", None),
    ("PUT", "/api/configuration", {}),
    ("POST", "/api/configuration/check", {}),
    ("GET", "/api/configuration/versions", None),
    ("GET", "/api/configuration/versions/1", None),
    ("GET", "/api/changes", None),
    ("POST", "/api/changes", {"agents": ["agent1"], "skills": {"zh": 5}}),
    ("POST", "/api/changes/check", {"agents": ["agent1"], "skills": {"zh": 5}}),
    ("POST", "/api/changes/1/undo", None),
    ("PATCH", "/api/agents/agent1", {"skills": {"zh": 5}}),
    ("GET", "/api/users", None),
]


async def rows(edge: Running) -> list[AuditRow]:
    """The audit log, the oldest row first."""
    await edge.store.settled()
    return list((await edge.store.read(audit.page)).items)[::-1]


async def put(browser: Browser, document: Any, version: int | None = 1, **body: Any) -> tuple[int, Any]:
    """Store a configuration that was read as `version`."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await browser.call(
        "PUT", "/api/configuration", json={"document": document, **body}, headers=headers
    )


async def boss(edge: Running, login: str = "supervisor1") -> Browser:
    """A program of that user."""
    return edge.browser(Authorization=f"Bearer {await edge.token(login)}")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_agents_steer_nothing_and_trying_is_kept(
    edge: Running, method: str, path: str, body: Any
) -> None:
    async with edge.browser() as browser:
        assert (await browser.call(method, path, json=body))[0] in (401, 403)
    async with await boss(edge, "agent1") as agent:
        status, problem = await agent.call(method, path, json=body)
    assert (status, problem["code"]) == (403, "forbidden")
    assert [row.granted for row in await rows(edge)] == ([] if method == "GET" else [False])
    assert not [event for event in edge.center.events if isinstance(event, AgentChanged)]


# --- the configuration ---


async def test_one_get_has_everything(edge: Running) -> None:
    async with await boss(edge) as browser, browser.http.get("/api/configuration") as answer:
        assert answer.headers["ETag"] == '"1"'
        found = await answer.json()
    assert (found["version"], found["login"], found["comment"]) == (1, "file", "")
    assert found["document"] == edge.configurator.settings.document()
    assert found["document"]["queues"]["support"]["ring_s"] == 20, "defaults are shown, too"
    assert found["warnings"] == [
        {
            "key": "queues.sales",
            "what": "nobody serves this queue: its callers leave it at once, with no_agents",
            "remedy": "let agents serve it",
        }
    ]


async def test_a_new_version_counts_at_once_for_the_center_and_for_open_pages(edge: Running) -> None:
    async with edge.browser() as agent, await boss(edge) as browser:
        await agent.sign_in("agent1")
        socket = await agent.listen()
        assert (await socket.receive_json(timeout=5))["configuration"] == 1
        document = (await browser.get("/api/configuration"))["document"]
        document["pauses"]["drill"] = {"zh": "演习", "en": "Drill"}
        document["queues"]["vip"] = {"title": {"zh": "贵宾", "en": "VIP"}, "wrap_up_s": 5}
        status, found = await put(browser, document, comment="for the drill")
        assert (status, found["version"], found["login"]) == (200, 2, "supervisor1")
        changed = await edge.center.heard(RulesChanged, version=2)
        assert [queue.name for queue in changed.rules.queues] == ["support", "sales", "vip"]
        assert changed.rules.fallback_queue == "support"
        while "configuration" not in (frame := await socket.receive_json(timeout=5)):
            pass
        assert frame["configuration"] == 2
        me = await agent.get("/api/me")
        assert me["pause_reasons"][-1] == {"code": "drill", "title": {"zh": "演习", "en": "Drill"}}
        assert [each["code"] for each in me["queue_titles"]] == ["support", "sales", "vip"]
        (row,) = await rows(edge)
        assert (row.act, row.login, row.detail) == (
            "configure", "supervisor1", {"comment": "for the drill"},
        )  # fmt: skip
        assert row.after.keys() == {"pauses", "queues"}
        lines = (await browser.get("/api/configuration/versions"))["items"]
        assert [line["version"] for line in lines] == [2, 1]
        assert "vip" not in (await browser.get("/api/configuration/versions/1"))["document"]["queues"]
        assert (await browser.call("GET", "/api/configuration/versions/x"))[0] == 404


async def test_a_lost_update_is_refused_and_names_both_versions(edge: Running) -> None:
    async with await boss(edge) as ann, await boss(edge, "admin") as ben:
        document = (await ann.get("/api/configuration"))["document"]
        document["queues"]["support"]["wrap_up_s"] = 5
        assert (await put(ann, document))[0] == 200
        document["queues"]["support"]["wrap_up_s"] = 7
        status, problem = await put(ben, document)
        assert (status, problem["code"]) == (412, "stale")
        assert "version 1" in problem["detail"]
        assert "version 2 of supervisor1" in problem["detail"]
        status, problem = await put(ben, document, None)
        assert (status, problem["field"]) == (428, "If-Match")
        status, problem = await put(ben, document, 2)
        assert (status, problem["version"]) == (200, 3)
        current = await edge.store.read(configurations.current)
        assert current
        assert current.document["queues"]["support"]["wrap_up_s"] == 7


async def test_of_two_at_the_same_time_one_wins(edge: Running) -> None:
    async with await boss(edge) as ann, await boss(edge, "admin") as ben:
        document = (await ann.get("/api/configuration"))["document"]
        both = await asyncio.gather(put(ann, document), put(ben, document))
        assert sorted(status for status, _ in both) == [200, 412]


async def test_everything_that_is_wrong_is_named_at_once(edge: Running) -> None:
    async with await boss(edge) as browser:
        good = (await browser.get("/api/configuration"))["document"]
        wrong = good | {
            "queues": {
                "support": good["queues"]["support"] | {"ring_s": 1, "calender": "x"},
                "sales": good["queues"]["sales"] | {"calendar": "nine_to_five"},
            },
            "zone": "Mars/Base",
            "dispositions": {},
        }
        for method, path in (("PUT", "/api/configuration"), ("POST", "/api/configuration/check")):
            headers = {"If-Match": '"1"'}
            status, problem = await browser.call(method, path, json={"document": wrong}, headers=headers)
            assert status == 422
            assert {each["field"]: each["detail"] for each in problem["errors"]} == {
                "document.zone": "must be a time zone such as Asia/Shanghai",
                "document.queues.support.ring_s": "must be 3 or more",
                "document.queues.support.calender": "is not a key that exists here: check the spelling, "
                "or remove it",
                "document.dispositions": "must not be empty: add at least one",
            }
            assert problem["field"] == problem["errors"][0]["field"]
        wrong = good | {"queues": {"sales": good["queues"]["sales"] | {"calendar": "nine_to_five"}}}
        status, problem = await put(browser, wrong)
        (found,) = problem["errors"]
        assert found["field"] == "document.queues.sales.calendar"
        assert found["detail"].startswith(
            "there is no calendar 'nine_to_five': add [calendars.nine_to_five], or"
        )
        for name, other in (("support", "sales"), ("sales", "support")):
            circle = good["queues"][name] | {"overflow_queue": other, "overflow_after_s": 60}
            wrong["queues"][name] = circle
        status, problem = await put(browser, wrong)
        assert [(each["field"], each["detail"]) for each in problem["errors"]] == [
            (
                "document.queues.sales.overflow_queue",
                "callers would go in a circle: sales → support → sales: let one of these queues end in "
                "another way",
            )
        ]
        wrong["queues"] = {
            "sales": good["queues"]["sales"] | {"overflow_queue": "nowhere", "overflow_after_s": 60}
        }
        status, problem = await put(browser, wrong)
        assert [each["field"] for each in problem["errors"]] == ["document.queues.sales.overflow_queue"]
        wrong["queues"]["sales"] |= {"overflow_queue": "", "overflow_after_s": 0}
        status, problem = await put(browser, wrong)
        assert [each["field"] for each in problem["errors"]] == [
            "document.dids.4002.queue", "document.ivr.fallback_queue",
        ], "the file still names the queue"  # fmt: skip
    assert not await rows(edge)
    assert len([event for event in edge.center.events if isinstance(event, RulesChanged)]) == 1


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("max_wait_s", 1e308, 86400),
        ("max_wait_s", 0, 1),
        ("max_waiting", 10**30, 10000),
        ("max_waiting", True, 1),
        ("announce_after_s", 1e-9, 0.5),
        ("announce_after_s", 1e308, 0),
        ("announce_every_s", 1e308, 86400),
        ("overflow_after_s", 1e308, 0),
        ("title", {"zh": "\0", "en": "x"}, {"zh": "贵宾\u3000👩\u200d🚀", "en": "VIP"}),
        ("title", {"zh": "x", "en": "gnp\u202eexe"}, {"zh": "x", "en": "Café\u0301"}),
        ("title", {"zh": "x", "en": "a\u2066b"}, {"zh": "x", "en": "مبيعات"}),
        ("title", {"zh": "x\ny", "en": "x"}, {"zh": "x y", "en": "x"}),
        ("title", {"zh": "\ud800", "en": "x"}, {"zh": "x", "en": "x"}),
        ("needs", {"zh": True}, {"zh": 1}),
        ("needs", {"zh": "3"}, {"zh": 3}),
    ],
)
async def test_what_no_queue_can_mean_is_refused(edge: Running, key: str, value: Any, good: Any) -> None:
    async with await boss(edge) as browser:
        document = (await browser.get("/api/configuration"))["document"]
        document["queues"]["support"][key] = value
        status, problem = await put(browser, document)
        assert (status, problem["code"]) == (422, "invalid")
        assert problem["field"].startswith(f"document.queues.support.{key}")
        document["queues"]["support"][key] = good
        assert (await put(browser, document))[0] == 200


@pytest.mark.parametrize("body", [[], None, 7, "x"])
async def test_a_body_that_is_no_object_is_no_file(edge: Running, body: Any) -> None:
    async with await boss(edge) as browser:
        status, problem = await browser.call(
            "PUT", "/api/configuration", data=json.dumps(body), headers={"Content-Type": "application/json"}
        )
    assert (status, problem["code"], problem["field"]) == (422, "invalid", "")
    assert problem["detail"] == "The body must be a JSON object."
    assert problem["errors"] == []


@pytest.mark.parametrize("body", [{}, {"queues": ["support"]}, {"skills": {"zh": None}}, {"comment": "x"}])
async def test_an_agent_who_is_so_already_is_not_changed(edge: Running, body: Any) -> None:
    async with await boss(edge) as browser:
        found = await browser.call("PATCH", "/api/agents/agent1", json=body)
        assert found == (200, {"login": "agent1", "queues": ["support"], "skills": {}})
        assert (await browser.get("/api/changes"))["items"] == []
        assert (await browser.call("PATCH", "/api/agents/nobody", json=body))[0] == 404
    assert not await rows(edge)


async def test_a_queue_for_a_while_becomes_one_for_good(edge: Running) -> None:
    both = {"queues": ["support", "sales"]}
    async with await boss(edge) as browser:
        await browser.call("PATCH", "/api/agents/agent1", json=both | {"until": edge.clock() + 600})
        status, change = await browser.call("PATCH", "/api/agents/agent1", json=both)
        assert (status, [cell["item"] for cell in change["cells"]]) == (200, ["sales"])
        assert change["until"] is None


@pytest.mark.parametrize("level", [True, "3", 3.0, 3.5, 11, -1])
async def test_a_level_is_a_whole_number(edge: Running, level: Any) -> None:
    async with await boss(edge) as browser:
        for method, path in (("PATCH", "/api/agents/agent1"), ("POST", "/api/changes")):
            body = {"skills": {"zh": level}} | ({"agents": ["agent1"]} if method == "POST" else {})
            status, problem = await browser.call(method, path, json=body)
            assert (status, problem["field"]) == (422, "skills.zh")


async def test_a_check_says_what_would_change_and_stores_nothing(edge: Running) -> None:
    async with await boss(edge) as browser:
        document = (await browser.get("/api/configuration"))["document"]
        document["queues"]["support"]["wrap_up_s"] = 5
        status, found = await browser.call("POST", "/api/configuration/check", json={"document": document})
        assert status == 200
        assert found["before"] == {"queues": {"support": {"wrap_up_s": 30}}}
        assert found["after"] == {"queues": {"support": {"wrap_up_s": 5}}}
        assert [each["key"] for each in found["warnings"]] == ["queues.sales"]
        assert (await browser.get("/api/configuration"))["version"] == 1


async def test_who_has_queues_of_his_own_changes_these_only(edge: Running) -> None:
    async with await boss(edge, "supervisor2") as lead:
        document = (await lead.get("/api/configuration"))["document"]
        document["queues"]["sales"]["wrap_up_s"] = 5
        assert (await put(lead, document))[0] == 200
        title = {"zh": "贵宾", "en": "VIP"}
        spoilt: tuple[Callable[[Any], object], ...] = (
            lambda document: document["queues"]["support"].update(wrap_up_s=5),
            lambda document: document["queues"].update(vip={"title": title}),
            lambda document: document["pauses"].clear(),
        )
        for spoil in spoilt:
            document = (await lead.get("/api/configuration"))["document"]
            spoil(document)
            status, problem = await put(lead, document, 2)
            assert (status, problem["code"]) == (403, "out_of_scope")
    assert [(row.act, row.granted) for row in await rows(edge)] == [
        ("configure", True), *[("put_configuration", False)] * 3,
    ]  # fmt: skip


async def test_the_store_s_version_outlives_a_restart_and_must_fit_the_file(edge: Running) -> None:
    async with await boss(edge) as browser:
        document = (await browser.get("/api/configuration"))["document"]
        document["queues"]["vip"] = {"title": {"zh": "贵宾", "en": "VIP"}}
        await put(browser, document)
    file = edge.configurator.settings.with_configuration(edge.configurator.settings)
    again = Configurator(file, edge.store, tell=edge.center.tell, changed=lambda *_: None)
    edge.center.forget()
    await again.open()
    assert (again.version, [*again.settings.queues]) == (2, ["support", "sales", "vip"])
    await edge.center.heard(RulesChanged, version=2)
    other = file.model_copy(update={"ivr": file.ivr.model_copy(update={"fallback_queue": "nowhere"})})
    again = Configurator(other, edge.store, tell=edge.center.tell, changed=lambda *_: None)
    with pytest.raises(ConfigError, match=r"version 2 in the store.*ivr.fallback_queue: there is no queue"):
        await again.open()


# --- changes ---


async def test_a_change_is_looked_at_made_and_undone(edge: Running) -> None:
    wanted = {
        "agents": ["agent1", "agent2"],
        "queues": {"sales": True},
        "skills": {"zh": 8},
        "rules": {"support": {"opening": "closed"}},
        "comment": "rush hour",
    }
    eligible = {"before": 0, "after": 2, "calls": ["c1", "c2"]}
    edge.center.answers[EligibleAsked] = {"agent1": eligible, "agent2": eligible}
    async with await boss(edge) as browser:
        status, preview = await browser.call("POST", "/api/changes/check", json=wanted)
        assert status == 200
        assert preview["eligible"] == {"agent1": eligible, "agent2": eligible}
        asked = await edge.center.heard(EligibleAsked)
        assert asked.agents == {login: (("support", "sales"), {"zh": 8}) for login in ("agent1", "agent2")}
        assert not await rows(edge)
        status, change = await browser.call("POST", "/api/changes", json=wanted)
        assert (status, change["state"], change["until"]) == (201, "active", None)
        assert change["cells"] == preview["cells"]
        cells = {(each["name"], each["item"]): (each["before"], each["after"]) for each in change["cells"]}
        assert cells == {
            ("agent1", "sales"): (False, True), ("agent2", "sales"): (False, True),
            ("agent1", "zh"): (None, 8), ("agent2", "zh"): (None, 8),
            ("support", "opening"): ("calendar", "closed"),
        }  # fmt: skip
        await edge.center.heard(AgentChanged, login="agent1", queues=("sales", "support"), skills={"zh": 8})
        await edge.center.heard(AgentChanged, login="agent2", queues=("sales", "support"), skills={"zh": 8})
        changed = await edge.center.heard(RulesChanged, version=2)
        assert changed.rules.queues[0].opening == "closed"
        users = (await browser.get("/api/users"))["items"]
        assert [(each["login"], each["queues"], each["skills"]) for each in users] == [
            (login, ["sales", "support"], {"zh": 8}) for login in ("agent1", "agent2")
        ]
        edge.center.forget()
        status, undone = await browser.call("POST", f"/api/changes/{change['id']}/undo")
        assert (status, undone["state"], undone["ended_by"]) == (200, "undone", "supervisor1")
        await edge.center.heard(AgentChanged, login="agent2", queues=("support",), skills={})
        assert (await edge.center.heard(RulesChanged, version=3)).rules.queues[0].opening == "calendar"
        status, problem = await browser.call("POST", f"/api/changes/{change['id']}/undo")
        assert (status, problem["code"]) == (409, "ended")
    assert {(row.act, row.kind) for row in await rows(edge)} == {
        ("configure", "configuration"), ("change", "agent"), ("change", "queue"), ("undo", "agent"),
        ("undo", "queue"),
    }  # fmt: skip


async def test_undo_says_who_changed_the_same_since(edge: Running) -> None:
    async with await boss(edge) as ann, await boss(edge, "admin") as ben:
        _, first = await ann.call("PATCH", "/api/agents/agent1", json={"skills": {"zh": 8}})
        await ben.call("PATCH", "/api/agents/agent1", json={"skills": {"zh": 3}})
        status, problem = await ann.call("POST", f"/api/changes/{first['id']}/undo")
        assert (status, problem["code"]) == (409, "changed_since")
        assert "agent1's skill zh was changed again by admin in change 2" in problem["detail"]


async def test_until_is_a_time_of_the_center_s_clock_and_returns_by_itself(edge: Running) -> None:
    async with await boss(edge) as browser:
        body = {"queues": ["support", "sales"], "until": "15:00"}
        status, change = await browser.call("PATCH", "/api/agents/agent1", json=body)
        assert status == 200
        due = datetime.fromtimestamp(change["until"], ZoneInfo("Asia/Shanghai"))
        assert (due.hour, due.minute, due.second) == (15, 0, 0)
        assert 0 < change["until"] - edge.clock() <= 86400
        timed = await edge.center.heard(ChangeTimed, change=change["id"], until=change["until"])
        (user, _) = (await browser.get("/api/users"))["items"]
        assert user["passing"] == [{"part": "queues", "item": "sales", "until": change["until"], "change": 1}]
        # A restart meanwhile: the next configurator finds what is still to return.
        edge.center.forget()
        again = Configurator(
            edge.configurator.settings, edge.store, tell=edge.center.tell, changed=lambda *_: None
        )
        await again.open()
        await edge.center.heard(ChangeTimed, change=change["id"], until=timed.until)
        edge.clock.ahead_s = change["until"] - edge.clock() + 1
        again.carry(ReturnChange(change=change["id"]))
        await edge.center.heard(AgentChanged, login="agent1", queues=("support",))
        (found,) = (await browser.get("/api/changes", state="returned"))["items"]
        assert (found["ended_by"], found["cells"]) == ("center", change["cells"])
        assert [(row.act, row.login) for row in await rows(edge)] == [
            ("change", "supervisor1"), ("return", "center"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"agents": ["agent1"]}, 422, "agents"),
        ({"skills": {"zh": 5}}, 422, "agents"),
        ({"agents": ["nobody"], "skills": {"zh": 5}}, 404, ""),
        ({"agents": ["supervisor1"], "skills": {"zh": 5}}, 404, ""),
        ({"agents": ["agent1"], "skills": {"zh": 11}}, 422, "skills.zh"),
        ({"agents": ["agent1"], "skills": {"Zh": 5}}, 422, "skills.Zh"),
        ({"agents": ["agent1"], "queues": {"vip": True}}, 422, "queues.vip"),
        ({"agents": ["agent1"], "skills": {"flying": 5}}, 422, "skills.flying"),
        ({"rules": {"vip": {"opening": "open"}}}, 422, "rules.vip"),
        ({"rules": {"support": {"opening": "ajar"}}}, 422, "rules.support.opening"),
        ({"rules": {"support": {"ring_s": 5}}}, 422, "rules.support.ring_s"),
        ({"agents": ["agent1"], "skills": {"zh": 5}, "until": "25:00"}, 422, "until"),
        ({"agents": ["agent1"], "skills": {"zh": 5}, "until": 12.0}, 422, "until"),
        ({"agents": ["agent1"], "queues": {"support": True}}, 422, ""),
    ],
)
async def test_a_change_that_can_t_be_names_its_field(
    edge: Running, body: dict[str, Any], status: int, field: str
) -> None:
    async with await boss(edge) as browser:
        for path in ("/api/changes", "/api/changes/check"):
            if path.endswith("check") and body.get("until") == 12.0:
                continue  # a check looks at what would change, not at the clock
            found, problem = await browser.call("POST", path, json=body)
            assert found == status, problem
            assert problem["field"] == field, problem
    assert not await rows(edge)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/changes", {"agents": ["agent1"], "skills": {"zh": 5}}),
        ("POST", "/api/changes/check", {"agents": ["agent1"], "skills": {"zh": 5}}),
        ("PATCH", "/api/agents/agent1", {"skills": {"zh": 5}}),
        ("POST", "/api/changes", {"rules": {"support": {"opening": "closed"}}}),
        ("POST", "/api/changes/1/undo", None),
    ],
)
async def test_what_is_out_of_scope_is_refused_and_kept(
    edge: Running, method: str, path: str, body: Any
) -> None:
    async with await boss(edge) as everybodys:
        shared = {"agents": ["agent2"], "queues": {"sales": True}, "rules": {"support": {"opening": "open"}}}
        assert (await everybodys.call("POST", "/api/changes", json=shared))[0] == 201
    kept = len(await rows(edge))
    async with await boss(edge, "supervisor2") as lead:
        status, problem = await lead.call(method, path, json=body)
        assert (status, problem["code"]) == (403, "out_of_scope")
    (row,) = (await rows(edge))[kept:]
    assert (row.login, row.granted) == ("supervisor2", False)


async def test_a_supervisor_of_some_queues_steers_the_agents_of_these(edge: Running) -> None:
    async with await boss(edge) as everybodys, await boss(edge, "supervisor2") as lead:
        await everybodys.call("PATCH", "/api/agents/agent2", json={"queues": ["support", "sales"]})
        await everybodys.call("PATCH", "/api/agents/agent1", json={"skills": {"zh": 5}})
        assert [each["login"] for each in (await lead.get("/api/users"))["items"]] == ["agent2"]
        status, mine = await lead.call("PATCH", "/api/agents/agent2", json={"skills": {"zh": 5}})
        assert status == 200
        assert [each["id"] for each in (await lead.get("/api/changes"))["items"]] == [mine["id"], "1"]
        assert (await lead.call("PATCH", "/api/agents/agent2", json={"queues": ["sales"]}))[0] == 403
        assert (await lead.call("POST", "/api/changes/2/undo"))[0] == 404, "not his to see"
        assert (await lead.call("PATCH", "/api/agents/agent2", json={"queues": ["support"]}))[0] == 200
