"""Recordings over HTTP: who may listen, what is written down of it, and ranges."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_center import call_view
from running import SETTINGS, Running, running

from contactcenter.commands import SaveInteraction, SaveRecording, ShowCall
from contactcenter.crm import audit, recordings
from contactcenter.crm import sealed_files as sealed
from contactcenter.crm.recordings import Kept
from contactcenter.events import AgentSignedIn, RecordingPauseAsked, RecordingPauseForced
from contactcenter.values import InteractionRecord, RecordingRecord, RecordingState, Silence

WAV = bytes(range(256)) * 600
RECORD = RecordingRecord(
    id="i-1-1785000000000",
    interaction="i-1",
    call="c1",
    server="main",
    queue="support",
    agent="agent1",
    started_at=1_785_000_000.0,
    ended_at=1_785_000_009.0,
    length_s=9.0,
    silences=(Silence(begin_s=2.0, end_s=4.0, by="agent1"),),
    state=RecordingState.ENDED,
)
AUDIO = f"/api/recordings/{RECORD.id}/audio"


async def keep(edge: Running) -> None:
    """One interaction of agent1 with one recording."""
    edge.store.carry(
        SaveInteraction(
            record=InteractionRecord(
                id="i-1", server="main", leg="c1", did="4002", caller="+8613900000001", queue="support",
                agent="agent1", arrived_at=1_785_000_000.0,
            )
        )
    )  # fmt: skip
    edge.store.carry(SaveRecording(record=RECORD))
    edge.shelf._prepare()
    keys = edge.shelf._keys
    assert keys
    size = sealed.seal(edge.shelf.path_of(RECORD), RECORD.id, iter([WAV]), len(WAV), keys)
    kept = Kept(
        state=RecordingState.KEPT,
        duration_s=9.0,
        size=size,
        key=keys.current.hex(),
        peaks=(b"\x01\x02", b"\x03\x04"),
    )
    await edge.store.write(recordings.finish, RECORD, kept)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "spool").mkdir()
    async with running(tmp_path) as edge:
        await keep(edge)
        yield edge


async def audited(edge: Running) -> list[tuple[str, str, bool]]:
    """Who listened or tried, the earliest first."""
    await edge.store.settled()
    page = await edge.store.read(audit.page, filters={"kind": "recording"})
    return [(row.login, row.act, row.granted) for row in reversed(page.items)]


async def test_an_interaction_shows_its_recordings(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        (shown,) = (await browser.get("/api/interactions/i-1"))["recordings"]
        listed = await browser.get("/api/recordings", interaction="i-1")
        assert listed["items"] == [shown]
        assert await browser.get(f"/api/recordings/{RECORD.id}") == shown
    assert (shown["part"], shown["agent"], shown["state"], shown["playable"]) == (1, "agent1", "kept", True)
    assert shown["silences"] == [{"begin_s": 2.0, "end_s": 4.0, "by": "agent1"}]
    assert shown["peaks"] == ["AQI=", "AwQ="]


async def test_a_supervisor_listens_and_that_is_written_down_once(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        async with browser.http.get(AUDIO) as answer:
            assert (answer.status, await answer.read()) == (200, WAV)
            assert answer.headers["Content-Type"] == "audio/wav"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Accept-Ranges"] == "bytes"
        for asked in ("bytes=0-9", "bytes=500-"):
            async with browser.http.get(AUDIO, headers={"Range": asked}) as answer:
                assert answer.status == 206
        assert await audited(edge) == [("supervisor1", "listen", True)]
        edge.clock.ahead_s += 301
        async with browser.http.get(AUDIO, headers={"Range": "bytes=500-509"}) as answer:
            assert answer.status == 206
    assert await audited(edge) == [("supervisor1", "listen", True)] * 2


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        *(("bytes=0-0", 0, 1), ("bytes=65530-65545", 65530, 65546), ("bytes=-100", len(WAV) - 100, len(WAV))),
        *(("bytes=100-", 100, len(WAV)), ("bytes=5-99999999", 5, len(WAV))),
        *(("BYTES=1-2", 1, 3), ("bytes=-99999999", 0, len(WAV)), ("bytes=5-" + "9" * 5000, 5, len(WAV))),
    ],
)
async def test_ranges(edge: Running, asked: str, begin: int, end: int) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        async with browser.http.get(AUDIO, headers={"Range": asked}) as answer:
            assert answer.status == 206
            assert await answer.read() == WAV[begin:end]
            assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{len(WAV)}"


@pytest.mark.parametrize("asked", ["bytes=9999999-", f"bytes={len(WAV)}-", "bytes=-0", "bytes=-000"])
async def test_a_range_that_there_is_not(edge: Running, asked: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        async with browser.http.get(AUDIO, headers={"Range": asked}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (416, "range")
            assert answer.headers["Content-Range"] == f"bytes */{len(WAV)}"


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "apples=1-2",
            "bytes=x",
            "bytes=9-3",
            "bytes=-",
            "bytes=",
            "bytes",
            "",
            "bytes=1-2-3",
            "bytes=+1-2",
        ),
        *("bytes=0-1,5-6", "bytes=\u0661-", "bytes=-" + "9" * 5000 + "x"),
    ],
)
async def test_a_range_that_says_nothing_gets_the_whole(edge: Running, asked: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        async with browser.http.get(AUDIO, headers={"Range": asked}) as answer:
            assert (answer.status, await answer.read()) == (200, WAV)
            assert "Content-Range" not in answer.headers


async def test_an_agent_sees_his_own_and_may_not_listen_unless_the_house_says_so(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        (shown,) = (await browser.get("/api/interactions/i-1"))["recordings"]
        assert (shown["playable"], shown["peaks"]) == (False, [])
        status, problem = await browser.call("GET", AUDIO)
        assert (status, problem["code"]) == (403, "out_of_scope")
    assert await audited(edge) == [("agent1", "listen", False)]


async def test_an_agent_listens_to_his_own_where_agents_may(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    async with running(tmp_path, replace(SETTINGS, agents_listen=True)) as edge:
        await keep(edge)
        async with edge.browser() as browser:
            await browser.sign_in("agent1")
            async with browser.http.get(AUDIO) as answer:
                assert (answer.status, await answer.read()) == (200, WAV)
        async with edge.browser() as browser:
            await browser.sign_in("agent2")
            assert (await browser.call("GET", AUDIO))[0] == 404
        assert await audited(edge) == [("agent1", "listen", True)]


@pytest.mark.parametrize(
    ("path", "act", "kind", "thing"),
    [
        (AUDIO, "listen", "recording", RECORD.id),
        (f"/api/recordings/{RECORD.id}", "get_recording", "recording", RECORD.id),
        ("/api/recordings?interaction=i-1", "list_recordings", "interaction", "i-1"),
        ("/api/interactions/i-1", "get_interaction", "interaction", "i-1"),
    ],
)
async def test_a_supervisor_of_another_queue_is_refused_and_that_is_written_down(
    edge: Running, path: str, act: str, kind: str, thing: str
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("supervisor2")
        status, problem = await browser.call("GET", path)
        assert (status, problem["code"]) == (403, "out_of_scope")
    async with edge.browser() as browser:
        await browser.sign_in("agent2")
        assert (await browser.call("GET", path))[0] == 404, "to an agent it looks like none"
    await edge.store.settled()
    (row,) = (await edge.store.read(audit.page, filters={"kind": kind, "object": thing})).items
    assert (row.login, row.act, row.granted) == ("supervisor2", act, False)


async def test_of_a_caller_who_went_on_a_supervisor_sees_the_recordings_of_his_queues(edge: Running) -> None:
    sold = replace(RECORD, id="i-1-1785000020000", queue="sales", agent="agent2", started_at=1_785_000_020.0)
    edge.store.carry(SaveRecording(record=sold))
    async with edge.browser() as browser:
        await browser.sign_in("supervisor2")
        shown = await browser.get(f"/api/recordings/{sold.id}")
        assert (shown["id"], shown["part"]) == (sold.id, 2)
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        listed = await browser.get("/api/recordings", interaction="i-1")
        assert [item["id"] for item in listed["items"]] == [RECORD.id]
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        assert len((await browser.get("/api/interactions/i-1"))["recordings"]) == 2


async def test_nobody_listens_without_a_session(edge: Running) -> None:
    async with edge.browser() as browser:
        assert (await browser.call("GET", AUDIO))[0] == 401


async def test_audio_that_was_tampered_with_is_not_played(edge: Running) -> None:
    path = edge.shelf.path_of(RECORD)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[:-1])
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        status, problem = await browser.call("GET", AUDIO)
        assert (status, problem["code"]) == (409, "no_audio")
        path.unlink()
        assert (await browser.call("GET", AUDIO))[0] == 409


async def test_what_has_no_audio_says_why(edge: Running) -> None:
    await edge.store.write(recordings.lose, [RECORD.id])
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        status, problem = await browser.call("GET", AUDIO)
        assert (status, problem["detail"]) == (409, "There is no audio: lost.")
        await edge.store.write(recordings.expire, [RECORD.id], 1.8e9)
        assert (await browser.call("GET", AUDIO))[0] == 410
        assert (await browser.call("GET", "/api/recordings/none/audio"))[0] == 404


@pytest.mark.parametrize(("button", "paused"), [("record-pause", True), ("record-resume", False)])
async def test_an_agent_pauses_the_recording_of_his_own_call(
    edge: Running, button: str, paused: bool
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        await edge.center.heard(AgentSignedIn, login="agent1")
        call = edge.center.ring("agent1").call
        assert (await browser.call("POST", f"/api/calls/{call}/{button}"))[0] == 204
        asked = await edge.center.heard(RecordingPauseAsked)
        assert (asked.login, asked.call, asked.paused) == ("agent1", call, paused)
        async with edge.browser() as other:
            await other.sign_in("agent2")
            assert (await other.call("POST", f"/api/calls/{call}/{button}"))[0] == 404


@pytest.mark.parametrize(("button", "paused"), [("record-pause", True), ("record-resume", False)])
async def test_a_supervisor_pauses_the_recording_of_a_call_in_his_scope_only(
    edge: Running, button: str, paused: bool
) -> None:
    edge.center.carry(ShowCall(view=call_view("c1", queue="sales", agent="agent2")))
    edge.center.carry(ShowCall(view=call_view("c2", queue="support", agent="agent1")))
    async with edge.browser() as browser:
        await browser.sign_in("supervisor2")
        assert (await browser.call("POST", f"/api/calls/c1/{button}"))[0] == 204
        asked = await edge.center.heard(RecordingPauseForced)
        assert (asked.login, asked.call, asked.paused) == ("supervisor2", "c1", paused)
        assert (await browser.call("POST", f"/api/calls/c2/{button}"))[0] == 403
        assert (await browser.call("POST", f"/api/calls/none/{button}"))[0] == 404
    async with edge.browser(Authorization=f"Bearer {await edge.token('admin')}") as admin:
        (row,) = (await admin.get("/api/audit"))["items"]
    assert (row["login"], row["act"], row["object"], row["granted"]) == (
        "supervisor2", button.replace("-", "_"), "c2", False,
    )  # fmt: skip
