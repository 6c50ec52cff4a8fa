"""Values of a mask, targets of a network and probabilities: each to the others."""

import itertools

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from monai_ssl.errors import InputError
from monai_ssl.masks import MaskCoding

# As in BraTS: regions within regions.
TUMOR = {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}
MASK = np.array([[0, 1, 2], [4, 0, 2]], dtype=np.int32)
INDICES = [[[0, 1, 2], [3, 0, 2]]]
REGIONS = [[[0, 1, 1], [1, 0, 1]], [[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]]]


def test_what_a_coding_says():
    classes, regions = MaskCoding(TUMOR), MaskCoding(TUMOR, "regions")
    assert classes.values == regions.values == (0, 1, 2, 4)
    assert classes.names == regions.names == tuple(TUMOR)
    assert (classes.task, regions.task) == ("multiclass", "multilabel")
    assert (classes.num_outputs, regions.num_outputs) == (4, 3)


@pytest.mark.parametrize(("form", "expected"), [("classes", INDICES), ("regions", REGIONS)])
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy, MetaTensor, lambda mask: mask.astype(np.uint8)])
def test_targets(form, expected, convert):
    coding = MaskCoding(TUMOR, form)
    target = coding.encode(convert(MASK))
    assert type(target) is torch.Tensor
    assert target.dtype == torch.float32
    assert target.tolist() == expected
    values = coding.decode_label(target)
    assert values.dtype == torch.int32
    assert values.tolist() == [MASK.tolist()]


@pytest.mark.parametrize("form", ["classes", "regions"])
def test_regions_of_values(form):
    regions = MaskCoding(TUMOR, form).regions_of(torch.from_numpy(MASK)[None])
    assert regions.dtype == torch.float32
    assert regions.tolist() == REGIONS


def test_three_dimensions():
    volume = np.random.default_rng(0).choice([0, 1, 2, 4], size=(3, 4, 5))
    for form, channels in (("classes", 1), ("regions", 3)):
        coding = MaskCoding(TUMOR, form)
        target = coding.encode(volume)
        assert target.shape == (channels, 3, 4, 5)
        np.testing.assert_array_equal(coding.decode_label(target)[0], volume)


def test_the_most_probable_class():
    probabilities = torch.tensor([[0.1, 0.3, 0.25], [0.2, 0.3, 0.25], [0.6, 0.3, 0.25], [0.1, 0.1, 0.25]])
    assert MaskCoding(TUMOR).decode(probabilities).tolist() == [[2, 0, 0]]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_the_most_probable_regions(dtype):
    """Against the product of the Bernoulli probabilities of every value, in float64."""
    grid = torch.tensor(list(itertools.product([0.03, 0.26, 0.45, 0.7, 0.92], repeat=3)), dtype=dtype).T
    expected = []
    for p in grid.double().numpy().T:
        likelihood = {
            value: np.prod([p[r] if value in of else 1 - p[r] for r, of in enumerate(TUMOR.values())])
            for value in (0, 1, 2, 4)
        }
        expected.append(max(likelihood, key=likelihood.get))
    assert set(expected) == {0, 1, 2, 4}
    assert MaskCoding(TUMOR, "regions").decode(grid).tolist() == [expected]


def test_certain_but_contradictory_regions():
    """Enhancing tumor outside of the tumor: with a threshold for each region this would be no value at all."""
    probabilities = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    assert MaskCoding(TUMOR, "regions").decode(probabilities).tolist() == [[0, 2, 4]]


@pytest.mark.parametrize("form", ["classes", "regions"])
def test_no_probability_anywhere_is_background(form):
    coding = MaskCoding(TUMOR, form)
    assert coding.decode(torch.zeros(coding.num_outputs, 2)).tolist() == [[0, 0]]


def test_of_values_of_the_same_regions_the_first():
    coding = MaskCoding({"lung": [9, 3]}, "regions")
    assert coding.values == (0, 3, 9)
    assert coding.decode(torch.tensor([[0.9, 0.1]])).tolist() == [[3, 0]]
    assert coding.decode_label(coding.encode(np.array([9, 0]))).tolist() == [[3, 0]]
    assert MaskCoding({"lung": [9, 3]}).decode_label(torch.tensor([[2.0, 0.0]])).tolist() == [[9, 0]]


def test_a_mask_of_background_only():
    assert MaskCoding(TUMOR).encode(np.zeros((2, 2), int)).tolist() == [[[0, 0], [0, 0]]]


@pytest.mark.parametrize("mask", [np.array([0, 3, 7, -1]), torch.tensor([0.0, 3.0, 7.0, -1.0])])
def test_values_of_no_region(mask):
    message = r"values of no region \(-1, 3, 7\), where 0, 1, 2, 4 are known\. Mend it, or name a region"
    for encode in (MaskCoding(TUMOR).encode, lambda values: MaskCoding(TUMOR).regions_of(values[None])):
        with pytest.raises(InputError, match=message):
            encode(mask)


def test_values_between():
    with pytest.raises(InputError, match=r"\(0\.5, nan\)"):
        MaskCoding(TUMOR).encode(torch.tensor([1.0, 0.5, torch.nan]))
    with pytest.raises(InputError, match=r"\(5, 6, 7, 8, 9, \.\.\.\)"):
        MaskCoding(TUMOR).encode(np.arange(5, 12))


@pytest.mark.parametrize("regions", [{"a": []}, {"a": [0]}, {"a": [1.5]}, {"a": [True]}, {"a": ["1"]}])
def test_bad_regions(regions):
    with pytest.raises(InputError, match="The region 'a' has the values"):
        MaskCoding(regions)


def test_bad_arguments():
    with pytest.raises(InputError, match="names no regions"):
        MaskCoding({})
    with pytest.raises(ValueError, match="`form` must be one of classes, regions, got 'region'"):
        MaskCoding(TUMOR, "region")
    for form in ("classes", "regions"):
        with pytest.raises(ValueError, match=r"got a tensor of shape \(2, 5\)"):
            MaskCoding(TUMOR, form).decode(torch.zeros(2, 5))
        with pytest.raises(ValueError, match=r"got a tensor of shape \(2, 5\)"):
            MaskCoding(TUMOR, form).decode_label(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"Expected 1 channels"):
        MaskCoding(TUMOR).regions_of(torch.zeros(2, 5))
