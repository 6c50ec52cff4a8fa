import numpy as np
import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.readers import CT_WINDOWS, DicomHeader, apply_windows
from monai_ssl.transforms import RescaleToHUd, WindowHU, WindowHUd

HU = np.array([[[-1000.0, 0.0, 20.0], [40.0, 80.0, 3000.0]]], dtype=np.float32)


def test_brain_window_by_hand():
    # center 40, width 80: from 0 to 80 HU
    expected = [[[0.0, 0.0, 0.25], [0.5, 1.0, 1.0]]]
    for windows in ("brain", ["brain"], [(40, 80)], [[40.0, 80.0]]):
        output = WindowHU(windows)(HU)
        assert type(output) is torch.Tensor
        assert output.dtype == torch.float32
        np.testing.assert_array_equal(output, np.array(expected, dtype=np.float32))


def test_named_windows():
    assert dict(CT_WINDOWS) == {"brain": (40, 80), "subdural": (80, 200), "bone": (600, 2800)}
    values = np.array([[-800.0, -20.0, 80.0, 180.0, 600.0, 2000.0]])
    np.testing.assert_allclose(WindowHU("subdural")(values)[0], [0, 0, 0.5, 1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(WindowHU("bone")(values)[0], [0, 780 / 2800, 880 / 2800, 0.35, 0.5, 1], atol=1e-6)


def test_several_windows_become_channels_in_order():
    image = np.stack([HU[0], HU[0] + 10])
    output = WindowHU(["brain", (0, 100)])(image)
    assert output.shape == (4, 2, 3)
    np.testing.assert_array_equal(output[:2], WindowHU("brain")(image))
    np.testing.assert_array_equal(output[2:], WindowHU([(0, 100)])(image))


def test_input_is_not_changed():
    image, before = HU.copy(), HU.copy()
    WindowHU(["brain", "bone"])(image, DicomHeader(modality="CT", padding_value=0.0))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("windows", [("brain",), ("brain", "bone")])
def test_overwriting_gives_the_same(windows):
    # 20 HU is padding, which the window makes another value before padding becomes 0.
    header = DicomHeader(modality="CT", padding_value=20.0, photometric_interpretation="MONOCHROME1")
    expected = apply_windows(HU, windows, header)
    image = HU.copy()
    output = apply_windows(image, windows, header, overwrite=True)
    np.testing.assert_array_equal(output, expected)
    assert output[0, 0, 2] == 0
    assert np.shares_memory(output, image) == (len(windows) == 1)


@pytest.mark.parametrize("overwrite", [False, True])
def test_raw_values_are_as_they_are(overwrite):
    """Neither restricted nor inverted, with padding and the corners of CT."""
    header = DicomHeader(modality="CT", padding_value=20.0, photometric_interpretation="MONOCHROME1")
    hu = np.append(HU[0], [[-3024.0, 20.0, 1.0]], axis=0)[None].astype(np.float32)
    for given in (header, None):
        output = apply_windows(hu.copy(), ("raw",), given, overwrite)
        np.testing.assert_array_equal(output, hu)
    both = apply_windows(hu.copy(), ("raw", "brain", "raw"), header, overwrite)
    np.testing.assert_array_equal(both[[0, 2]], hu[[0, 0]])
    np.testing.assert_array_equal(both[1:2], apply_windows(hu, ("brain",), header))


def test_header_window_is_the_first_one():
    header = DicomHeader(window_centers=(40.0, 600.0), window_widths=(80.0, 2800.0))
    for window in ("header", "auto"):
        np.testing.assert_array_equal(WindowHU(window)(HU, header), WindowHU("brain")(HU))


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        (DicomHeader(bits_stored=12), [0, 4095, 2047.5], [0, 1, 0.5]),
        (DicomHeader(bits_stored=8, pixel_representation=1), [-128, 127, -0.5], [0, 1, 0.5]),
        # rescaled: 0 to 1023 becomes 100 down to -1946
        (DicomHeader(bits_stored=10, slope=-2.0, intercept=100.0), [-1946, 100, -923], [0, 1, 0.5]),
        (DicomHeader(modality_lut=(5, 25, 15)), [5, 25, 10], [0, 1, 0.25]),
    ],
)
def test_full_range(header, values, expected):
    image = np.array([values], dtype=np.float32)
    np.testing.assert_allclose(WindowHU("full")(image, header)[0], expected, atol=1e-6)
    np.testing.assert_allclose(WindowHU("auto")(image, header)[0], expected, atol=1e-6)


