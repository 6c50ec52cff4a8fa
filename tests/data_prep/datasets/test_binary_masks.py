"""Masks of one region: which are used as they are, and what the others become."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data_prep.datasets.binary_masks import MaskJob, binary_masks, read_binary, to_binary_mask
from monai_ssl.errors import InputError
from monai_ssl.readers.mask import read_mask

SALT = bytes(32)
REGION = np.array([[0, 1, 1], [0, 0, 1]], dtype=bool)


def save(file: Path, values: object, dtype: type = np.uint8) -> Path:
    Image.fromarray(np.asarray(values, dtype=dtype)).save(file)
    return file


def make(tmp_path: Path, *parts: Path, size: tuple[int, int] | None = None) -> Path:
    return to_binary_mask(MaskJob(parts, tmp_path / "out", SALT, size))


def pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def palette(file: Path, colors: list[tuple[int, int, int]], values: NDArray[np.uint8]) -> Path:
    picture = Image.fromarray(values).convert("L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette([part for color in colors for part in color])
    picture.save(file)
    return file


def test_a_mask_of_0_and_255_is_used_as_it_is(tmp_path: Path) -> None:
    file = save(tmp_path / "a.png", REGION * 255)
    assert make(tmp_path, file) == file
    one_bit = tmp_path / "b.png"
    Image.fromarray(REGION).save(one_bit)
    assert make(tmp_path, one_bit) == one_bit
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[0, 1, 1], [0, 0, 1]], np.uint8),
        ([[127, 128, 255], [3, 0, 254]], np.uint8),
        ([[0, 1, 1], [0, 0, 1]], np.uint16),
        ([[32767, 32768, 65535], [255, 128, 65535]], np.uint16),
        ([[[9, 9, 9], [255, 255, 255], [250, 255, 255]], [[0, 0, 0], [0, 0, 0], [255, 255, 255]]], np.uint8),
    ],
)
def test_other_values_are_divided_in_the_middle(tmp_path: Path, values: list[object], dtype: type) -> None:
    made = make(tmp_path, save(tmp_path / "a.png", values, dtype))
    assert made.parent == tmp_path / "out" / "masks"
    np.testing.assert_array_equal(pixels(made), [[0, 255, 255], [0, 0, 255]])


def test_the_colors_of_a_palette_count_not_its_indices(tmp_path: Path) -> None:
    """The masks of ISIC that were saved by some programs have black as index 255."""
    grey = [(value, value, value) for value in range(256)]
    file = palette(tmp_path / "inverted.png", grey[::-1], np.where(REGION, np.uint8(0), np.uint8(255)))
    np.testing.assert_array_equal(pixels(make(tmp_path, file)), np.where(REGION, 255, 0))
    file = palette(tmp_path / "two.gif", [(0, 0, 0), (255, 255, 255)], REGION.astype(np.uint8))
    np.testing.assert_array_equal(pixels(make(tmp_path, file)), np.where(REGION, 255, 0))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("high", [1, 255])
def test_the_orientation_is_applied_as_where_a_mask_is_used_as_it_is(tmp_path: Path, suffix: str, high: int) -> None:
    """Orientation 6 is shown turned to the right: the first column, from below, becomes the first row."""
    exif = Image.Exif()
    exif[0x0112] = 6
    # 8 x 8 blocks come through JPEG as they are.
    blocks = np.kron([[0, 0], [1, 0], [1, 1]], np.ones((8, 8))).astype(np.uint8)
    Image.fromarray(blocks * np.uint8(high)).save(tmp_path / f"a{suffix}", exif=exif)
    expected = np.kron([[255, 255, 0], [255, 0, 0]], np.ones((8, 8)))
    made = make(tmp_path, tmp_path / f"a{suffix}", size=(16, 24))
    np.testing.assert_array_equal(pixels(made), expected)
    np.testing.assert_array_equal(read_mask(made), expected)
    used = make(tmp_path, tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_mask(used), expected)


def test_a_file_of_several_pictures_is_no_mask(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((2, 2), value, np.uint8)) for value in (0, 255)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"a\.gif: this file holds 2 pictures"):
        read_binary(tmp_path / "a.gif")


def test_parts_are_merged_and_resampled(tmp_path: Path) -> None:
    left = save(tmp_path / "left.gif", [[255, 0], [0, 0]])
    right = save(tmp_path / "right.gif", [[0, 0], [0, 255]])
    np.testing.assert_array_equal(pixels(make(tmp_path, left, right)), [[255, 0], [0, 255]])
    made = make(tmp_path, left, right, size=(4, 4))
    np.testing.assert_array_equal(
        pixels(made), [[255, 255, 0, 0], [255, 255, 0, 0], [0, 0, 255, 255], [0, 0, 255, 255]]
    )


def test_a_second_run_writes_nothing_unless_a_file_has_changed(tmp_path: Path) -> None:
    left, right = save(tmp_path / "left.png", REGION), save(tmp_path / "right.png", REGION)
    job = MaskJob((left, right), tmp_path / "out", SALT)
    first = to_binary_mask(job)
    written = first.stat().st_mtime_ns
    assert to_binary_mask(job) == first
    assert first.stat().st_mtime_ns == written
    save(right, np.ones((2, 3)))
    second = to_binary_mask(job)
    assert second != first
    assert pixels(second).min() == 255


def test_bad_masks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"low\.png: the largest value of this mask is 96"):
        read_binary(save(tmp_path / "low.png", [[0, 96]]))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(InputError, match=r"broken\.png: this picture cannot be read"):
        make(tmp_path, tmp_path / "broken.png")
    with pytest.raises(InputError, match=r"absent\.png: this mask cannot be read"):
        make(tmp_path, tmp_path / "absent.png")
    with pytest.raises(InputError, match=r"b\.png: this mask has the size \(1, 2\), the mask it belongs to \(2, 3\)"):
        make(tmp_path, save(tmp_path / "a.png", REGION), save(tmp_path / "b.png", [[0, 1]]))
    empty = [save(tmp_path / f"empty{index}.png", np.zeros((2, 3))) for index in range(2)]
    for parts in (empty[:1], empty):
        with pytest.raises(InputError, match=r"empty0\.png: this mask is empty. Draw it, or remove it"):
            make(tmp_path, *parts)
    assert not (tmp_path / "out").exists()


def test_many_masks_in_processes_with_errors_in_their_places(tmp_path: Path) -> None:
    good, other = save(tmp_path / "a.png", REGION * 255), save(tmp_path / "c.png", REGION)
    (tmp_path / "b.png").touch()
    jobs = [MaskJob((path,), tmp_path / "out", SALT) for path in (good, tmp_path / "b.png", other)]
    first, error, last = binary_masks(jobs, workers=1)
    assert first == good
    assert isinstance(error, InputError)
    assert isinstance(last, Path)
    assert pixels(last).max() == 255
    assert binary_masks([], workers=1) == []
