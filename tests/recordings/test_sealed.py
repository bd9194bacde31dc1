"""Sealed files: any part can be read alone, and nothing that was changed can be read at all."""

import os
from pathlib import Path

import pytest

from contactcenter.crm.keys import KeyProblem, load, load_or_make
from contactcenter.crm.sealed_files import CHUNK, Sealed, Unsealable, seal

CONTENT = bytes(range(251)) * 1100  # four chunks and a bit, no chunk like another
TAG = 16
HEADER = 42


@pytest.fixture
def keys(tmp_path: Path):
    return load_or_make(tmp_path / "key")


@pytest.fixture
def sealed(tmp_path: Path, keys) -> Path:
    path = tmp_path / "one.ccrec"
    seal(path, "one", iter([CONTENT[:100], CONTENT[100:]]), len(CONTENT), keys)
    return path


def read(path: Path, keys, name: str = "one") -> bytes:
    with Sealed(path, name, keys) as file:
        return file.read(0, file.length)


def test_what_was_sealed_is_read_and_lies_nowhere_in_clear(sealed: Path, keys) -> None:
    assert read(sealed, keys) == CONTENT
    assert CONTENT[:64] not in sealed.read_bytes()
    assert [path.name for path in sealed.parent.iterdir() if path.suffix == ".part"] == []
    assert sealed.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        *((0, 1), (0, CHUNK), (CHUNK - 1, CHUNK + 1), (CHUNK, 2 * CHUNK), (5, 3 * CHUNK + 7)),
        *((len(CONTENT) - 1, 10**9), (len(CONTENT), 10**9), (7, 7), (9, 3)),
    ],
)
def test_any_range(sealed: Path, keys, begin: int, end: int) -> None:
    with Sealed(sealed, "one", keys) as file:
        assert file.read(begin, end) == CONTENT[begin:end]


def test_a_file_without_content(tmp_path: Path, keys) -> None:
    seal(tmp_path / "none", "none", iter(()), 0, keys)
    assert read(tmp_path / "none", keys, "none") == b""


@pytest.mark.parametrize("at", [0, 6, 10, 18, 34, 41, HEADER, HEADER + CHUNK, -1])
def test_a_changed_byte_anywhere_is_noticed(sealed: Path, keys, at: int) -> None:
    data = bytearray(sealed.read_bytes())
    data[at] ^= 1
    sealed.write_bytes(data)
    with pytest.raises(Unsealable):
        read(sealed, keys)


def chunk(data: bytes, number: int) -> slice:
    begin = HEADER + number * (CHUNK + TAG)
    return slice(begin, begin + CHUNK + TAG)


def test_swapped_chunks_are_noticed(sealed: Path, keys) -> None:
    data = bytearray(sealed.read_bytes())
    data[chunk(data, 0)], data[chunk(data, 1)] = data[chunk(data, 1)], data[chunk(data, 0)]
    sealed.write_bytes(data)
    with pytest.raises(Unsealable, match="chunk 0"):
        read(sealed, keys)


@pytest.mark.parametrize("cut", [1, TAG, CHUNK + TAG, 10**6])
def test_a_file_that_was_cut_off_is_noticed(sealed: Path, keys, cut: int) -> None:
    data = sealed.read_bytes()
    sealed.write_bytes(data[: max(0, len(data) - cut)])
    with pytest.raises(Unsealable, match="cut off"):
        read(sealed, keys)


def test_a_whole_chunk_less_with_a_shorter_length_in_the_header_is_noticed(sealed: Path, keys) -> None:
    data = bytearray(sealed.read_bytes()[: chunk(b"", 1).start])
    data[HEADER - 8 : HEADER] = CHUNK.to_bytes(8, "big")
    sealed.write_bytes(data)
    with pytest.raises(Unsealable, match="chunk 0"):
        read(sealed, keys)


def test_a_chunk_of_another_file_is_noticed(sealed: Path, keys, tmp_path: Path) -> None:
    other = tmp_path / "two.ccrec"
    seal(other, "one", iter([CONTENT]), len(CONTENT), keys)
    data, foreign = bytearray(sealed.read_bytes()), other.read_bytes()
    data[chunk(data, 1)] = foreign[chunk(foreign, 1)]
    sealed.write_bytes(data)
    with pytest.raises(Unsealable, match="chunk 1"):
        read(sealed, keys)


def test_a_file_can_not_pass_for_another_recording(sealed: Path, keys) -> None:
    with pytest.raises(Unsealable):
        read(sealed, keys, "two")


def test_another_key_opens_nothing_and_an_old_one_still_does(sealed: Path, tmp_path: Path, keys) -> None:
    other = load_or_make(tmp_path / "other")
    with pytest.raises(Unsealable, match="not in the key file"):
        read(sealed, other)
    both = tmp_path / "both"
    both.write_text((tmp_path / "other").read_text() + (tmp_path / "key").read_text())
    both.chmod(0o600)
    rotated = load(both)
    assert rotated.current == other.current
    assert read(sealed, rotated) == CONTENT


def test_content_of_another_length_leaves_no_file(tmp_path: Path, keys) -> None:
    for length in (len(CONTENT) - 1, len(CONTENT) + 1):
        with pytest.raises(ValueError, match="bytes of content"):
            seal(tmp_path / "odd", "odd", iter([CONTENT]), length, keys)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("odd")]


def test_the_key_file_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "key"
    first = load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_make(path).current == first.current
    path.chmod(0o640)
    with pytest.raises(KeyProblem, match="chmod 600"):
        load(path)


@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("abc\n", "line 1"), ("é", "can't be read")])
def test_a_key_file_that_is_none_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    os.chmod(path, 0o600)
    with pytest.raises(KeyProblem, match=says):
        load(path)