def test_monochrome1_is_inverted():
    header = DicomHeader(modality="DX", bits_stored=8, photometric_interpretation="MONOCHROME1")
    image = np.array([[0.0, 51.0, 255.0]])
    np.testing.assert_allclose(WindowHU("full")(image, header)[0], [1.0, 0.8, 0.0], atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("limit", [None, 12.0, 8.0])
def test_padding_is_black(photometric, limit):
    # stored 10 (to 12, or from 8) is padding; a slope that float32 cannot hold exactly
    header = DicomHeader(
        modality="DX",
        photometric_interpretation=photometric,
        bits_stored=8,
        slope=0.1,
        intercept=-3.3,
        padding_value=10.0,
        padding_range_limit=limit,
    )
    stored = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    hu = RescaleToHUd("image")({"image": stored, "image_header": header})["image"]
    output = WindowHU([(5.0, 1000.0), (0.0, 1000.0)])(hu, header)
    low, high = sorted((10, 10 if limit is None else int(limit)))
    padding = (stored >= low) & (stored <= high)
    assert torch.all(output[:, padding[0]] == 0)
    assert torch.all(output[:, ~padding[0]] > 0)


def test_undeclared_corners_of_ct_are_black():
    hu = np.array([[-3024.0, -1500.0, 40.0]])
    ct = DicomHeader(modality="CT", photometric_interpretation="MONOCHROME1")
    np.testing.assert_array_equal(WindowHU("brain")(hu, ct)[0], [0.0, 1.0, 0.5])
    mr = DicomHeader(modality="MR", photometric_interpretation="MONOCHROME1")
    np.testing.assert_array_equal(WindowHU("brain")(hu, mr)[0], [1.0, 1.0, 0.5])


@pytest.mark.parametrize(
    ("window", "header", "words"),
    [
        ("header", None, "needs a header"),
        ("auto", None, "needs a header"),
        ("header", DicomHeader(modality="DX"), "no window.*'brain'"),
        ("auto", DicomHeader(modality="CT"), "no window.*'brain'"),
        ("header", DicomHeader(window_centers=(1.0,), window_widths=(0.0,)), "width 0"),
        ("full", DicomHeader(bits_stored=None), "no full range"),
        ("full", DicomHeader(modality_lut=(7, 7)), "one value"),
    ],
)
def test_missing_header_values(window, header, words):
    with pytest.raises(InputError, match=words):
        WindowHU(window)(HU, header)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad):
    for window in ("brain", "raw"):
        with pytest.raises(InputError, match="NaN or infinite"):
            WindowHU(window)(np.array([[0.0, bad]]))


@pytest.mark.parametrize(
    ("windows", "named"),
    [
        ([], "empty"),
        ("lung", "'lung'"),
        (["brain", (40, 0)], r"\(40, 0\)"),
        ([(40, -80)], r"\(40, -80\)"),
        ([(float("nan"), 80)], "nan"),
        ([(40,)], r"\(40,\)"),
        ((40, 80), "has 40"),
        ([["brain", "bone"]], "'brain'"),
    ],
)
def test_bad_windows_are_named(windows, named):
    with pytest.raises(InputError, match=named):
        WindowHU(windows)


def test_dictionary_version_takes_the_header_out():
    header = DicomHeader(window_centers=(40.0,), window_widths=(80.0,))
    data = {"image": HU, "image_header": header, "label": 1}
    output = WindowHUd("image", windows=["header"])(data)
    assert set(output) == {"image", "label"}
    assert set(data) == {"image", "image_header", "label"}
    np.testing.assert_array_equal(output["image"], WindowHU("brain")(HU))
    assert "image_info" not in WindowHUd("image", "brain", "info")({"image": HU, "image_info": header})
