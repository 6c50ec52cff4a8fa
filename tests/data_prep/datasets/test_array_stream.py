"""Rows of arrays are read from where they are, and damage is told."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from data_prep.datasets.array_stream import check_content, open_stream, read_rows
from monai_ssl.errors import InputError

ROWS = bytes(range(24))  # four rows of shape (2, 3)


def write(folder: Path, kind: str) -> tuple[Path, str | None]:
    """A file with five bytes before the rows."""
    file = folder / {"plain": "rows", "gzip": "rows.gz", "npz": "rows.npz"}[kind]
    if kind == "plain":
        file.write_bytes(b"12345" + ROWS)
    elif kind == "gzip":
        file.write_bytes(gzip.compress(b"12345" + ROWS))
    else:
        np.savez_compressed(file, other=np.zeros(3), rows=np.frombuffer(b"12345" + ROWS, dtype=np.uint8))
        return file, "rows.npy"
    return file, None


@pytest.mark.parametrize("kind", ["plain", "gzip", "npz"])
def test_rows_in_any_order(tmp_path: Path, kind: str) -> None:
    file, member = write(tmp_path, kind)
    offset = 5
    if member:
        with open_stream(file, member) as stream:
            offset += stream.read().index(b"12345")
    for start, stop, first in [(1, 2, 6), (2, 4, 12), (0, 1, 0)]:
        rows = read_rows(file, member, offset, (4, 2, 3), start, stop)
        assert rows.shape == (stop - start, 2, 3)
        np.testing.assert_array_equal(rows.ravel(), np.arange(first, first + 6 * (stop - start)))


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    file, _ = write(tmp_path, "plain")
    with pytest.raises(InputError, match=r"rows: this file is cut short\. Download it again"):
        read_rows(file, None, 5, (5, 2, 3), 3, 5)


@pytest.mark.parametrize("kind", ["gzip", "npz"])
def test_a_damaged_file(tmp_path: Path, kind: str) -> None:
    file, member = write(tmp_path, kind)
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"rows\.\w+: this file cannot be read"):
        read_rows(file, member, 5, (4, 2, 3), 0, 4)


@pytest.mark.parametrize("kind", ["gzip", "npz"])
def test_content_that_only_the_checksum_tells_from_the_right_one(tmp_path: Path, kind: str) -> None:
    """Stored as they are, the bytes can be changed without any other mark of it."""
    file = tmp_path / {"gzip": "rows.gz", "npz": "rows.npz"}[kind]
    if kind == "gzip":
        file.write_bytes(gzip.compress(ROWS, compresslevel=0))
    else:
        np.savez(file, rows=np.frombuffer(ROWS, dtype=np.uint8))
    check_content(file)
    file.write_bytes(file.read_bytes().replace(ROWS, ROWS[::-1]))
    with pytest.raises(InputError, match=r"rows\.\w+: this file cannot be read \(Bad\w+\)\. Download it again"):
        check_content(file)


@pytest.mark.parametrize("kind", ["plain", "gzip", "npz"])
def test_content_that_is_in_order(tmp_path: Path, kind: str) -> None:
    check_content(write(tmp_path, kind)[0])


def test_what_is_not_there(tmp_path: Path) -> None:
    file, _ = write(tmp_path, "npz")
    with pytest.raises(InputError, match="KeyError"):
        read_rows(file, "absent.npy", 0, (1, 1), 0, 1)
    with pytest.raises(InputError, match="FileNotFoundError"):
        read_rows(tmp_path / "absent", None, 0, (1, 1), 0, 1)
