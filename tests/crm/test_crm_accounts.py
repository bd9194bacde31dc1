"""Users, sessions, tokens and the demo's accounts: who gets in, and who doesn't any more."""

import asyncio
import json
import stat
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from argon2 import extract_parameters
from stores import Keeper

from contactcenter.crm import cards, interactions, sessions, tokens, users
from contactcenter.crm.access import CENTER
from contactcenter.crm.errors import Refusal
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, UserChange, Users
from contactcenter.demo import accounts, data

ANN = User(
    login="ann", name="Ann", role="agent", phone="101", queues=("support", "sales"),
    skills={"zh": 10, "billing": 1}, language="en",
)  # fmt: skip


async def ready(keeper: Keeper) -> tuple[Store, Users, Sessions]:
    store = await keeper.open()
    live = Sessions(store)
    known = Users(store, live)
    assert await known.create(ANN, "correct horse") == ANN
    return store, known, live


async def test_only_the_right_password_signs_in(keeper: Keeper) -> None:
    store, known, _ = await ready(keeper)
    begun = await known.sign_in("ann", "correct horse")
    assert begun is not None
    assert begun[0] == ANN
    for login, password in (
        ("ann", "correct hors"),
        ("ann", ""),
        ("bob", "correct horse"),
        ("ann\0", "x" * 999),
    ):
        assert await known.sign_in(login, password) is None
    await known.change("ann", UserChange(disabled=True))
    assert await known.sign_in("ann", "correct horse") is None
    (hash_,) = keeper.rows("SELECT password FROM users")[0]
    found = extract_parameters(hash_)
    assert (found.type.name, found.memory_cost, found.time_cost, found.parallelism) == ("ID", 19456, 2, 1)
    assert (await store.read(users.page)).items == (await store.read(users.get, "ann"),)


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(keeper: Keeper) -> None:
    _, known, _ = await ready(keeper)
    await known.sign_in("nobody", "wrong password")
    took: dict[str, list[float]] = {"ann": [], "nobody": []}
    for _ in range(7):
        for login, times in took.items():
            began = time.process_time()  # all threads of ours, and none of our neighbours'
            await known.sign_in(login, "wrong password")
            times.append(time.process_time() - began)
    right, wrong = (statistics.median(times) for times in took.values())
    assert 0.6 < right / wrong < 1.6


async def test_hashing_never_holds_the_loop(keeper: Keeper) -> None:
    _, known, _ = await ready(keeper)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    await asyncio.gather(*(known.sign_in("ann", "wrong password") for _ in range(4)))
    turning.cancel()
    assert turns > 100


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"role": "root"}, "role"), ({"line": "x"}, "line"), ({"phone": "101&102"}, "phone"),
        ({"language": "fr"}, "language"), ({"skills": {"Zh": 1}}, "skills"),
        ({"skills": {"zh": 11}}, "skills.zh"), ({"skills": {"zh": True}}, "skills.zh"),
    ],
)  # fmt: skip
async def test_wrong_fields_are_named(keeper: Keeper, wrong: dict[str, Any], field: str) -> None:
    _, known, _ = await ready(keeper)
    with pytest.raises(Refusal) as refused:
        await known.change("ann", UserChange(**wrong))
    assert refused.value.field == field


async def test_accounts_that_can_t_be_are_refused(keeper: Keeper) -> None:
    _, known, _ = await ready(keeper)
    for user, password, field in (
        (ANN, "long enough", "login"),
        (User(login="Bob\n", name="B", role="agent"), "long enough", "login"),
        (User(login="bob", name="B", role="agent"), "short", "password"),
    ):
        with pytest.raises(Refusal) as refused:
            await known.create(user, password)
        assert refused.value.field == field


async def test_a_session_opens_until_it_ends(keeper: Keeper) -> None:
    store, _, live = await ready(keeper)
    token, session = await live.create("ann")
    assert await live.find(token) == session
    assert await Sessions(store).find(token) == session  # as after a restart
    assert token not in str(keeper.rows("SELECT * FROM sessions"))
    for other in ("", token[:-1], token + "x", "\ud800"):
        assert await live.find(other) is None
    await live.end(token)
    assert await live.find(token) is None
    assert await Sessions(store).find(token) is None


async def test_sessions_end_by_age_idleness_and_sweeping(keeper: Keeper) -> None:
    store, _, live = await ready(keeper)
    idle, _ = await live.create("ann")
    used, _ = await live.create("ann")
    began = keeper.at
    while keeper.at < began + sessions.LIFE_S - 3600:
        keeper.at += 3600
        assert await live.find(used) is not None
    assert await live.find(idle) is None
    await store.settled()
    assert await Sessions(store).find(used) is not None  # its last use was written
    keeper.at = began + sessions.LIFE_S
    assert await live.find(used) is None
    await live.create("ann")
    keeper.at += sessions.LIFE_S
    assert await live.sweep() == 1


async def test_whoever_loses_his_rights_loses_his_sessions(keeper: Keeper) -> None:
    _, known, live = await ready(keeper)
    for change in (
        known.change("ann", UserChange(role="supervisor")),
        known.set_password("ann", "another one"),
        known.change("ann", UserChange(disabled=True)),
    ):
        token, _ = await live.create("ann")
        assert await live.find(token) is not None
        await change
        assert await live.find(token) is None


