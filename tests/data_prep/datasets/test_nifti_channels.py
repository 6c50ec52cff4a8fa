"""Channels are picked with values and places as they are."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from data_prep.datasets.nifti_channels import pick_channels
from monai_ssl.errors import InputError

AFFINE = np.array([[-2.0, 0, 0, 10], [0, 0, 3, -4], [0, 1, 0, 5], [0, 0, 0, 1]])
VALUES = np.arange(2 * 3 * 4 * 3, dtype=np.int16).reshape(2, 3, 4, 3)


def write(file: Path, values: np.ndarray = VALUES, slope: float | None = None) -> Path:
    image = nib.Nifti1Image(values, AFFINE)
    if slope is not None:
        image.header.set_slope_inter(slope, -1)
    image.to_filename(file)
    return file


def pick(file: Path, *channels: int) -> nib.Nifti1Image:
    (result,) = pick_channels([file], channels, 3, output=file.parent / "out", workers=1)
    assert isinstance(result, Path)
    assert result.parent == file.parent / "out" / "images"
    return nib.load(result)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_several_channels_in_the_order_asked_for(tmp_path: Path, dtype: type) -> None:
    picked = pick(write(tmp_path / "a.nii.gz", VALUES.astype(dtype)), 2, 0)
    assert picked.get_data_dtype() == dtype
    np.testing.assert_array_equal(picked.dataobj, VALUES[..., [2, 0]])
    np.testing.assert_array_equal(picked.affine, AFFINE)
    assert picked.header.get_zooms()[:3] == (2.0, 1.0, 3.0)


def test_one_channel_is_a_3d_file(tmp_path: Path) -> None:
    picked = pick(write(tmp_path / "a.nii"), 1)
    np.testing.assert_array_equal(picked.dataobj, VALUES[..., 1])


def test_scaled_values(tmp_path: Path) -> None:
    """What is read is half of what is stored, less 1."""
    picked = pick(write(tmp_path / "a.nii", slope=0.5), 1, 2)
    assert picked.get_data_dtype() == np.float32
    np.testing.assert_array_equal(picked.dataobj, 0.5 * VALUES[..., 1:] - 1)


def test_a_second_call_writes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.nii")
    (first,) = pick_channels([file], (0, 1), 3, output=tmp_path / "out", workers=1)
    (other,) = pick_channels([file], (1, 0), 3, output=tmp_path / "out", workers=1)
    assert isinstance(first, Path)
    assert first != other
    time = first.stat().st_mtime_ns
    assert pick_channels([file], (0, 1), 3, output=tmp_path / "out", workers=1) == [first]
    assert first.stat().st_mtime_ns == time


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    files = [write(tmp_path / "3d.nii", VALUES[..., 0]), write(tmp_path / "two.nii", VALUES[..., :2])]
    files += [write(tmp_path / "good.nii"), write(tmp_path / "short.nii.gz"), tmp_path / "text.nii"]
    files[3].write_bytes(files[3].read_bytes()[:60])
    files[4].write_text("no NIfTI")
    results = pick_channels(files, (0,), 3, output=tmp_path / "out", workers=1)
    assert [isinstance(result, InputError) for result in results] == [True, True, False, True, True]
    assert "3d.nii: the shape is (2, 3, 4), not that of a volume with 3 channels last." in str(results[0])
    assert "two.nii: the shape is (2, 3, 4, 2)" in str(results[1])
    assert "short.nii.gz: this NIfTI file cannot be read" in str(results[3])
    assert "text.nii: this NIfTI file cannot be read (ImageFileError)." in str(results[4])
