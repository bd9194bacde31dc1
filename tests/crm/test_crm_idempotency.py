"""Requests that may be sent twice: what counts once, whatever became of the first attempt."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select
from stores import Keeper, until

from contactcenter.crm import customers, idempotency, writer
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.crm.idempotency import Claim
from contactcenter.crm.store import Store


def claim(request: str = "ab" * 32, rights: str = "") -> Claim:
    return Claim(login="li", key="k", request=request, at=1.0, rights=rights)


async def under(one: Claim, store: Store, work: Callable[[Connection], object]) -> object:
    """The write of a request under that claim."""
    before = idempotency.claim.set(one)
    try:
        return await store.write(work)
    finally:
        idempotency.claim.reset(before)


async def test_a_write_that_was_given_up_and_comes_all_the_same_is_not_done_twice(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await keeper.open()
    given_up = False

    def late(db: Connection) -> None:
        while not given_up:
            db.scalar(select(1))
        make(db)

    def make(db: Connection) -> None:
        customers.create(db, NewCustomer(name="once"), at=1.0)

    monkeypatch.setattr(writer, "PATIENCE_S", 0.2)
    with pytest.raises(StoreUnavailable):
        await under(claim(), store, late)
    monkeypatch.setattr(writer, "PATIENCE_S", 30.0)
    assert await store.read(idempotency.find, claim()) is None, "nobody can know yet"
    again = asyncio.create_task(under(claim(), store, make))
    await until(lambda: store.health()["waiting"] == 2)
    given_up = True
    with pytest.raises(Refusal) as refused:
        await again
    assert refused.value.code == "answer_lost"
    assert keeper.rows("SELECT name FROM customers") == [("once",)]


async def test_a_request_may_write_more_than_once(keeper: Keeper) -> None:
    store = await keeper.open()
    one = claim()
    for name in ("a", "b"):
        new = NewCustomer(name=name)
        await under(one, store, lambda db, new=new: customers.create(db, new, at=1.0))  # type: ignore[misc]
    await store.write(idempotency.keep, one, 201, {}, "done")
    found = await store.read(idempotency.find, claim())
    assert found is not None
    assert (found.same, found.status, found.body) == (True, 201, "done")
    with pytest.raises(Refusal) as refused:
        await under(claim("cd" * 32), store, lambda db: None)
    assert refused.value.code == "key_reused"


async def test_an_answer_is_for_the_rights_that_it_was_given_to(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(idempotency.keep, claim(rights="all"), 201, {"ETag": '"1"'}, "110105194912310038")
    for rights, known in (("all", (201, "110105194912310038")), ("fewer", (idempotency.LOST, ""))):
        found = await store.read(idempotency.find, claim(rights=rights))
        assert found is not None
        assert (found.same, found.status, found.body) == (True, *known)
