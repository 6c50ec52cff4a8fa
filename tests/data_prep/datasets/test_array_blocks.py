"""Images of arrays are written one a file, and only those that are missing."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from data_prep.datasets.arrays import Stack, stream_stack, write_images
from monai_ssl.errors import InputError


def stack(folder: Path, shape: tuple[int, ...], name: str = "a") -> tuple[Stack, np.ndarray]:
    """Random images in a plain file, after three other bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (folder / name).write_bytes(b"123" + pixels.tobytes())
    return stream_stack(folder / name, "train", shape, offset=3), pixels


@pytest.mark.parametrize("shape", [(7, 5, 4), (3, 5, 4, 3)])
def test_pictures(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images, pixels = stack(tmp_path, shape)
    (files,) = write_images([images], output=tmp_path / "out", workers=1)
    assert not images.is_volumes
    assert len({*files}) == shape[0]
    assert {file.parent for file in files} == {tmp_path / "out" / "images"}
    for file, expected in zip(files, pixels, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(file)), expected)


def test_volumes(tmp_path: Path) -> None:
    images, pixels = stack(tmp_path, (2, 3, 4, 5))
    (files,) = write_images([images], output=tmp_path / "out", workers=1)
    for file, expected in zip(files, pixels, strict=True):
        volume = nib.load(file)
        assert volume.get_data_dtype() == np.uint8
        np.testing.assert_array_equal(volume.dataobj, expected)
        np.testing.assert_array_equal(volume.affine, np.eye(4))


def test_many_images_of_two_files(tmp_path: Path) -> None:
    """More than a worker is given at once."""
    (first, pixels), (second, others) = stack(tmp_path, (503, 2, 3)), stack(tmp_path, (2, 4, 4), "b")
    files, more = write_images([first, second], output=tmp_path / "out", workers=2)
    assert len({*files, *more}) == 505
    for index in (0, 499, 500, 502):
        np.testing.assert_array_equal(np.asarray(Image.open(files[index])), pixels[index])
    np.testing.assert_array_equal(np.asarray(Image.open(more[1])), others[1])


def test_only_what_is_missing_is_written(tmp_path: Path) -> None:
    images, pixels = stack(tmp_path, (4, 3, 3))
    (files,) = write_images([images], output=tmp_path / "out", workers=1)
    times = [file.stat().st_mtime_ns for file in files]
    files[2].unlink()
    assert write_images([images], output=tmp_path / "out", workers=1) == [files]
    np.testing.assert_array_equal(np.asarray(Image.open(files[2])), pixels[2])
    assert [file.stat().st_mtime_ns == time for file, time in zip(files, times, strict=True)] == [
        True,
        True,
        False,
        True,
    ]


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    images, _ = stack(tmp_path, (4, 3, 3))
    (tmp_path / "a").write_bytes(b"123" + bytes(30))
    with pytest.raises(InputError, match="a: this file is cut short"):
        write_images([images], output=tmp_path / "out", workers=1)
