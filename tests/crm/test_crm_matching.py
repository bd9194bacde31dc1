"""Matching: who somebody may be, and how sure that is."""

from typing import Any

import pytest
from stores import Keeper

from contactcenter.commands import FindCustomer
from contactcenter.crm import cards, customers, matching
from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.store import Store
from contactcenter.events import CustomerFound
from contactcenter.values import MatchMethod

NUMBER = "+8613900000001"
OFFICE = "+861088888888"


@pytest.fixture
async def store(keeper: Keeper) -> Store:
    return await keeper.open()


async def customer(store: Store, name: str, *reached_at: NewAddress, **more: Any) -> str:
    new = NewCustomer(name=name, addresses=reached_at, **more)
    return (await store.write(customers.create, new, at=1.0)).id


def phone(value: str = NUMBER, **more: Any) -> NewAddress:
    return NewAddress(channel="phone", value=value, **more)


async def sure(store: Store, number: str = NUMBER) -> dict[str, float]:
    return {card.name: card.confidence for card in await store.find_customer(number)}


@pytest.mark.parametrize(
    ("kind", "confidence"),
    [
        ("mobile", 0.95),
        ("main", 0.9),
        ("home", 0.9),
        ("work", 0.8),
        ("billing", 0.7),
        ("fax", 0.5),
        ("other", 0.7),
    ],
)
async def test_the_kind_of_number_says_how_far_it_is_one_s_own(
    store: Store, kind: str, confidence: float
) -> None:
    await customer(store, "Ada", phone(kind=kind))
    assert await sure(store) == {"Ada": confidence}


async def test_of_several_who_share_a_number_none_is_more_likely_than_not(store: Store) -> None:
    for n, expected in ((1, 0.95), (2, 0.475), (3, 0.317)):
        await customer(store, f"c{n}", phone(kind="mobile"))
        assert await sure(store) == {f"c{each}": expected for each in range(1, n + 1)}
    for n in range(4, 9):
        await customer(store, f"c{n}", phone(kind="mobile", verified=True))
    found = await sure(store)
    assert len(found) == cards.MOST, "the others share it, too, though they are not shown"
    assert set(found.values()) <= {0.119, 0.122}


async def test_a_verified_number_is_surer(store: Store) -> None:
    await customer(store, "Ada", phone(kind="work", verified=True))
    assert await sure(store) == {"Ada": 0.9}


async def test_the_same_extension_tells_people_behind_a_switchboard_apart(store: Store) -> None:
    await customer(store, "Ada", phone(OFFICE, extension="123", kind="work"))
    await customer(store, "Bob", phone(OFFICE, extension="124", kind="work"))
    assert await sure(store, "010-88888888 转 123") == {"Ada": 0.9}
    assert await sure(store, OFFICE) == {"Ada": 0.2, "Bob": 0.2}
    assert await sure(store, "010-88888888 转 999") == {"Ada": 0.2, "Bob": 0.2}
    await customer(store, "Cy", phone(OFFICE, kind="work"))
    assert (await sure(store, OFFICE))["Cy"] == 0.267


async def test_by_account_number_and_by_email(store: Store) -> None:
    await customer(store, "Ada", NewAddress(channel="email", value="Ada@Example.com"), number="1001")
    (card,) = await store.read(matching.by_account, "1001")
    assert (card.name, card.confidence) == ("Ada", 0.98)
    assert await store.read(matching.by_account, "1002") == ()
    (card,) = await store.read(matching.by_email, "ada@example.com")
    assert (card.name, card.confidence) == ("Ada", 0.95)
    await customer(store, "Bob", NewAddress(channel="email", value="ada@example.com", verified=True))
    found = {each.name: each.confidence for each in await store.read(matching.by_email, "ada@example.com")}
    assert found == {"Ada": 0.475, "Bob": 0.487}
    assert await store.read(matching.by_email, "nobody@example.com") == ()


async def test_the_center_is_answered_how_it_asked(keeper: Keeper) -> None:
    store = await keeper.open()
    await keeper.restored()
    ada = await customer(store, "Ada", phone(kind="mobile"))

    async def answer(**asked: Any) -> tuple[MatchMethod, list[float]]:
        store.carry(FindCustomer(call="c", **asked))
        event = await keeper.told.get()
        assert isinstance(event, CustomerFound)
        return event.method, [card.confidence for card in event.customers]

    assert await answer(number=NUMBER) == (MatchMethod.CALLER_NUMBER, [0.95])
    assert await answer(number="13900000009") == (MatchMethod.NONE, [])
    chosen = {"customer": ada, "method": MatchMethod.CHOSEN}
    assert await answer(number="13900000009", **chosen) == (MatchMethod.CHOSEN, [1.0])
    assert await answer(number="13900000009", customer=ada) == (MatchMethod.CALLER_NUMBER, [0.9])  # a lead's
    gone = {"customer": "gone", "method": MatchMethod.CREATED}
    assert await answer(number=NUMBER, **gone) == (MatchMethod.CREATED, [])
