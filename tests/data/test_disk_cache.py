import os
import resource
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from monai_ssl.data import disk_cache
from monai_ssl.data.disk_cache import DiskCache
from monai_ssl.errors import InputError

NAME = "0123456789abcdef" * 2


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache", "made so")


def stored(cache: DiskCache) -> list[Path]:
    return [path for path in cache.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.uint8, torch.int64, torch.bool]
)
@pytest.mark.parametrize("shape", [(1, 3, 5), (2, 3, 4, 5), (7,), ()])
def test_tensors_come_back_bit_for_bit(cache, dtype, shape):
    image = (100 * torch.rand(shape)).to(dtype)
    mask = torch.randint(0, 2, (3, 3), dtype=torch.uint8)
    assert cache.read(NAME) is None
    cache.write(NAME, {"image": image, "mask": mask})
    given = cache.read(NAME)
    assert list(given) == ["image", "mask"]
    assert (given["image"].dtype, given["image"].shape) == (dtype, shape)
    assert torch.equal(given["image"], image)
    assert torch.equal(given["mask"], mask)


def test_tensors_are_in_memory_of_their_own(cache):
    cache.write(NAME, {"image": torch.zeros(4), "mask": torch.zeros(4)})
    given = cache.read(NAME)
    given["image"] += 1
    assert given["mask"].tolist() == [0] * 4
    assert cache.read(NAME)["image"].tolist() == [0] * 4


def test_views_are_written_as_they_look(cache):
    cache.write(NAME, {"image": torch.arange(6).reshape(2, 3).T, "mask": torch.arange(10)[::2]})
    assert cache.read(NAME)["image"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert cache.read(NAME)["mask"].tolist() == [0, 2, 4, 6, 8]


def test_any_changed_byte_is_noticed(cache):
    cache.write(NAME, {"image": torch.arange(40, dtype=torch.uint8)})
    (file,) = stored(cache)
    whole = file.read_bytes()
    for index in range(len(whole)):
        file.write_bytes(whole[:index] + bytes([whole[index] ^ 0x10]) + whole[index + 1 :])
        assert cache.read(NAME) is None
    for damaged in (*(whole[:length] for length in range(len(whole))), whole + b"\0", bytes(len(whole))):
        file.write_bytes(damaged)
        assert cache.read(NAME) is None
    cache.write(NAME, {"image": torch.ones(2)})
    assert cache.read(NAME)["image"].tolist() == [1, 1]


def test_a_folder_in_the_place_of_the_file(cache):
    cache.write(NAME, {"image": torch.ones(2)})
    (file,) = stored(cache)
    file.unlink()
    file.mkdir()
    assert cache.read(NAME) is None
    with pytest.raises(InputError, match="this is a folder"):
        cache.write(NAME, {"image": torch.ones(2)})


def test_a_full_disk(cache):
    """A limit on the size of files is met as a full disk is, in the middle of writing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
        with pytest.raises(InputError) as caught:
            cache.write(NAME, {"image": torch.zeros(2**20)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(caught.value) == (
        f"{cache.folder}: a preprocessed image cannot be kept here (File too large). Make room on this disk, or give "
        "another folder as cache_dir."
    )
    assert stored(cache) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="this folder cannot be written"):
        DiskCache(tmp_path / "file", "made so")


def test_writing_at_once(cache):
    tensors = {"image": torch.rand(64, 64)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache.write(NAME, tensors), range(64)))
    assert torch.equal(cache.read(NAME)["image"], tensors["image"])
    assert len(stored(cache)) == 1


def test_names(cache, tmp_path):
    """A name follows from the sources and the preprocessing, and from nothing else."""
    first, second = tmp_path / "SECRET-1.png", tmp_path / "SECRET-2.png"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    name = cache.name({"image": first})
    assert cache.name({"image": str(first)}) == name == DiskCache(cache.folder, "made so").name({"image": first})
    others = [
        cache.name({"image": second}),
        cache.name({"mask": first}),
        cache.name({"image": [first, second]}),
        cache.name({"image": [second, first]}),
        cache.name({"image": first, "mask": second}),
        DiskCache(cache.folder, "made otherwise").name({"image": first}),
        DiskCache(tmp_path / "other", "made so").name({"image": first}),
    ]
    assert len({name, *others}) == 8
    assert all(len(other) == 32 for other in others)
    cache.write(name, {"image": torch.ones(2)})
    cache.write(others[4], {"image": torch.ones(2), "mask": torch.ones(2)})
    for path in stored(cache):
        assert "SECRET" not in str(path.relative_to(tmp_path))
        assert b"SECRET" not in path.read_bytes()


def test_a_name_is_found_from_any_folder(cache, tmp_path, monkeypatch):
    (tmp_path / "1.png").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    assert cache.name({"image": "1.png"}) == cache.name({"image": tmp_path / "1.png"})


def test_a_changed_source_has_another_name(cache, tmp_path):
    source = tmp_path / "1.png"
    source.write_bytes(b"1")
    os.utime(source, ns=(0, 1_000_000_000))
    name = cache.name({"image": source})
    os.utime(source, ns=(5, 1_000_000_000))
    assert cache.name({"image": source}) == name
    os.utime(source, ns=(0, 1_000_000_001))
    assert cache.name({"image": source}) != name
    source.write_bytes(b"12")
    os.utime(source, ns=(0, 1_000_000_000))
    assert cache.name({"image": source}) != name


def test_what_is_no_file_has_no_name(cache, tmp_path):
    assert cache.name({"image": tmp_path}) is None
    assert cache.name({"image": tmp_path / "missing.png"}) is None


@pytest.mark.parametrize("changed", ["pillow", "readers/picture.py", "transforms/load.py", "masks.py"])
def test_another_reader_reads_anew(cache, tmp_path, monkeypatch, changed):
    source = tmp_path / "1.png"
    source.write_bytes(b"1")
    if changed.endswith(".py"):
        package = tmp_path / "package"
        shutil.copytree(Path(disk_cache.__file__).parents[1], package)
        monkeypatch.setattr(disk_cache, "__file__", str(package / "data" / "disk_cache.py"))
        assert DiskCache(cache.folder, "made so").name({"image": source}) == cache.name({"image": source})
        (package / changed).write_text("x = 1")
    else:
        version = disk_cache.version
        monkeypatch.setattr(disk_cache, "version", lambda name: "99" if name == changed else version(name))
    assert DiskCache(cache.folder, "made so").name({"image": source}) != cache.name({"image": source})
