import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monai_ssl.errors import InputError
from monai_ssl.salt import opaque, read_salt, salt_file


def test_the_salt_lies_beside_the_folder(tmp_path, monkeypatch):
    assert salt_file(tmp_path / "cache") == tmp_path / "cache.salt"
    assert salt_file(f"{tmp_path}/cache/") == tmp_path / "cache.salt"
    monkeypatch.chdir(tmp_path)
    assert salt_file("cache") == tmp_path / "cache.salt"


def test_a_salt_is_made_once(tmp_path):
    salt = read_salt(tmp_path / "cache")
    assert len(salt) == 32
    assert read_salt(tmp_path / "cache") == salt
    assert read_salt(tmp_path / "other") != salt
    assert {path.name for path in tmp_path.iterdir()} == {"cache.salt", "other.salt"}
    assert stat.S_IMODE((tmp_path / "cache.salt").stat().st_mode) == 0o600


def test_many_at_once_read_one_salt(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(read_salt, [tmp_path / "cache"] * 64))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cache.salt"]


def test_the_first_of_two_makers_wins(tmp_path, monkeypatch):
    """The other process makes its salt between the look and the making."""
    exists = Path.exists

    def look(path):
        found = exists(path)
        if path.suffix == ".salt" and not found:
            path.write_text("ab" * 32)
        return found

    monkeypatch.setattr(Path, "exists", look)
    assert read_salt(tmp_path / "cache") == b"\xab" * 32


def test_a_file_system_without_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert read_salt(tmp_path / "cache") == read_salt(tmp_path / "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["cache.salt"]


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"xy" * 32, b"\xff\xfe"])
def test_a_file_that_is_no_salt(tmp_path, content):
    (tmp_path / "cache.salt").write_bytes(content)
    with pytest.raises(InputError, match=r"cache\.salt: this .*\. Put it back, or remove it"):
        read_salt(tmp_path / "cache")


def test_names():
    salt = bytes(range(32))
    expected = hashlib.blake2b(b"a\x001\x00None", key=salt, digest_size=8).hexdigest()
    assert opaque(salt, "a", 1, None) == expected
    assert opaque(bytes(32), "a", 1, None) != expected
    assert (
        opaque(salt, "a", 1, None, size=16) == hashlib.blake2b(b"a\x001\x00None", key=salt, digest_size=16).hexdigest()
    )
    assert len(opaque(salt, "\udcff.png")) == 16


def test_the_salt_is_beside_a_folder_under_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert salt_file("out/..") == tmp_path.with_name(f"{tmp_path.name}.salt")
    assert salt_file("out/") == tmp_path / "out.salt"
