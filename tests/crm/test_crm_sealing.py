"""Personal data: encrypted in the database, found by equality, never written in the clear."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from stores import Keeper

from contactcenter.crm import audit, customers, fields, idempotency, keys, outbox, rotation, sealing
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Field, FieldType
from contactcenter.crm.id_numbers import id_number
from contactcenter.crm.sealing import Unsealable

ID = "11010519491231002X"
PLATE = "plate 沪A-88888 secret"
SEALED = Field(
    kind="customer", name="plate", title={"zh": "车牌", "en": "Plate"}, type=FieldType.TEXT, sealed=True
)


@pytest.fixture
def key(keeper: Keeper) -> Path:
    return keeper.path.with_suffix(".key")


def lose(key: Path, how: str) -> None:
    index = sealing.index_path(key)
    match how:
        case "key":
            key.unlink()
        case "index":
            index.unlink()
        case "readable":
            key.chmod(0o644)
        case "other":
            key.write_text("0" * 64 + "\n")
        case "other index":
            index.write_text("0" * 64 + "\n")


def there(key: Path) -> tuple[bool, bool]:
    return key.exists(), sealing.index_path(key).exists()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def modes(key: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in (key, sealing.index_path(key))}


async def test_an_id_number_is_read_by_who_has_the_key_and_found_by_any_spelling(
    keeper: Keeper, key: Path
) -> None:
    store = await keeper.open()
    made = await store.write(
        customers.create, NewCustomer(name="王", id_number="110105 19491231 002x"), at=1.0
    )
    found = await store.read(customers.record, made.id)
    assert found is not None
    assert found.id_number == ID
    (listed,) = (await store.read(customers.page)).items
    assert listed.id_number == "•" * 14 + "002X"
    for spelling in (ID, ID.lower(), "110105-19491231-002X", "１１０１０５１９４９１２３１００２Ｘ"):
        assert [each.id for each in await store.read(customers.with_id_number, spelling)] == [made.id]
    assert await store.read(customers.with_id_number, ID[:-1]) == ()
    assert modes(key) == {0o600}


async def test_nothing_personal_is_in_the_files(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(fields.create, SEALED, by="admin", at=1.0)
    made = await store.write(
        customers.create, NewCustomer(name="王", id_number=ID, custom={"plate": PLATE}), at=1.0
    )
    await store.write(customers.change, made.id, CustomerChange(id_number="G1234567890"), at=2.0)
    assert (await store.read(customers.page, where=f'customer.custom.plate == "{PLATE}"')).items
    rows = (await store.read(audit.page, filters={"kind": "customer"})).items
    assert [row.after["id_number"] for row in rows] == ["•" * 7 + "7890", "•" * 14 + "002X"]
    assert rows[1].after["custom"] == {"plate": sealing.masked(PLATE)}
    assert await store.read(outbox.after, 0)
    await store.close()
    for file, content in contents(keeper.path.parent).items():
        for secret in (ID, PLATE, "G1234567890"):
            assert secret.encode() not in content, file
            assert secret.encode("utf-16-le") not in content, file


async def test_a_value_opens_in_its_own_place_only(keeper: Keeper) -> None:
    store = await keeper.open()
    for name in ("a", "b"):
        await store.write(customers.create, NewCustomer(name=name, id_number=ID), at=1.0)
    one, two = keeper.rows("SELECT id, id_number FROM customers ORDER BY name")
    assert one[1] != two[1]  # equal values don't look equal
    column = "customers/id_number"
    assert await store.read(sealing.unseal, one[1], column, one[0]) == ID
    for sealed, where, row in (
        (one[1], column, two[0]), (one[1], "customers/other", one[0]),
        (one[1][:-8] + "AAAAAAA=", column, one[0]),
        ("in the clear", column, one[0]), ("s1:zz:AAAA", column, one[0]), ("s1:00:AAAA", column, one[0]),
    ):  # fmt: skip
        with pytest.raises(Unsealable):
            await store.read(sealing.unseal, sealed, where, row)


@pytest.mark.parametrize("lost", ["key", "index", "readable", "other", "other index"])
async def test_without_its_key_nothing_is_read_or_written_in_the_clear_and_the_rest_goes_on(
    keeper: Keeper, key: Path, lost: str
) -> None:
    store = await keeper.open()
    made = await store.write(customers.create, NewCustomer(name="王", id_number=ID), at=1.0)
    await store.close()
    lose(key, lost)
    store = await keeper.open()
    assert store.sealing.why
    assert not store.sealing.usable
    found = await store.read(customers.record, made.id)
    assert found is not None
    assert (found.id_number, found.hidden) == ("", ("id_number",))
    changed = await store.write(customers.change, made.id, CustomerChange(name="王芳"), at=2.0)
    assert changed.name == "王芳"
    for write in (CustomerChange(id_number="G1234567890"),):
        with pytest.raises(Refusal) as refused:
            await store.write(customers.change, made.id, write, at=3.0)
        assert (refused.value.code, refused.value.field) == ("key_missing", "id_number")
        assert "copy" in str(refused.value) or "chmod" in str(refused.value)
    with pytest.raises(Refusal):
        await store.write(customers.create, NewCustomer(name="x", id_number="G1234567890"), at=3.0)
    assert keeper.rows("SELECT count(*) FROM customers") == [(1,)]
    assert there(key) == (lost != "key", lost != "index")  # no other key is drawn in its place


async def test_after_a_rotation_old_values_open_and_new_ones_have_the_new_key(
    keeper: Keeper, key: Path
) -> None:
    store = await keeper.open()
    made = await store.write(customers.create, NewCustomer(name="王", id_number=ID), at=1.0)
    before = store.sealing.fingerprints
    await store.close()
    keys.add(key)
    store = await keeper.open()
    assert store.sealing.fingerprints["seal"][1:] == before["seal"]
    found = await store.read(customers.record, made.id)
    assert found is not None
    assert found.id_number == ID
    await store.write(customers.change, made.id, CustomerChange(id_number="G1234567890"), at=2.0)
    ((sealed,),) = keeper.rows("SELECT id_number FROM customers")
    assert sealing.key_of(sealed) == store.sealing.fingerprints["seal"][0]


async def test_an_empty_value_needs_no_key(keeper: Keeper, key: Path) -> None:
    store = await keeper.open()
    made = await store.write(customers.create, NewCustomer(name="王", id_number=ID), at=1.0)
    await store.write(customers.change, made.id, CustomerChange(id_number=""), at=2.0)
    assert keeper.rows("SELECT id_number, id_number_index FROM customers") == [("", "")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (ID, ID), (" 11010519491231002x ", ID), ("E12345678", "E12345678"), ("123456789", "123456789"),
        ("110101900101123", "110101900101123"), ("", ""),
    ],
)  # fmt: skip
def test_id_numbers_of_all_kinds_are_taken(text: str, kept: str) -> None:
    assert id_number(text, of_person=True) == kept


@pytest.mark.parametrize("text", ["110105194912310021", "11010519491231003X", "1" * 18, "x" * 65])
def test_one_that_looks_chinese_must_have_its_last_digit_right(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        id_number(text, of_person=True)
    assert refused.value.field == "id_number"


def test_an_organisations_licence_is_no_persons_id_number() -> None:
    assert id_number("110105194912310021", of_person=False) == "110105194912310021"


async def test_rotating_seals_everything_anew_and_can_be_done_in_parts(
    keeper: Keeper, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    store = await keeper.open()
    await store.write(fields.create, SEALED, by="admin", at=1.0)
    ids = await store.write(
        customers.create_many,
        [
            NewCustomer(name=f"c{n}", id_number=ID if n % 2 else "", custom={"plate": f"{PLATE}{n}"})
            for n in range(5)
        ],
        at=1.0,
    )
    await store.close()
    keys.add(key)
    store = await keeper.open()
    current, old = store.sealing.fingerprints["seal"]
    resealed, progress = 0, rotation.BEGINNING
    while not progress.done:
        progress = await store.write(rotation.step, progress)
        resealed += progress.resealed
    await store.write(rotation.end, at=2.0)
    assert resealed == 7
    assert (await store.write(rotation.step, rotation.BEGINNING)).resealed == 0
    for n, id_ in enumerate(ids):
        found = await store.read(customers.record, id_)
        assert found is not None
        assert (found.id_number, found.custom["plate"]) == (ID if n % 2 else "", f"{PLATE}{n}")
    assert len(await store.read(customers.with_id_number, ID)) == 2
    row = (await store.read(audit.page)).items[0]
    assert (row.act, row.object, row.detail) == ("rotate", current, {"before": [old]})
    for number, values in keeper.rows("SELECT id_number, custom FROM customers"):
        assert old not in number + values


async def test_a_value_whose_key_is_gone_stops_the_rotation_before_it_changes_anything(
    keeper: Keeper, key: Path
) -> None:
    store = await keeper.open()
    await store.write(customers.create, NewCustomer(name="x", id_number=ID), at=1.0)
    await store.close()
    keys.add(key)
    store = await keeper.open()
    await store.write(customers.create, NewCustomer(name="y", id_number=ID), at=1.0)
    await store.close()
    forget_the_oldest(key)
    store = await keeper.open()
    assert store.sealing.usable
    with pytest.raises(Unsealable, match="missing"):
        await store.write(rotation.step, rotation.BEGINNING)


async def test_stored_answers_are_sealed_and_know_their_request(keeper: Keeper) -> None:
    store = await keeper.open()
    claim = idempotency.Claim(login="li", key="k", request="ab" * 32, at=1.0)
    await store.write(idempotency.keep, claim, 201, {"ETag": '"1"'}, ID)
    ((request, body),) = keeper.rows("SELECT request, body FROM idempotency")
    assert ID not in body
    assert request != claim.request
    kept = await store.read(idempotency.find, claim)
    assert kept == idempotency.Kept(same=True, status=201, headers={"ETag": '"1"'}, body=ID)
    other = replace(claim, request="cd" * 32)
    kept = await store.read(idempotency.find, other)
    assert kept is not None
    assert not kept.same


async def test_looking_something_up_writes_nothing(keeper: Keeper) -> None:
    store = await keeper.open()
    assert await store.read(customers.with_id_number, ID) == ()


def forget_the_oldest(key: Path) -> None:
    key.write_text("".join(key.read_text().splitlines(keepends=True)[:-1]))
