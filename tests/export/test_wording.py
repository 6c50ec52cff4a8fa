"""What the card says of a step is what the step does: the words, written again with NumPy."""

from itertools import product

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from monai.transforms import Spacing, SpatialPad
from PIL import Image

from monai_ssl.export.wording import describe_inferer, describe_step
from monai_ssl.transforms import LoadRadiologyImage

LOAD = {"windows": ["header"], "channels": 1, "spatial_dims": 2}


def network(x):
    """One whose output depends on what else is in the window."""
    return x.cumsum(-1) + x.flip(1)


@pytest.mark.parametrize("mode", ["constant", "gaussian"])
@pytest.mark.parametrize("sides", [(8, 6), (13, 9), (5, 20)])
def test_sliding_windows(mode, sides):
    """Of (8, 6): of the image's own size, longer along both axes, and smaller along one."""
    arguments = {"roi_size": [8, 6], "overlap": 0.25, "mode": mode, "sigma_scale": 0.125}
    text = describe_inferer("SlidingWindowInferer", arguments)
    assert "begin at 0 and every 6 x 4 voxels from there" in text
    assert ("exp(-d^2 / (2 (s w)^2))" in text) is (mode == "gaussian")
    image = torch.randn(1, 2, *sides, generator=torch.Generator().manual_seed(0))
    before = [max(8 - sides[0], 0) // 2, max(6 - sides[1], 0) // 2]
    after = [max(8 - sides[0], 0) - before[0], max(6 - sides[1], 0) - before[1]]
    padded = np.pad(image[0].numpy(), [(0, 0), *zip(before, after, strict=True)])
    starts, weights = [], []
    for side, window, step in zip(padded.shape[1:], (8, 6), (6, 4), strict=True):
        count = next(count for count in range(side) if count * step + window >= side) + 1
        starts.append([min(place * step, side - window) for place in range(count)])
        distance = np.arange(window) - (window - 1) / 2
        weights.append(np.exp(-(distance**2) / (2 * (0.125 * window) ** 2)))
    weight = np.maximum(np.outer(*weights), 0.001) if mode == "gaussian" else np.ones((8, 6))
    total, norm = np.zeros(padded.shape), np.zeros(padded.shape)
    for row, column in product(*starts):
        part = (slice(None), slice(row, row + 8), slice(column, column + 6))
        total[part] += weight * network(torch.from_numpy(padded[part])[None])[0].numpy()
        norm[part] += weight
    expected = (total / norm)[:, before[0] :, before[1] :][:, : sides[0], : sides[1]]
    found = SlidingWindowInferer(**arguments)(image, network)[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("count", "old", "new"), [(13, 1.0, 1.5), (14, 1.3, 1.0), (9, 0.7, 2.0)])
def test_spacing(count, old, new):
    assert "read at i b / a" in describe_step("Spacingd", {"pixdim": [new, 1, 1], "mode": "bilinear"})
    image = np.random.default_rng(0).random((count, 3, 2))
    affine = torch.diag(torch.tensor([old, 1, 1, 1], dtype=torch.float64))
    found = Spacing([new, 1, 1], mode="bilinear")(MetaTensor(torch.from_numpy(image)[None], affine))[0]
    places = np.clip(np.arange(round((count - 1) * old / new) + 1) * new / old, 0, count - 1)
    expected = np.apply_along_axis(lambda line: np.interp(places, np.arange(count), line), 0, image)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_padding_to_a_size():
    assert "by the smaller half first" in describe_step("SpatialPadd", {"spatial_size": [7, 4]})
    image = np.random.default_rng(0).random((1, 4, 5))
    np.testing.assert_array_equal(SpatialPad([7, 4])(image), np.pad(image, [(0, 0), (1, 2), (0, 0)]))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_of_dicom(photometric, write_dicom):
    text = describe_step("LoadRadiologyImaged", LOAD)
    assert "from x to 1 - x. In the end, padding of gray DICOM is 0" in text
    stored = np.array([[-2000, 0, 50], [100, 40, 77]], dtype=np.int16)
    tags = {"RescaleSlope": 1, "RescaleIntercept": 0, "WindowCenter": 50, "WindowWidth": 100}
    path = write_dicom(stored, PhotometricInterpretation=photometric, PixelPaddingValue=77, **tags)
    scaled = np.clip(stored / 100, 0, 1)
    expected = np.where((stored == 77) | (stored < -1500), 0, scaled if photometric[-1] == "2" else 1 - scaled)
    found = LoadRadiologyImage(channels=1, windows=["header"], spatial_dims=2)(path)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_gray_in_a_network_of_colors(tmp_path):
    assert "Gray is repeated in all three." in describe_step("LoadRadiologyImaged", LOAD | {"channels": 3})
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    Image.fromarray(pixels).save(tmp_path / "gray.png")
    found = LoadRadiologyImage(channels=3, windows=["auto"], spatial_dims=2)(tmp_path / "gray.png")
    np.testing.assert_allclose(found, np.stack([pixels / 255] * 3), atol=1e-6)


@pytest.mark.parametrize("window", ["header", "full", "auto"])
def test_windows_of_the_file_in_other_files_than_dicom(window, tmp_path):
    assert "of NIfTI the 0.5 to 99.5 percentile" in describe_step("LoadRadiologyImaged", LOAD | {"windows": [window]})
    values = np.random.default_rng(0).normal(size=(20, 20, 1)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "image.nii.gz")
    low, high = np.percentile(values, [0.5, 99.5])
    found = LoadRadiologyImage(channels=1, windows=[window], spatial_dims=2)(tmp_path / "image.nii.gz")
    np.testing.assert_allclose(found[0], np.clip((values[..., 0] - low) / (high - low), 0, 1), atol=1e-5)