async def test_a_session_that_ends_while_it_is_looked_up_stays_ended(keeper: Keeper) -> None:
    store, _, live = await ready(keeper)
    for _ in range(20):
        token, _ = await live.create("ann")
        cold = Sessions(store)
        await asyncio.gather(cold.find(token), cold.end(token))
        assert await cold.find(token) is None


async def test_no_session_outlives_the_end_of_all_by_being_looked_up_or_begun_meanwhile(
    keeper: Keeper,
) -> None:
    store, _, live = await ready(keeper)
    token, _ = await live.create("ann")
    cold = Sessions(store)  # as after a restart: this session is not in memory
    write, begun = store.write, []

    async def meanwhile(work: Any, *args: Any, **kwargs: Any) -> Any:
        if work is sessions._delete:
            assert await cold.find(token) is not None
            begun.append(asyncio.create_task(cold.create("ann")))
            await asyncio.sleep(0)  # it is written in the same transaction, before all of them are deleted
        return await write(work, *args, **kwargs)

    store.write = meanwhile  # type: ignore[method-assign]
    await cold.end_all("ann")
    assert await cold.find(token) is None
    assert await cold.find((await begun[0])[0]) is None


@pytest.mark.parametrize("what", ["password", "disabled"])
async def test_who_is_locked_out_while_his_password_is_looked_at_does_not_come_in(
    keeper: Keeper, what: str
) -> None:
    _, known, live = await ready(keeper)
    matches = known._passwords.matches

    async def slowly(hash_: str | None, password: str) -> bool:
        right = await matches(hash_, password)
        if what == "password":
            await known.set_password("ann", "another one")
        else:
            await known.change("ann", UserChange(disabled=True))
        return right

    known._passwords.matches = slowly  # type: ignore[method-assign]
    assert await known.sign_in("ann", "correct horse") is None
    assert keeper.rows("SELECT * FROM sessions") == []
    known._passwords.matches = matches  # type: ignore[method-assign]
    if what == "password":
        begun = await known.sign_in("ann", "another one")
        assert begun is not None
        assert await live.find(begun[1]) == begun[2]


async def test_a_token_acts_for_its_user_until_revoked(keeper: Keeper) -> None:
    store, known, _ = await ready(keeper)
    secret, token = await store.write(tokens.create, "ann", "report", ("read",), at=1.0)
    assert await store.read(tokens.find, secret) == (ANN, token)
    assert await store.read(tokens.of, "ann") == (token,)
    assert secret not in str(keeper.rows("SELECT * FROM tokens"))
    assert await store.read(tokens.find, secret + "x") is None
    await known.change("ann", UserChange(disabled=True))
    assert await store.read(tokens.find, secret) is None
    assert await store.write(tokens.revoke, token.id, "bob") is False
    assert await store.write(tokens.revoke, token.id, "ann") is True
    for login, scopes in (("nobody", ("read",)), ("ann", ()), ("ann", ("root",))):
        with pytest.raises(Refusal):
            await store.write(tokens.create, login, "x", scopes, at=1.0)


async def test_the_demo_s_accounts_are_made_once_and_kept(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    known = Users(store, Sessions(store))
    made = await accounts.ensure(store, known, tmp_path)
    path = tmp_path / "demo-accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text())
    assert content["users"]["agent1"] == {
        "password": made.users["agent1"], "role": "agent", "phone": "101",
    }  # fmt: skip
    assert content["phones"]["120"] == {"password": made.phones["120"]}
    assert set(content["phones"]) == {str(n) for n in range(101, 121)}
    assert len(content["users"]) == 12
    assert len(set(made.phones.values())) == 20
    agent = await known.sign_in("agent10", made.users["agent10"])
    assert agent is not None
    assert agent[0].phone == "110"
    boss = await known.sign_in("supervisor1", made.users["supervisor1"])
    assert boss is not None
    assert (boss[0].role, boss[0].phone) == ("supervisor", "120")

    was = path.stat()
    assert await accounts.ensure(store, known, tmp_path) == made
    assert path.stat().st_mtime_ns == was.st_mtime_ns
    # One password for all, the phones' secrets as they were; and the file alone brings all back.
    all_ = await accounts.ensure(store, known, tmp_path, "one for all")
    assert all_.phones == made.phones
    assert await known.sign_in("agent1", "one for all") is not None
    assert await known.sign_in("agent1", made.users["agent1"]) is None
    path.write_text("{}")
    with pytest.raises(ValueError, match="delete it"):
        await accounts.ensure(store, known, tmp_path)


async def test_the_demo_s_customers_are_the_same_every_time(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    assert await data.fill(store) is True
    assert await data.fill(store) is False
    (first,) = await store.find_customer("154 0000 0001")
    assert first.number == "100001"
    assert len(first.last) > 3
    assert keeper.rows("SELECT count(*) FROM customers") == [(data.CUSTOMERS,)]
    assert keeper.rows("SELECT count(*) FROM interactions WHERE final") == [(data.CALLS,)]
    page = await store.read(
        interactions.page, CENTER, until=keeper.at, since=keeper.at - 31 * 86400, limit=200
    )
    assert len(page.items) == 200
    other = Keeper(tmp_path / "other.db")
    try:
        again = await other.open()
        await data.fill(again)
        sql = "SELECT number, name, balance, tier, company FROM customers ORDER BY number"
        assert keeper.rows(sql) == other.rows(sql)
        assert await again.read(cards.with_number, "100001") is not None
    finally:
        await other.close()
